"""How the values of a parameter lie on tiles, one piece after another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from axonc.ir.ops import Array

from .groups import Place


class Packing(Protocol):
    """``unpacked(packed(value))`` is ``value``."""

    def packed(self, value: Array) -> Array:
        """The pieces, flat, in float32."""
        ...

    def unpacked(self, stored: Array) -> Array:
        """The value, flat."""
        ...


@dataclass(frozen=True)
class Rows:
    """A matrix [L N, I]: on each tile, a row of its own elements for every source."""

    place: Place
    sources: int

    def packed(self, value: Array) -> Array:
        layout, lanes = self.place.layout, self.place.lanes
        columns = value.reshape(lanes, layout.neurons, self.sources)
        parts = [columns[:, layout.range(tile)].transpose(2, 0, 1) for tile in range(layout.tiles)]
        return np.concatenate([np.ascontiguousarray(part, np.float32).reshape(-1) for part in parts])

    def unpacked(self, stored: Array) -> Array:
        layout, lanes, sources = self.place.layout, self.place.lanes, self.sources
        matrix = np.empty((lanes, layout.neurons, sources), stored.dtype)
        at = 0
        for tile in range(layout.tiles):
            here = layout.range(tile)
            size = sources * lanes * len(here)
            matrix[:, here] = stored[at : at + size].reshape(sources, lanes, len(here)).transpose(1, 2, 0)
            at += size
        return matrix.reshape(-1)


@dataclass(frozen=True, eq=False)
class Scattered:
    """``count`` values; the number of the one that lies at each place, -1 where none does and 0 is held."""

    order: Array
    count: int

    def packed(self, value: Array) -> Array:
        filled = np.append(np.asarray(value, np.float32).reshape(-1), np.float32(0))
        return filled[self.order.reshape(-1)]

    def unpacked(self, stored: Array) -> Array:
        order = self.order.reshape(-1)
        made = np.empty(self.count, stored.dtype)
        made[order[order >= 0]] = stored[order >= 0]
        return made
