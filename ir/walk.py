"""A walk through routing tables, key by key: where packets really go. It knows nothing of how tables are made."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from .machine import LINKS, Neighbours, opposite
from .mapping import Mapping, Route, Slice
from .ops import Array


@dataclass(frozen=True)
class Walk:
    """What became of one packet of every key.

    ``delivered``: int64 CSR [keys, cores], how often each core got it; ``crossed``: int64 [chips, links], packets that
    took each link; ``lost``: keys of packets that no entry matched where they began, that left the board, or that went
    round in circles.
    """

    delivered: sparse.csr_array
    crossed: Array
    lost: Array


def walk(routes: Sequence[Route], neighbours: Neighbours, keys: Array, starts: Array, cores: int) -> Walk:
    """Sends one packet of each of ``keys`` [n] into the router of its chip in ``starts`` [n].

    On every chip the first entry that matches decides; what none matches goes straight on.
    """
    tables = {chip: _Table.of([entry for entry in routes if entry.chip == chip]) for chip in range(len(neighbours))}
    crossed = np.zeros((len(neighbours), len(LINKS)), np.int64)
    rows, columns, lost = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    front = np.column_stack([np.arange(len(keys)), starts, np.full(len(keys), -1)])  # packet, chip, came by
    for _ in range(len(neighbours) + 1):
        following = [np.zeros((0, 3), np.int64)]
        for chip in np.unique(front[:, 1]).tolist():
            packets, _, came = front[front[:, 1] == chip].T
            entry = tables[chip].first_matching(keys[packets])
            got, core = tables[chip].deliveries(entry)
            rows.append(packets[got])
            columns.append(core)
            lost.append(packets[(entry < 0) & (came < 0)])
            for link, other in enumerate(neighbours[chip]):
                leaves = tables[chip].leaves(entry, link) | ((entry < 0) & (came == opposite(link)))
                crossed[chip, link] += np.count_nonzero(leaves)
                moved = packets[leaves]
                if other is None:
                    lost.append(moved)
                else:
                    following.append(np.column_stack([moved, np.full((len(moved), 2), (other, opposite(link)))]))
        front = np.concatenate(following)
    ends = np.concatenate(rows), np.concatenate(columns)
    delivered = sparse.csr_array((np.ones(len(ends[0]), np.int64), ends), shape=(len(keys), cores))
    return Walk(delivered, crossed, np.unique(keys[np.concatenate([*lost, front[:, 0]])]))


@dataclass(frozen=True)
class Deliveries:
    """Who gets the events of every slice that sends: ``parts``, and of all their neurons, one part after the other, how
    often each core gets an event; ``starts``: the row where each part begins."""

    parts: tuple[Slice, ...]
    delivered: sparse.csr_array
    starts: Array

    @staticmethod
    def of(mapping: Mapping) -> Deliveries:
        """Those of a mapping, by a walk through its tables."""
        parts = tuple(part for part in mapping.slices if part.block is not None)
        sizes = np.array([part.count for part in parts], np.int64)
        keys = [mapping.keys.base(part.block or 0) + np.arange(part.count) for part in parts]
        chips = np.repeat(np.array([mapping.chip_of(part) for part in parts], np.int64), sizes)
        walked = walk(mapping.routes, mapping.neighbours, np.concatenate([NOTHING, *keys]), chips, mapping.cores)
        return Deliveries(parts, walked.delivered, np.concatenate([[0], np.cumsum(sizes)]))

    @cached_property
    def _numbers(self) -> dict[tuple[str, tuple[int, ...]], int]:
        return {part.place: number for number, part in enumerate(self.parts)}

    def to(self, part: Slice, core: int) -> Array:
        """How often a core gets an event of each neuron of a slice, int64 [neurons]."""
        number = self._numbers[part.place]
        rows = self.delivered[self.starts[number] : self.starts[number + 1]]
        return np.asarray(rows[:, [core]].toarray().reshape(-1))


NOTHING = np.zeros(0, np.int64)


@dataclass(frozen=True)
class _Table:
    """A table, its entries grouped by mask: of each, keys ascending and the numbers of their first entries."""

    entries: Sequence[Route]
    groups: MappingType[int, tuple[Array, Array]]

    @staticmethod
    def of(entries: Sequence[Route]) -> _Table:
        masks = np.array([entry.mask for entry in entries], np.int64)
        keys = np.array([entry.key for entry in entries], np.int64)
        groups = {}
        for mask in np.unique(masks).tolist():
            numbers = np.flatnonzero(masks == mask)
            found, first = np.unique(keys[numbers], return_index=True)
            groups[mask] = (found, numbers[first])
        return _Table(entries, groups)

    def first_matching(self, keys: Array) -> Array:
        """The number of the first entry that matches each key, -1 if none does."""
        none = len(self.entries)
        best = np.full(len(keys), none)
        for mask, (found, numbers) in self.groups.items():
            at = np.minimum(np.searchsorted(found, keys & mask), len(found) - 1)
            best = np.minimum(best, np.where(found[at] == keys & mask, numbers[at], none))
        return np.where(best == none, -1, best)

    def deliveries(self, entry: Array) -> tuple[Array, Array]:
        """Which packets, by their place in ``entry``, go to which cores."""
        sizes = np.array([len(e.cores) for e in self.entries] + [0], np.int64)[entry]
        flat = np.array([core for e in self.entries for core in e.cores], np.int64)
        starts = np.cumsum([0, *(len(e.cores) for e in self.entries)])[entry]
        within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return np.repeat(np.arange(len(entry)), sizes), flat[np.repeat(starts, sizes) + within]

    def leaves(self, entry: Array, link: int) -> Array:
        """Which packets an entry sends over a link."""
        return np.array([link in e.links for e in self.entries] + [False])[entry]
