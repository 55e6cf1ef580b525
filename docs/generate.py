"""Writes the pages that say what the source says: ``python docs/generate.py``; with ``--check``, names stale ones.

Their text comes from docstrings, tables and the command line's help; what a target supports is found by compiling a
small model for it. README, CONTRIBUTING and CHANGELOG become pages of the site.
"""

from __future__ import annotations

import inspect
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import nir
import numpy as np

from axonc.compiler.driver.cli import cli
from axonc.compiler.driver.conformance import FAILS, OPERATORS
from axonc.compiler.driver.pipeline import Options, load, prepare
from axonc.compiler.driver.targets import TARGETS, backend
from axonc.compiler.frontends.onnx.operators import CUSTOM
from axonc.compiler.frontends.onnx.operators import OPERATORS as ONNX_OPERATORS
from axonc.compiler.passes import PASSES
from axonc.compiler.semantics import PRESETS
from axonc.ir import CODES, AxoncError
from axonc.ir.ops import OPS, Axis, FixedGate, FixedMembrane, FixedSynapse, Gate, Membrane, Synapse

DOCS = Path(__file__).parent
ROOT = DOCS.parent
NOTE = "<!-- Made by docs/generate.py: change the source, then run it. -->\n\n"
PARTS: dict[str, tuple[type, ...]] = {
    "conv": (Axis,),
    "pool": (Axis,),
    "neuron": (Synapse, Membrane, Gate),
    "fixed_neuron": (FixedSynapse, FixedMembrane, FixedGate),
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
    "8": "Verification",
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
    for step in PASSES:
        options = ", ".join(f"`{field.name}`" for field in fields(step)) or "none"
        rows = [("requires", step.requires), ("ensures", step.ensures), ("options", options)]
        parts.append(f"\n## {step.name}\n\n{table(('', ''), rows)}\n{text_of(step)}\n")
    return "".join(parts)


def diagnostics() -> str:
    """Every code, by chapter."""
    parts = [
        "# Diagnostics\n\nA diagnostic is one line: `CODE node: what was found; the limit; what to change`. All "
        "problems of a model are reported at once. A code never changes its meaning; `axonc explain CODE` says what it "
        "stands for.\n\nExit status: 0 success; 1 a target's result differs from the reference or from a golden output "
        "(AX801); 2 the model, its data or the options are not acceptable; 3 a tool is missing or failed, or a core "
        "stopped with a fault (AX901, AX902).\n"
    ]
    for digit, title in CHAPTERS.items():
        rows = [(f"`{code}`", meaning) for code, meaning in CODES.items() if code[2] == digit]
        parts.append(f"\n## {title}\n\n{table(('code', 'meaning'), rows)}")
    return "".join(parts)


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
    rows = [
        (f"`{name}`", backend(name).summary, f"`axonc[{name}]`" if name in extras else "none needed")
        for name in TARGETS
    ]
    nodes, presets = (
        table((of, *TARGETS), tried) for of, tried in (("node", _node_rows()), ("preset", _preset_rows()))
    )
    return (
        f"# Targets\n\n{table(('target', 'what it is', 'extra'), rows)}\n"
        "The tables below were made by checking and mapping a small model for each target, with the options' "
        "defaults and inputs as events. A code says why it is refused: see [diagnostics](diagnostics.md).\n"
        f"\n## NIR node types\n\nEach between an input and a population of LIF neurons.\n\n{nodes}"
        "\nA `NIRGraph` inside a graph is flattened.\n"
        f"\n## Semantics presets\n\nFor a recurrent network of LIF neurons, and of CubaLIF neurons.\n\n{presets}"
    )


def _node_rows() -> Iterator[tuple[str, ...]]:
    for kind, make in SAMPLES.items():
        yield (kind, *(_verdict(_around(*make()), "nir,dt=1e-3", target) for target in TARGETS))
    for kind in NO_SPIKES:
        node, *_ = SAMPLES[kind]()
        yield (f"{kind} as output", *(_verdict(_alone(node), "nir,dt=1e-3", target) for target in TARGETS))


def _preset_rows() -> Iterator[tuple[str, ...]]:
    for preset in PRESETS:
        tried = [
            [_verdict(_loop(kind), f"{preset},dt=1e-3", target) for kind in (_lif, _cuba_lif)] for target in TARGETS
        ]
        yield (f"`{preset}`", *(" / ".join(dict.fromkeys(cells)) for cells in tried))


def _verdict(model: nir.NIRGraph, semantics: str, target: str) -> str:
    try:
        prepare(load(model, semantics), target, Options())
    except AxoncError as error:
        return ", ".join(dict.fromkeys(problem.code for problem in error.diagnostics))
    return "yes"


def _graph(nodes: dict[str, nir.NIRNode], path: str) -> nir.NIRGraph:
    names = path.split()
    return nir.NIRGraph(nodes, list(pairwise(names)), type_check=False)


def _around(node: nir.NIRNode, takes: tuple[int, ...], gives: tuple[int, ...]) -> nir.NIRGraph:
    """input -> the node -> flatten -> weights -> LIF -> output, for a node that takes and gives these shapes."""
    nodes = {
        "input": nir.Input({"input": np.array(takes)}),
        "node": node,
        "flatten": nir.Flatten({"input": np.array(gives)}, 0, -1),
        "fc": nir.Linear(np.ones((2, int(np.prod(gives))))),
        "lif": _lif(2),
        "output": nir.Output({"output": np.array([2])}),
    }
    return _graph(nodes, "input node flatten fc lif output")


def _alone(node: nir.NIRNode) -> nir.NIRGraph:
    nodes = {"input": nir.Input({"input": np.array([4])}), "fc": nir.Linear(np.eye(4)), "node": node}
    return _graph({**nodes, "output": nir.Output({"output": np.array([4])})}, "input fc node output")


def _loop(neuron: Callable[[int], nir.NIRNode]) -> nir.NIRGraph:
    nodes = {
        "input": nir.Input({"input": np.array([3])}),
        "fc": nir.Affine(np.ones((2, 3)), np.ones(2)),
        "cell": neuron(2),
        "rec": nir.Linear(-np.ones((2, 2))),
        "output": nir.Output({"output": np.array([2])}),
    }
    graph = _graph(nodes, "input fc cell output")
    graph.edges += [("cell", "rec"), ("rec", "cell")]
    return graph


def _lif(count: int) -> nir.LIF:
    one = np.ones(count)
    return nir.LIF(5e-3 * one, one, 0 * one, one, v_reset=0 * one)


def _cuba_lif(count: int) -> nir.CubaLIF:
    one = np.ones(count)
    return nir.CubaLIF(5e-3 * one, 9e-3 * one, one, 0 * one, one, v_reset=0 * one, w_in=one)


ONE = np.ones(4)
PAIR = np.array([2, 2])
SAMPLES: dict[str, Callable[[], tuple[Any, tuple[int, ...], tuple[int, ...]]]] = {
    "Affine": lambda: (nir.Affine(np.ones((3, 4)), np.ones(3)), (4,), (3,)),
    "AvgPool2d": lambda: (nir.AvgPool2d(PAIR, PAIR, np.zeros(2, int)), (1, 4, 4), (1, 2, 2)),
    "Conv1d": lambda: (nir.Conv1d(6, np.ones((2, 1, 3)), 1, 0, 1, 1, np.zeros(2)), (1, 6), (2, 4)),
    "Conv2d": lambda: (nir.Conv2d((6, 6), np.ones((2, 1, 3, 3)), 1, 0, 1, 1, np.zeros(2)), (1, 6, 6), (2, 4, 4)),
    "CubaLI": lambda: (nir.CubaLI(5e-3 * ONE, 9e-3 * ONE, ONE, 0 * ONE, w_in=ONE), (4,), (4,)),
    "CubaLIF": lambda: (_cuba_lif(4), (4,), (4,)),
    "Delay": lambda: (nir.Delay(2e-3 * ONE), (4,), (4,)),
    "Flatten": lambda: (nir.Flatten({"input": np.array([2, 2])}, 0, -1), (2, 2), (4,)),
    "I": lambda: (nir.I(ONE), (4,), (4,)),
    "IF": lambda: (nir.IF(ONE, ONE, v_reset=0 * ONE), (4,), (4,)),
    "LI": lambda: (nir.LI(5e-3 * ONE, ONE, 0 * ONE), (4,), (4,)),
    "LIF": lambda: (_lif(4), (4,), (4,)),
    "Linear": lambda: (nir.Linear(np.ones((3, 4))), (4,), (3,)),
    "Scale": lambda: (nir.Scale(ONE), (4,), (4,)),
    "SumPool2d": lambda: (nir.SumPool2d(PAIR, PAIR, np.zeros(2, int)), (1, 4, 4), (1, 2, 2)),
    "Threshold": lambda: (nir.Threshold(ONE), (4,), (4,)),
}
"""A node of every type of NIR, the shape that it takes and the shape that it gives."""

NO_SPIKES = ("CubaLI", "I", "LI")
"""Neurons that send a voltage."""


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
        "standard defines them by these (Softmax, LayerNormalization, Gelu and many more): their definition is read "
        "in place. All others are refused with AX120, at once, with the nearest form that is read.\n\n",
        f"{read}.\n\nOutside the standard: {custom}; and every function that a model holds.\n\n## Conformance\n\n"
        "The node cases of onnx 1.23.2 that contain one of these operators run through the intermediate "
        f"representation; all but {len(FAILS)} pass. A case with two of them counts for both.\n\n",
        table(("operator", "node cases"), [(f"`{name}`", count) for name, count in OPERATORS.items()]),
        "\nNot passing:\n\n",
        table(("case", "why"), [(f"`{name}`", reason) for name, reason in FAILS.items()]),
        "\n`axonc.compiler.driver.conformance.ReferenceBackend` is the reference interpreter as a backend of "
        "`onnx.backend`.\n",
    ]
    return "".join(parts)


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
