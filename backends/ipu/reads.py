"""What tiles read of a tensor, stretch by stretch: unions of intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from axonc.ir.ops import Array

Interval = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Read:
    """The tiles ``readers`` read a tensor, of which ``held`` are the bytes on each tile; ``spans``: from which byte to
    which, [readers, 2]; None: all of it."""

    name: str
    held: Array
    readers: range
    spans: Array | None = None


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Intervals that neither overlap nor touch, ascending."""
    found: list[Interval] = []
    for begin, end in sorted(interval for interval in intervals if interval[0] < interval[1]):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def within(intervals: Iterable[Interval], begin: int, end: int) -> list[Interval]:
    """The parts of intervals between two places."""
    return [(max(b, begin), min(e, end)) for b, e in intervals if max(b, begin) < min(e, end)]


def size(intervals: Iterable[Interval]) -> int:
    """How much is in them."""
    return sum(end - begin for begin, end in intervals)


def by_tile(reads: Sequence[Read]) -> dict[int, list[Interval]]:
    """What each tile reads of one tensor."""
    found: dict[int, list[Interval]] = {}
    for read in reads:
        spans = [(0, int(read.held.sum()))] * len(read.readers) if read.spans is None else read.spans.tolist()
        for tile, (begin, end) in zip(read.readers, spans, strict=True):
            found.setdefault(tile, []).append((begin, end))
    return {tile: union(intervals) for tile, intervals in found.items()}


def pieces(held: Array) -> Mapping[int, Interval]:
    """The stretch of a tensor that lies on each tile."""
    owners = np.flatnonzero(held)
    ends = np.cumsum(held[owners])
    return {int(tile): (int(end - held[tile]), int(end)) for tile, end in zip(owners, ends, strict=True)}


def from_others(
    wanted: Mapping[int, list[Interval]], own: Mapping[int, Interval]
) -> Iterator[tuple[int, list[Interval]]]:
    """What each tile receives: what it wants and has not."""
    for tile, intervals in wanted.items():
        begin, end = own.get(tile, (0, 0))
        total = max((stop for _, stop in intervals), default=0)
        yield tile, [*within(intervals, 0, begin), *within(intervals, end, total)] if end else intervals
