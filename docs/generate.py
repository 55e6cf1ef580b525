"""Writes the pages that say what the source says: ``python docs/generate.py``; with ``--check``, names stale ones.

Their text comes from docstrings, tables and the command line's help; what a target supports is found by judging small
models for it. README, CONTRIBUTING and CHANGELOG become pages of the site.
"""

from __future__ import annotations

import inspect
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import growth
import ledger
import ledger_gated
import provoke
import study

from axonc.backends.ipu.check import IN_FLOAT
from axonc.backends.native.tensor.emitters import EMITTERS
from axonc.backends.native.tensor.exactness import EXACT_IN_FLOAT32, TOLERANCE
from axonc.compiler.driver.cli import cli
from axonc.compiler.driver.conformance import CASES, FAILS, NATIVE_FAILS, OPERATORS
from axonc.compiler.driver.targets import TARGETS, backend
from axonc.compiler.frontends.onnx.operators import CUSTOM
from axonc.compiler.frontends.onnx.operators import OPERATORS as ONNX_OPERATORS
from axonc.compiler.passes import CORE_OPS, OPTIONAL, PASSES, Pass
from axonc.ir import CODES
from axonc.ir.advice import ADVICE
from axonc.ir.ops import (
    OPS,
    SURROGATES,
    Axis,
    Cast,
    FixedGate,
    FixedMembrane,
    FixedSynapse,
    Gate,
    Map,
    Membrane,
    Synapse,
)

DOCS = Path(__file__).parent
ROOT = DOCS.parent
NOTE = "<!-- Made by docs/generate.py: change the source, then run it. -->\n\n"
PARTS: dict[str, tuple[type, ...]] = {
    "conv": (Axis,),
    "pool": (Axis,),
    "neuron": (Synapse, Membrane, Gate),
    "fixed_neuron": (FixedSynapse, FixedMembrane, FixedGate),
    "neuron_adjoint": SURROGATES,
}
"""What some ops are made of."""

CHAPTERS = {
    "1": "Reading a model",
    "2": "Semantics",
    "3": "The graph",
    "4": "Quantisation and options",
    "5": "Mapping",
    "6": "Targets",
    "7": "Data and files",
    "8": "Verification and training",
    "9": "Tools and machine",
}
"""The first digit of a diagnostic's code."""


def text_of(thing: object) -> str:
    """A docstring as Markdown."""
    return (inspect.getdoc(thing) or "").replace("``", "`")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def ops() -> str:
    """Every op: stage, equation, fields."""
    parts = [
        "# Ops\n\nThe inputs of a node are summed to x; y is its output. Stage `model`: continuous time, as imported. "
        "Stage `steps`: discrete time.\n"
    ]
    for op in OPS:
        state = ", ".join(f"`{field.name}`" for field in fields(op)) or "none"
        parts.append(f"\n## {op.name}\n\nStage: {op.stage}. Fields: {state}.\n\n{text_of(op)}\n")
        parts += [f"\n**{part.__name__}.** {text_of(part)}\n" for part in PARTS.get(op.name, ())]
    return "".join(parts)


def passes() -> str:
    """Every pass: what it requires and ensures, its rewrites, its options."""
    parts = ["# Passes\n\nIn the order in which the pipeline runs them. The graph is verified after each.\n"]
    parts += map(_pass, PASSES)
    parts.append("\n# Passes on request\n\n`--prune` and `axonc.prune` run them ([pruning](pruning.md)).\n")
    return "".join((*parts, *map(_pass, OPTIONAL)))


def _pass(step: type[Pass]) -> str:
    """The entry of one pass."""
    options = ", ".join(f"`{field.name}`" for field in fields(step)) or "none"
    rows = [("requires", step.requires), ("ensures", step.ensures), ("options", options)]
    return f"\n## {step.name}\n\n{table(('', ''), rows)}\n{text_of(step)}\n"


