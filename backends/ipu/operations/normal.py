"""A graph with tensor operations in the form in which tiles run it: one sum, one image with its border, one copy where
something is read that sends nothing by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar

import numpy as np

from axonc.ir import Graph, Node, Signal
from axonc.ir.elements import dtype_of, limits
from axonc.ir.network import FLOAT_LANES
from axonc.ir.ops import (
    Concat,
    Constant,
    Convolve,
    Delay,
    ExactNeuron,
    Flatten,
    Input,
    Map,
    Neuron,
    Op,
    Output,
    Reshape,
    Scale,
    Window,
)
from axonc.ir.ops.tensor import TensorOp

NEURONS = (Neuron, ExactNeuron)
"""Ops of neurons in float."""

SUMMING: tuple[type[Op], ...] = (*NEURONS, *FLOAT_LANES)
"""Ops that add up their inputs by themselves."""


@dataclass(frozen=True, eq=False)
class Padded(TensorOp):
    """y = x with ``borders`` (before, after) of its last axes, in which there is ``fill``."""

    name: ClassVar[str] = "padded"
    borders: tuple[tuple[int, int], ...]
    fill: float

    def result(self) -> Signal:
        (x,) = self.takes
        lead = len(x.shape) - len(self.borders)
        sizes = (size + sum(border) for size, border in zip(x.shape[lead:], self.borders, strict=True))
        return replace(x, shape=(*x.shape[:lead], *sizes))


def is_general(graph: Graph) -> bool:
    """Whether a graph has tensor operations, reads voltages, or integrates exactly, so that it is more than populations
    and weights."""
    return any(isinstance(node.op, (TensorOp, Constant, ExactNeuron)) or _is_read(graph, node) for node in graph)


def _is_read(graph: Graph, node: Node) -> bool:
    """Whether somebody reads the voltages of neurons that do not spike."""
    analog = isinstance(node.op, NEURONS) and node.op.gate is None
    return analog and any(not isinstance(reader.op, Output) for reader in graph.consumers[node.name])


def normal(graph: Graph) -> Graph:
    """The graph, with its names, and nodes between them; itself where it is only populations and weights."""
    if not is_general(graph):
        return graph
    for step in (_factors, _sums, _flat, _chains, _borders, _copies):
        graph = graph.with_nodes([made for node in graph for made in step(graph, node)])
    return graph


def _named(graph: Graph, name: str) -> str:
    """A name that no node has."""
    while name in graph:
        name += "'"
    return name


def _factors(graph: Graph, node: Node) -> Iterator[Node]:
    """Scales as products with constants, unless they only join what gated units read."""
    if isinstance(node.op, Scale) and any(node.name not in reader.reads for reader in graph.consumers[node.name]):
        shape = graph.signals[node.name].shape
        factor = Node(_named(graph, f"{node.name} factor"), Constant(node.op.scale.astype(np.float32)))
        takes = (Signal(node.op.scale.shape), Signal(shape))
        yield factor
        yield replace(node, op=Map(takes, "mul"), inputs=(factor.name,), reads=(_one(graph, node),))
        yield from _added(graph, node)
    else:
        yield node


def _sums(graph: Graph, node: Node) -> Iterator[Node]:
    """One input for every node that does not add up by itself."""
    keeps = isinstance(node.op, SUMMING) or (isinstance(node.op, Scale) and len(node.inputs) > 1)
    if keeps or len(node.inputs) < 2:
        yield node
    else:
        yield replace(node, inputs=(_one(graph, node),))
        yield from _added(graph, node)


def _one(graph: Graph, node: Node) -> str:
    """The name of the sum of a node's inputs."""
    return node.inputs[0] if len(node.inputs) == 1 else _named(graph, f"{node.name} sum {len(node.inputs) - 1}")


def _added(graph: Graph, node: Node) -> Iterator[Node]:
    """The sum of a node's inputs, one after the other."""
    total = node.inputs[0]
    for place, name in enumerate(node.inputs[1:], 1):
        both = (Signal(graph.signals[name].shape),) * 2
        added = Node(_named(graph, f"{node.name} sum {place}"), Map(both, "add"), (total,), node.origin, (name,))
        yield added
        total = added.name


def _flat(graph: Graph, node: Node) -> Iterator[Node]:
    """Flattening that tensor operations see is one of them."""
    seen = any(isinstance(reader.op, TensorOp) for reader in graph.consumers[node.name])
    if isinstance(node.op, Flatten) and seen:
        given = (graph.signals[node.inputs[0]],)
        yield replace(node, op=Reshape(given, graph.signals[node.name].shape))
    else:
        yield node


def _chains(graph: Graph, node: Node) -> Iterator[Node]:
    """Two operands are put together at a time."""
    if not isinstance(node.op, Concat) or len(node.op.takes) == 2:
        yield node
        return
    operands, takes, axis = (*node.inputs, *node.reads), node.op.takes, node.op.axis
    if len(takes) == 1:
        yield replace(node, op=Reshape(takes, takes[0].shape))
        return
    first, signal = operands[0], takes[0]
    for place in range(1, len(takes)):
        op = Concat((signal, takes[place]), axis)
        last = place == len(takes) - 1
        name = node.name if last else _named(graph, f"{node.name} part {place}")
        yield replace(node, name=name, op=op, inputs=(first,), reads=(operands[place],))
        first, signal = name, op.result()


def _borders(graph: Graph, node: Node) -> Iterator[Node]:
    """Windows see images with their borders, as nodes of their own; those that say where a maximum is read the numbers
    of the places, too."""
    if not isinstance(node.op, (Window, Convolve)):
        yield node
        return
    op = node.op
    x, *others = op.takes
    borders = tuple((axis.before, axis.after) for axis in op.axes)
    if isinstance(op, Window) and op.function == "argmax":
        spatial = x.shape[len(x.shape) - len(borders) :]
        places = Constant(np.pad(np.arange(prod(spatial)).reshape(spatial), borders))
        node = replace(node, reads=(_named(graph, f"{node.name} places"),))
        yield Node(node.reads[0], places)
    if any(map(any, borders)):
        padded = Padded((x,), borders, border_of(op, x))
        image = Node(_named(graph, f"{node.name} image"), padded, node.inputs, node.origin)
        bare = tuple(replace(axis, before=0, after=0) for axis in op.axes)
        whole = replace(op, takes=(padded.result(), *others), axes=bare)
        node = replace(node, op=whole, inputs=(image.name,))
        yield image
    yield node


def border_of(op: Window | Convolve, x: Signal) -> float:
    """What lies around an image: 0, or what no maximum is below."""
    if isinstance(op, Convolve) or op.function == "sum":
        return 0
    dtype = dtype_of(x.format)
    return 0 if dtype.kind == "b" else -np.inf if dtype.kind == "f" else limits(dtype)[0]


def _copies(graph: Graph, node: Node) -> Iterator[Node]:
    """Copies of what is read as events, late, or shown, and is no population that sends."""
    inputs = (_copy_of(graph, name) if _wants_copy(graph, node, name) else name for name in node.inputs)
    yield replace(node, inputs=tuple(inputs))
    if any(_wants_copy(graph, reader, node.name) for reader in graph.consumers[node.name]):
        signal = graph.signals[node.name]
        yield Node(_copy_of(graph, node.name), Reshape((signal,), signal.shape), (node.name,), node.origin)


def _copy_of(graph: Graph, name: str) -> str:
    return _named(graph, f"{name} copy")


def _wants_copy(graph: Graph, reader: Node, name: str) -> bool:
    """Whether a node cannot read another, but its copy."""
    op = graph[name].op
    analog = isinstance(op, NEURONS) and op.gate is None
    if isinstance(reader.op, TensorOp):
        return False
    if isinstance(reader.op, Output):
        return isinstance(op, (Input, Constant, Delay))
    if isinstance(reader.op, Delay):
        return analog or isinstance(op, (Input, Constant, Flatten))
    return analog or isinstance(op, Constant)
