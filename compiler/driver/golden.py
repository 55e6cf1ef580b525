"""Golden outputs: what a build gave for an input, and what was emitted, kept to be compared with later builds.

A golden directory holds ``golden.json`` (version, target, what was recorded, hashes), ``input.npz``, ``result.npz``
(outputs under their names, records after ``record/``) and the emitted text under ``emitted/``. Same build, same
bytes, wherever it was built.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Any

import numpy as np

from axonc.ir import Diagnostic, MismatchError, ModelError
from axonc.ir.interpret.run import Data
from axonc.ir.ops import Array
from axonc.ir.version import __version__

from .directory import publish, write_files
from .export import npz_bytes
from .program import Program
from .verify import first_difference

FOLDER = "golden"
SCHEMA = 1
DESCRIPTION = "golden.json"
DIFF_LINES = 40
LINE_LENGTH = 400
"""The most lines of a text's difference that are shown, and the most of each."""


@dataclass(frozen=True)
class Golden:
    """A golden in memory: the input, outputs and records by name, the emitted text by path, and what made them."""

    made_by: Mapping[str, Any]
    inputs: Mapping[str, Array]
    signals: Mapping[str, Array]
    texts: Mapping[str, str]

    @property
    def record(self) -> tuple[str, ...]:
        """The names that were recorded."""
        return tuple(self.made_by["record"])


@dataclass(frozen=True)
class Difference:
    """Something that is not as in the golden: ``place``, one line that says what, and more lines where it is text."""

    place: str
    found: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.found}" + (f"\n{self.detail}" if self.detail else "")

    @property
    def diagnostic(self) -> Diagnostic:
        """The one-line form."""
        return Diagnostic("AX801", self.place, self.found, "", "mend the program, or record the golden again")


def capture(program: Program, x: Data, record: Sequence[str] | None = None, engine: str | None = None) -> Golden:
    """Run ``program`` over ``x``; ``record``: what to keep besides the outputs, None: all that can be recorded."""
    names = program.backend.recordable(program.graph) if record is None else tuple(record)
    result = program.run(x, names, engine=engine)
    given = dict(x) if isinstance(x, Mapping) else {program.graph.inputs[0].name: x}
    signals = {**result.outputs, **{f"record/{name}": result.recorded[name] for name in names}}
    texts = {path: (program.directory / path).read_text() for path in _emitted(program.directory)}
    made_by = {"axonc": __version__, "target": program.target, "record": list(names)}
    return Golden(made_by, {name: np.asarray(value) for name, value in given.items()}, signals, texts)


def _emitted(directory: Path) -> list[str]:
    programs = (path.relative_to(directory).as_posix() for path in directory.glob("src/program_*.c"))
    return sorted([*programs, *(name for name in ("graph.txt", "mapping.json") if (directory / name).is_file())])


def write_golden(directory: Path, golden: Golden) -> None:
    """Write a golden directory, whole or not at all; an earlier golden there is replaced."""
    files = _files(golden)
    publish(directory, lambda partial: write_files(partial, files), DESCRIPTION)


def _files(golden: Golden) -> dict[str, bytes]:
    texts = {f"emitted/{path}": text.encode() for path, text in golden.texts.items()}
    arrays = {"input.npz": npz_bytes(dict(golden.inputs)), "result.npz": npz_bytes(dict(golden.signals))}
    files = {**arrays, **texts}
    hashes = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    described = {"schema": SCHEMA, **golden.made_by, "sha256": hashes}
    return {**files, DESCRIPTION: (json.dumps(described, indent=1) + "\n").encode()}


