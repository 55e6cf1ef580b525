"""What tiles exchange within a step: the bytes that each receives, and the stretches that it sends or receives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from axonc.ir.network import Projection
from axonc.ir.ops import Array, Input

from .layout import WORKERS, Layout, list_words
from .lists import joined_words
from .plan import Plan, value_bytes


def tiles_of(layout: Layout) -> slice:
    return slice(layout.first_tile, layout.first_tile + layout.tiles)


@dataclass(frozen=True)
class Traffic:
    """What the vertices of a compute set receive: bytes of each tile, and stretches that it sends or receives; bytes
    that pass from chip to chip, [chips, chips]."""

    received: Array
    stretches: Array
    links: Array = field(default_factory=lambda: np.zeros((1, 1), np.int64))


def traffic(tiles: int, reads: Iterator[tuple[str, Array, range]], chips: int = 1) -> Traffic:
    """The exchange before a compute set of which the tiles of a range read a tensor: its name, its bytes on each tile.
    What a tile reads twice arrives once, what several read is sent once, to another chip, too."""
    received, stretches = np.zeros(tiles, np.int64), np.zeros(tiles, np.int64)
    links = np.zeros((chips, chips), np.int64)
    read: dict[str, tuple[Array, Array]] = {}
    for name, held, readers in reads:
        read.setdefault(name, (held, np.zeros(tiles, bool)))[1][readers.start : readers.stop] = True
    for held, by in read.values():
        owners = np.flatnonzero(held)
        others = (by.sum() - by[owners]) > 0
        stretches[owners[others]] += 1
        received[by] += held.sum() - held[by]
        inside = by & (held > 0)
        stretches[by] += 1
        stretches[inside] += _pieces_around(owners, np.flatnonzero(inside)) - 1
        reading = by.reshape(chips, -1).any(axis=1)
        links += np.outer(held.reshape(chips, -1).sum(axis=1), reading)
    np.fill_diagonal(links, 0)
    return Traffic(received, stretches, links)


def _pieces_around(owners: Array, tiles: Array) -> Array:
    """In how many pieces the rest of a tensor lies that tiles in a row hold, around each of some of them."""
    return np.asarray((tiles > owners[0]).astype(np.int64) + (tiles < owners[-1]))


def _sums_reads(plan: Plan, level: int) -> Iterator[tuple[str, Array, range]]:
    """What the projections into a level read."""
    for projection, form in zip(plan.network.projections, plan.forms, strict=True):
        if projection.target in plan.levels[level]:
            layout = plan.layouts[projection.target]
            name, held = _read(plan, projection, form.reads_events)
            yield name, held, range(layout.first_tile, layout.first_tile + layout.tiles)


def _read(plan: Plan, projection: Projection, events: bool) -> tuple[str, Array]:
    """The tensor that a projection reads, and its bytes on each tile."""
    source, lists = plan.network.by_name[projection.source], plan.lists[projection.source]
    held = np.zeros(plan.machine.all_tiles, np.int64)
    if events:
        held[lists.tile] = (1 + lists.capacity * lists.words) * plan.word_bytes
        return f"{source.name}/{plan.late(projection)}", held
    if isinstance(source.op, Input):
        held[lists.tile] = source.count * value_bytes(source)
    else:
        layout = plan.layouts[source.name]
        held[tiles_of(layout)] = layout.counts * value_bytes(source)
    return f"{source.name}/values", held


def found_bytes(plan: Plan, name: str) -> Array:
    """The bytes of the lists of a population's workers on each tile."""
    layout, events = plan.layouts[name], plan.lists[name]
    held = np.zeros(plan.machine.all_tiles, np.int64)
    if events.capacity:
        held[tiles_of(layout)] = WORKERS * list_words(layout, events.words) * plan.word_bytes
    return held


def joined_bytes(plan: Plan, name: str) -> Array:
    """The bytes of the lists of groups of a population's tiles, on the first of each."""
    layout, events, tiles = plan.layouts[name], plan.lists[name], plan.group(name)
    held = np.zeros(plan.machine.all_tiles, np.int64)
    if events.capacity and tiles:
        held[tiles_of(layout)][::tiles] = joined_words(layout, events.words) * plan.word_bytes
    return held


def exchanges(plan: Plan) -> Iterator[tuple[Traffic, Traffic, Traffic]]:
    """For each level, what is exchanged before its sums, before its groups of lists and before its lists."""
    tiles, chips = plan.machine.all_tiles, plan.machine.chips
    for level in range(len(plan.levels)):
        yield (
            traffic(tiles, _sums_reads(plan, level), chips),
            traffic(tiles, (read for name in plan.grouped(level) for read in _group_reads(plan, name)), chips),
            traffic(tiles, (_list_read(plan, name) for name in plan.lists_of(level)), chips),
        )


def _group_reads(plan: Plan, name: str) -> Iterator[tuple[str, Array, range]]:
    """What the first tile of each group reads: the lists of all of them."""
    here, size, found = tiles_of(plan.layouts[name]), plan.group(name), found_bytes(plan, name)
    for first in range(here.start, here.stop, size):
        held = np.zeros_like(found)
        held[first : min(first + size, here.stop)] = found[first : min(first + size, here.stop)]
        yield f"{name}/{first}", held, _one(first)


def _list_read(plan: Plan, name: str) -> tuple[str, Array, range]:
    """What joins the lists of a population, or of groups of them."""
    return name, joined_bytes(plan, name) if plan.group(name) else found_bytes(plan, name), _one(plan.lists[name].tile)


def _one(tile: int) -> range:
    return range(tile, tile + 1)
