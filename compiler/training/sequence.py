"""Running a graph over whole sequences for training: batched, and without a loop over time wherever no cycle needs it.

The nodes are grouped into the cycles of the graph. What is in no cycle runs over all steps at once: maps as one matrix
product, neurons in a loop of their own. A cycle runs step by step.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import networkx as nx
import numpy as np

from axonc.ir import Graph, Node
from axonc.ir.interpret.run import split_reference
from axonc.ir.ops import Array, Delay, Flatten, FlattenAdjoint, Input, Op, Output, Scale

from .carry import Carry, first_of
from .cells import BLOCK, Cell, Extent, Memory, cell_of
from .functions import SUMS, Function, Product, added, function_of
from .held import Held


@dataclass(frozen=True)
class Sequence:
    """A graph with the order in which its parts run; parameters may change from run to run, its structure may not.

    ``keep``: references to states and internals that a run keeps, beside every output. ``backwards``: arrays are in
    the order of the forward steps, the run begins at the last. ``block``: the steps that one matrix product takes at
    once, counted from the last; sums of floats depend on it, and on nothing else of how a sequence is cut.
    """

    graph: Graph
    keep: Collection[str] = ()
    backwards: bool = False
    block: int = BLOCK
    groups: tuple[tuple[Node, ...], ...] = field(init=False)
    memory: Memory = field(init=False, repr=False, compare=False, default_factory=lambda: Memory())

    def __post_init__(self) -> None:
        object.__setattr__(self, "groups", _groups(self.graph))

    def run(
        self,
        ops: Mapping[str, Op],
        data: Mapping[str, Array],
        dtype: str = "float32",
        grids: Mapping[str, Held] = MappingProxyType({}),
        carry: Carry | None = None,
    ) -> dict[str, Array]:
        """Every node's output [T, B, *shape] for inputs of that form, and what is kept; a total's own shape.

        All but totals is overwritten by the next run. ``grids``: of neurons whose states are rounded on the way.
        ``carry``: what the run goes on from, and then what the next one can; the run is one of several over blocks of a
        sequence.
        """
        steps, batch = next(iter(data.values())).shape[:2]
        run = _Run(self, ops, Extent(steps, batch, dtype, memory=self.memory, block=self.block), grids, carry)
        for group in self.groups:
            if len(group) == 1 and group[0].name not in group[0].sources:
                run.whole(group[0], data)
            else:
                run.cycle(group)
        return run.values


def _groups(graph: Graph) -> tuple[tuple[Node, ...], ...]:
    place = {node.name: index for index, node in enumerate(graph.order)}
    condensed: Any = nx.condensation(graph.digraph)
    members = {index: sorted(condensed.nodes[index]["members"], key=place.__getitem__) for index in condensed}
    order = nx.lexicographical_topological_sort(condensed, key=lambda index: place[members[index][0]])
    return tuple(tuple(graph[name] for name in members[index]) for index in order)


class _Run:
    """One run."""

    def __init__(
        self, sequence: Sequence, ops: Mapping[str, Op], extent: Extent, grids: Mapping[str, Held], carry: Carry | None
    ) -> None:
        self.graph, self.ops, self.extent, self.grids, self.carry = sequence.graph, ops, extent, grids, carry
        self.values: dict[str, Array] = {}
        self.order = range(extent.steps - 1, -1, -1) if sequence.backwards else range(extent.steps)
        self.later = -1 if sequence.backwards else 1
        self.kept: dict[str, list[str]] = {}
        for reference in sequence.keep:
            node, part = split_reference(reference)
            if part is not None:
                self.kept.setdefault(node, []).append(part)

    def whole(self, node: Node, data: Mapping[str, Array]) -> None:
        """All steps of a node that is in no cycle."""
        op = self.ops[node.name]
        if isinstance(op, Input):
            self.values[node.name] = data[node.name]
            return
        x = added(tuple(self.values[name] for name in node.inputs))
        reads = tuple(self.values[name] for name in node.reads)
        if isinstance(op, Delay):
            self.values[node.name] = self._delayed(node.name, x, op)
            return
        function = function_of(op, self.extent.dtype)
        if function is not None:
            self.values[node.name] = self._at_once(node, function, x, reads)
            return
        y, cell = self._empty(node), self._cell(node)
        for k in self.order:
            cell.step(k, x[k], tuple(read[k] for read in reads), y[k])
        self._done(node, y, cell)

    def _at_once(self, node: Node, function: Function, x: Array, reads: tuple[Array, ...]) -> Array:
        if isinstance(node.op, Output):
            return x  # also of a total, which has no axes of steps and batch
        blocks = self.extent.blocks
        if isinstance(node.op, SUMS):
            return self._summed(node.name, function, [[_rows(array[b]) for array in (x, *reads)] for b in blocks])
        if isinstance(function, Product):
            y = self._empty(node)
            for block in blocks:
                function.into(_rows(x[block]), _rows(y[block]))
            return y
        if len(blocks) == 1 or isinstance(node.op, ELEMENTWISE):
            y = function(*(_rows(array) for array in (x, *reads)))
            return y.reshape(*x.shape[:2], *y.shape[1:])
        y = self._empty(node)
        for block in blocks:
            _rows(y[block])[...] = function(*(_rows(array[block]) for array in (x, *reads)))
        return y

    def _summed(self, name: str, function: Function, blocks: list[list[Array]]) -> Array:
        """The sum over all blocks, from the last, and over those that were carried here."""
        total = None if self.carry is None else self.carry.totals.get(name)
        for block in reversed(blocks):
            total = function(*block) if total is None else np.add(total, function(*block), out=total)
        assert total is not None
        if self.carry is not None:
            self.carry.totals[name] = total
        return total

    def _delayed(self, name: str, x: Array, op: Delay) -> Array:
        if self.carry is not None:
            return self.carry.delayed(name, x, op, self.later)
        y, steps = np.zeros_like(x), op.steps
        if self.later > 0:
            y[:steps] = first_of(op)
            y[steps:] = x[: max(len(x) - steps, 0)]
        else:
            y[: max(len(x) - steps, 0)] = x[steps:]
        return y

    def cycle(self, group: tuple[Node, ...]) -> None:
        """All steps of the nodes of a cycle, step by step."""
        inside = {node.name for node in group}
        parts = [self._part(node, inside) for node in group]
        for k in self.order:
            for part in parts:
                self._step(part, k)
        for part in parts:
            self._done(part.node, self.values[part.node.name], part.cell)
            if isinstance(part.op, Delay) and self.carry is not None:
                last = [self._source(part, k) for k in self.order[-part.op.steps :]]
                self.carry.close(part.node.name, last, part.op)

    def _part(self, node: Node, inside: set[str]) -> _Part:
        op = self.ops[node.name]
        self.values[node.name] = self._empty(node)
        outer = tuple(self.values[name] for name in node.inputs if name not in inside)
        function = None if isinstance(op, Delay) else function_of(op, self.extent.dtype)
        cell = None if isinstance(op, Delay) or function is not None else self._cell(node)
        inner = tuple(name for name in node.inputs if name in inside)
        return _Part(node, op, added(outer) if outer else None, inner, function, cell)

    def _step(self, part: _Part, k: int) -> None:
        y = self.values[part.node.name]
        if isinstance(part.op, Delay):
            source = k - self.later * part.op.steps
            inside = 0 <= source < self.extent.steps
            y[k] = self._source(part, source) if inside else self._before(part.node.name, part.op, k)
            return
        reads = tuple(self.values[name][k] for name in part.node.reads)
        x = self._source(part, k)
        if part.cell is not None:
            part.cell.step(k, x, reads, y[k])
        elif isinstance(part.function, Product):
            part.function.into(x, y[k])
        else:
            assert part.function is not None
            y[k] = part.function(x, *reads)

    def _before(self, name: str, op: Delay, k: int) -> Array | float:
        """What a delay gives at a step that nothing of this run has reached."""
        return first_of(op) if self.carry is None else self.carry.before(name, op, self.order.index(k))

    def _source(self, part: _Part, k: int) -> Array:
        inner = tuple(self.values[name][k] for name in part.inner)
        return added(inner if part.outer is None else (part.outer[k], *inner))

    def _cell(self, node: Node) -> Cell:
        kept, grid = self.kept.get(node.name, ()), self.grids.get(node.name)
        cell = cell_of(self.ops[node.name], replace(self.extent, node=node.name, keep=kept, grid=grid))
        if self.carry is not None and node.name in self.carry.states:
            cell.resume(self.carry.states[node.name])
        return cell

    def _empty(self, node: Node) -> Array:
        shape = self.graph.signals[node.name].shape
        return self.extent.memory.take(node.name, (self.extent.steps, self.extent.batch, *shape), self.extent.dtype)

    def _done(self, node: Node, y: Array, cell: Cell | None) -> None:
        self.values[node.name] = y
        if cell is not None:
            self.values.update({f"{node.name}:{name}": value for name, value in cell.kept.items()})
            if self.carry is not None:
                self.carry.states[node.name] = {name: value.copy() for name, value in cell.states().items()}


def _rows(array: Array) -> Array:
    """[T, B, *S] as [T B, *S]; a view, where the array is in C order."""
    return array.reshape(-1, *array.shape[2:])


ELEMENTWISE = (Scale, Flatten, FlattenAdjoint)
"""Ops that give the same for all steps at once as for some."""


@dataclass(frozen=True)
class _Part:
    """A node of a cycle: what enters it from outside, summed, and the names of what enters from inside."""

    node: Node
    op: Op
    outer: Array | None
    inner: tuple[str, ...]
    function: Function | None
    cell: Cell | None
