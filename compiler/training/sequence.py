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
from axonc.ir.ops import Array, Delay, Input, Op, Output

from .cells import Cell, Extent, Grid, Memory, cell_of
from .functions import SUMS, Function, Product, added, function_of


@dataclass(frozen=True)
class Sequence:
    """A graph with the order in which its parts run; parameters may change from run to run, its structure may not.

    ``keep``: references to states and internals that a run keeps, beside every output. ``backwards``: arrays are in
    the order of the forward steps, the run begins at the last.
    """

    graph: Graph
    keep: Collection[str] = ()
    backwards: bool = False
    groups: tuple[tuple[Node, ...], ...] = field(init=False)
    memory: Memory = field(init=False, repr=False, compare=False, default_factory=lambda: Memory())

    def __post_init__(self) -> None:
        object.__setattr__(self, "groups", _groups(self.graph))

    def run(
        self,
        ops: Mapping[str, Op],
        data: Mapping[str, Array],
        dtype: str = "float32",
        grids: Mapping[str, Grid] = MappingProxyType({}),
    ) -> dict[str, Array]:
        """Every node's output [T, B, *shape] for inputs of that form, and what is kept; a total's own shape.

        All but totals is overwritten by the next run. ``grids``: of neurons whose states are rounded on the way.
        """
        steps, batch = next(iter(data.values())).shape[:2]
        run = _Run(self, ops, Extent(steps, batch, dtype, memory=self.memory), grids)
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

    def __init__(self, sequence: Sequence, ops: Mapping[str, Op], extent: Extent, grids: Mapping[str, Grid]) -> None:
        self.graph, self.ops, self.extent, self.grids = sequence.graph, ops, extent, grids
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
            self.values[node.name] = self._delayed(x, op)
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
        if isinstance(function, Product):
            y = self._empty(node)
            function.into(x.reshape(-1, *x.shape[2:]), y.reshape(-1, *y.shape[2:]))
            return y
        y = function(*(array.reshape(-1, *array.shape[2:]) for array in (x, *reads)))
        return y if isinstance(node.op, SUMS) else y.reshape(*x.shape[:2], *y.shape[1:])

    def _delayed(self, x: Array, op: Delay) -> Array:
        y, steps = np.zeros_like(x), op.steps
        if self.later > 0:
            y[:steps] = _first(op)
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
            y[k] = self._source(part, source) if 0 <= source < self.extent.steps else _first(part.op)
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

    def _source(self, part: _Part, k: int) -> Array:
        inner = tuple(self.values[name][k] for name in part.inner)
        return added(inner if part.outer is None else (part.outer[k], *inner))

    def _cell(self, node: Node) -> Cell:
        kept, grid = self.kept.get(node.name, ()), self.grids.get(node.name)
        return cell_of(self.ops[node.name], replace(self.extent, node=node.name, keep=kept, grid=grid))

    def _empty(self, node: Node) -> Array:
        shape = self.graph.signals[node.name].shape
        return self.extent.memory.take(node.name, (self.extent.steps, self.extent.batch, *shape), self.extent.dtype)

    def _done(self, node: Node, y: Array, cell: Cell | None) -> None:
        self.values[node.name] = y
        if cell is not None:
            self.values.update({f"{node.name}:{name}": value for name, value in cell.kept.items()})


def _first(op: Delay) -> Array | float:
    """What a delay gives before anything has reached it."""
    return 0.0 if op.initial is None else op.initial


@dataclass(frozen=True)
class _Part:
    """A node of a cycle: what enters it from outside, summed, and the names of what enters from inside."""

    node: Node
    op: Op
    outer: Array | None
    inner: tuple[str, ...]
    function: Function | None
    cell: Cell | None
