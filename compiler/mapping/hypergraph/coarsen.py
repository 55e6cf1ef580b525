"""Coarser hypergraphs: vertices that share the dearest nets become one, two at a time.

A pair is rated by what its nets cost, each divided by the other pins that it has (heavy edges: Catalyurek and Aykanat,
"Hypergraph-partitioning-based decomposition for parallel sparse-matrix vector multiplication", 1999). In a round every
pair that no neighbouring pair is better than becomes one (locally dominant pairs: Preis, "Linear time 1/2-approximation
algorithm for maximum weighted matching in general graphs", 1999), until no two free vertices share a net.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from axonc.ir.ops import Array

from .arrays import by_value, evenly, mixed
from .graph import Hypergraph

PAIRS = 10_000_000
"""Pairs of pins that are rated; of hypergraphs with more, nets are left out, evenly."""

LONG = 1000
"""Pins of the longest nets that say anything of two of their vertices."""

LARGEST = 0.05
"""The most of a part's room that two vertices together may take."""


def coarser(graph: Hypergraph) -> tuple[Hypergraph, Array]:
    """The hypergraph of pairs, and the pair of every vertex."""
    pair = _pairs(graph.vertices, *_rated(graph))
    return graph.contracted(pair), pair


def _rated(graph: Hypergraph) -> tuple[Array, Array, Array]:
    """Pairs of vertices that share a net, the first the smaller, and their ratings."""
    pins = np.diff(graph.starts)
    short = pins <= LONG
    every = max(1, -(-int((pins[short] ** 2).sum()) // PAIRS))
    kept = evenly(graph.nets, every) & short
    values = np.repeat(np.sqrt(graph.cost / graph.cost.max(initial=1) / (pins - 1)), pins)
    nets = sparse.csr_array((values, graph.pins, graph.starts), shape=(graph.nets, graph.vertices))[kept]
    both = sparse.coo_array(sparse.triu(nets.T @ nets, 1))
    first, second = (axis.astype(np.int64) for axis in both.coords)
    fits = (graph.size[first] + graph.size[second] <= LARGEST).all(axis=1)
    return first[fits], second[fits], both.data[fits]


def _pairs(count: int, first: Array, second: Array, rating: Array) -> Array:
    """The number of every vertex's pair, of locally dominant ones; a vertex without a partner is one by itself."""
    partner = np.arange(count)
    order = by_value(_ranked(first, second, rating))[1]
    first, second = first[order], second[order]
    while len(first):
        number, best = np.arange(len(first)), np.full((2, count), -1)
        best[0, first], best[1, second] = number, number  # of equal indices the last one counts
        best = best.max(axis=0)
        chosen = (best[first] == number) & (best[second] == number)
        partner[first[chosen]], partner[second[chosen]] = second[chosen], first[chosen]
        free = (partner[first] == first) & (partner[second] == second)
        first, second = first[free], second[free]
    return np.unique(np.minimum(partner, np.arange(count)), return_inverse=True)[1]


def _ranked(first: Array, second: Array, rating: Array) -> Array:
    """Whole numbers that order pairs by their ratings, equal ones as if drawn."""
    level = np.floor(rating / rating.max(initial=1e-30) * (1 << 24)).astype(np.int64)
    return np.asarray((level << 10) + (mixed(first * 0x9E3779B1 + second) >> np.uint64(54)).astype(np.int64))
