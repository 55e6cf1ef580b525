"""How an operand reaches the tiles of an operation: which elements of its source each tile reads, and where there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from axonc.ir.ops import Array

from ..layout import Layout
from ..lower.base import Form

NOWHERE = -1
"""The place of an element that an operand does not have."""

NO_TAPS: Array = np.zeros(1, np.int64)


@dataclass(frozen=True, eq=False)
class Operand:
    """Element n of the operation sees the elements ``places[n] + taps[k]`` of the source, for all k in order.

    ``places``: int64 [elements], `NOWHERE` where there is none; ``taps``: int64, from 0; ``listed``: whether the vertex
    has them; ``held``: the numpy type of the source's values.
    """

    places: Array
    held: np.dtype[Any]
    taps: Array = field(default_factory=lambda: NO_TAPS)
    listed: bool = False

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the network's weights."""
        return np.dtype(np.float32)

    def spans(self, layout: Layout) -> Array:
        """[tiles, 2]: the first element of the source that a tile reads, and the one behind the last."""
        last = int(self.taps.max(initial=0))
        found = []
        for tile in range(layout.tiles):
            here = self._on(layout, tile)
            here = here[here != NOWHERE]
            found.append((int(here.min()), int(here.max()) + last + 1) if here.size and self.taps.size else (0, 0))
        return np.asarray(found, np.int64).reshape(-1, 2)

    def step(self, layout: Layout) -> int | None:
        """By how much places grow from one element of a tile to the next: 0 or 1; None: they need a table."""
        steps = {_step(self._on(layout, tile)) for tile in range(layout.tiles)}
        return steps.pop() if len(steps) == 1 else None

    def table(self, layout: Layout) -> Array:
        """The places of all elements within what their tiles read, as the vertices have them."""
        begins = np.repeat(self.spans(layout)[:, 0], layout.counts)
        return np.where(self.places == NOWHERE, NOWHERE, self.places - begins).astype(np.int32).view("<u4")

    def _on(self, layout: Layout, tile: int) -> Array:
        here = layout.range(tile)
        return self.places[here.start : here.stop]


def _step(places: Array) -> int | None:
    """0 or 1 where places grow so."""
    if np.any(places == NOWHERE):
        return None
    return next((step for step in (1, 0) if np.all(np.diff(places) == step)), None)


@dataclass(frozen=True)
class Places(Form[Operand]):
    """Values, of which a tile reads a stretch."""

    name = "places"
    add = "addOperand"
    sum = ""
    vertex_bytes = 0
    reads_events = False

    def numbers(self, weight: Operand) -> str:
        return f"{len(weight.taps) if weight.listed else 0}"

    def cycles(self, weight: Operand, layout: Layout, lanes: int, events: int) -> int:
        return 0

    def pack(self, weight: Operand, layout: Layout, lanes: int) -> list[Array]:
        step = weight.step(layout)
        head = np.concatenate([[0 if step is None else 1, step or 0], weight.spans(layout).reshape(-1)])
        table = [weight.table(layout)] if step is None else []
        return [head.astype("<u4"), *table, *([np.tile(weight.taps, layout.tiles).astype("<u4")] * weight.listed)]

    def tile_bytes(self, weight: Operand, layout: Layout, lanes: int) -> Array:
        tables = 0 * layout.counts if weight.step(layout) is not None else layout.counts
        return 4 * (tables + (len(weight.taps) if weight.listed else 0))
