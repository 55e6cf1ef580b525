"""What a stage costs, from its graph alone: synapses of every neuron, neurons, bytes of weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from axonc.ir import AxoncError, Graph, Kind, Node
from axonc.ir.host import parts
from axonc.ir.network import Projection, SharedKernel, network
from axonc.ir.ops import (
    ONE,
    Array,
    Conv,
    Delay,
    FixedGated,
    FixedNeuron,
    Flatten,
    Input,
    Limit,
    Linear,
    Neuron,
    Output,
    Pool,
    QuantConv,
    QuantLinear,
    Scale,
    ToFixed,
    is_sparse,
)

from ...passes import ToPopulations
from ..pruning.costs import MatrixCost
from ..units import UNITS

MAPS = (Linear, Conv, QuantLinear, QuantConv)
POPULATIONS = (*MAPS, Input, Output, Flatten, Scale, Pool, Delay, Neuron, FixedNeuron, FixedGated, ToFixed)
"""What populations joined by maps are made of."""


@dataclass(frozen=True, eq=False)
class Connection:
    """A projection: its node, its ``source``, the ``weights`` that it has from all of its neurons, those of 0 included,
    and of each neuron how many are not 0 (``fan_out``: int64)."""

    name: str
    source: str
    weights: int
    fan_out: Array


def synapses(graph: Graph) -> Mapping[str, Array] | None:
    """How many synapses each neuron of each input and population has on cores, those with weight 0 left out; None for
    a graph that has no populations joined by single maps of events."""
    found = connections(graph)
    if found is None:
        return None
    inside = parts(graph).cores
    names = [node.name for node in inside if isinstance(node.op, (Input, *UNITS))]
    counts = {name: np.zeros(prod(inside.signals[name].shape), np.int64) for name in names}
    for connection in found:
        counts[connection.source] += connection.fan_out
    return counts


def connections(graph: Graph) -> list[Connection] | None:
    """The projections of a graph on cores; None where `synapses` knows none. Limits are no part of them."""
    graph = _without_limits(parts(graph).cores)
    if not all(isinstance(node.op, POPULATIONS) for node in graph):
        return None
    try:
        joined = graph if any(isinstance(n.op, (QuantLinear, QuantConv)) for n in graph) else _pattern(graph)
        if joined is None:
            return None
        net = network(joined)
    except AxoncError:
        return None
    return [
        Connection(projection.name, projection.source, _size(projection), _fan_out(projection))
        for projection in net.projections
    ]


def _without_limits(graph: Graph) -> Graph:
    """The graph in which everything reads what limits read."""
    behind = {node.name: node.inputs[0] for node in graph if isinstance(node.op, Limit)}
    kept = (node for node in graph if node.name not in behind)
    return graph.with_nodes(
        replace(node, inputs=tuple(behind.get(name, name) for name in node.inputs)) for node in kept
    )


def connection_costs(graph: Graph, events: Mapping[str, Array], steps: int) -> list[MatrixCost] | None:
    """What each projection costs in ``steps`` steps in which so many ``events`` of every neuron had an effect, by its
    population; None where those into one of them are not known."""
    found = connections(graph)
    if found is None or any(connection.source not in events for connection in found):
        return None
    return [_cost(connection, events[connection.source], steps) for connection in found]


def _cost(connection: Connection, sent: Array, steps: int) -> MatrixCost:
    return MatrixCost(
        name=connection.name,
        weights=connection.weights,
        nonzeros=int(connection.fan_out.sum()),
        sources=sent.size,
        steps=steps,
        events=int(sent.sum()),
        operations=int(np.dot(sent, connection.fan_out)),
    )


def _size(projection: Projection) -> int:
    kernel = projection.weight
    if isinstance(kernel, SharedKernel):
        return int(_kernel_fan_out(replace(kernel, weight=np.ones_like(kernel.weight))).sum())
    return prod(kernel.shape)


def _pattern(graph: Graph) -> Graph | None:
    """The graph as populations joined by maps that hold 1 where a weight is not 0; None if a map reads values."""
    folded, _ = ToPopulations().run(graph)
    if any(isinstance(node.op, (Linear, Conv)) and not _reads_events(folded, node) for node in folded):
        return None
    return folded.with_nodes(
        replace(node, op=_ones(node.op)) if isinstance(node.op, (Linear, Conv)) else node for node in folded
    )


def _reads_events(graph: Graph, node: Node) -> bool:
    source = graph[node.inputs[0]]
    while isinstance(source.op, Pool):
        source = graph[source.inputs[0]]
    return graph.signals[source.name].kind is Kind.EVENT


def _ones(op: Linear | Conv) -> QuantLinear | QuantConv:
    if isinstance(op, Conv):
        return QuantConv((op.weight != 0).astype(np.int8), ONE, op.axes, op.groups, op.gives)
    pattern: Any = op.weight != 0
    return QuantLinear(pattern.astype(np.int8), ONE, 8, op.takes, op.gives)


def _fan_out(projection: Projection) -> Array:
    if isinstance(projection.weight, SharedKernel):
        return _kernel_fan_out(projection.weight)
    return np.diff(projection.weight.indptr).astype(np.int64)


def _kernel_fan_out(kernel: SharedKernel) -> Array:
    """For every source channel and place, the taps that lead from it, each as often as kernels have a weight there."""
    sizes = zip(kernel.source[1:], kernel.weight.shape[2:], strict=True)
    places = [np.zeros((size, extent), np.int64) for size, extent in sizes]
    for taps, place in zip(kernel.taps, places, strict=True):
        np.add.at(place, (taps[:, 0], taps[:, 2]), 1)
    channels = []
    for channel in range(kernel.source[0]):
        first, last = kernel.reach(channel)
        counts = np.count_nonzero(kernel.weight[first:last, channel % kernel.weight.shape[1]], axis=0)
        for axis, place in enumerate(places):
            counts = np.moveaxis(np.tensordot(place, counts, axes=(1, axis)), 0, axis)
        channels.append(np.asarray(counts).reshape(-1))
    return np.concatenate(channels)


def weight_bytes(graph: Graph) -> int:
    """Bytes of the weights of all maps, without any table that finds them: 4 for a float32, 1 for an int8."""
    return sum(_stored(node.op) for node in graph if isinstance(node.op, MAPS))


def _stored(op: object) -> int:
    assert isinstance(op, MAPS)
    weight = op.weight
    entries = int(weight.nnz) if is_sparse(weight) else int(np.asarray(weight).size)
    return -(-entries * op.bits // 8) if isinstance(op, (QuantLinear, QuantConv)) else 4 * entries
