"""What a stage receives from other tiles, and the cycles that it takes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from axonc.ir.machine import TileMachine
from axonc.ir.ops import Array

from ..exchange import Traffic, tiles_of, traffic
from ..layout import WORKERS, Layout
from .pieces import Field, Stage, Vertices

LAUNCH = 11
"""Cycles to start a vertex."""


def cycles(stage: Stage, machine: TileMachine) -> int:
    """The slowest tile's vertices, what it exchanges before them, and the syncs."""
    longest, total = (np.zeros(machine.tiles, np.int64) for _ in range(2))
    for vertices in stage.vertices:
        here, own = tiles_of(vertices.layout), LAUNCH + WORKERS * vertices.instructions
        longest[here] = np.maximum(longest[here], own)
        total[here] += own
    received = exchanged(stage, machine.tiles).received
    syncs = machine.sync_cycles * (2 if received.any() else 1)
    return int(np.maximum(longest, -(-total // WORKERS)).max() + received.max() // machine.exchange_bytes + syncs)


def exchanged(stage: Stage, tiles: int) -> Traffic:
    """What arrives before a stage, and the stretches that tiles send or receive."""
    plain = traffic(tiles, _whole_reads(stage, tiles))
    for vertices, field in _fields(stage, "column"):
        received, stretches = _column(field, vertices.layout, tiles)
        plain = Traffic(plain.received + received, plain.stretches + stretches)
    return plain


def _fields(stage: Stage, view: str) -> Iterator[tuple[Vertices, Field]]:
    for vertices in stage.vertices:
        yield from ((vertices, field) for field in vertices.fields if field.view == view)


def _whole_reads(stage: Stage, tiles: int) -> Iterator[tuple[str, Array, range]]:
    for vertices, field in _fields(stage, "whole"):
        tensor, layout = field.tensors[0], vertices.layout
        held = np.zeros(tiles, np.int64)
        held[tiles_of(tensor.layout)] = tensor.sizes * tensor.item
        yield f"{id(tensor)}", held, range(layout.first_tile, layout.first_tile + layout.tiles)


def _column(field: Field, readers: Layout, tiles: int) -> tuple[Array, Array]:
    """Readers take their parts of the pieces on all other tiles; a tile sends at once what lies side by side."""
    (tensor,), like = field.tensors, field.like
    assert like is not None
    received, stretches = np.zeros(tiles, np.int64), np.zeros(tiles, np.int64)
    owners, own = np.arange(tiles)[tiles_of(tensor.layout)], np.arange(tiles)[tiles_of(readers)]
    others = len(owners) - np.isin(own, owners)
    received[own] = others * like.sizes * tensor.item
    if len(own) == 1:  # the parts are all of the pieces, which lie side by side
        stretches[own] += _runs(owners, own[0])
    else:
        stretches[own] += others
    for owner in owners:
        stretches[owner] += _runs(own, owner)
    return received, stretches


def _runs(tiles: Array, without: int) -> int:
    """In how many runs consecutive tiles are, without one of them."""
    rest = tiles[tiles != without]
    return 0 if not len(rest) else 1 + int(np.count_nonzero(np.diff(rest) > 1))
