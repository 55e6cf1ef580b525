"""The forms in which a projection can be stored and added up; the cheapest is taken.

Cycles are those of the busiest worker, which issues an instruction in six cycles (`runtime/vertices.cpp` has the same
figures); bytes are what a tile holds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from axonc.ir.ops import Array

from ..layout import WORKERS, Layout, share_of, whole_words

RECORD, WEIGHT, SYNAPSE = 10, 4, 6
"""Instructions for an event, for a weight of a row, for a synapse that has a target."""

MEETING = 800
"""Cycles that joining lists takes beside them: a superstep more, and starting its vertices."""


class Form(ABC):
    """A way of storing synapses, and the vertices that read them."""

    name: str
    add: str
    """The function of the program that makes its tensors."""
    sum: str
    """The function of the program that adds its vertices."""
    vertex_bytes: int
    """Of a vertex with its pointers."""
    reads_events: bool = True
    """Whether it reads a list of events, else the values of all sources, as they are now."""

    @abstractmethod
    def cycles(self, weight: sparse.csc_array, layout: Layout, lanes: int, events: int) -> int:
        """Of a step with so many events, to the end of the sums."""

    @abstractmethod
    def pack(self, weight: sparse.csc_array, layout: Layout, lanes: int) -> list[Array]:
        """What the program's store holds of it, in the order in which it is asked for."""

    @abstractmethod
    def tile_bytes(self, weight: sparse.csc_array, layout: Layout, lanes: int) -> Array:
        """The bytes on each tile of the layout."""


@dataclass(frozen=True)
class Rows(Form):
    """A row of weights for each source: an event reads one, which lies in one piece."""

    name = "rows"
    add = "addRows"
    sum = "sumEvents"
    vertex_bytes = 4 + 4 + 20

    def cycles(self, weight: sparse.csc_array, layout: Layout, lanes: int, events: int) -> int:
        return MEETING + WORKERS * events * (RECORD + WEIGHT * share_of(lanes * layout.per_tile))

    def pack(self, weight: sparse.csc_array, layout: Layout, lanes: int) -> list[Array]:
        return [np.concatenate([self._of_tile(weight, layout, lanes, tile) for tile in range(layout.tiles)])]

    @staticmethod
    def _of_tile(weight: sparse.csc_array, layout: Layout, lanes: int, tile: int) -> Array:
        part = on_tile(weight, layout, lanes, tile).toarray().T
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
        return WORKERS * weight.shape[1] * (RECORD + WEIGHT * share_of(lanes * layout.per_tile))


@dataclass(frozen=True)
class Synapses(Form):
    """Synapses one by one, where few exist."""

    name = "synapses"
    add = "addSynapses"
    sum = "sumSynapses"
    vertex_bytes = 4 + 32

    def cycles(self, weight: sparse.csc_array, layout: Layout, lanes: int, events: int) -> int:
        each = density(weight) * share_of(lanes * layout.per_tile)
        return MEETING + round(WORKERS * events * (RECORD + SYNAPSE * each))

    def pack(self, weight: sparse.csc_array, layout: Layout, lanes: int) -> list[Array]:
        parts = [self._of_tile(weight, layout, lanes, tile) for tile in range(layout.tiles)]
        counts = np.array([stored for *_, stored in parts], "<u4")
        return [counts, *(np.concatenate([part[index] for part in parts]) for index in range(3))]

    @staticmethod
    def _of_tile(weight: sparse.csc_array, layout: Layout, lanes: int, tile: int) -> tuple[Array, Array, Array, int]:
        """Starts, targets and weights, worker by worker, and how many synapses there are."""
        part = sparse.csr_array(on_tile(weight, layout, lanes, tile))
        share, begin = share_of(part.shape[0]), 0
        starts, targets, weights = [], [], []
        for worker in range(WORKERS):
            first = min(worker * share, part.shape[0])
            own = sparse.csc_array(part[first : first + share])
            own.sort_indices()
            starts.append(own.indptr.astype("<u4") + begin)
            targets.append((own.indices + first).astype("<u2"))
            weights.append(own.data)
            begin += own.nnz
        padded = -(-begin // 4) * 4 - begin
        return (
            np.concatenate(starts),
            np.concatenate([*targets, np.zeros(padded, "<u2")]),
            np.concatenate([*weights, np.zeros(padded, weight.dtype)]),
            begin,
        )

    def tile_bytes(self, weight: sparse.csc_array, layout: Layout, lanes: int) -> Array:
        stored = np.array([on_tile(weight, layout, lanes, tile).nnz for tile in range(layout.tiles)])
        starts = 4 * WORKERS * (weight.shape[1] + 1)
        return starts + -(-stored // 4) * 4 * (2 + weight.dtype.itemsize)


FORMS: tuple[Form, ...] = (Rows(), Values(), Synapses())
"""All forms; of two that cost as much the first is taken."""


def on_tile(weight: sparse.csc_array, layout: Layout, lanes: int, tile: int) -> sparse.csc_array:
    """The weights of the accumulators of a tile, [lanes * neurons, sources]: lane after lane."""
    here = layout.range(tile)
    if lanes == 1:
        return sparse.csc_array(sparse.csr_array(weight)[here.start : here.stop])
    rows = np.add.outer(np.arange(lanes) * layout.neurons, np.asarray(here)).reshape(-1)
    return sparse.csc_array(sparse.csr_array(weight)[rows])


def density(weight: sparse.csc_array) -> float:
    """The part of all synapses that exist."""
    return float(weight.nnz / max(1, weight.shape[0] * weight.shape[1]))
