"""Hypergraphs: a net for every source of events, over the source and all that it reaches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from axonc.ir.ops import Array

from .arrays import distinct, evenly, exact_sums, mixed, ranges, starts_of

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
        return exact_sums(self.pins, self.cost[self.net_of_pin], self.vertices)

    def nets_of(self, vertices: Array) -> tuple[Array, Array]:
        """The nets of some vertices, one after the other, and for each the number of its vertex among them."""
        return ranges(self.incidence.indptr, self.incidence.indices, vertices)

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
        made = Hypergraph(starts_of(counts[kept]), pins[kept[nets]], heads, self.cost[kept], size)._merged()
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
        cost = exact_sums(number, self.cost, len(first))[number[kept]]
        counts = np.diff(self.starts)[kept]
        return Hypergraph(starts_of(counts), self.pins[kept[self.net_of_pin]], self.heads[kept], cost, self.size)

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
        return Hypergraph(starts_of(counts[kept]), pins, number[self.heads[kept]], self.cost[kept], size)
