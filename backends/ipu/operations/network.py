"""The network of a graph with tensor operations: those that compute are populations, views are where readers look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod
from typing import Any, cast

import numpy as np
from scipy import sparse

from axonc.ir import Graph, Node
from axonc.ir.elements import dtype_of
from axonc.ir.network import (
    FLOAT_LANES,
    Network,
    Population,
    Projection,
    behind_delay,
    joined,
    matrix_projection,
    network,
    projections_into,
)
from axonc.ir.ops import Constant, Conv, Gather, Input, Linear, Pool, Scale
from axonc.ir.ops.tensor import TensorOp
from axonc.ir.signal import Element, Kind

from .normal import NEURONS, is_general
from .operand import Operand
from .operation import DType, Operation, Stored
from .rules import LOOKING_THROUGH, RULES
from .views import VIEWS, Seen, seen

ALWAYS = (Input, Constant, *NEURONS, Pool, *FLOAT_LANES)
"""Ops that are populations wherever they stand."""


def tile_network(graph: Graph) -> Network:
    """The network of a graph that `normal` has given its form."""
    if not is_general(graph):
        return network(graph)
    populations = frozenset(node.name for node in graph if is_population(graph, node))
    nodes = [node for node in graph if node.name in populations]
    ops: dict[str, Operation | Stored] = {}
    projections: list[Projection] = []
    for node in nodes:
        made = _operation(graph, node, populations)
        projections += _into(graph, node) if made is None else made[1]
        if made is not None:
            ops[node.name] = made[0]
    net = joined(graph, nodes, projections)
    return Network(tuple(_with_op(one, ops.get(one.name)) for one in net.populations), net.projections)


def is_population(graph: Graph, node: Node) -> bool:
    """Whether tiles hold what a node gives; else its readers compute it, or look through it."""
    readers = graph.consumers[node.name]
    if isinstance(node.op, (Linear, Conv)):
        return not all(_folds(graph, reader, node.name) for reader in readers)
    if isinstance(node.op, VIEWS) and isinstance(node.op, TensorOp):
        return not all(_looks_through(reader, node.name) for reader in readers)
    return isinstance(node.op, (*ALWAYS, TensorOp))


def _folds(graph: Graph, reader: Node, name: str) -> bool:
    """Whether a reader adds up the products of a matrix itself."""
    joins = isinstance(reader.op, Scale) and all(name not in other.reads for other in graph.consumers[reader.name])
    return joins or type(reader.op) in FLOAT_LANES or (isinstance(reader.op, NEURONS) and name in reader.inputs)


def _looks_through(reader: Node, name: str) -> bool:
    """Whether a reader finds elements through a view; the indices of gathering are elements."""
    indices = isinstance(reader.op, Gather) and name not in reader.inputs
    return indices or isinstance(reader.op, LOOKING_THROUGH)


def _into(graph: Graph, node: Node) -> Iterator[Projection]:
    """The projections into a population that adds up."""
    if isinstance(node.op, Input):
        return
    if isinstance(node.op, (Linear, Conv)):
        yield matrix_projection(graph, node, node)
    elif isinstance(node.op, NEURONS):
        for name in node.inputs:
            folded = isinstance(graph[name].op, (Linear, Conv)) and not is_population(graph, graph[name])
            yield matrix_projection(graph, graph[name], node) if folded else _same(graph, name, node)
    else:
        yield from projections_into(graph, node)


def _same(graph: Graph, name: str, node: Node) -> Projection:
    """What a population sends, added as it is."""
    source, delay = behind_delay(graph, name)
    count = prod(graph.signals[node.name].shape)
    one = sparse.csc_array(sparse.eye_array(count, dtype=np.float32))
    return Projection(f"{name}->{node.name}", source, node.name, delay, one)


def _operation(
    graph: Graph, node: Node, populations: frozenset[str]
) -> tuple[Operation | Stored, list[Projection]] | None:
    """What a tensor operation is on tiles, and its operands as projections; None for other populations."""
    if isinstance(node.op, Constant):
        return Stored(node.op.value.astype(dtype_of(node.op.output(None).format))), []
    if not isinstance(node.op, TensorOp):
        return None
    view = isinstance(node.op, VIEWS)
    operands = [seen(graph, name, populations) for name in node.sources]
    if view:
        operands = [replace(operands[0], places=seen(graph, node.name, populations - {node.name}).places)]
    held = [held_type(graph, one.source) for one in operands]
    operation, needed = RULES[type(node.op)](node.op, [one.places for one in operands], held)
    pairs = enumerate(zip(operands, needed, strict=True))
    return operation, [_operand(node, place, one, operand) for place, (one, operand) in pairs]


def _operand(node: Node, place: int, shown: Seen, operand: Operand) -> Projection:
    return Projection(f"{node.name}, operand {place + 1}", shown.source, node.name, shown.delay, cast(Any, operand))


def held_type(graph: Graph, name: str) -> DType:
    """The type in which tiles hold what a population sends; of counts of events, as few bytes as they take."""
    node, signal = graph[name], graph.signals[name]
    if isinstance(node.op, (TensorOp, Constant)):
        return dtype_of(signal.format)
    if isinstance(node.op, Input) and (signal.kind is not Kind.EVENT or isinstance(signal.format, Element)):
        return dtype_of(signal.format)
    if isinstance(node.op, Input):
        return np.dtype("i4" if signal.peak > 255 else "u1")
    spikes = isinstance(node.op, NEURONS) and node.op.gate is not None
    return np.dtype("u1" if spikes else "f4")


def _with_op(population: Population, op: Operation | Stored | None) -> Population:
    return population if op is None else replace(population, op=cast(Any, op))
