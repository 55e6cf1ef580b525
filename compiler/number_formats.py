"""Number formats of single nodes: choices that differ from the model's, by kind of op, pattern or name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from axonc.ir import Diagnostic, Graph, Node
from axonc.ir.ops import EGRU, GRU, LSTM, Conv, Linear, Neuron, ResetGate

MAPS = (Linear, Conv)
POPULATIONS = (Neuron, EGRU, GRU, ResetGate, LSTM)
KINDS = tuple(op.name for op in (*MAPS, *POPULATIONS))
"""The kinds of op that choices are made for."""

What = Literal["weights", "state"]


@dataclass(frozen=True)
class FormatChoice:
    """The format of ``weights`` or of the ``state`` of the nodes whose name is ``pattern`` or matches it as a glob; or
    of all nodes of the op ``pattern`` (``of`` op). Weights are chosen by their own node, or by the population that
    they enter. ``source``: of two that are as specific the one of the higher source wins: 0 a file, 1 the caller."""

    pattern: str
    what: What
    format: str
    of: Literal["node", "op"] = "node"
    source: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"{'op ' if self.of == 'op' else ''}{self.pattern}:{self.what}={self.format}"

    __repr__ = __str__

    def matches(self, node: Node) -> bool:
        """Whether a node is meant."""
        if self.of == "op":
            return node.op.name == self.pattern
        return node.name == self.pattern or fnmatchcase(node.name, self.pattern)

    def rank(self, node: Node) -> int:
        """How specific this is of a node that it matches: an op's kind, a pattern, the name."""
        return 0 if self.of == "op" else 1 + (node.name == self.pattern)


def chosen_format(choices: Iterable[FormatChoice], what: What, nodes: Sequence[Node], default: str) -> str:
    """The format of ``nodes[0]``, for which choices may be made by any of ``nodes``, the most specific first. The most
    specific choice wins: a name over a pattern, a pattern over a kind of op; then that by an earlier one of ``nodes``;
    then the caller's. Where several are left that differ, `choice_problems` says so."""
    return next((choice.format for choice in _winners(choices, what, nodes)), default)


def _winners(choices: Iterable[FormatChoice], what: What, nodes: Sequence[Node]) -> list[FormatChoice]:
    """The choices of ``what`` than which none is more specific, in their order."""
    ranked = [
        ((choice.rank(node), -place, choice.source), choice)
        for choice in choices
        for place, node in enumerate(nodes)
        if choice.what == what and choice.matches(node)
    ]
    best = max((rank for rank, _ in ranked), default=None)
    return [choice for rank, choice in ranked if rank == best]


def choice_problems(graph: Graph, choices: Iterable[FormatChoice]) -> Iterator[Diagnostic]:
    """One problem for every choice that is made for nothing: for no kind of op that has weights or states, or for no
    node of ``graph``, whose populations are joined by single maps; and for everything that is chosen for twice, as
    specifically, and differently."""
    choices = list(choices)
    for what, nodes in _choosers(graph):
        formats = {choice.format: choice.pattern for choice in _winners(choices, what, nodes)}
        if len(formats) > 1:
            found = f"{what} {' and '.join(f'{number} (for {pattern})' for number, pattern in formats.items())}"
            yield Diagnostic("AX407", nodes[0].name, found, "as specific choices say one format", "name the node")
    for choice in choices:
        kinds = POPULATIONS if choice.what == "state" else (*MAPS, *POPULATIONS)
        known = [op.name for op in kinds] if choice.of == "op" else [n.name for n in graph if isinstance(n.op, kinds)]
        reached = choice.pattern in known if choice.of == "op" else any(_named(choice, name) for name in known)
        if not reached:
            found = f"{choice.what} {choice.format} for no {'op' if choice.of == 'op' else 'node'}"
            yield Diagnostic("AX410", choice.pattern, found, f"known: {', '.join(known)}", "correct the name")


def _choosers(graph: Graph) -> Iterator[tuple[What, tuple[Node, ...]]]:
    """All that formats are chosen for, and the nodes by which they are."""
    for node in graph:
        if isinstance(node.op, POPULATIONS):
            yield "state", (node,)
            maps = (graph[name] for name in (*node.inputs, *node.reads))
            yield from (("weights", (each, node)) for each in maps if isinstance(each.op, MAPS))


def _named(choice: FormatChoice, name: str) -> bool:
    return name == choice.pattern or fnmatchcase(name, choice.pattern)
