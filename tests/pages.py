"""Runs the fenced blocks of a documentation page, in order, in the present directory: ``python pages.py PAGE``.

``console``: lines that begin with ``$ `` are commands, ``> `` continues one; the lines below are its output. A
command must exit with 0, unless the next one is ``echo $?``, whose output says what else. ``python``: executed, all
of a page in one namespace; with ``>>>``, a doctest; a block that begins with ``# file: NAME`` is written to NAME.
``...`` in a line of output stands for any text, a line of it for any lines. A block behind a line
``<!-- not run: why -->`` is not run.
"""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RUN = ("bash", "console", "python")
SHOWN = ("c", "text", "toml")
FENCE = re.compile(
    r"^(?:<!-- not run: (?P<why>.+?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


class PageError(Exception):
    """A block did not do what its page says."""


@dataclass(frozen=True)
class Block:
    """A fenced block; ``why`` it is not run, or None."""

    language: str
    text: str
    line: int
    why: str | None


@dataclass(frozen=True)
class Command:
    """A command of a console block and the output that the page shows, which may be empty."""

    text: str
    output: str


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page."""
    for match in FENCE.finditer(page):
        line = page[: match.start("text")].count("\n") + 1
        yield Block(match["language"], match["text"], line, match["why"])


def commands(text: str) -> Iterator[Command]:
    """The commands of a console block."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        match = re.match(r".*\n(?:> .*\n)*", part)
        assert match is not None
        yield Command(re.sub(r"^> ", "", match[0], flags=re.MULTILINE), part[match.end() :])


def matches(shown: str, output: str) -> bool:
    """Whether an output is what the page shows, or the page shows none; space at the end of a line does not count."""
    wanted, found = ([line.rstrip() for line in text.strip().splitlines()] for text in (shown, output))
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else _line_pattern(line) for line in wanted)
    return not wanted or re.fullmatch(pattern, "".join(f"{line}\n" for line in found)) is not None


def _line_pattern(line: str) -> str:
    return ".*".join(re.escape(part) for part in line.split("...")) + r"\n"


def run_page(path: Path) -> None:
    """Run every block of a page."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks(path.read_text()):
        place = f"{path.name}:{block.line}"
        if block.why is not None or block.language not in RUN:
            continue
        if block.language == "python":
            _run_python(block.text, place, namespace)
        elif block.language == "bash":
            _run_console([Command(block.text, "")], place)
        else:
            _run_console(list(commands(block.text)), place)


def _run_console(steps: list[Command], place: str) -> None:
    status = 0
    for index, step in enumerate(steps):
        text = f"(exit {status}); {step.text}"
        done = subprocess.run(
            ["bash", "-c", text], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        status, output = done.returncode, done.stdout + done.stderr
        if not matches(step.output, output):
            raise PageError(f"{place}: $ {step.text}shown:\n{step.output}\nfound:\n{output}")
        stated = index + 1 < len(steps) and steps[index + 1].text.strip() == "echo $?"
        if status and not stated:
            raise PageError(f"{place}: $ {step.text}exit status {status}:\n{output}")


def _run_python(text: str, place: str, namespace: dict[str, Any]) -> None:
    named = re.match(r"# file: (\S+)\n", text)
    if named:
        Path(named[1]).write_text(text)
    elif text.startswith(">>>"):
        test = doctest.DocTestParser().get_doctest(text, namespace, place, place, 0)
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
        if runner.run(test, clear_globs=False).failed:
            raise PageError(f"{place}: see above")
        namespace.update(test.globs)
    else:
        exec(compile(text, place, "exec"), namespace)


if __name__ == "__main__":
    sys.path.insert(0, "")
    run_page(Path(sys.argv[1]))
