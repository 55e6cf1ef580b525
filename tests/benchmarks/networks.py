"""The networks that the benchmarks run: made by script, of random weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

import axonc
from axonc import Graph
from axonc.ir.network import network

Array = np.ndarray[Any, Any]
DT = 1e-3


def recurrent(inputs: int, hidden: int, outputs: int, density: float = 1.0, seed: int = 0) -> Graph:
    """inputs -> LIF, recurrent with a delay of one step -> LI; in steps, with some 5 % of the neurons active."""
    rng = np.random.default_rng(seed)
    scale = np.sqrt(512 / hidden / density)
    builder = Graph.builder()
    builder.input("in", inputs)
    builder.population("h", "lif", hidden, tau=20e-3)
    builder.connect("in", "h", _weight(rng, hidden, inputs, density) * scale * np.sqrt(hidden / inputs))
    builder.connect("h", "h", _weight(rng, hidden, hidden, density) * scale, delay=DT)
    builder.population("o", "li", outputs, tau=10e-3)
    builder.connect("h", "o", _weight(rng, outputs, hidden, density))
    builder.output("out", "o")
    return axonc.load(builder.graph(), dt=DT)


def _weight(rng: np.random.Generator, rows: int, columns: int, density: float) -> Any:
    if density == 1.0:
        return rng.normal(size=(rows, columns))
    return sparse.random_array(
        (rows, columns), density=density, rng=rng, data_sampler=rng.standard_normal, format="csr"
    )


def events(steps: int, inputs: int, density: float = 0.05, seed: int = 1) -> Array:
    """Random events, int64 [steps, inputs]."""
    return (np.random.default_rng(seed).random((steps, inputs)) < density).astype(np.int64)


@dataclass(frozen=True)
class Weights:
    """What a peer needs of a compiled `recurrent`: int8 rows, a row a source, and the neurons' numbers.

    ``hidden``: decay, gain, constant, threshold; ``outputs``: decay, gain, constant, 0; float32.
    """

    into: Array
    back: Array
    out: Array
    hidden: Array
    outputs: Array


def weights_of(graph: Graph) -> Weights:
    """The weights and numbers of a quantised graph."""
    net = network(graph)
    rows = {(p.source, p.target): np.ascontiguousarray(p.weight.toarray().T.astype(np.int8)) for p in net.projections}
    return Weights(rows["in", "h"], rows["h", "h"], rows["h", "o"], _numbers(net, "h"), _numbers(net, "o"))


def _numbers(net: Any, name: str) -> Array:
    op = net.by_name[name].op
    threshold = 0.0 if op.gate is None else op.gate.threshold
    parts = (op.membrane.decay, op.membrane.gain, op.membrane.constant, threshold)
    return np.array([np.ravel(part)[0] for part in parts], np.float32)
