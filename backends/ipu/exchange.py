"""What tiles exchange within a step: the bytes that each receives, and the stretches that it sends or receives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from axonc.ir.network import Projection
from axonc.ir.ops import Array

from .facts import value_bytes
from .layout import WORKERS, Layout, list_words
from .lists import joined_words
from .operations.operand import Operand
from .plan import Plan
from .reads import Interval, Read, by_tile, from_others, pieces, size, union, within

VOLTAGE_BYTES = 4
"""Of the voltage of a neuron that sends nothing."""


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
    """The exchange before a compute set of which the tiles of a range read a whole tensor: its name, its bytes on each
    tile."""
    return passed(tiles, (Read(*read) for read in reads), chips)


def passed(tiles: int, reads: Iterator[Read], chips: int = 1) -> Traffic:
    """The exchange before a compute set. What a tile reads twice arrives once, what several read is sent once, to
    another chip, too."""
    total = Traffic(np.zeros(tiles, np.int64), np.zeros(tiles, np.int64), np.zeros((chips, chips), np.int64))
    read: dict[str, list[Read]] = {}
    for one in reads:
        read.setdefault(one.name, []).append(one)
    for same in read.values():
        if all(one.spans is None for one in same):
            _add_whole(total, same[0].held, same)
        else:
            _add_stretches(total, same[0].held, same)
    np.fill_diagonal(total.links, 0)
    return total


def _add_whole(total: Traffic, held: Array, reads: list[Read]) -> None:
    """A tensor that tiles read as a whole."""
    by = np.zeros(len(held), bool)
    for read in reads:
        by[read.readers.start : read.readers.stop] = True
    owners, chips = np.flatnonzero(held), len(total.links)
    others = (by.sum() - by[owners]) > 0
    total.stretches[owners[others]] += 1
    total.received[by] += held.sum() - held[by]
    inside = by & (held > 0)
    total.stretches[by] += 1
    total.stretches[inside] += _pieces_around(owners, np.flatnonzero(inside)) - 1
    reading = by.reshape(chips, -1).any(axis=1)
    total.links[:] += np.outer(held.reshape(chips, -1).sum(axis=1), reading)


def _add_stretches(total: Traffic, held: Array, reads: list[Read]) -> None:
    """A tensor of which tiles read parts."""
    own, chip = pieces(held), len(held) // len(total.links)
    received = dict(from_others(by_tile(reads), own))
    for tile, intervals in received.items():
        total.received[tile] += size(intervals)
        total.stretches[tile] += len(intervals)
    by_chip: dict[int, list[Interval]] = {}
    for tile, intervals in received.items():
        by_chip.setdefault(tile // chip, []).extend(intervals)
    taken = {other: union(intervals) for other, intervals in by_chip.items()}
    sent = union(interval for intervals in taken.values() for interval in intervals)
    for tile, (begin, end) in own.items():
        total.stretches[tile] += len(within(sent, begin, end))
        for other, intervals in taken.items():
            total.links[tile // chip, other] += size(within(intervals, begin, end))


def _pieces_around(owners: Array, tiles: Array) -> Array:
    """In how many pieces the rest of a tensor lies that tiles in a row hold, around each of some of them."""
    return np.asarray((tiles > owners[0]).astype(np.int64) + (tiles < owners[-1]))


def _sums_reads(plan: Plan, level: int) -> Iterator[Read]:
    """What the projections into a level read."""
    for projection, form in zip(plan.network.projections, plan.forms, strict=True):
        if projection.target in plan.levels[level]:
            layout = plan.layouts[projection.target]
            name, held, each = _read(plan, projection, form.reads_events)
            spans = projection.weight.spans(layout) * each if isinstance(projection.weight, Operand) else None
            yield Read(name, held, range(layout.first_tile, layout.first_tile + layout.tiles), spans)


def _read(plan: Plan, projection: Projection, events: bool) -> tuple[str, Array, int]:
    """The tensor that a projection reads, its bytes on each tile, and those of an element."""
    source, lists = plan.network.by_name[projection.source], plan.lists[projection.source]
    held = np.zeros(plan.machine.all_tiles, np.int64)
    if events:
        held[lists.tile] = (1 + lists.capacity * lists.words) * plan.word_bytes
        return f"{source.name}/{plan.late(projection)}", held, plan.word_bytes
    layout, each = plan.layout(source.name), value_bytes(source) or VOLTAGE_BYTES
    held[tiles_of(layout)] = layout.counts * each
    return f"{source.name}/values {plan.late(projection)}", held, each


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
            passed(tiles, _sums_reads(plan, level), chips),
            passed(tiles, (read for name in plan.grouped(level) for read in _group_reads(plan, name)), chips),
            passed(tiles, (_list_read(plan, name) for name in plan.lists_of(level)), chips),
        )


def _group_reads(plan: Plan, name: str) -> Iterator[Read]:
    """What the first tile of each group reads: the lists of all of them."""
    here, size, found = tiles_of(plan.layouts[name]), plan.group(name), found_bytes(plan, name)
    for first in range(here.start, here.stop, size):
        held = np.zeros_like(found)
        held[first : min(first + size, here.stop)] = found[first : min(first + size, here.stop)]
        yield Read(f"{name}/{first}", held, _one(first))


def _list_read(plan: Plan, name: str) -> Read:
    """What joins the lists of a population, or of groups of them."""
    held = joined_bytes(plan, name) if plan.group(name) else found_bytes(plan, name)
    return Read(name, held, _one(plan.lists[name].tile))


def _one(tile: int) -> range:
    return range(tile, tile + 1)
