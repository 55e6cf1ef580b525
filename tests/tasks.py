"""A small task and networks that learn it: which of three groups of inputs is the most active one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

import axonc
from axonc import Graph
from axonc.ir import Kind, Node, Signal
from axonc.ir.ops import (
    EGRU,
    GRU,
    LSTM,
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
    ResetGate,
    Synapse,
)

Array = np.ndarray[Any, Any]
STEPS, GROUP, CLASSES = 10, 4, 3


def task(samples: int = 96, seed: int = 0) -> tuple[Array, Array]:
    """Events [N, 10, 12] and labels [N]."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, CLASSES, samples)
    rates = np.where(np.arange(CLASSES * GROUP) // GROUP == labels[:, None], 0.5, 0.15)
    return (rng.random((samples, STEPS, CLASSES * GROUP)) < rates[:, None]).astype(np.uint8), labels


def lif(
    model: str = "lif",
    loops: bool = True,
    seed: int = 0,
    hidden: int = 16,
    reset: str = "subtract",
    classes: int = CLASSES,
) -> Graph:
    """12 -> neurons, recurrent -> LI of 3, or of as many as there are classes."""
    rng, dt = np.random.default_rng(seed), 1e-3
    taus = {"tau_syn": 3e-3, "tau_mem": 5e-3, "r": 2.0} if model == "cuba_lif" else {"tau": 5e-3, "r": 5.0}
    net = Graph.builder()
    net.input("in", CLASSES * GROUP)
    net.population("hidden", model, hidden, **taus)
    net.connect("in", "hidden", rng.normal(0, 0.4, (hidden, 12)), bias=np.full(hidden, 0.05), name="w")
    if loops:
        net.connect("hidden", "hidden", rng.normal(0, 0.1, (hidden, hidden)), delay=2 * dt, name="r")
    net.population("read", "li", classes, tau=10e-3, r=10.0)
    net.connect("hidden", "read", rng.normal(0, 0.3, (classes, hidden)), name="o")
    net.output("out", "read")
    return axonc.load(net.graph(), semantics=f"nir,reset={reset},dt={dt}")


def pruned(graph: Graph, share: float = 0.5, seed: int = 1) -> Graph:
    """The graph with sparse matrices: so many of their weights are not there."""
    rng = np.random.default_rng(seed)

    def op_of(op: Op) -> Op:
        if not isinstance(op, Linear):
            return op
        return replace(op, weight=sparse.csr_array(op.weight * (rng.random(op.weight.shape) >= share)))

    return graph.with_nodes(replace(node, op=op_of(node.op)) for node in graph)


def begun(graph: Graph, seed: int = 2) -> Graph:
    """The graph with delays and cells that begin with values: events for events."""
    rng = np.random.default_rng(seed)

    def op_of(node: Node) -> Op:
        shape = graph.signals[node.name].shape
        if isinstance(node.op, Delay):
            events = graph.signals[node.name].kind is Kind.EVENT
            return replace(node.op, initial=rng.integers(0, 2, shape) if events else rng.normal(0, 0.5, shape))
        return replace(node.op, initial=rng.normal(0, 0.5, shape)) if isinstance(node.op, EGRU) else node.op

    return graph.with_nodes(replace(node, op=op_of(node)) for node in graph)


def egru(units: int = 8, seed: int = 0) -> Graph:
    """12 -> EGRU -> LI of 3."""
    rng = np.random.default_rng(seed)
    nodes = (
        Node("in", Input(Signal((CLASSES * GROUP,), Kind.EVENT))),
        Node("w", Linear(rng.normal(0, 0.4, (3 * units, 12)), np.zeros(3 * units)), ("in",)),
        Node("cell", EGRU(units, np.full(units, 0.1)), ("w",), reads=("r",)),
        Node("late", Delay(1), ("cell",)),
        Node("r", Linear(rng.normal(0, 0.3, (3 * units, units)), np.zeros(3 * units)), ("late",)),
        Node("o", Linear(rng.normal(0, 0.3, (CLASSES, units))), ("cell",)),
        Node("read", Neuron((CLASSES,), None, Membrane(np.asarray(0.9), ONE, ZERO, ZERO), None), ("o",)),
        Node("out", Output(), ("read",)),
    )
    return Graph("egru", nodes, "steps", 1e-3)


def gated(kind: str, units: int = 8, seed: int = 0) -> Graph:
    """12 -> GRU or LSTM, which begins with an output of its own -> LI of 3."""
    rng, gates = np.random.default_rng(seed), 4 if kind == "lstm" else 3
    entering: dict[str, Any] = {"inputs": ("w", "r")} if kind == "lstm" else {"inputs": ("w",), "reads": ("r",)}
    op = LSTM(units, rng.normal(0, 0.3, (3, units))) if kind == "lstm" else GRU(units)
    nodes = (
        Node("in", Input(Signal((CLASSES * GROUP,), Kind.EVENT))),
        Node("w", Linear(rng.normal(0, 0.4, (gates * units, 12)), np.zeros(gates * units)), ("in",)),
        Node("cell", op, **entering),
        Node("late", Delay(1, np.linspace(-0.5, 0.5, units)), ("cell",)),
        Node("r", Linear(rng.normal(0, 0.3, (gates * units, units)), np.zeros(gates * units)), ("late",)),
        Node("o", Linear(rng.normal(0, 0.3, (CLASSES, units))), ("cell",)),
        Node("read", Neuron((CLASSES,), None, Membrane(np.asarray(0.9), ONE, ZERO, ZERO), None), ("o",)),
        Node("out", Output(), ("read",)),
    )
    return Graph(kind, nodes, "steps", 1e-3)


def gru_before(units: int = 8, seed: int = 0) -> Graph:
    """12 -> GRU with its reset before the matrix."""
    rng = np.random.default_rng(seed)

    def weights(rows: int, columns: int) -> Linear:
        return Linear(rng.normal(0, 0.4, (rows, columns)), np.zeros(rows))

    nodes = (
        Node("in", Input(Signal((CLASSES * GROUP,), Kind.EVENT))),
        Node("w", weights(2 * units, 12), ("in",)),
        Node("late", Delay(1), ("cell",)),
        Node("w_r", weights(units, 12), ("in",)),
        Node("r_r", weights(units, units), ("late",)),
        Node("q", ResetGate(units), ("w_r", "r_r"), reads=("late",)),
        Node("r_u", weights(2 * units, units), ("late",)),
        Node("r_g", weights(2 * units, units), ("q",)),
        Node("cell", GRU(units, "before"), ("w", "r_u", "r_g")),
        Node("o", weights(CLASSES, units), ("cell",)),
        Node("out", Output(), ("o",)),
    )
    return Graph("gru_before", nodes, "steps", 1e-3)


def images(average: bool = True) -> Graph:
    """A convolution, a pool, a sparse matrix."""
    rng = np.random.default_rng(0)
    axes = (Axis(3, 1, 1, 1), Axis(2, 2))
    gate = Gate(np.asarray(0.6), "subtract", np.asarray(0.0))
    membrane = Membrane(np.asarray(0.8), np.asarray(1.0), np.asarray(0.05), np.asarray(0.0), "old")
    synapse = Synapse(np.asarray(0.5), np.asarray(0.7), np.asarray(0.01))
    matrix = sparse.csr_array(rng.normal(0, 1, (3, 8)) * (rng.random((3, 8)) < 0.5))
    nodes = (
        Node("in", Input(Signal((2, 4, 4), Kind.EVENT))),
        Node("conv", Conv(rng.normal(0, 0.5, (4, 1, 3, 2)), rng.normal(0, 0.1, 4), axes, 2), ("in",)),
        Node("cell", Neuron((4, 4, 2), synapse, membrane, gate), ("conv",)),
        Node("pool", Pool((Axis(2, 2), Axis(2, 2)), average), ("cell",)),
        Node("flat", Flatten(), ("pool",)),
        Node("fc", Linear(matrix, rng.normal(0, 1, 3)), ("flat",)),
        Node("out", Output(), ("fc",)),
    )
    return Graph("images", nodes, "steps")