def read_golden(directory: Path) -> Golden:
    """The golden in ``directory``; `ModelError` if there is none, or one of its files is not what was written."""
    try:
        made_by = json.loads((directory / DESCRIPTION).read_text())
        if made_by["schema"] != SCHEMA:
            raise ValueError(f"schema {made_by['schema']}; this version reads {SCHEMA}")
        files = {path: _checked(directory / path, digest) for path, digest in made_by["sha256"].items()}
    except (OSError, ValueError, KeyError) as error:
        remedy = "record one: axonc golden record BUILD --input X"
        missing = isinstance(error, FileNotFoundError | NotADirectoryError)
        found = "it holds no golden outputs" if missing else f"its golden outputs cannot be read: {error}"
        raise ModelError(Diagnostic("AX703", str(directory), found, "", remedy)) from error
    texts = {path.removeprefix("emitted/"): files[path].decode() for path in files if path.startswith("emitted/")}
    return Golden(made_by, _arrays(files["input.npz"]), _arrays(files["result.npz"]), texts)


def _checked(path: Path, digest: str) -> bytes:
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise ValueError(f"{path.name} was changed after it was recorded")
    return content


def _arrays(content: bytes) -> dict[str, Array]:
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def differences(new: Golden, golden: Golden) -> list[Difference]:
    """Everything in which a captured run differs from a golden: inputs, signals, emitted text.

    The version of the compiler in a banner does not count.
    """
    inputs = ({f"input {name}": array for name, array in side.inputs.items()} for side in (new, golden))
    signals = _signal_differences(new.signals, golden.signals)
    return [*_signal_differences(*inputs), *signals, *_text_differences(new, golden)]


def _signal_differences(new: Mapping[str, Array], golden: Mapping[str, Array]) -> Iterator[Difference]:
    for name in dict.fromkeys([*golden, *new]):
        shown = name.replace("record/", "", 1)
        if name not in new or name not in golden:
            yield Difference(shown, f"only {'the golden' if name in golden else 'the new run'} has this signal")
        elif _form(new[name]) != _form(golden[name]):
            yield Difference(shown, f"{_form(new[name])}, golden {_form(golden[name])}")
        elif found := first_difference(shown, new[name], golden[name]):
            values = f"{found.ours!r}, golden {found.reference!r}"
            count = f"{found.differing} of {new[name].size} values differ"
            yield Difference(shown, f"first at {_place(found.index)}: {values}; {count}")


def _form(array: Array) -> str:
    return f"{array.dtype} of shape {array.shape}"


def _place(index: tuple[int, ...]) -> str:
    if len(index) == 2:
        return f"step {index[0]}, neuron {index[1]}"
    return f"[{', '.join(map(str, index))}]"


def _text_differences(new: Golden, golden: Golden) -> Iterator[Difference]:
    versions = f"axonc {golden.made_by['axonc']}", f"axonc {new.made_by['axonc']}"
    for path in dict.fromkeys([*golden.texts, *new.texts]):
        before = golden.texts.get(path, "").replace(*versions).splitlines()
        after = new.texts.get(path, "").splitlines()
        if before != after or (path in golden.texts) != (path in new.texts):
            yield _text_difference(path, before, after)


def _text_difference(path: str, before: list[str], after: list[str]) -> Difference:
    lines = list(unified_diff(before, after, f"golden/{path}", f"new/{path}", n=2, lineterm=""))
    changed = sum(line.startswith(("+", "-")) for line in lines[2:])
    cut = [f"... {len(lines) - DIFF_LINES} more lines"] if len(lines) > DIFF_LINES else []
    shown = [line if len(line) <= LINE_LENGTH else f"{line[:LINE_LENGTH]}..." for line in lines[:DIFF_LINES]]
    return Difference(path, f"{changed} lines differ", "\n".join(shown + cut))


def compare_with(program: Program, golden: Golden, engine: str | None = None) -> list[Difference]:
    """Run ``program`` over the golden's input and compare everything that the golden holds."""
    known = program.backend.recordable(program.graph)
    record = [name for name in golden.record if name in known]
    return differences(capture(program, golden.inputs, record, engine), golden)


def require_equal(found: Sequence[Difference]) -> None:
    """Raise `MismatchError` with every difference."""
    if found:
        raise MismatchError(difference.diagnostic for difference in found)


def keep(build: Path, successor: Path) -> None:
    """Copy the golden of an earlier build into the one that replaces it."""
    if (build / FOLDER / DESCRIPTION).is_file():
        shutil.copytree(build / FOLDER, successor / FOLDER)
