"""Cutting parts in two: along the slowest change that the nets inside each part allow.

Power iteration on the random walk from vertex to net to vertex, of all parts at once, finds for each part the vector
that changes least along its nets, other than the constant one; a part is cut where its quota is reached along that
vector (Fiedler's spectral bisection, here of the clique expansion of Zhou, Huang and Schoelkopf, "Learning with
hypergraphs", 2006).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from axonc.ir.ops import Array

from .graph import Hypergraph

STEPS = (40, 1000)
"""The fewest and the most steps of the power iteration."""

WORK = 50_000_000
"""Pins that all steps look at, if they are not the fewest: small graphs, which may be long, get many."""


def split(graph: Hypergraph, parts: Array, quotas: Array) -> tuple[Array, Array]:
    """Every part that has to become more than one, cut in two.

    ``quotas``: of how many cores each part stands for. Returns the new parts, numbered from 0, and their quotas.
    """
    halves = np.stack([quotas - quotas // 2, quotas // 2], axis=1)
    place = _slowest(graph, parts, len(quotas))
    order = np.lexsort((np.arange(graph.vertices), place, parts))
    size = _joint_size(graph)
    share = _share_before(size[order], parts[order], len(quotas))
    second = share >= (halves[:, 0] / np.maximum(quotas, 1))[parts[order]]
    made = np.empty_like(parts)
    made[order] = 2 * parts[order] + (second & (quotas[parts[order]] > 1))
    kept = halves.reshape(-1) > 0
    return (np.cumsum(kept) - 1)[made], halves.reshape(-1)[kept]


def _joint_size(graph: Hypergraph) -> Array:
    """One size of every vertex: of its kinds in proportion to how scarce they are."""
    totals = graph.size.sum(axis=0)
    return np.asarray(graph.size @ totals) / max(float(totals @ totals), 1e-30)


def _share_before(size: Array, groups: Array, count: int) -> Array:
    """The part of its group's size that lies before the middle of each item; groups ascend."""
    totals = np.bincount(groups, size, count)
    starts = np.concatenate([[0.0], np.cumsum(totals)])[groups]
    share: Array = (np.cumsum(size) - 0.5 * size - starts) / np.maximum(totals[groups], 1e-30)
    return share


def _slowest(graph: Hypergraph, parts: Array, count: int) -> Array:
    """For every vertex its place along the vector that changes least along the nets within its part."""
    walk, degree = _walk(graph, parts, count)
    weight = np.bincount(parts, degree, count)
    place = np.cos(np.arange(graph.vertices) * 2.399963) + _ramp(parts, count)
    for _ in range(int(np.clip(WORK // max(walk.nnz, 1), *STEPS))):
        place = 0.5 * (place + (walk.T @ (walk @ place)) / degree)
        mean = np.bincount(parts, degree * place, count) / np.maximum(weight, 1e-30)
        place = place - mean[parts]
        norm = np.sqrt(np.bincount(parts, degree * place * place, count) / np.maximum(weight, 1e-30))
        place = place / np.maximum(norm, 1e-30)[parts]
    return np.asarray(place)


def _ramp(parts: Array, count: int) -> Array:
    """From -1 to 1 along the vertices of each part: neighbours in a file are often neighbours in the net."""
    order = np.argsort(parts, kind="stable")
    sizes = np.bincount(parts, minlength=count)
    starts = np.cumsum(sizes) - sizes
    ramp = np.empty(len(parts))
    ramp[order] = (np.arange(len(parts)) - starts[parts[order]]) / np.maximum(sizes[parts[order]] - 1, 1)
    return np.asarray(2.0 * ramp - 1.0)


def _walk(graph: Hypergraph, parts: Array, count: int) -> tuple[sparse.csr_array, Array]:
    """The nets cut at the borders of parts, [pieces, vertices], each scaled so that the walk is W^T W over degrees."""
    keys = graph.net_of_pin * count + parts[graph.pins]
    _, piece, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    useful = (sizes > 1)[piece]
    pins, pieces, nets = graph.pins[useful], piece[useful], graph.net_of_pin[useful]
    cost = graph.cost[nets] / float(graph.cost.max(initial=1))
    values = np.sqrt(cost / sizes[pieces])
    walk = sparse.csr_array((values, (pieces, pins)), shape=(len(sizes), graph.vertices))
    return walk, np.maximum(np.bincount(pins, cost, graph.vertices), 1e-12)
