"""Hypergraphs of which something is known, and the cost of a partition counted from scratch."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from axonc.compiler.mapping.hypergraph import Hypergraph
from axonc.ir.ops import Array


def links(rng: np.random.Generator, vertices: int, density: float) -> sparse.csr_array:
    """Random synapses, and every vertex with itself."""
    return sparse.csr_array((rng.random((vertices, vertices)) < density) | np.eye(vertices, dtype=bool))


def random_graph(rng: np.random.Generator, vertices: int, density: float, room: float = 2.0) -> Hypergraph:
    """Random nets and sizes of two kinds, of which all parts of a partition into ``room`` take a half."""
    size = rng.random((vertices, 2))
    return Hypergraph.of(links(rng, vertices, density), rng.random(vertices), size * (room / 2 / size.sum(axis=0)))


def connectivity(graph: Hypergraph, parts: Array) -> int:
    """The cost of a partition, counted net by net."""
    nets = np.split(graph.pins, graph.starts[1:-1]) if graph.nets else []
    return sum(int(cost) * (len(set(parts[net].tolist())) - 1) for cost, net in zip(graph.cost, nets, strict=True))


def planted(count: int, size: int) -> tuple[Hypergraph, Array]:
    """Groups of vertices that are joined among themselves alone, shuffled; and the group of every vertex."""
    rng = np.random.default_rng(count)
    groups = rng.permutation(np.repeat(np.arange(count), size))
    total = len(groups)
    dense = (groups[:, None] == groups) & (rng.random((total, total)) < 0.5) | np.eye(total, dtype=bool)
    each = np.full((len(groups), 1), 1 / (1.05 * size))
    return Hypergraph.of(sparse.csr_array(dense), np.ones(len(groups)), each), groups
