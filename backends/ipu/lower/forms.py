"""The forms in which a projection can be stored and added up; the cheapest is taken.

Cycles are those of the busiest worker; bytes are what a tile holds. Convolutions have a form of their own, in
`kernels.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from axonc.ir.ops import Array

from ..layout import WORKERS, Layout, share_of, whole_words
from .base import Form
from .costs import HELD, PASSED, RECORD, SYNAPSE, VALUE, WEIGHT, cycles_of


@dataclass(frozen=True)
class Rows(Form[sparse.csc_array]):
    """A row of weights for each source: an event reads one, which lies in one piece."""

    name = "rows"
    add = "addRows"
    sum = "sumEvents"
    vertex_bytes = 4 + 4 + 20 + 8

    def cycles(self, weight: sparse.csc_array, layout: Layout, lanes: int, events: int) -> int:
        return cycles_of(events * (RECORD + WEIGHT * share_of(lanes * layout.per_tile)))

    def pack(self, weight: sparse.csc_array, layout: Layout, lanes: int) -> list[Array]:
        return [np.concatenate([self._of_tile(part.toarray().T) for part in on_tiles(weight, layout, lanes)])]

    @staticmethod
    def _of_tile(part: Array) -> Array:
        stride = whole_words(part.shape[1], part.dtype.itemsize)
        rows = np.zeros((part.shape[0], stride), part.dtype)
        rows[:, : part.shape[1]] = part
        return rows.reshape(-1)

    def tile_bytes(self, weight: sparse.csc_array, layout: Layout, lanes: int) -> Array:
        size = weight.dtype.itemsize
        strides = [whole_words(count * lanes, size) for count in layout.counts.tolist()]
        return np.asarray(strides) * (weight.shape[1] * size)


@dataclass(frozen=True)
class Values(Rows):
    """The same rows, all of which are read in every step, with the values of all sources: no list is made."""

    name = "values"
    sum = "sumValues"
    reads_events = False

    def cycles(self, weight: sparse.csc_array, layout: Layout, lanes: int, events: int) -> int:
        return cycles_of(weight.shape[1] * -(-share_of(lanes * layout.per_tile) // 4) * (VALUE + 4 * HELD))


@dataclass(frozen=True)
class Synapses(Form[sparse.csc_array]):
    """Synapses one by one, where few exist."""

    name = "synapses"
    add = "addSynapses"
    sum = "sumSynapses"
    vertex_bytes = 4 + 32 + 8

    def cycles(self, weight: sparse.csc_array, layout: Layout, lanes: int, events: int) -> int:
        reached = density(weight) * lanes * layout.per_tile
        return cycles_of(events * (RECORD + PASSED * reached + SYNAPSE * reached / WORKERS))

    def pack(self, weight: sparse.csc_array, layout: Layout, lanes: int) -> list[Array]:
        parts = [self._of_tile(sparse.csc_array(part)) for part in on_tiles(weight, layout, lanes)]
        counts = np.array([stored for *_, stored in parts], "<u4")
        return [counts, *(np.concatenate([part[index] for part in parts]) for index in range(3))]

    @staticmethod
    def _of_tile(part: sparse.csc_array) -> tuple[Array, Array, Array, int]:
        """Starts, targets and weights, in whole groups of four, and how many synapses there are."""
        part.sort_indices()
        padded = (0, -part.nnz % 4)
        return (
            part.indptr.astype("<u4"),
            np.pad(part.indices.astype("<u2"), padded),
            np.pad(part.data, padded),
            part.nnz,
        )

    def tile_bytes(self, weight: sparse.csc_array, layout: Layout, lanes: int) -> Array:
        rows = np.bincount(weight.indices, minlength=weight.shape[0]).reshape(lanes, layout.neurons).sum(axis=0)
        stored = np.add.reduceat(rows, np.arange(0, layout.neurons, layout.per_tile))
        return 4 * (weight.shape[1] + 1) + -(-stored // 4) * 4 * (2 + weight.dtype.itemsize)


FORMS: tuple[Form[sparse.csc_array], ...] = (Rows(), Values(), Synapses())
"""All forms; of two that cost as much the first is taken."""


def on_tiles(weight: sparse.csc_array, layout: Layout, lanes: int) -> Iterator[sparse.csr_array]:
    """For every tile the weights of its accumulators, [lanes * neurons, sources]: lane after lane."""
    rows = sparse.csr_array(weight)
    for tile in range(layout.tiles):
        here = layout.range(tile)
        parts = [rows[lane * layout.neurons + here.start : lane * layout.neurons + here.stop] for lane in range(lanes)]
        yield sparse.csr_array(sparse.vstack(parts)) if lanes > 1 else parts[0]


def density(weight: sparse.csc_array) -> float:
    """The part of all synapses that exist."""
    return float(weight.nnz / max(1, weight.shape[0] * weight.shape[1]))
