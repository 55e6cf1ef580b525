"""A graph seen as populations and projections: the form in which many-core targets map and lower it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from math import prod

import numpy as np
from scipy import sparse

from .graph import Graph, Node
from .ops import Array, Delay, FixedNeuron, Flatten, Input, Neuron, Output, Pool, QuantConv, QuantLinear
from .signal import Shape


@dataclass(frozen=True)
class Population:
    """An input or a population of neurons: ``count`` neurons (flat, C order of the shape)."""

    name: str
    op: Input | Neuron | FixedNeuron
    count: int
    peak: int
    """The most events that one of its neurons sends in a step; 0 if it sends none."""


@dataclass(frozen=True, eq=False)
class SharedKernel:
    """The weights of a convolution: an event of source channel i at place s adds, for every combination of rows
    [s_a, t_a, k_a] of the axes' ``taps``, ``weight[o, i % (I/groups), k]`` to every channel o of i's group at place t.

    ``weight``: int8 (O, I/groups, *K); ``source`` (I, *spatial) and ``target`` (O, *extents): the shapes between which
    it maps; ``taps``: for each axis (n, 3) int64, rows [source, target, tap], ascending. A pooling before the
    convolution is part of them: a row stands there as often as the pooled windows overlap.
    """

    weight: Array
    source: Shape
    target: Shape
    taps: tuple[Array, ...]
    groups: int = 1


@dataclass(frozen=True, eq=False)
class Projection:
    """Synapses: events of step k of ``source`` act on step k + ``delay`` of ``target``, with int8 ``weight``.

    ``weight``: a kernel for all places, or CSC, [target neurons, source neurons], so that a source's synapses lie
    together.
    """

    name: str
    source: str
    target: str
    delay: int
    weight: sparse.csc_array | SharedKernel


@dataclass(frozen=True, eq=False)
class Network:
    """Populations (inputs first) and projections of a quantised graph."""

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]

    @cached_property
    def by_name(self) -> dict[str, Population]:
        """The populations by their names."""
        return {population.name: population for population in self.populations}

    @cached_property
    def fan_in(self) -> dict[str, tuple[Projection, ...]]:
        """The projections into each population."""
        return {p.name: tuple(j for j in self.projections if j.target == p.name) for p in self.populations}

    @cached_property
    def fan_out(self) -> dict[str, tuple[Projection, ...]]:
        """The projections out of each population."""
        return {p.name: tuple(j for j in self.projections if j.source == p.name) for p in self.populations}


def network(graph: Graph) -> Network:
    """The network of a graph in which every neuron is fed by `QuantLinear` and `QuantConv` nodes, each fed by one
    population, through at most one `Delay`; a convolution also through summing `Pool` nodes, behind the delay.
    `compiler.passes` bring a graph into this form."""
    populations = tuple(_population(graph, node) for node in graph if isinstance(node.op, (Input, Neuron, FixedNeuron)))
    ordered = sorted(populations, key=lambda population: not isinstance(population.op, Input))
    return Network(tuple(ordered), tuple(_projections(graph)))


def _population(graph: Graph, node: Node) -> Population:
    signal = graph.signals[node.name]
    assert isinstance(node.op, (Input, Neuron, FixedNeuron))
    spikes = isinstance(node.op, Input) or node.op.gate is not None
    return Population(node.name, node.op, prod(signal.shape), signal.peak if spikes else 0)


def _projections(graph: Graph) -> Iterator[Projection]:
    for node in graph:
        if isinstance(node.op, (Neuron, FixedNeuron)):
            for linear in (graph[name] for name in node.inputs):
                pools, before = _behind_pools(graph, linear.inputs[0])
                source, delay = behind_delay(graph, before)
                yield Projection(linear.name, source, node.name, delay, _weight(graph, linear, source, pools))


def _weight(graph: Graph, node: Node, source: str, pools: list[Pool]) -> sparse.csc_array | SharedKernel:
    if isinstance(node.op, QuantConv):
        return _kernel(node.op, graph.signals[source].shape, pools)
    assert isinstance(node.op, QuantLinear)
    assert not pools
    weight = sparse.csc_array(node.op.weight.astype(np.int8))
    weight.eliminate_zeros()
    weight.sort_indices()
    return weight


def _kernel(op: QuantConv, source: Shape, pools: list[Pool]) -> SharedKernel:
    extents, tables = [], []
    for axis, size in enumerate(source[1:]):
        windows = [*(pool.axes[axis] for pool in pools), op.axes[axis]]
        taps = []
        for window in windows:
            taps.append(window.taps(size))
            size = window.extent(size)
        extents.append(size)
        tables.append(reduce(_joined, taps))
    return SharedKernel(op.weight, source, (op.weight.shape[0], *extents), tuple(tables), op.groups)


def _joined(first: Array, second: Array) -> Array:
    """The taps of one window behind another: [source, target of the second, tap of the second]."""
    starts, stops = (np.searchsorted(second[:, 0], first[:, 1], side) for side in ("left", "right"))
    repeats = stops - starts
    behind = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats) + np.repeat(starts, repeats)
    joined = np.column_stack([np.repeat(first[:, 0], repeats), second[behind, 1:]])
    return np.asarray(joined[np.lexsort(joined.T[::-1])])


def _behind_pools(graph: Graph, name: str) -> tuple[list[Pool], str]:
    """The pools between a node and what they pool, in the order in which they act, and the name of that."""
    pools: list[Pool] = []
    while isinstance(op := graph[name].op, Pool):
        pools.insert(0, op)
        name = graph[name].inputs[0]
    return pools, name


def behind_delay(graph: Graph, name: str) -> tuple[str, int]:
    """The node behind any chain of delays that ends in ``name``, and their total in steps."""
    delay = 0
    while isinstance(op := graph[name].op, Delay):
        delay += op.steps
        name = graph[name].inputs[0]
    return name, delay


def output_population(graph: Graph, output: Node) -> str:
    """The population whose events or voltages an output node shows, behind any flattening."""
    assert isinstance(output.op, Output)
    node = graph[output.inputs[0]]
    while isinstance(node.op, Flatten):
        node = graph[node.inputs[0]]
    return node.name
