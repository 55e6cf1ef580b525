"""Synapses given one by one: which rows in which format lead from a source slice to a slice on a core."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np
from scipy import sparse

from axonc.ir.mapping import Slice
from axonc.ir.network import Projection, SharedKernel
from axonc.ir.ops import Array

from .memory import round_up
from .schema import ALIGN, SPARSE16_SYNAPSE_BYTES, SPARSE_SYNAPSES, SPARSE_WINDOW, SYNAPSE

SPARSE_BELOW = 0.4
"""Density below which sparse rows cost fewer cycles than dense ones (cycles cross at 43 %, bytes at 50 %)."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The synapses from one source slice to a window of the accumulators of one local population, in one format.

    ``window``: CSC [targets, all source neurons], the window's part of the projection.
    """

    source: Slice
    population: int
    first_target: int
    ring_offset: int
    format: str
    window: sparse.csc_array

    @property
    def targets(self) -> int:
        """Accumulators in the window."""
        return int(self.window.shape[0])

    @property
    def synapses(self) -> int:
        """Weights that are not zero."""
        return _stored(self.window, self.source)

    @property
    def weight(self) -> sparse.csc_array:
        """CSC [targets, rows]."""
        return _columns(self.window, self.source.neurons)

    @property
    def data_bytes(self) -> int:
        """Bytes of the rows."""
        if self.format == "dense":
            return round_up(self.source.count * self.targets, ALIGN)
        if self.format == "sparse16":
            starts = round_up(4 * (self.source.count + 1), ALIGN)
            return starts + round_up(SPARSE16_SYNAPSE_BYTES * self.synapses, ALIGN)
        starts = round_up(2 * (self.source.count + 1), ALIGN)
        return starts + round_up(SYNAPSE.dtype.itemsize * self.synapses, ALIGN)


def matrix_rows(
    projection: Projection,
    sources: Sequence[Slice],
    target: Slice,
    index: int,
    offset: int,
    window: int = SPARSE_WINDOW,
) -> Iterator[Rows]:
    """The rows of a matrix into ``target``, the local population ``index``; events act ``offset`` steps ahead.
    Sparse rows reach ``window`` accumulators at most.

    A slice's accumulators stand lane after lane; lanes that the matrix does not reach are left out.
    """
    for lanes in _reached_lanes(projection, prod(target.shape)):
        for source in sources:
            yield from _lane_rows(projection, source, target.box, index, offset, lanes, window)


def _lane_rows(
    projection: Projection, source: Slice, box: Slice, index: int, offset: int, lanes: tuple[int, int], window: int
) -> Iterator[Rows]:
    """The rows from a source slice into neighbouring lanes, dense or sparse."""
    start, stop = lanes[0] * box.count, lanes[1] * box.count
    whole = _target_rows(projection, box, start, stop)
    if _stored(whole, source) >= SPARSE_BELOW * (stop - start) * source.count:
        yield Rows(source, index, start, offset, "dense", whole)
        return
    for first in range(start, stop, window):
        last = min(first + window, stop)
        if window > SPARSE_WINDOW:
            part = _target_rows(projection, box, first, last)
            if _stored(part, source):
                yield Rows(source, index, first, offset, "sparse16", part)
        else:
            yield from _sparse_rows(projection, source, box, index, offset, first, last)


@lru_cache(maxsize=1024)
def _reached_lanes(projection: Projection, count: int) -> tuple[tuple[int, int], ...]:
    """The lanes in which a matrix has weights, neighbouring ones together: the first, and the one behind the last."""
    assert not isinstance(projection.weight, SharedKernel)
    if projection.weight.shape[0] == count:
        return ((0, 1),)
    lanes = np.unique(projection.weight.indices // count)
    parts = np.split(lanes, np.flatnonzero(np.diff(lanes) > 1) + 1) if lanes.size else []
    return tuple((int(part[0]), int(part[-1]) + 1) for part in parts)


def _sparse_rows(
    projection: Projection, source: Slice, box: Slice, index: int, offset: int, start: int, stop: int
) -> Iterator[Rows]:
    """Sparse rows of accumulators ``start`` to ``stop``, which one byte can tell apart; in halves where a row could
    start beyond `SPARSE_SYNAPSES`. Windows without synapses are left out."""
    window = _target_rows(projection, box, start, stop)
    stored = _stored(window, source)
    if stored > SPARSE_SYNAPSES and stop - start > 1:
        middle = (start + stop) // 2
        yield from _sparse_rows(projection, source, box, index, offset, start, middle)
        yield from _sparse_rows(projection, source, box, index, offset, middle, stop)
    elif stored:
        form = "sparse" if stored <= SPARSE_SYNAPSES else "dense"
        yield Rows(source, index, start, offset, form, window)


def _stored(window: sparse.csc_array, source: Slice) -> int:
    starts, neurons = window.indptr, source.neurons
    if _is_range(neurons):
        return int(starts[neurons[-1] + 1]) - int(starts[neurons[0]])
    return int(np.sum(starts[neurons + 1] - starts[neurons]))


def _is_range(neurons: Array) -> bool:
    """Whether the neurons of a slice follow each other, in whatever order: machine order ends with the largest."""
    return bool(neurons[-1] - neurons[0] == neurons.size - 1)


def _columns(window: sparse.csc_array, neurons: Array) -> sparse.csc_array:
    chosen: sparse.csc_array = window[:, neurons]
    chosen.sort_indices()
    return chosen


@lru_cache(maxsize=1024)
def _target_rows(projection: Projection, box: Slice, start: int, stop: int) -> sparse.csc_array:
    """The rows of the accumulators ``start`` to ``stop`` of a box."""
    assert not isinstance(projection.weight, SharedKernel)
    lanes, places = np.divmod(np.arange(start, stop), box.count)
    rows = lanes * prod(box.shape) + box.neurons[places]
    if np.array_equal(rows, np.arange(rows[0], rows[0] + rows.size)):
        return projection.weight[int(rows[0]) : int(rows[0]) + rows.size]
    chosen: sparse.csc_array = projection.weight[rows]
    chosen.sort_indices()
    return chosen


def dense_rows(rows: Rows) -> np.ndarray[tuple[int, int], np.dtype[np.int8]]:
    """int8 [rows, targets]."""
    return np.ascontiguousarray(rows.weight.toarray().T.astype(np.int8))
