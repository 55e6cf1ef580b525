"""Synapses given one by one: which rows in which format lead from a source slice to a slice on a core."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import sparse

from axonc.ir.mapping import Slice
from axonc.ir.network import Projection, SharedKernel
from axonc.ir.ops import Array

from .memory import round_up
from .schema import ALIGN, SPARSE_SYNAPSES, SPARSE_WINDOW, SYNAPSE

SPARSE_BELOW = 0.4
"""Density below which sparse rows cost fewer cycles than dense ones (cycles cross at 43 %, bytes at 50 %)."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The synapses from one source slice to a window of one local population, in one format.

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
        """Neurons in the window."""
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
        starts = round_up(2 * (self.source.count + 1), ALIGN)
        return starts + round_up(SYNAPSE.dtype.itemsize * self.synapses, ALIGN)


def matrix_rows(
    projection: Projection, sources: Sequence[Slice], target: Slice, index: int, offset: int
) -> Iterator[Rows]:
    """The rows of a matrix into ``target``, the local population ``index``; events act ``offset`` steps ahead."""
    box = target.box
    whole = _target_rows(projection, box, 0, target.count)
    for source in sources:
        if _stored(whole, source) >= SPARSE_BELOW * target.count * source.count:
            yield Rows(source, index, 0, offset, "dense", whole)
        else:
            for first in range(0, target.count, SPARSE_WINDOW):
                window = (first, min(first + SPARSE_WINDOW, target.count))
                yield from _sparse_rows(projection, source, box, index, offset, *window)


def _sparse_rows(
    projection: Projection, source: Slice, box: Slice, index: int, offset: int, start: int, stop: int
) -> Iterator[Rows]:
    """Sparse rows of targets ``start`` to ``stop``, which one byte can tell apart; in halves where a row could start
    beyond `SPARSE_SYNAPSES`. Windows without synapses are left out."""
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
    """The rows of the neurons ``start`` to ``stop`` of a box."""
    assert not isinstance(projection.weight, SharedKernel)
    neurons = box.neurons[start:stop]
    if np.array_equal(neurons, np.arange(neurons[0], neurons[0] + neurons.size)):
        return projection.weight[int(neurons[0]) : int(neurons[0]) + neurons.size]
    chosen: sparse.csc_array = projection.weight[neurons]
    chosen.sort_indices()
    return chosen


def dense_rows(rows: Rows) -> np.ndarray[tuple[int, int], np.dtype[np.int8]]:
    """int8 [rows, targets]."""
    return np.ascontiguousarray(rows.weight.toarray().T.astype(np.int8))
