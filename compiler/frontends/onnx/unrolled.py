"""Loops that were unrolled when a model was exported: which nodes belong to which step, and which are the same.

A node belongs to the last step of which it sees an element. Two nodes correspond if they are the same op of
corresponding operands: elements of steps that follow each other, the same constants, nodes that correspond. The walk
goes down from what is collected of every step, or from the states that enter the last one. Exporters compute what the
first step makes of its constant states: a constant that corresponds to a node is what that node is before the first
step. Whatever else is different in the first step is passed over, since the result is checked with numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np

from axonc.ir import Node
from axonc.ir.ops import Array, Concat, Constant, Gather, Op, Slice

from .draft import Draft

FEWEST = 3
"""The fewest steps that are rolled up: the first may differ, and one must follow another."""


@dataclass(frozen=True)
class Element:
    """What a node takes of a signal: ``index`` along ``axis``, which has ``steps`` places."""

    source: str
    axis: int
    steps: int
    index: int

    @property
    def group(self) -> tuple[str, int]:
        """What it has in common with the elements of other steps."""
        return self.source, self.axis


class NotRolledError(Exception):
    """The steps of an unrolled loop are not alike."""


@dataclass
class Unrolled:
    """An unrolled loop of a draft.

    ``levels``: the step of each node that belongs to one; ``collected``: for a node that joins a value of every step,
    those values; ``after``: the corresponding node of the next step; ``initial``: what a node is before the first.
    """

    nodes: Mapping[str, Node]
    elements: dict[str, Element]
    steps: int
    levels: dict[str, int] = field(default_factory=dict)
    collected: dict[str, tuple[str, ...]] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    initial: dict[str, Array] = field(default_factory=dict)

    def constant(self, name: str) -> Array | None:
        """The numbers of a constant."""
        op = self.nodes[name].op
        return op.value if isinstance(op, Constant) else None

    def place(self) -> None:
        """Find levels and what is collected."""
        behind = set[str]()
        for name, node in self.nodes.items():
            if name in self.elements:
                self.levels[name] = self.elements[name].index
                continue
            found = [self.levels[source] for source in node.sources if source in self.levels]
            if found == [*range(self.steps)] and isinstance(node.op, Concat) and len(set(node.op.takes)) == 1:
                self.collected[name] = node.sources
                behind.add(name)
            elif behind.intersection(node.sources):
                behind.add(name)
            elif found:
                self.levels[name] = max(found)

    def match(self) -> None:
        """Find what corresponds; `NotRolledError` where steps differ."""
        for name, values in self.collected.items():
            for k in range(self.steps - 1):
                if not self._same(values[k], values[k + 1]):
                    raise NotRolledError(f"what {name} joins is not computed alike at the steps {k} and {k + 1}")
        for name in reversed([name for name, at in self.levels.items() if at == self.steps - 1]):
            if name not in self.after.values():
                self._look_before(name)

    def _look_before(self, name: str) -> None:
        """Find the node of the step before the last that corresponds to one of the last, if there is any: what is
        given after the last step alone leads to the states, or is what becomes of them outside of the loop."""
        for other, at in self.levels.items():
            if at == self.steps - 2 and other not in self.after and same_op(self.nodes[other].op, self.nodes[name].op):
                known, first = len(self.after), dict(self.initial)
                if self._same(other, name):
                    return
                while len(self.after) > known:
                    self.after.popitem()
                self.initial = first

    def _same(self, a: str, b: str) -> bool:
        """Whether two nodes correspond, with all that they depend on."""
        pending = [(a, b, True)]
        while pending:
            one, other, counts = pending.pop()
            operands = self._pair(one, other)
            if operands is None and counts:
                return False
            pending += [(*pair, self.levels[one] > 0) for pair in operands or ()]
        return True

    def _pair(self, a: str, b: str) -> list[tuple[str, str]] | None:
        """The operands of two nodes that have to correspond if these do; None if these do not anyway."""
        first, then = self.constant(a), self.constant(b)
        if first is not None and then is not None:
            return [] if first is then or (first.shape == then.shape and np.array_equal(first, then)) else None
        if first is not None:
            starts = self.levels.get(b) == 0 and np.array_equal(self.initial.setdefault(b, first), first)
            return [] if starts else None
        if a not in self.levels:
            return [] if a == b else None
        if self.levels.get(b) != self.levels[a] + 1 or self.after.get(a, b) != b:
            return None
        known, self.after[a] = a in self.after, b
        if known:
            return []
        if a in self.elements and b in self.elements and self.elements[a].group == self.elements[b].group:
            return []
        one, other = self.nodes[a], self.nodes[b]
        if same_op(one.op, other.op) and len(one.sources) == len(other.sources):
            return [*zip(one.sources, other.sources, strict=True)]
        return [] if self.levels[a] == 0 else None


def same_op(one: Op, other: Op) -> bool:
    """Whether two ops are equal, field by field."""
    return type(one) is type(other) and all(getattr(one, f.name) == getattr(other, f.name) for f in fields(one))


def find_unrolled(draft: Draft) -> Unrolled | None:
    """The first unrolled loop: a signal of which every element is taken apart, and what follows from these."""
    groups: dict[tuple[str, int], dict[str, Element]] = {}
    seen = set[str]()
    for name, node in draft.nodes.items():
        element = _element(draft, node)
        if element is not None and element.source not in seen:
            groups.setdefault(element.group, {})[name] = element
        if element is not None or seen.intersection(node.sources):
            seen.add(name)
    whole = [group for group in groups.values() if _complete(group)]
    if not whole:
        return None
    steps = next(iter(whole[0].values())).steps
    elements = {name: e for group in whole for name, e in group.items() if e.steps == steps}
    found = Unrolled(draft.nodes, elements, steps)
    found.place()
    return found


def _complete(group: Mapping[str, Element]) -> bool:
    steps = next(iter(group.values())).steps
    return steps >= FEWEST and {element.index for element in group.values()} == {*range(steps)}


def _element(draft: Draft, node: Node) -> Element | None:
    if not node.sources or isinstance(draft.nodes[node.inputs[0]].op, Constant):
        return None
    if isinstance(node.op, Slice):
        shape = node.op.takes[0].shape
        cut = [axis for axis, (span, n) in enumerate(zip(node.op.spans, shape, strict=True)) if span != (0, n, 1)]
        if len(cut) == 1 and node.op.spans[cut[0]][1] == 1:
            return Element(node.inputs[0], cut[0], shape[cut[0]], node.op.spans[cut[0]][0])
    if isinstance(node.op, Gather):
        index, axis = draft.nodes[node.reads[0]].op, node.op.axis
        if isinstance(index, Constant) and index.value.size == 1:
            steps = node.op.takes[0].shape[axis]
            return Element(node.inputs[0], axis, steps, int(index.value.reshape(-1)[0]) % steps)
    return None
