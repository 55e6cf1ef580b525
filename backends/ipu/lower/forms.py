"""The forms in which a projection can be stored and added up; the cheapest is taken.

Cycles are those of the busiest worker, which issues an instruction in six cycles (`runtime/vertices.cpp` has the same
figures); bytes are what a tile holds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from axonc.ir.ops import Array

from ..layout import WORKERS, Layout, share_of, whole_words

RECORD, WEIGHT, SYNAPSE, PASSED = 10, 4, 6, 3
"""Instructions for an event, for a weight of a row, for a synapse that has a target, and to pass over one."""

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
    vertex_bytes = 4 + 4 + 20 + 8

    def cycles(self, weight: sparse.csc_array, layout: Layout, lanes: int, events: int) -> int:
        return MEETING + WORKERS * events * (RECORD + WEIGHT * share_of(lanes * layout.per_tile))

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
        return WORKERS * weight.shape[1] * (RECORD + WEIGHT * share_of(lanes * layout.per_tile))


@dataclass(frozen=True)
class Synapses(Form):
    """Synapses one by one, where few exist."""

    name = "synapses"
    add = "addSynapses"
    sum = "sumSynapses"
    vertex_bytes = 4 + 32 + 8

    def cycles(self, weight: sparse.csc_array, layout: Layout, lanes: int, events: int) -> int:
        reached = density(weight) * lanes * layout.per_tile
        return MEETING + round(WORKERS * events * (RECORD + PASSED * reached + SYNAPSE * reached / WORKERS))

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


FORMS: tuple[Form, ...] = (Rows(), Values(), Synapses())
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
