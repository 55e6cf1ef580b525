"""Synapses between populations: matrices, and kernels of convolutions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from scipy import sparse

from ..ops import Array
from ..signal import Shape


@dataclass(frozen=True, eq=False)
class SharedKernel:
    """The weights of a convolution: an event of source channel i at place s adds, for every combination of rows
    [s_a, t_a, k_a] of the axes' ``taps``, ``weight[o, i % (I/groups), k]`` to every channel o of i's group at place t.

    ``weight``: int8 or float32 (O, I/groups, *K); ``source`` (I, *spatial) and ``target`` (O, *extents): the shapes
    between which it maps; ``taps``: for each axis (n, 3) int64, rows [source, target, tap], ascending. A pooling before
    the convolution is part of them: a row stands there as often as the pooled windows overlap.
    """

    weight: Array
    source: Shape
    target: Shape
    taps: tuple[Array, ...]
    groups: int = 1

    def reach(self, channel: int) -> tuple[int, int]:
        """The first target channel of a source channel's group, and the one behind its last."""
        group, size = channel // (self.source[0] // self.groups), self.target[0] // self.groups
        return group * size, (group + 1) * size

    def matrices(self) -> Iterator[sparse.csc_array]:
        """The same synapses one by one: CSC [targets, sources] of the weights' type that add up to them. More than one
        where pooled windows overlap, so that a target's weights for one source add up to more than that holds."""
        total = sparse.csc_array(sparse.hstack([self._columns(channel) for channel in range(self.source[0])]))
        if self.weight.dtype.kind == "f":  # without pools before it no two taps meet
            yield narrow(total, self.weight.dtype)
            return
        limit = np.iinfo(self.weight.dtype).max
        while total.nnz:
            part = total.copy()
            part.data = np.clip(part.data, -limit, limit)
            yield narrow(part, self.weight.dtype)
            total = total - part
            total.eliminate_zeros()

    def _columns(self, channel: int) -> sparse.csc_array:
        """The synapses of a source channel, [targets, places of the channel]."""
        source, target, tap = (np.zeros(1, np.int64) for _ in range(3))
        for axis, taps in enumerate(self.taps):
            extents = (self.source[axis + 1], self.target[axis + 1], self.weight.shape[axis + 2])
            flat = zip((source, target, tap), taps.T, extents, strict=True)
            source, target, tap = (np.add.outer(place * size, along).reshape(-1) for place, along, size in flat)
        first, last = self.reach(channel)
        wide = self.weight.astype(np.float64 if self.weight.dtype.kind == "f" else np.int64)
        kernels = wide[first:last, channel % self.weight.shape[1]].reshape(last - first, -1)
        rows = np.arange(first, last)[:, None] * prod(self.target[1:]) + target
        places = (rows.ravel(), np.broadcast_to(source, rows.shape).ravel())
        return sparse.csc_array((kernels[:, tap].ravel(), places), shape=(prod(self.target), prod(self.source[1:])))


@dataclass(frozen=True, eq=False)
class Projection:
    """Synapses: events of step k of ``source`` act on step k + ``delay`` of ``target``; int8 or float32 ``weight``.

    ``weight``: a kernel for all places, or CSC, [accumulators of the targets, source neurons], so that a source's
    synapses lie together. ``shift``: of its sums before they are added to those of others, int64 [targets] or None;
    projections into one ``lane`` have the same. ``dram``: its rows lie in the chip's DRAM, and are fetched event by
    event. ``bias``: with float32 weights, where their sums begin, (accumulators,); None: with 0.
    """

    name: str
    source: str
    target: str
    delay: int
    weight: sparse.csc_array | SharedKernel
    shift: Array | None = None
    lane: int = 0
    dram: bool = False
    bias: Array | None = None

    @cached_property
    def by_target(self) -> sparse.csr_array:
        """The matrix with a target's synapses together."""
        assert not isinstance(self.weight, SharedKernel)
        return sparse.csr_array(self.weight)


def narrow(matrix: sparse.csc_array, dtype: np.dtype[Any]) -> sparse.csc_array:
    """The matrix in the type of its weights, without zeros, its columns in order."""
    weight = sparse.csc_array(matrix.astype(dtype))
    weight.eliminate_zeros()
    weight.sort_indices()
    return weight
