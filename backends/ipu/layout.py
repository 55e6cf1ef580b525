"""Where the neurons of a population are, and how the workers of a tile share them.

The emitted program computes the same numbers from the same few sizes: `runtime/network.hpp` and
`runtime/codelets/workers.hpp`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from axonc.ir.ops import Array

WORKERS = 6
"""Threads of a tile."""


@dataclass(frozen=True)
class Layout:
    """``per_tile`` of the ``neurons`` on each tile from ``first_tile`` on, what is left on the last one."""

    neurons: int
    first_tile: int
    per_tile: int

    @property
    def tiles(self) -> int:
        """How many tiles there are."""
        return -(-self.neurons // self.per_tile)

    @property
    def end(self) -> int:
        """The tile behind its last one."""
        return self.first_tile + self.tiles

    @property
    def counts(self) -> Array:
        """The neurons of each tile."""
        return np.minimum(self.per_tile, self.neurons - self.per_tile * np.arange(self.tiles))

    def range(self, tile: int) -> range:
        """The neurons of a tile."""
        first = tile * self.per_tile
        return range(first, min(first + self.per_tile, self.neurons))


def share_of(elements: int) -> int:
    """The elements of each worker: a multiple of four, so that no two write into one word."""
    return -(-elements // (4 * WORKERS)) * 4


def list_words(layout: Layout, words: int) -> int:
    """Words of the list that a worker makes of its neurons' events: their number and the records, in whole pairs."""
    return -(-(1 + share_of(layout.per_tile) * words) // 2) * 2


def whole_words(elements: int, element_bytes: int) -> int:
    """Elements that fill whole words of four bytes."""
    unit = max(1, 4 // element_bytes)
    return -(-elements // unit) * unit
