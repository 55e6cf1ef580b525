"""Number formats of single nodes: choices that differ from the model's, by kind of op, pattern or name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
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
    they enter."""

    pattern: str
    what: What
    format: str
    of: Literal["node", "op"] = "node"

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
    then the later choice."""
    found, best = default, (-1, 0)
    for choice in choices:
        for place, node in enumerate(nodes):
            rank = (choice.rank(node), -place)
            if choice.what == what and choice.matches(node) and rank >= best:
                found, best = choice.format, rank
    return found


def choice_problems(graph: Graph, choices: Iterable[FormatChoice]) -> Iterator[Diagnostic]:
    """One problem for every choice that is made for nothing: for no kind of op that has weights or states, or for no
    node of ``graph``, whose populations are joined by single maps."""
    for choice in choices:
        kinds = POPULATIONS if choice.what == "state" else (*MAPS, *POPULATIONS)
        known = [op.name for op in kinds] if choice.of == "op" else [n.name for n in graph if isinstance(n.op, kinds)]
        reached = choice.pattern in known if choice.of == "op" else any(_named(choice, name) for name in known)
        if not reached:
            found = f"{choice.what} {choice.format} for no {'op' if choice.of == 'op' else 'node'}"
            yield Diagnostic("AX410", choice.pattern, found, f"known: {', '.join(known)}", "correct the name")


def _named(choice: FormatChoice, name: str) -> bool:
    return name == choice.pattern or fnmatchcase(name, choice.pattern)
