"""Synapses given one by one: which rows in which format lead from a source slice to a slice on a core."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod

import numpy as np
from scipy import sparse

from axonc.ir.machine import BYTEWISE, Synapses
from axonc.ir.mapping import Slice
from axonc.ir.network import Projection, SharedKernel
from axonc.ir.ops import Array

from .formats import BY_NAME, Form, RowFormat, Table, cheapest


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
        return BY_NAME[self.format].data_bytes(self.form)

    @property
    def form(self) -> Form:
        """How large it is."""
        return Form(self.source.count, self.targets, self.synapses)

    @property
    def tables(self) -> tuple[Table, ...]:
        """What a core stores of it."""
        return BY_NAME[self.format].tables(self.weight)


def matrix_rows(
    projection: Projection,
    sources: Sequence[Slice],
    target: Slice,
    index: int,
    offset: int,
    synapses: Synapses = BYTEWISE,
    active: float = 0.0,
    graded: bool = False,
) -> Iterator[Rows]:
    """The rows of a matrix into ``target``, the local population ``index``; events act ``offset`` steps ahead.
    In the cheapest format on a machine with such ``synapses``, where the part ``active`` of the sources sends.

    A slice's accumulators stand lane after lane; lanes that the matrix does not reach are left out.
    """
    for lanes in _reached_lanes(projection, prod(target.shape)):
        start, stop = lanes[0] * target.count, lanes[1] * target.count
        whole = _target_rows(projection, target.box, start, stop)
        for source in sources:
            if stored := _stored(whole, source):
                form = Form(source.count, stop - start, stored, _largest(projection))
                into = _Into(projection, source, target.box, index, offset, cheapest(form, synapses, active, graded))
                yield from into.rows(start, stop)


@dataclass(frozen=True)
class _Into:
    """Rows from a source slice into a box, in one format."""

    projection: Projection
    source: Slice
    box: Slice
    index: int
    offset: int
    format: RowFormat

    def rows(self, start: int, stop: int) -> Iterator[Rows]:
        """The rows into accumulators ``start`` to ``stop``, in windows that the format can reach."""
        if self.format.dense:
            yield self._made(start, stop)
            return
        for first in range(start, stop, self.format.window):
            yield from self._window(first, min(first + self.format.window, stop))

    def _window(self, start: int, stop: int) -> Iterator[Rows]:
        """One window, in halves where it has more synapses than the format can count. Windows without are left out."""
        made = self._made(start, stop)
        if made.synapses > self.format.synapses and stop - start > 1:
            middle = (start + stop) // 2
            yield from self._window(start, middle)
            yield from self._window(middle, stop)
        elif made.synapses > self.format.synapses:
            yield replace(made, format="dense")
        elif made.synapses:
            yield made

    def _made(self, start: int, stop: int) -> Rows:
        window = _target_rows(self.projection, self.box, start, stop)
        return Rows(self.source, self.index, start, self.offset, self.format.name, window)


@lru_cache(maxsize=1024)
def _largest(projection: Projection) -> int:
    """The largest magnitude of a projection's weights."""
    assert not isinstance(projection.weight, SharedKernel)
    return int(np.abs(projection.weight.data).max(initial=0))


@lru_cache(maxsize=1024)
def _reached_lanes(projection: Projection, count: int) -> tuple[tuple[int, int], ...]:
    """The lanes in which a matrix has weights, neighbouring ones together: the first, and the one behind the last."""
    assert not isinstance(projection.weight, SharedKernel)
    if projection.weight.shape[0] == count:
        return ((0, 1),)
    lanes = np.unique(projection.weight.indices // count)
    parts = np.split(lanes, np.flatnonzero(np.diff(lanes) > 1) + 1) if lanes.size else []
    return tuple((int(part[0]), int(part[-1]) + 1) for part in parts)


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
