"""Graphs of neurons made by a script: what each one reaches, as sparse matrices [sources, targets]."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import sparse

Array = np.ndarray[Any, Any]
LAYERS = 10


def _graph(count: int, sources: Array, targets: Array) -> sparse.csr_array:
    """Those synapses, each once, and none from a neuron to itself."""
    others = sources != targets
    ends = (sources[others], targets[others])
    made = sparse.csr_array((np.ones(len(ends[0]), np.int8), ends), shape=(count, count))
    made.sum_duplicates()
    made.data[:] = 1
    return made


def local(count: int, each: int, rng: np.random.Generator) -> sparse.csr_array:
    """Neurons in a square whose borders meet; targets at normally distributed distances, half of the nearest ones."""
    side = int(np.sqrt(count))
    sources = np.repeat(np.arange(side * side), each)
    deviation = np.sqrt(each / np.pi)
    apart = np.rint(rng.normal(0.0, deviation, (2, len(sources)))).astype(np.int64)
    rows, columns = (sources // side + apart[0]) % side, (sources % side + apart[1]) % side
    return _graph(side * side, sources, rows * side + columns)


def random(count: int, each: int, rng: np.random.Generator) -> sparse.csr_array:
    """Targets anywhere."""
    sources = np.repeat(np.arange(count), each)
    return _graph(count, sources, rng.integers(0, count, len(sources)))


def layered(count: int, each: int, rng: np.random.Generator) -> sparse.csr_array:
    """Targets anywhere in the next of ten layers."""
    size = count // LAYERS
    sources = np.repeat(np.arange(count - size), each)
    return _graph(count, sources, (sources // size + 1) * size + rng.integers(0, size, len(sources)))


def topographic(count: int, each: int, rng: np.random.Generator) -> sparse.csr_array:
    """Targets in the next of ten layers, near the same place."""
    size = count // LAYERS
    sources = np.repeat(np.arange(count - size), each)
    apart = np.rint(rng.normal(0.0, 0.6 * each, len(sources))).astype(np.int64)
    return _graph(count, sources, (sources // size + 1) * size + (sources + apart) % size)


def small_world(count: int, each: int, rng: np.random.Generator) -> sparse.csr_array:
    """The nearest neighbours on a ring, one synapse of ten rewired to anywhere (Watts and Strogatz)."""
    sources = np.repeat(np.arange(count), each)
    steps = np.tile(np.delete(np.arange(each + 1) - each // 2, each // 2), count)
    rewired = rng.random(len(sources)) < 0.1
    targets = np.where(rewired, rng.integers(0, count, len(sources)), (sources + steps) % count)
    return _graph(count, sources, targets)


def shuffled(graph: sparse.csr_array, rng: np.random.Generator) -> sparse.csr_array:
    """The same graph with other numbers."""
    order = rng.permutation(graph.shape[0])
    return sparse.csr_array(graph[order][:, order])


KINDS: Mapping[str, Callable[[int, int, np.random.Generator], sparse.csr_array]] = {
    "local": local,
    "random": random,
    "layered": layered,
    "topographic": topographic,
    "small world": small_world,
}