def diagnostics() -> str:
    """Every code, by chapter: what it stands for, a line that gives it, what to do."""
    parts = [
        "# Diagnostics\n\nA diagnostic is one line: `CODE node: what was found; the limit; what to change`. All "
        "problems of a model are reported at once. A code never changes its meaning; `axonc explain CODE` says what it "
        "stands for and what to do. The examples were made by running small models that provoke them.\n\n"
        "Exit status: 0 success; 1 a target's result differs from the reference or from a golden output "
        "(AX801); 2 the model, its data or the options are not acceptable; 3 a tool is missing or failed, or a core "
        "stopped with a fault (AX901, AX902).\n"
    ]
    for digit, title in CHAPTERS.items():
        parts.append(f"\n## {title}\n")
        parts += [_diagnostic(code, meaning) for code, meaning in CODES.items() if code[2] == digit]
    return "".join(parts)


def _diagnostic(code: str, meaning: str) -> str:
    """The entry of one code."""
    reason = provoke.NOT_SHOWN.get(code)
    shown = f"No example: {reason}." if reason else f"```text\n{provoke.example(code)}\n```"
    return f"\n### {code}\n\n{meaning[0].upper()}{meaning[1:]}.\n\n{shown}\n\n{ADVICE[code]}\n"


HELP: dict[str, Any] = {
    "terminal_width": 100,
    "max_content_width": 100,
    "help_option_names": cli.context_settings["help_option_names"],
}
"""How help is shown: as wide as a page, with the options that the group gives to its commands."""


def command_line() -> str:
    """The help of every command."""
    parts = ["# Command line\n"]
    for name, command in _commands("axonc", cli):
        with click.Context(command, info_name=name, **HELP) as context:
            parts.append(f"\n## {name}\n\n```text\n{command.get_help(context)}\n```\n")
    return "".join(parts)


