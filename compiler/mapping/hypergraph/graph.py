"""Hypergraphs: a net for every source of events, over the source and all that it reaches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from axonc.ir.ops import Array

LARGEST = 1 << 29
"""The most that all nets of a vertex cost together, so that sums of costs fit 32 bits."""


@dataclass(frozen=True, eq=False)
class Hypergraph:
    """Nets over vertices.

    ``starts``, ``pins``: the vertices of net n are ``pins[starts[n]:starts[n + 1]]``, each once. ``heads``: the source
    of each net (-1: no vertex). ``cost``: int64 of each net. ``size``: float64 [vertices, kinds], the part of a core's
    room, of every kind, that a vertex takes.
    """

    starts: Array
    pins: Array
    heads: Array
    cost: Array
    size: Array

    @staticmethod
    def of(links: sparse.csr_array, rates: Array, size: Array) -> Hypergraph:
        """The hypergraph with a net for every row of ``links`` [vertices, vertices], which names the source, too; costs
        are ``rates``, at least 0, in whole numbers of a unit by which no vertex's nets cost more than `LARGEST`. Nets
        of one vertex and of no cost are left out."""
        counts = np.diff(links.indptr)
        kept = np.flatnonzero((counts > 1) & (rates > 0))
        chosen = sparse.csr_array(links[kept])
        each = np.bincount(chosen.indices, np.repeat(rates[kept], counts[kept]), minlength=links.shape[1])
        unit = LARGEST / max(float(each.max(initial=0.0)), 1e-30)
        cost = np.maximum(np.floor(rates[kept] * unit), 1).astype(np.int64)
        return Hypergraph(chosen.indptr.astype(np.int64), chosen.indices.astype(np.int64), kept, cost, size)

    @property
    def vertices(self) -> int:
        """How many vertices there are."""
        return len(self.size)

    @property
    def nets(self) -> int:
        """How many nets there are."""
        return len(self.cost)

    @cached_property
    def net_of_pin(self) -> Array:
        """The net of every pin."""
        return np.repeat(np.arange(self.nets), np.diff(self.starts))

    @cached_property
    def incidence(self) -> sparse.csr_array:
        """Ones, int32 [vertices, nets]."""
        ones = np.ones(len(self.pins), np.int32)
        return sparse.csr_array(sparse.csc_array((ones, self.pins, self.starts), shape=(self.vertices, self.nets)))

    @cached_property
    def incident_cost(self) -> Array:
        """What all nets of each vertex cost together, int64."""
        return _exact_sums(self.pins, self.cost[self.net_of_pin], self.vertices)

    def nets_of(self, vertices: Array) -> tuple[Array, Array]:
        """The nets of some vertices, one after the other, and for each the number of its vertex among them."""
        return _ranges(self.incidence.indptr, self.incidence.indices, vertices)

    def within(self, vertices: Array) -> Hypergraph:
        """The hypergraph of some vertices alone, numbered anew; nets of one of them are left out."""
        number = np.full(self.vertices, -1)
        number[vertices] = np.arange(len(vertices))
        return self._of_pins(number[self.pins] >= 0, number, self.size[vertices])

    def sampled(self, pins: int) -> Hypergraph:
        """The hypergraph with so few of its nets, evenly chosen, that they have about ``pins`` pins."""
        every = max(1, round(len(self.pins) / pins))
        kept = evenly(self.nets, every)
        return self if every == 1 else self._of_pins(kept[self.net_of_pin], np.arange(self.vertices), self.size)

    def contracted(self, groups: Array) -> Hypergraph:
        """The hypergraph whose vertices are groups of vertices, numbered from 0. Nets of one group are left out, those
        of the same groups become one, and costs have a larger unit where a vertex's nets would cost too much."""
        count = int(groups.max(initial=0)) + 1
        size = np.stack([np.bincount(groups, kind, count) for kind in self.size.T], axis=1)
        nets, pins = np.divmod(distinct(self.net_of_pin * count + groups[self.pins]), count)
        counts = np.bincount(nets, minlength=self.nets)
        kept = counts > 1
        heads = np.where(self.heads[kept] < 0, -1, groups[self.heads[kept]])
        made = Hypergraph(_starts(counts[kept]), pins[kept[nets]], heads, self.cost[kept], size)._merged()
        most = int(made.incident_cost.max(initial=0))
        return replace(made, cost=np.maximum(made.cost // -(-most // LARGEST), 1)) if most > LARGEST else made

    def _merged(self) -> Hypergraph:
        """Nets of the same vertices, told by sums of mixed numbers, become one."""
        if not self.nets:
            return self
        names = np.add.reduceat(mixed(self.pins), self.starts[:-1])
        _, first, number = np.unique(names, return_index=True, return_inverse=True)
        kept = np.zeros(self.nets, bool)
        kept[first] = True
        cost = _exact_sums(number, self.cost, len(first))[number[kept]]
        counts = np.diff(self.starts)[kept]
        return Hypergraph(_starts(counts), self.pins[kept[self.net_of_pin]], self.heads[kept], cost, self.size)

    def crossed(self, parts: Array) -> int:
        """What the nets cost, each for every part but one that it has a pin in."""
        count = int(parts.max(initial=0)) + 1
        pairs = distinct(self.net_of_pin * count + parts[self.pins]) // count
        return int(self.cost @ (np.bincount(pairs, minlength=self.nets) - 1))

    def _of_pins(self, chosen: Array, number: Array, size: Array) -> Hypergraph:
        """The hypergraph of some pins, whose vertices have other numbers."""
        counts = np.bincount(self.net_of_pin[chosen], minlength=self.nets)
        kept = counts > 1
        pins = number[self.pins[chosen & kept[self.net_of_pin]]]
        return Hypergraph(_starts(counts[kept]), pins, number[self.heads[kept]], self.cost[kept], size)


def evenly(count: int, every: int) -> Array:
    """About one of ``every`` of so many numbers, spread over all of them: bool [count]."""
    spread = (np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)
    return np.asarray(spread % np.uint64(every) == 0)


def mixed(numbers: Array) -> Array:
    """Whole numbers that look as if drawn, uint64 (the mixing of splitmix64)."""
    bits = (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(bits ^ (bits >> np.uint64(31)))


def _starts(counts: Array) -> Array:
    """Where each of some ranges, one after the other, starts, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(counts)])


def _ranges(starts: Array, values: Array, chosen: Array) -> tuple[Array, Array]:
    """The values of some ranges, one after the other, and for each the number of its range."""
    counts = starts[chosen + 1] - starts[chosen]
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    places = np.arange(total) + np.repeat(starts[chosen] - ends + counts, counts)
    return values[places], np.repeat(np.arange(len(chosen)), counts)


def _exact_sums(groups: Array, values: Array, count: int) -> Array:
    """Sums of whole numbers below 2^53 by group: int64."""
    return np.bincount(groups, values, minlength=count).astype(np.int64)


def by_value(values: Array) -> tuple[Array, Array]:
    """Whole numbers from 0 on, ascending, and where each was, equal ones in their order: numbers that hold both are
    sorted, which takes a tenth of the time of `argsort`."""
    bits = len(values).bit_length()
    both = np.sort((values.astype(np.int64) << bits) | np.arange(len(values)))
    return both >> bits, both & ((1 << bits) - 1)


def distinct(values: Array) -> Array:
    """Each value once, ascending; sorting takes a fraction of the time that a table of hashes does."""
    ordered = np.sort(values)
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered
