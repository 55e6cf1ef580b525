"""Hypothesis strategies: windows, convolutions, pools, and graphs of maps between populations of images."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy import sparse

from axonc.ir import Fixed, Graph, Kind, Node, Shape, Signal
from axonc.ir.ops import (
    ONE,
    ZERO,
    Axis,
    Conv,
    Delay,
    Flatten,
    Gate,
    Input,
    Linear,
    Membrane,
    Neuron,
    Op,
    Output,
    Pool,
    QuantLinear,
    Scale,
    Synapse,
)
from axonc.ir.unroll import unrolled

Array = np.ndarray[Any, Any]


@st.composite
def axes(draw: st.DrawFn, size: int, small: bool = False) -> Axis:
    """A window that fits over an axis of ``size``."""
    before, after = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    room = size + before + after
    kernel = draw(st.integers(1, min(room, 2 if small else 4)))
    dilation = draw(st.integers(1, max(1, min(3, (room - 1) // max(1, kernel - 1)))))
    return Axis(kernel, draw(st.integers(1, 3)), before, after, dilation)


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    """Channels and one or two spatial axes, not square."""
    return draw(st.sampled_from([(1, 5), (2, 7), (4, 6), (1, 4, 5), (2, 5, 3), (4, 3, 4), (6, 4, 2), (3, 1, 6)]))


@st.composite
def convolutions(draw: st.DrawFn, shape: Shape) -> Conv:
    """A convolution over an image of ``shape``, with or without groups and bias; some weights are zero."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    groups = draw(st.sampled_from([count for count in (1, 1, 2, shape[0]) if shape[0] % count == 0]))
    outputs = groups * draw(st.integers(1, 3))
    windows = tuple(draw(axes(size)) for size in shape[1:])
    weight = rng.normal(0, 1, (outputs, shape[0] // groups, *(axis.kernel for axis in windows)))
    bias = rng.normal(0, 1, outputs) if draw(st.booleans()) else None
    return Conv(weight * (rng.random(weight.shape) < 0.8), bias, windows, groups)


@st.composite
def pools(draw: st.DrawFn, shape: Shape) -> Pool:
    """Windows that may overlap and be padded, but are small, so that something is left."""
    return Pool(tuple(draw(axes(size, small=True)) for size in shape[1:]), draw(st.booleans()))


@dataclass
class Chain:
    """Linear nodes behind one another: their names and the shape that the last one gives."""

    last: str
    shape: Shape
    nodes: list[Node] = field(default_factory=list)
    biased: bool = False

    def add(self, op: Op) -> None:
        """One more node."""
        node = Node(f"{self.last}.{op.name}", op, (self.last,), f"origin of {self.last}.{op.name}")
        self.shape = op.output(Signal(self.shape)).shape
        self.biased |= getattr(op, "bias", None) is not None
        self.nodes.append(node)
        self.last = node.name


KINDS = ("pool", "pool", "conv", "conv", "flatten", "linear", "sparse", "scale", "channels", "mask", "delay")


@st.composite
def chains(draw: st.DrawFn, source: str, shape: Shape, kinds: tuple[str, ...] = KINDS) -> Chain:
    """Up to four maps behind ``source``."""
    chain = Chain(source, shape)
    for kind in draw(st.lists(st.sampled_from(kinds), max_size=4)):
        if kind in ("pool", "conv", "channels") and len(chain.shape) == 1:
            continue
        if kind == "delay" and chain.biased:
            continue
        chain.add(draw(_link(kind, chain.shape)))
    return chain


@st.composite
def _link(draw: st.DrawFn, kind: str, shape: Shape) -> Op:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if kind == "pool":
        return draw(pools(shape))
    if kind == "conv":
        return draw(convolutions(shape))
    if kind == "flatten":
        first = draw(st.integers(0, len(shape) - 1))
        return Flatten(first, draw(st.integers(first, len(shape) - 1)))
    if kind == "delay":
        return Delay(draw(st.integers(1, 3)))
    if kind in ("linear", "sparse"):
        return dense(rng, shape, (draw(st.integers(1, 6)),), draw(st.booleans()), kind == "sparse")
    if kind == "channels":
        return Scale(np.broadcast_to(rng.normal(0, 1, shape[:1]).reshape(-1, *(1 for _ in shape[1:])), shape).copy())
    return Scale(rng.normal(0, 1, shape) if kind == "scale" else (rng.random(shape) < 0.5).astype(float))


def dense(rng: np.random.Generator, takes: Shape, gives: Shape, biased: bool = False, stored: bool = False) -> Linear:
    """Random weights between flat or other shapes."""
    weight = rng.normal(0, 1, (prod(gives), prod(takes))) * (rng.random((prod(gives), prod(takes))) < 0.4)
    bias = rng.normal(0, 1, prod(gives)) if biased else None
    return Linear(sparse.csr_array(weight) if stored else weight, bias, takes, gives)


@st.composite
def graphs(draw: st.DrawFn, kinds: tuple[str, ...] = KINDS) -> Graph:
    """An input and spiking cells, both images of one shape, joined to a readout by up to three chains of maps."""
    shape = draw(shapes())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    nodes = [
        Node("in", Input(Signal(shape, Kind.EVENT, peak=2))),
        Node("cell", spiking(shape, rng.uniform(0.5, 2.5, shape)), ("in",), "cell"),
    ]
    links: list[Node] = []
    target: Shape | None = None
    ends: list[str] = []
    for index in range(draw(st.integers(1, 3))):
        source = draw(st.sampled_from(["in", "cell"]))
        chain = draw(chains(source, shape, kinds))
        if target is not None and chain.shape != target:
            chain.add(dense(rng, chain.shape, target, draw(st.booleans())))
        target = chain.shape
        renamed = {node.name: f"{node.name}#{index}" for node in chain.nodes}
        links += [
            Node(renamed[n.name], n.op, tuple(renamed.get(i, i) for i in n.inputs), n.origin) for n in chain.nodes
        ]
        ends.append(renamed.get(chain.last, chain.last))
    assert target is not None
    read = Node("read", readout(target, draw(st.booleans())), tuple(dict.fromkeys(ends)), "read")
    return Graph("images", (*nodes, *links, read, Node("out", Output(), ("read",), "out")), "steps", 1e-3)


def spiking(shape: Shape, threshold: Array) -> Neuron:
    """Cells that add up what they receive and start anew after a spike."""
    return Neuron(shape, None, Membrane(np.asarray(0.9), ONE, ZERO, ZERO), Gate(threshold, "value", ZERO))


def readout(shape: Shape, current: bool = False) -> Neuron:
    """Leaky voltages, with a synapse in front if ``current``."""
    synapse = Synapse(np.asarray(0.5), np.asarray(0.7), ZERO) if current else None
    return Neuron(shape, synapse, Membrane(np.asarray(0.8), np.asarray(0.3), ZERO, ZERO), None)


def data(graph: Graph, steps: int = 12, batch: int = 2) -> Array:
    """Events for the input of ``graph``."""
    rng = np.random.default_rng(0)
    shape = (batch, steps, *graph.signals["in"].shape)
    return rng.integers(0, 3, shape) * (rng.random(shape) < 0.4)


def without_kernels(graph: Graph) -> Graph:
    """A quantised graph with every convolution, and the pools before it, as one matrix of exact integers."""
    return graph.with_nodes(_unrolled(graph, node) for node in graph)


def _unrolled(graph: Graph, node: Node) -> Node:
    if graph.signals[node.name].format != Fixed(32) or isinstance(node.op, QuantLinear):
        return node
    chain = [node]
    while isinstance((before := graph[chain[0].inputs[0]]).op, Pool):
        chain.insert(0, before)
    takes = graph.signals[chain[0].inputs[0]].shape
    matrix: Any = sparse.eye_array(prod(takes), dtype=np.int64, format="csr")
    for link in chain:
        matrix = unrolled(link.op, graph.signals[link.inputs[0]].shape).astype(np.int64) @ matrix  # type: ignore[arg-type]
    gives = graph.signals[node.name].shape
    op = QuantLinear(matrix, np.asarray(1.0), takes=takes, gives=gives)
    return Node(node.name, op, chain[0].inputs, node.origin)
