"""Cutting parts in two: along the slowest change that the nets inside each part allow.

Of the random walk from vertex to net to vertex within each part, the eigenvector of the largest eigenvalue but that of
the constant one changes least along its nets; a part is cut where its quota is reached along that vector (Fiedler's
spectral bisection, here of the clique expansion of Zhou, Huang and Schoelkopf, "Learning with hypergraphs", 2006). It
is found for all parts at once by locally optimal conjugate gradients (Knyazev, "Toward the optimal preconditioned
eigensolver", SIAM Journal on Scientific Computing 23, 2001).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from axonc.ir.ops import Array

from .graph import Hypergraph

STEPS = (30, 200)
"""The fewest and the most steps towards the eigenvectors."""

WORK = 10_000_000
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
    walk = _Walk.of(graph, parts, count)
    place = walk.unit(walk.centred(np.cos(np.arange(graph.vertices) * 2.399963) + _ramp(parts, count)))
    basis = np.stack([place, np.zeros_like(place), np.zeros_like(place)])  # a place, its slope, the step before
    moved = np.stack([walk(place), basis[1], basis[1]])
    for _ in range(int(np.clip(WORK // max(walk.nets.nnz, 1), *STEPS))):
        basis[1] = walk.unit(walk.centred(moved[0] - walk.inner(basis[0], moved[0])[parts] * basis[0]))
        moved[1] = walk(basis[1])
        walk.straighten(basis, moved)
        best = np.linalg.eigh(walk.products(basis, moved))[1][:, :, -1].T[:, parts]
        best = best * np.where(best[0] < 0, -1.0, 1.0)
        for vectors in (basis, moved):
            step = best[1] * vectors[1] + best[2] * vectors[2]
            vectors[0], vectors[2] = best[0] * vectors[0] + step, step
    return np.asarray(basis[0])


@dataclass(frozen=True, eq=False)
class _Walk:
    """The random walk W^T W / degree within parts. ``nets``: W, float64 [pieces of nets, vertices]; ``degree`` float64
    [vertices]; ``parts`` [vertices]; ``count``: of parts. Products of vectors are sums over parts, weighted by
    degrees."""

    nets: sparse.csr_array
    degree: Array
    parts: Array
    count: int

    @staticmethod
    def of(graph: Hypergraph, parts: Array, count: int) -> _Walk:
        """The walk along nets that are cut at the borders of parts."""
        keys = graph.net_of_pin * count + parts[graph.pins]
        _, piece, sizes = np.unique(keys, return_inverse=True, return_counts=True)
        useful = (sizes > 1)[piece]
        pins, pieces, nets = graph.pins[useful], piece[useful], graph.net_of_pin[useful]
        cost = graph.cost[nets] / float(graph.cost.max(initial=1))
        values = np.sqrt(cost / sizes[pieces])
        scaled = sparse.csr_array((values, (pieces, pins)), shape=(len(sizes), graph.vertices))
        return _Walk(scaled, np.maximum(np.bincount(pins, cost, graph.vertices), 1e-12), parts, count)

    def __call__(self, vector: Array) -> Array:
        """A step of the walk."""
        return np.asarray(self.nets.T @ (self.nets @ vector)) / self.degree

    def inner(self, first: Array, second: Array) -> Array:
        """The product of two vectors in every part, [parts]."""
        return np.bincount(self.parts, self.degree * first * second, self.count)

    def centred(self, vector: Array) -> Array:
        """Without its mean in every part."""
        one = np.ones_like(vector)
        return np.asarray(vector - (self.inner(one, vector) / np.maximum(self.inner(one, one), 1e-30))[self.parts])

    def unit(self, vector: Array) -> Array:
        """Of length 1 in every part, or 0 where it was next to nothing."""
        return np.asarray(vector * self._scale(vector)[self.parts])

    def _scale(self, vector: Array) -> Array:
        length = np.sqrt(self.inner(vector, vector))
        return np.where(length > 1e-12, 1 / np.maximum(length, 1e-12), 0.0)

    def straighten(self, basis: Array, moved: Array) -> None:
        """Make three vectors orthogonal, and of length 1 or 0; ``moved`` are those after a step of the walk."""
        for index in range(3):
            for other in range(index):
                shared = self.inner(basis[other], basis[index])[self.parts]
                basis[index] -= shared * basis[other]
                moved[index] -= shared * moved[other]
            scale = self._scale(basis[index])[self.parts]
            basis[index] *= scale
            moved[index] *= scale

    def products(self, basis: Array, moved: Array) -> Array:
        """Products of vectors with those after a step, [parts, 3, 3]; ``eigh`` reads the lower half."""
        made = np.zeros((self.count, 3, 3))
        for row in range(3):
            for column in range(row + 1):
                made[:, row, column] = self.inner(basis[row], moved[column])
        return made


def _ramp(parts: Array, count: int) -> Array:
    """From -1 to 1 along the vertices of each part: neighbours in a file are often neighbours in the net."""
    order = np.argsort(parts, kind="stable")
    sizes = np.bincount(parts, minlength=count)
    starts = np.cumsum(sizes) - sizes
    ramp = np.empty(len(parts))
    ramp[order] = (np.arange(len(parts)) - starts[parts[order]]) / np.maximum(sizes[parts[order]] - 1, 1)
    return np.asarray(2.0 * ramp - 1.0)
