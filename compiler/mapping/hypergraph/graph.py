"""Hypergraphs: a net for every source of events, over the source and all that it reaches."""

from __future__ import annotations

from dataclasses import dataclass
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

    def pins_of(self, nets: Array) -> tuple[Array, Array]:
        """The vertices of some nets, one after the other, and for each the number of its net among them."""
        return _ranges(self.starts, self.pins, nets)

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

    def crossed(self, parts: Array) -> int:
        """What the nets cost, each for every part but one that it has a pin in."""
        count = int(parts.max(initial=0)) + 1
        pairs = np.unique(self.net_of_pin * count + parts[self.pins]) // count
        return int(self.cost @ (np.bincount(pairs, minlength=self.nets) - 1))

    def _of_pins(self, chosen: Array, number: Array, size: Array) -> Hypergraph:
        """The hypergraph of some pins, whose vertices have other numbers."""
        counts = np.bincount(self.net_of_pin[chosen], minlength=self.nets)
        kept = counts > 1
        starts = np.concatenate([[0], np.cumsum(counts[kept])])
        pins = number[self.pins[chosen & kept[self.net_of_pin]]]
        return Hypergraph(starts, pins, number[self.heads[kept]], self.cost[kept], size)


def evenly(count: int, every: int) -> Array:
    """About one of ``every`` of so many numbers, spread over all of them: bool [count]."""
    mixed = (np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)
    return np.asarray(mixed % np.uint64(every) == 0)


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
