"""A graph seen as populations and projections: the form in which many-core targets map and lower it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from math import prod
from typing import Any, Literal, cast

import numpy as np
from scipy import sparse

from .graph import Graph, Node
from .ops import (
    EGRU,
    GRU,
    LSTM,
    Array,
    Conv,
    Delay,
    FixedGated,
    FixedGRU,
    FixedNeuron,
    Flatten,
    Input,
    LevelNeuron,
    Limit,
    Linear,
    Neuron,
    Op,
    Output,
    Pool,
    QuantConv,
    QuantLinear,
    ResetGate,
    Scale,
    ToFixed,
)
from .ops.egru import GATES
from .ops.gated import LSTM_GATES
from .signal import Kind, Shape

FLOAT_LANES: Mapping[type[Op], int] = {EGRU: 2 * GATES, GRU: 2 * GATES, LSTM: LSTM_GATES, ResetGate: 2}
"""Gated units in float, and how many accumulators each has: of its inputs, then of what it reads; of a GRU that reads
nothing two."""

Units = Neuron | FixedNeuron | LevelNeuron | FixedGated
"""The ops whose nodes are populations on cores, beside inputs."""

POPULATIONS = (Input, Neuron, FixedNeuron, LevelNeuron, FixedGated)


@dataclass(frozen=True)
class Population:
    """An input or a population of neurons.

    ``shape``: that of its signal; where a convolution feeds it and none reads it, that of the convolution's maps, of
    as many elements in the same order. Populations are cut along its axes.
    """

    name: str
    op: Input | Units
    """In float also a gated unit of `FLOAT_LANES`, or a pool, which targets with cores never see."""
    shape: Shape
    peak: int
    """The most events that one of its neurons sends in a step; 0 if it sends none."""
    activity: float | None = None
    """The events of its busiest step in the data that the graph was calibrated with, over its neurons."""
    limit: int | None = None
    """How many of its neurons' events in a step have an effect; None: all (`Limit`)."""
    room: int | None = None
    """How many a list of them has to hold, if the options say so; more are an error."""
    graded: bool = False
    """Whether its events carry a value: an int16, by which a receiver multiplies its weights."""
    shifts: tuple[Array, ...] = ()
    """Of neurons with several sums: by how much each but the first is shifted before all are added; int64 [count]."""

    @property
    def lanes(self) -> int:
        """The accumulators of each of its neurons. Of gated units, accumulator l of unit n is row l * count + n of the
        weights; of other neurons `Projection.lane` says which."""
        return gated_lanes(self.op) or 1 + len(self.shifts)

    @property
    def count(self) -> int:
        """Neurons; they are numbered in C order of the shape."""
        return prod(self.shape)

    @property
    def rate(self) -> float:
        """The part of its neurons that sends in a step: as measured, else as `usual_activity` assumes."""
        return usual_activity(self) if self.activity is None else self.activity


ACTIVITY = 0.05
"""Spikes of a source in a slot where nothing was measured."""

ACTIVITY_GATED = 0.15
"""Graded events of an event-based unit in a slot where nothing was measured; without a threshold all send."""


def usual_activity(population: Population) -> float:
    """The part of a population's neurons that is taken to send in a slot where nothing was measured."""
    if isinstance(population.op, Pool):
        return min(1.0, ACTIVITY * population.op.taps)
    if not population.graded:
        return ACTIVITY
    tested = isinstance(population.op, EGRU) or (
        isinstance(population.op, FixedGRU) and population.op.threshold is not None
    )
    return ACTIVITY_GATED if tested else 1.0


def gated_lanes(op: Op) -> int:
    """The accumulators of a gated unit; 0 if an op is none."""
    if isinstance(op, FixedGated):
        return op.lanes
    return GATES - 1 if isinstance(op, GRU) and op.reset == "before" else FLOAT_LANES.get(type(op), 0)


