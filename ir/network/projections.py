"""The projections into a population, from the nodes before it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from math import prod

import numpy as np
from scipy import sparse

from ..graph import Graph, Node
from ..ops import Array, Conv, FixedGated, Linear, Pool, ResetGate, Scale
from ..ops.egru import GATES
from .ends import behind_delay, behind_pools
from .population import FLOAT_LANES, gated_lanes
from .projection import Projection
from .weights import bias_of, pool_kernel, shift_of, weight_of


def projections_into(graph: Graph, node: Node) -> Iterator[Projection]:
    """Those into a population."""
    if type(node.op) in FLOAT_LANES:
        yield from _gated_projections(graph, node)
    elif isinstance(node.op, Pool):
        source, delay = behind_delay(graph, node.inputs[0])
        yield Projection(node.name, source, node.name, delay, pool_kernel(node.op, graph.signals[source].shape))
    else:
        distant = in_dram(graph)
        for name in node.inputs:
            yield replace(matrix_projection(graph, graph[name], node), dram=name in distant)


def matrix_projection(graph: Graph, linear: Node, node: Node) -> Projection:
    """The projection of a matrix or kernel into a population."""
    in_float = isinstance(linear.op, Conv)
    pools, before = ([], linear.inputs[0]) if in_float else behind_pools(graph, linear.inputs[0])
    source, delay = behind_delay(graph, before)
    weight = weight_of(graph, linear, source, pools)
    count = prod(graph.signals[node.name].shape)
    shift = None if isinstance(node.op, FixedGated) else shift_of(linear, count)
    return Projection(linear.name, source, node.name, delay, weight, shift, bias=bias_of(linear, count))


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
    narrow, bias = weight_of(graph, linear, source, []), bias_of(linear, rows)
    assert isinstance(narrow, sparse.csc_array)
    weight = sparse.csc_array((narrow.data, narrow.indices + first, narrow.indptr), shape=(rows, narrow.shape[1]))
    if bias is not None:
        bias = np.concatenate([np.zeros(first, bias.dtype), bias, np.zeros(rows - first - bias.size, bias.dtype)])
    return Projection(linear.name, source, node.name, delay, weight, bias=bias)


def in_dram(graph: Graph) -> frozenset[str]:
    """The matrices whose rows lie in DRAM (`Projection.dram`), by node."""
    return frozenset(json.loads(graph.properties.get("in_dram", "[]")))


def in_lanes(projections: Iterable[Projection]) -> Iterator[Projection]:
    """Projections into one population in lanes: the first for those that are not shifted, another for every shift."""
    lanes: dict[bytes, int] = {}
    for projection in projections:
        key = b"" if projection.shift is None else projection.shift.tobytes()
        yield replace(projection, lane=lanes.setdefault(key, len(lanes) + 1) if key else 0)


def shifts_of(into: Sequence[Projection]) -> tuple[Array, ...]:
    """The shifts of a population's lanes but the first."""
    found = {projection.lane: projection.shift for projection in into if projection.shift is not None}
    return tuple(found[lane] for lane in sorted(found))
