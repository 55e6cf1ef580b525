"""A model between its stages: a draft with its outputs; and the graph that it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from axonc.ir import Graph, Node
from axonc.ir.ops import Delay, Input, Output

from .draft import Draft, Value, printable
from .recurrence import State
from .removal import At


@dataclass(frozen=True)
class Imported:
    """A draft and its outputs by name, as it goes through the stages, with facts that the graph will tell.

    Of a sequence: ``axes``: which axis of each input was time; ``placed``: where each output had it.
    """

    draft: Draft
    outputs: Mapping[str, Value]
    facts: Mapping[str, str]
    axes: Mapping[str, int] = field(default_factory=dict)
    placed: Mapping[str, At] = field(default_factory=dict)

    def told(self, **facts: str) -> Imported:
        """The same with further facts."""
        return replace(self, facts={**self.facts, **facts})


def graph_of(imported: Imported) -> Graph:
    """What the outputs depend on, states as delays."""
    draft = imported.draft
    draft.hint, draft.origin = "output", ""
    sources = {name: draft.node_of(value) for name, value in imported.outputs.items()}
    reserved, draft.reserved = draft.reserved, set()
    ends = {name: Node(draft.fresh(name), Output(), (source,), printable(name)) for name, source in sources.items()}
    draft.reserved = reserved
    nodes = {name: _closed(draft, name) for name in list(draft.nodes)}
    nodes.update({name: node for name, node in draft.nodes.items() if name not in nodes})
    kept = _needed(nodes, [node.inputs[0] for node in ends.values()])
    inside = [node for node in nodes.values() if node.name in kept or isinstance(node.op, Input)]
    return Graph("model", (*inside, *ends.values()), "steps")


def _closed(draft: Draft, name: str) -> Node:
    node = draft.nodes[name]
    if not isinstance(node.op, State):
        return node
    initial = np.asarray(node.op.initial.known)
    op = Delay(1, initial if np.any(initial != 0) else None)
    return replace(node, op=op, inputs=(draft.node_of(node.op.follows[0]),))


def _needed(nodes: dict[str, Node], ends: list[str]) -> set[str]:
    needed, pending = set[str](), list(ends)
    while pending:
        name = pending.pop()
        if name not in needed:
            needed.add(name)
            pending += nodes[name].sources
    return needed