@dataclass(frozen=True, eq=False)
class SharedKernel:
    """The weights of a convolution: an event of source channel i at place s adds, for every combination of rows
    [s_a, t_a, k_a] of the axes' ``taps``, ``weight[o, i % (I/groups), k]`` to every channel o of i's group at place t.

    ``weight``: int8 or float32 (O, I/groups, *K); ``source`` (I, *spatial) and ``target`` (O, *extents): the shapes
    between which it maps; ``taps``: for each axis (n, 3) int64, rows [source, target, tap], ascending. A pooling before
    the convolution is part of them: a row stands there as often as the pooled windows overlap.
    """

    weight: Array
    source: Shape
    target: Shape
    taps: tuple[Array, ...]
    groups: int = 1

    def reach(self, channel: int) -> tuple[int, int]:
        """The first target channel of a source channel's group, and the one behind its last."""
        group, size = channel // (self.source[0] // self.groups), self.target[0] // self.groups
        return group * size, (group + 1) * size

    def matrices(self) -> Iterator[sparse.csc_array]:
        """The same synapses one by one: CSC [targets, sources] of the weights' type that add up to them. More than one
        where pooled windows overlap, so that a target's weights for one source add up to more than that holds."""
        total = sparse.csc_array(sparse.hstack([self._columns(channel) for channel in range(self.source[0])]))
        if self.weight.dtype.kind == "f":  # without pools before it no two taps meet
            yield _narrow(total, self.weight.dtype)
            return
        limit = np.iinfo(self.weight.dtype).max
        while total.nnz:
            part = total.copy()
            part.data = np.clip(part.data, -limit, limit)
            yield _narrow(part, self.weight.dtype)
            total = total - part
            total.eliminate_zeros()

    def _columns(self, channel: int) -> sparse.csc_array:
        """The synapses of a source channel, [targets, places of the channel]."""
        source, target, tap = (np.zeros(1, np.int64) for _ in range(3))
        for axis, taps in enumerate(self.taps):
            extents = (self.source[axis + 1], self.target[axis + 1], self.weight.shape[axis + 2])
            flat = zip((source, target, tap), taps.T, extents, strict=True)
            source, target, tap = (np.add.outer(place * size, along).reshape(-1) for place, along, size in flat)
        first, last = self.reach(channel)
        wide = self.weight.astype(np.float64 if self.weight.dtype.kind == "f" else np.int64)
        kernels = wide[first:last, channel % self.weight.shape[1]].reshape(last - first, -1)
        rows = np.arange(first, last)[:, None] * prod(self.target[1:]) + target
        places = (rows.ravel(), np.broadcast_to(source, rows.shape).ravel())
        return sparse.csc_array((kernels[:, tap].ravel(), places), shape=(prod(self.target), prod(self.source[1:])))


@dataclass(frozen=True, eq=False)
class Projection:
    """Synapses: events of step k of ``source`` act on step k + ``delay`` of ``target``; int8 or float32 ``weight``.

    ``weight``: a kernel for all places, or CSC, [accumulators of the targets, source neurons], so that a source's
    synapses lie together. ``shift``: of its sums before they are added to those of others, int64 [targets] or None;
    projections into one ``lane`` have the same. ``dram``: its rows lie in the chip's DRAM, and are fetched event by
    event. ``bias``: with float32 weights, where their sums begin, (accumulators,); None: with 0.
    """

    name: str
    source: str
    target: str
    delay: int
    weight: sparse.csc_array | SharedKernel
    shift: Array | None = None
    lane: int = 0
    dram: bool = False
    bias: Array | None = None

    @cached_property
    def by_target(self) -> sparse.csr_array:
        """The matrix with a target's synapses together."""
        assert not isinstance(self.weight, SharedKernel)
        return sparse.csr_array(self.weight)


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
        return _by_end(self.populations, self.projections, "target")

    @cached_property
    def fan_out(self) -> dict[str, tuple[Projection, ...]]:
        """The projections out of each population."""
        return _by_end(self.populations, self.projections, "source")


def _by_end(
    populations: Iterable[Population | Node], projections: Iterable[Projection], end: Literal["source", "target"]
) -> dict[str, tuple[Projection, ...]]:
    """The projections that have each population as an end, in their order."""
    found: dict[str, list[Projection]] = {population.name: [] for population in populations}
    for projection in projections:
        found.setdefault(getattr(projection, end), []).append(projection)
    return {name: tuple(joined) for name, joined in found.items()}


def network(graph: Graph) -> Network:
    """The network of a graph in which every population is fed by `QuantLinear` and `QuantConv` nodes, each fed by one
    population, through at most one `Delay`; a convolution also through summing `Pool` nodes, behind the delay. Dense
    inputs pass `ToFixed` before that. `compiler.passes` bring a graph into this form. In float `Linear` nodes take the
    place of `QuantLinear`, and `Conv` that of `QuantConv`; what gated units read has accumulators of its own, behind
    those of their inputs. A pool is a population there that sends what it gives: the rounded product with a sum is not
    the sum of the products.
    """
    senders = (*POPULATIONS, *FLOAT_LANES, *((Pool,) if _weighs_in_float(graph) else ()))
    nodes = [node for node in graph if isinstance(node.op, senders)]
    projections = [joined for node in nodes for joined in _in_lanes(_projections(graph, node))]
    into, out_of = (_by_end(nodes, projections, end) for end in ("target", "source"))
    shapes = {node.name: _maps(graph.signals[node.name].shape, into[node.name], out_of[node.name]) for node in nodes}
    shifts = {node.name: _shifts(into[node.name]) for node in nodes}
    populations = (replace(_population(graph, node, shapes[node.name]), shifts=shifts[node.name]) for node in nodes)
    ordered = sorted(populations, key=lambda population: not isinstance(population.op, Input))
    return Network(
        tuple(ordered), tuple(fitted for projection in projections for fitted in _fitted(projection, shapes))
    )


