"""Populations that sparse matrices join, cut by a partitioner of hypergraphs: any neurons together on a core.

A vertex is a neuron, or an input of the host, which takes no room; a net is a source with all that it reaches, its cost
the packets of the source in a step: of packets that carry several events its part. What a neuron takes of a core is
shared out of what slices of its population take (bytes, and cycles at their sources' rates), by the synapses that lead
to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from axonc.ir.mapping import Cut, Order, Slice
from axonc.ir.network import Network, Population, Projection, SharedKernel
from axonc.ir.ops import Array, PartialSums
from axonc.ir.target import CostModel

from .hypergraph import Hypergraph, distinct, evenly
from .reach import packet_rate

SPARSE = 0.4
"""Density below which a matrix is sparse."""

OWN = 8
"""Synapses that a neuron itself takes as much of a core as."""

TOGETHER = 50_000
"""Neurons whose synapses are looked at at once, so that large networks take little memory."""

EVEN = 1.03
"""How much more than the average a core may take."""


def irregular(network: Network, fixed: Sequence[str], any_density: bool = False) -> tuple[str, ...]:
    """The populations that sparse matrices join (or any matrices), and no kernels; none of the ``fixed`` ones. Partial
    sums stay in their order, both digits of a sum on one core."""
    sums = {p.name for p in network.populations if isinstance(p.op, PartialSums)}
    matrices = [j for j in network.projections if not sums.intersection((j.source, j.target))]
    maps = {name for j in network.projections if isinstance(j.weight, SharedKernel) for name in (j.source, j.target)}
    joined = {name for j in matrices if any_density or _is_sparse(j) for name in (j.source, j.target)}
    return tuple(p.name for p in network.populations if p.name in joined and p.name not in {*maps, *fixed})


def _is_sparse(projection: Projection) -> bool:
    weight = projection.weight
    return not isinstance(weight, SharedKernel) and 0 < weight.nnz < SPARSE * weight.shape[0] * weight.shape[1]


@dataclass(frozen=True, eq=False)
class Vertices:
    """The neurons of some populations of a network, numbered one population after the other. ``hosted``: those that
    take no room."""

    network: Network
    names: tuple[str, ...]
    hosted: frozenset[str]
    cost: CostModel

    @cached_property
    def first(self) -> dict[str, int]:
        """The first vertex of each population."""
        counts = [self.network.by_name[name].count for name in self.names]
        return dict(zip(self.names, np.cumsum([0, *counts]).tolist(), strict=False))

    def of(self, name: str) -> slice:
        """The vertices of a population."""
        return slice(self.first[name], self.first[name] + self.network.by_name[name].count)

    @cached_property
    def count(self) -> int:
        """All of them."""
        return sum(self.network.by_name[name].count for name in self.names)

    @cached_property
    def links(self) -> sparse.csr_array:
        """Every vertex with itself and all that it reaches, bool [sources, reached]."""
        return self._links_of(np.ones(self.count, bool))

    @cached_property
    def pins(self) -> int:
        """How many vertices all others reach together, those that are reached twice counted twice."""
        return sum(int(j.weight.nnz) for j in self._inside() if not isinstance(j.weight, SharedKernel))

    def _links_of(self, chosen: Array) -> sparse.csr_array:
        """Of the chosen vertices, each with itself and all that it reaches; nothing of the others."""
        mine = np.flatnonzero(chosen).astype(np.int32)
        sources, targets = [mine], [mine]
        for projection in self._inside():
            weight, count = projection.weight, self.network.by_name[projection.target].count
            assert not isinstance(weight, SharedKernel)
            lengths = np.diff(weight.indptr)
            kept = chosen[self.of(projection.source)]
            columns = np.repeat(np.flatnonzero(kept).astype(np.int32), lengths[kept])
            sources.append(columns + np.int32(self.first[projection.source]))
            reached = weight.indices if kept.all() else weight.indices[np.repeat(kept, lengths)]
            targets.append(reached % np.int32(count) + np.int32(self.first[projection.target]))
        ends = (np.concatenate(sources), np.concatenate(targets))
        made = sparse.csr_array((np.ones(len(ends[0]), bool), ends), shape=(self.count, self.count))
        made.sum_duplicates()
        return made

    def _inside(self) -> list[Projection]:
        names = set(self.names)
        return [j for j in self.network.projections if j.source in names and j.target in names]

    @cached_property
    def rates(self) -> Array:
        """The packets of a step of every vertex, were its population a single slice."""
        populations = (self.network.by_name[name] for name in self.names)
        return np.concatenate([np.full(p.count, self._rate(p) if p.peak else 0.0) for p in populations])

    def _rate(self, population: Population) -> float:
        return packet_rate(self.network, population, population.count, self.cost)

    @cached_property
    def shares(self) -> Array:
        """By what the load of a population is shared out among its vertices: synapses, and `OWN`."""
        total = np.full(self.count, float(OWN))
        for name in self.names:
            for projection in self.network.fan_in[name]:
                entering = np.diff(projection.by_target.indptr).reshape(-1, self.network.by_name[name].count)
                total[self.of(name)] += entering.sum(axis=0)
        return total

    def graph(self, size: Array, count: int, pins: int | None = None) -> Hypergraph:
        """The hypergraph, in which the average of ``count`` parts fills its scarcest kind up to `EVEN`; with so few of
        its nets, evenly chosen, that they have about ``pins`` pins."""
        scarcest = float(size.sum(axis=0).max(initial=0.0))
        every = 1 if pins is None else max(1, round(self.pins / pins))
        links = self.links if every == 1 else self._links_of(evenly(self.count, every))
        return Hypergraph.of(links, self.rates, size * (count / EVEN / max(scarcest, 1e-30)))

    def cut(self, name: str, parts: Array, most: int) -> tuple[Cut, Array]:
        """How a partition cuts a population into slices of at most ``most`` neurons, and the part of each slice.
        Neurons of a slice that reach the same parts are neighbours, so that they can share routes."""
        mine, targets = parts[self.of(name)], self._targets(name, parts)
        order = np.lexsort((np.arange(len(mine)), targets, mine))
        numbers, counts = np.unique(mine, return_counts=True)
        pieces = -(-counts // most)
        sizes = [np.diff(np.arange(p + 1) * c // p) for c, p in zip(counts.tolist(), pieces.tolist(), strict=True)]
        ends = np.cumsum(np.concatenate(sizes)).tolist()
        own = Order.of(order)
        bounds = zip([0, *ends], ends, strict=False)
        slices = (Slice(name, (len(mine),), (first,), (last,), order=own) for first, last in bounds)
        return Cut.of(slices), np.repeat(numbers, pieces)

    def _targets(self, name: str, parts: Array) -> Array:
        """A number that is the same for neurons that reach the same parts: a sum of mixed numbers of the parts."""
        links = self.links[self.of(name)]
        some = (links[first : first + TOGETHER] for first in range(0, links.shape[0], TOGETHER))
        return np.concatenate([np.zeros(0, np.int64), *(_mixed(few, parts) for few in some)])


def _mixed(links: sparse.csr_array, parts: Array) -> Array:
    count = int(parts.max(initial=0)) + 1
    rows = np.repeat(np.arange(links.shape[0]), np.diff(links.indptr))
    neurons, reached = np.divmod(distinct(rows * count + parts[links.indices]), count)
    mixed = (reached + 1) * 0x9E3779B1 % (1 << 32)
    mixed = (mixed ^ (mixed >> 15)) * 0x85EBCA6B % (1 << 32)
    return np.bincount(neurons, mixed, links.shape[0]).astype(np.int64)
