"""What an operand sees: elements of what a population sends, in whatever order views put them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from axonc.ir import Graph, Node
from axonc.ir.network import behind_delay
from axonc.ir.ops import Array, Broadcast, Delay, Flatten, Reshape, Slice, Transpose

VIEWS = (Reshape, Transpose, Slice, Broadcast, Flatten)
"""Ops that move elements and convert none."""


@dataclass(frozen=True, eq=False)
class Seen:
    """``places``, in the shape of the operand: the numbers of the elements that it shows of what ``source`` sent
    ``delay`` steps ago."""

    source: str
    delay: int
    places: Array


def seen(graph: Graph, name: str, populations: frozenset[str]) -> Seen:
    """What the node ``name`` shows, looked at through views and delays down to a population."""
    node, shape = graph[name], graph.signals[name].shape
    if name not in populations and isinstance(node.op, VIEWS):
        inner = seen(graph, node.inputs[0], populations)
        return replace(inner, places=_moved(graph, node, inner.places))
    source, delay = behind_delay(graph, name) if isinstance(node.op, Delay) else (name, 0)
    return Seen(source, delay, np.arange(np.prod(shape, dtype=int)).reshape(shape))


def _moved(graph: Graph, node: Node, places: Array) -> Array:
    op = node.op
    if isinstance(op, Transpose):
        return places.transpose(op.axes)
    if isinstance(op, Slice):
        for axis, (start, count, step) in enumerate(op.spans):
            places = np.take(places, start + step * np.arange(count), axis)
        return places
    if isinstance(op, Broadcast):
        return np.broadcast_to(places, op.shape)
    return places.reshape(graph.signals[node.name].shape)