def _commands(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for inner in sorted(command.commands):
            yield from _commands(f"{name} {inner}", command.commands[inner])


def targets() -> str:
    """The targets, and what each takes: tried, not declared."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    listed = [
        (f"`{name}`", backend(name).summary, f"`axonc[{name}]`" if name in extras else "none needed")
        for name in TARGETS
    ]
    nodes, variants = (table((of, *TARGETS, "`nir.read`"), ledger.rows(cases)) for of, cases in LEDGER)
    presets, formats = table(("preset", *TARGETS), ledger.preset_rows()), ledger.format_rows()
    return (
        f"# Targets\n\n{table(('target', 'what it is', 'extra'), listed)}\n"
        "The tables below were made by judging a small model for each cell (as `axonc check` does: read, quantised, "
        "mapped, its cores' memory laid out), with the options' defaults and inputs as events. **yes**: it compiles; "
        "codes in brackets say what was repaired or remarked on the way. **A code**: it is refused, and why: see "
        "[diagnostics](diagnostics.md). **`nir.read`**: whether the `nir` package reads the same model from a file: "
        "checked (yes), with `type_check=False` only (unchecked), or not.\n"
        f"\n## NIR node types\n\nEach between an input and a population of LIF neurons.\n\n{nodes}"
        "\nA `NIRGraph` inside a graph is flattened.\n"
        f"\n## Variants\n\n{variants}"
        f"\n## Semantics presets\n\nFor a recurrent network of LIF neurons, and of CubaLIF neurons.\n\n{presets}"
        f"\n## Number formats\n\nOf weights and states, for CubaLIF neurons. What a target does not offer is refused: "
        f"AX403.\n\n{table(('weights, states', *TARGETS), formats)}"
        f"\n## Gated units and values\n\nWith int8 weights ([recurrent networks](recurrent.md)); inputs are dense "
        f"unless a row says otherwise.\n\n{table(('graph', *TARGETS), ledger_gated.gated_rows())}"
        f"\n## In float\n\n{_in_float()}"
    )


def _in_float() -> str:
    """What targets run in float, and which of it is not exact, or refused."""
    functions = ", ".join(f"`{name}`" for name in EXACT_IN_FLOAT32)
    said = {Map: f"yes, but for {functions} in other types than float32", Cast: "yes, but for float8e8m0"}
    rows = [
        (
            f"`{op.name}`",
            said.get(op, "yes"),
            "yes" if op in IN_FLOAT else "AX601",
            "yes" if op in CORE_OPS else "AX601",
        )
        for op in EMITTERS
    ]
    return (
        "What `--weights float32` runs. Exact: bit for bit what the interpreter gives. What is not exact comes from a "
        "C library: [native](native.md) runs it, and `axonc verify` takes what depends on it within "
        f"{TOLERANCE:g} of the signal's scale. Numbers on [tiles](ipu.md#tensor-operations) are float32, bool and "
        "integers of 8 to 64 bits; other types are refused there (AX604). With integer weights, "
        "targets run what the last column says; the rest may be the host's (`--on-host`).\n\n"
        f"{table(('op', 'native: exact', 'ipu: exact', 'with integer weights'), rows)}"
    )


LEDGER = (("node", ledger.NODES), ("variant", ledger.VARIANTS))


def copied(name: str) -> Callable[[], str]:
    """A file of the repository as a page: links into docs/ become links beside it."""
    return lambda: re.sub(r"\]\((?:docs/|(CONTRIBUTING|CHANGELOG)\.md)", _beside, (ROOT / name).read_text())


def _beside(match: re.Match[str]) -> str:
    return f"]({match[1].lower()}.md" if match[1] else "]("


def onnx_operators() -> str:
    """What is read of ONNX, and what the tests of onnx say about it."""
    read = ", ".join(f"`{name}`" for name in sorted(ONNX_OPERATORS))
    custom = ", ".join(f"`{name}`" for name in sorted(CUSTOM))
    parts = [
        "# ONNX operators\n\nThese operators are read, in operator sets 8 and later. Others are read where the "
        "standard defines them by these (LayerNormalization, Gelu and many more): their definition is read "
        "in place. All others are refused with AX130, at once, with the nearest form that is read.\n\n",
        f"{read}.\n\nOutside the standard: {custom}; and every function that a model holds.\n\n## Conformance\n\n"
        "The node cases of onnx 1.23.2 that contain one of these operators run through the intermediate "
        f"representation; all but {len(FAILS)} pass. A case with two of them counts for both.\n\n",
        table(("operator", "node cases"), [(f"`{name}`", count) for name, count in OPERATORS.items()]),
        "\nNot passing:\n\n",
        table(("case", "why"), [(f"`{name}`", reason) for name, reason in FAILS.items()]),
        f"\nCompiled to C by the target native ([in float](native.md)), {CASES - len(FAILS) - len(NATIVE_FAILS)} of "
        f"the {CASES} cases pass.",
        *(f" `{name}` does not: {reason}." for name, reason in NATIVE_FAILS.items()),
        "\n",
        "\n`axonc.compiler.driver.conformance` has both as backends of `onnx.backend`: `ReferenceBackend` and "
        "`NativeBackend`.\n",
    ]
    return "".join(parts)


def quantization_study() -> str:
    """What came of the study that the example runs."""
    return study.page(table(study.head(), study.rows()))


def scale() -> str:
    """How compilations grow."""
    return growth.page(table)


PAGES: dict[str, Callable[[], str]] = {
    "index.md": copied("README.md"),
    "contributing.md": copied("CONTRIBUTING.md"),
    "changelog.md": copied("CHANGELOG.md"),
    "ops.md": ops,
    "passes.md": passes,
    "targets.md": targets,
    "diagnostics.md": diagnostics,
    "command-line.md": command_line,
    "onnx-operators.md": onnx_operators,
    "quantization-study.md": quantization_study,
    "scale.md": scale,
    "scale.svg": growth.figure,
}


def stale() -> list[str]:
    """The generated pages whose file is not what the source says."""
    return [name for name, make in PAGES.items() if not _equal(DOCS / name, NOTE + make())]


def _equal(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text() == text


def main(check: bool) -> None:
    """Write all pages, or name the stale ones and exit with 1."""
    if check:
        listed = stale()
        sys.exit(f"stale, run python docs/generate.py: {', '.join(listed)}" if listed else 0)
    for name, make in PAGES.items():
        (DOCS / name).write_text(NOTE + make())


if __name__ == "__main__":
    main("--check" in sys.argv)
