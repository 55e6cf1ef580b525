"""Convolutions whose kernel a tile holds once: tables say what each row and each column of the sources reaches."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from axonc.ir.network import SharedKernel
from axonc.ir.ops import Array

from ..layout import WORKERS, Layout, whole_words
from .base import Form
from .costs import PASSED, PLACE, SYNAPSE, cycles_of

MOST = 1 << 16
"""Rows, columns and entries of a table that 16 bits tell apart."""


@dataclass(frozen=True)
class Plane:
    """A kernel seen in two dimensions: its last axis are columns, all before it together rows.

    ``rows`` and ``columns``: (n, 3) int64, rows [source, target, tap], ascending.
    """

    kernel: SharedKernel
    rows: Array
    columns: Array

    @property
    def source(self) -> tuple[int, int]:
        """Rows and columns of the sources."""
        return prod(self.kernel.source[1:-1]), self.kernel.source[-1]

    @property
    def target(self) -> tuple[int, int]:
        """Rows and columns of the targets."""
        return prod(self.kernel.target[1:-1]), self.kernel.target[-1]

    @property
    def taps(self) -> tuple[int, int]:
        """Rows and columns of the taps."""
        return prod(self.kernel.weight.shape[2:-1]), self.kernel.weight.shape[-1]

    def channels(self, layout: Layout, tile: int) -> range:
        """The channels of which a tile has neurons."""
        here, size = layout.range(tile), prod(self.target)
        return range(here.start // size, (here.stop - 1) // size + 1)

    def rows_of(self, layout: Layout, tile: int) -> Array:
        """The entries of the rows of which a tile has neurons."""
        height, width = self.target
        lines = np.unique(np.asarray(layout.range(tile)) // width % height)
        return self.rows[np.isin(self.rows[:, 1], lines)]


def plane_of(kernel: SharedKernel) -> Plane:
    """A kernel of any number of axes in two."""
    rows = np.zeros((1, 3), np.int64)
    for axis, taps in enumerate(kernel.taps[:-1]):
        sizes = np.array([kernel.source[axis + 1], kernel.target[axis + 1], kernel.weight.shape[axis + 2]])
        rows = (rows[:, None] * sizes + taps).reshape(-1, 3)
    return Plane(kernel, rows[np.argsort(rows[:, 0], kind="stable")], kernel.taps[-1])


def is_narrow(kernel: SharedKernel) -> bool:
    """Whether 16 bits hold all numbers of its tables."""
    plane = plane_of(kernel)
    return max(*plane.source, *plane.target, len(plane.rows), len(plane.columns)) < MOST


@dataclass(frozen=True)
class Kernel(Form[SharedKernel]):
    """A kernel: an event reads the taps of each line of targets that it reaches, which lie in one piece."""

    name = "kernel"
    add = "addKernel"
    sum = "sumKernel"
    vertex_bytes = 4 + 5 * 8 + 4 + 11 * 4

    def numbers(self, weight: SharedKernel) -> str:
        plane = plane_of(weight)
        groups = (weight.weight.shape[1], len(weight.weight) // weight.groups)
        return f"Kernel{{{', '.join(map(str, (*groups, *plane.source, *plane.target, *plane.taps)))}}}"

    def cycles(self, weight: SharedKernel, layout: Layout, lanes: int, events: int) -> int:
        reached = synapses(weight) / prod(weight.source) * layout.per_tile / layout.neurons
        return cycles_of(events * (PLACE + PASSED * reached + SYNAPSE * reached / WORKERS))

    def pack(self, weight: SharedKernel, layout: Layout, lanes: int) -> list[Array]:
        plane = plane_of(weight)
        height, width = plane.source
        rows = [_table(plane.rows_of(layout, tile), height) for tile in range(layout.tiles)]
        weights = [self._weights(plane, layout, tile) for tile in range(layout.tiles)]
        return [
            np.array([len(part) for part in rows], "<u4"),
            np.array([len(plane.columns)], "<u4"),
            np.concatenate(rows),
            np.tile(_table(plane.columns, width), layout.tiles),
            np.concatenate(weights),
        ]

    @staticmethod
    def _weights(plane: Plane, layout: Layout, tile: int) -> Array:
        channels, weight = plane.channels(layout, tile), plane.kernel.weight
        own = weight[channels.start : channels.stop].reshape(-1)
        return np.pad(own, (0, whole_words(own.size, own.itemsize) - own.size))

    def tile_bytes(self, weight: SharedKernel, layout: Layout, lanes: int) -> Array:
        plane, each = plane_of(weight), weight.weight[0].size
        size = weight.weight.itemsize
        sizes = []
        for tile in range(layout.tiles):
            held = whole_words(len(plane.channels(layout, tile)) * each, size) * size
            tables = ((plane.rows_of(layout, tile), plane.source[0]), (plane.columns, plane.source[1]))
            sizes.append(held + sum(whole_words(count + 1 + 2 * len(table), 2) * 2 for table, count in tables))
        return np.asarray(sizes)


def synapses(kernel: SharedKernel) -> int:
    """How many synapses a kernel stands for."""
    return int(kernel.source[0] * len(kernel.weight) // kernel.groups * prod(map(len, kernel.taps)))


def _table(entries: Array, sources: int) -> Array:
    """Where the entries of each source begin and where the last ends, then target and tap of each."""
    starts = np.searchsorted(entries[:, 0], np.arange(sources + 1))
    return np.concatenate([starts, entries[:, 1:].reshape(-1)]).astype("<u2")