def _weighs_in_float(graph: Graph) -> bool:
    return any(isinstance(node.op, (Linear, Conv)) for node in graph)


def _population(graph: Graph, node: Node, shape: Shape) -> Population:
    op = node.op.neuron if isinstance(node.op, LevelNeuron) else node.op
    sends = not isinstance(op, (Neuron, FixedNeuron)) or op.gate is not None
    peak = graph.signals[node.name].peak if sends else 0
    graded = sends and (isinstance(op, Pool) or graph.signals[node.name].kind is not Kind.EVENT)
    limits = (reader.op.capacity for reader in graph.consumers[node.name] if isinstance(reader.op, Limit))
    known = (activity(graph).get(node.name), min(limits, default=None), rooms(graph).get(node.name))
    return Population(node.name, cast(Units, node.op), shape, peak, *known, graded)


def rooms(graph: Graph) -> Mapping[str, int]:
    """What the options say of the room for the events of a step (`Population.room`), by population."""
    return dict(json.loads(graph.properties.get("capacity", "{}")))


def activity(graph: Graph) -> Mapping[str, float]:
    """What the calibration of a graph measured (`Population.activity`), by population; empty without one."""
    return dict(json.loads(graph.properties.get("activity", "{}")))


def _maps(shape: Shape, into: Sequence[Projection], out_of: Sequence[Projection]) -> Shape:
    """The shape of a population, seen as the maps between which convolutions lead."""
    if any(isinstance(projection.weight, SharedKernel) for projection in out_of):
        return shape
    kernels = (projection.weight for projection in into if isinstance(projection.weight, SharedKernel))
    return next((kernel.target for kernel in kernels), shape)


def _fitted(projection: Projection, shapes: Mapping[str, Shape]) -> Iterator[Projection]:
    """The projection; as matrices where its kernel's maps are not those that its target is seen as."""
    kernel = projection.weight
    if not isinstance(kernel, SharedKernel) or kernel.target == shapes[projection.target]:
        yield projection
    else:
        yield from (replace(projection, weight=matrix) for matrix in kernel.matrices())


def in_dram(graph: Graph) -> frozenset[str]:
    """The matrices whose rows lie in DRAM (`Projection.dram`), by node."""
    return frozenset(json.loads(graph.properties.get("in_dram", "[]")))


def _projections(graph: Graph, node: Node) -> Iterator[Projection]:
    """Those into a population."""
    distant = in_dram(graph)
    if type(node.op) in FLOAT_LANES:
        yield from _gated_projections(graph, node)
        return
    if isinstance(node.op, Pool):
        source, delay = behind_delay(graph, node.inputs[0])
        yield Projection(node.name, source, node.name, delay, _ones(node.op, graph.signals[source].shape))
        return
    for linear in (graph[name] for name in node.inputs):
        in_float = isinstance(linear.op, Conv)
        pools, before = ([], linear.inputs[0]) if in_float else _behind_pools(graph, linear.inputs[0])
        source, delay = behind_delay(graph, before)
        weight = _weight(graph, linear, source, pools)
        count = prod(graph.signals[node.name].shape)
        shift = None if isinstance(node.op, FixedGated) else _shift(linear, count)
        away = linear.name in distant
        yield Projection(linear.name, source, node.name, delay, weight, shift, dram=away, bias=_bias(linear, count))


def _gated_projections(graph: Graph, node: Node) -> Iterator[Projection]:
    """Those into gated units in float: rows of weights in their lanes, no weights in the others."""
    lanes, (units,) = gated_lanes(node.op), graph.signals[node.name].shape
    for linear in (graph[name] for name in node.inputs):
        yield _into_lanes(graph, node, linear, 0, lanes * units)
    first = units if isinstance(node.op, ResetGate) else GATES * units
    for read in node.reads:
        for matrix in matrices_behind(graph, read):
            yield _into_lanes(graph, node, matrix, first, lanes * units)
        if isinstance(node.op, ResetGate):  # it reads a population as it is
            source, delay = behind_delay(graph, read)
            one = sparse.csc_array(sparse.eye_array(lanes * units, units, k=-first, dtype=np.float32))
            yield Projection(f"{node.name}.y", source, node.name, delay, one)


def matrices_behind(graph: Graph, read: str) -> list[Node]:
    """The matrices that add up to what a gated unit reads, which a `Scale` by 1 may join."""
    node = graph[read]
    nodes = [graph[name] for name in node.inputs] if isinstance(node.op, Scale) else [node]
    return [node for node in nodes if isinstance(node.op, Linear)]


def _into_lanes(graph: Graph, node: Node, linear: Node, first: int, rows: int) -> Projection:
    """The projection of a matrix whose first row is the accumulator ``first`` of all ``rows`` of a population."""
    source, delay = behind_delay(graph, linear.inputs[0])
    narrow, bias = _weight(graph, linear, source, []), _bias(linear, rows)
    assert isinstance(narrow, sparse.csc_array)
    weight = sparse.csc_array((narrow.data, narrow.indices + first, narrow.indptr), shape=(rows, narrow.shape[1]))
    if bias is not None:
        bias = np.concatenate([np.zeros(first, bias.dtype), bias, np.zeros(rows - first - bias.size, bias.dtype)])
    return Projection(linear.name, source, node.name, delay, weight, bias=bias)


def _shift(node: Node, count: int) -> Array | None:
    """The shift of each of ``count`` targets; None where no sum is shifted."""
    if isinstance(node.op, (Linear, Conv)):
        return None
    assert isinstance(node.op, (QuantLinear, QuantConv))
    shift = node.op.shift
    return None if shift is None or not np.any(shift) else np.repeat(shift, count // shift.size)


def _in_lanes(projections: Iterable[Projection]) -> Iterator[Projection]:
    """Projections into one population in lanes: the first for those that are not shifted, another for every shift."""
    lanes: dict[bytes, int] = {}
    for projection in projections:
        key = b"" if projection.shift is None else projection.shift.tobytes()
        yield replace(projection, lane=lanes.setdefault(key, len(lanes) + 1) if key else 0)


def _shifts(into: Sequence[Projection]) -> tuple[Array, ...]:
    """The shifts of a population's lanes but the first."""
    found = {projection.lane: projection.shift for projection in into if projection.shift is not None}
    return tuple(found[lane] for lane in sorted(found))


def _weight(graph: Graph, node: Node, source: str, pools: list[Pool]) -> sparse.csc_array | SharedKernel:
    if isinstance(node.op, (Conv, QuantConv)):
        return _kernel(node.op, graph.signals[source].shape, pools)
    assert isinstance(node.op, (QuantLinear, Linear))
    assert not pools
    weight = sparse.csc_array(node.op.weight, copy=True)
    weight.sum_duplicates()
    return _narrow(weight, np.dtype(np.float32) if isinstance(node.op, Linear) else weight.dtype)


def _bias(node: Node, count: int) -> Array | None:
    """Where the sums of float weights begin: never with -0.0, so that terms of 0 may be left out."""
    if not isinstance(node.op, (Linear, Conv)) or node.op.bias is None:
        return None
    bias = np.asarray(node.op.bias.astype(np.float32) + np.float32(0))
    return np.repeat(bias, count // bias.size) if isinstance(node.op, Conv) else bias


def _narrow(matrix: sparse.csc_array, dtype: np.dtype[Any]) -> sparse.csc_array:
    """The matrix in the type of its weights, without zeros, its columns in order."""
    weight = sparse.csc_array(matrix.astype(dtype))
    weight.eliminate_zeros()
    weight.sort_indices()
    return weight


def _kernel(op: Conv | QuantConv, source: Shape, pools: list[Pool]) -> SharedKernel:
    extents, tables = [], []
    for axis, size in enumerate(source[1:]):
        windows = [*(pool.axes[axis] for pool in pools), op.axes[axis]]
        taps = []
        for window in windows:
            taps.append(window.taps(size))
            size = window.extent(size)
        extents.append(size)
        tables.append(reduce(_joined, taps))
    weight = op.weight.astype(np.float32) if isinstance(op, Conv) else op.weight
    return SharedKernel(weight, source, (op.weight.shape[0], *extents), tuple(tables), op.groups)


def _ones(op: Pool, source: Shape) -> SharedKernel:
    """The sums of a pool, as the convolution of every channel with ones."""
    taps = np.ones((source[0], 1, *(axis.kernel for axis in op.axes)))
    return _kernel(Conv(taps, None, op.axes, groups=source[0]), source, [])


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
    """The population behind any chain of delays (of flattening, and of the rounding of an input) that ends in ``name``,
    and their total in steps."""
    delay = 0
    while isinstance(op := graph[name].op, (Delay, Flatten, Limit, ToFixed)):
        delay += op.steps if isinstance(op, Delay) else 0
        name = graph[name].inputs[0]
    return name, delay


def output_population(graph: Graph, output: Node) -> str:
    """The population whose events or voltages an output node shows, behind any flattening."""
    assert isinstance(output.op, Output)
    node = graph[output.inputs[0]]
    while isinstance(node.op, Flatten):
        node = graph[node.inputs[0]]
    return node.name
