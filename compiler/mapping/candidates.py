"""Which partition is taken: of slices of neighbouring neurons and of what a partitioner finds, the better one."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, isfinite, sqrt

import numpy as np

from axonc.ir.mapping import Slice
from axonc.ir.ops import Array, Input
from axonc.ir.target import CoreLoad, Cuts

from .fit import ADDITIVE
from .hypergraph import PARTITIONERS, Partitioner, quick_partition
from .irregular import Vertices, irregular
from .packing import place
from .partition import most_neurons
from .strategies import Found, Partition, Strategy, by_core, cuts_of

AUTO, NAIVE = "auto", "naive"
CHOICES = (AUTO, NAIVE, *PARTITIONERS)
"""The values of the option ``partitioner``."""

SAMPLE = 6
"""Slices of a population that speak for its neurons."""

ATTEMPTS = 3
"""Numbers of cores that are tried."""

FEWEST = 4
"""Neurons of a part, on average, below which no partition is looked for."""

MORE = 1.25
"""How many more cores than slices of neighbouring neurons need may be tried for less traffic."""

THOROUGH = 300_000
"""Synapses up to which a partition is looked for in all of them without being asked for: for more it takes minutes."""

SEARCHED = 1_000_000
"""Of more synapses so many, about, are looked at: that takes some fifteen seconds, however many there are."""

MOST = 640
"""Parts that are looked for in large networks, at most."""

GAIN = 0.9
"""More slices are made of what a search found only if fewer packets than this part of those of other slices leave the
cores, as far as they were looked at."""


def chosen(how: Partition, strategy: Strategy, partitioner: str, cycles: float) -> tuple[Found, str]:
    """The best by the strategy, and who found it.

    ``auto``: the built-in partitioner is tried where sparse matrices join populations that need several cores, or more
    than there are, unless the sizes of slices are given; of large networks it looks at a part. Any other name asks for
    that partitioner, whatever the matrices.
    """
    naive = strategy.cut(how, cycles)
    asked = partitioner != AUTO
    alone = not naive[1] and len(by_core(naive[0])) < 2
    if partitioner == NAIVE or (not asked and (how.largest is not None or alone)):
        return naive, NAIVE
    names = irregular(how.network, _fixed(how), any_density=asked)
    name = partitioner if asked else "hypergraph"
    limit = cycles if strategy.busier or naive[1] else min(cycles, how.busiest(naive[0]))
    candidate = _Candidate(how, strategy.pack, names, naive[0], limit)
    other = candidate.found(PARTITIONERS[name], asked, sure=bool(naive[1])) if names else None
    if other is None or (not naive[1] and strategy.judged(how, other) >= strategy.judged(how, naive[0])):
        return naive, NAIVE
    return (other, []), name


def _fixed(how: Partition) -> list[str]:
    """Inputs that cores send: their lists have one size, however small a slice is."""
    return [p.name for p in how.network.populations if how.place_inputs and isinstance(p.op, Input)]


class _Candidate:
    """What a partitioner makes of the populations ``names``, beside slices of neighbouring neurons."""

    def __init__(
        self, how: Partition, pack: bool, names: tuple[str, ...], naive: tuple[Slice, ...], cycles: float
    ) -> None:
        self.how, self.pack, self.naive, self.fit = how, pack, naive, how.fit(cycles)
        inputs = {p.name for p in how.network.populations if isinstance(p.op, Input)}
        self.vertices = Vertices(how.network, names, frozenset(inputs), how.cost)

    def found(self, partitioner: Partitioner, asked: bool, sure: bool) -> tuple[Slice, ...] | None:
        """The slices on the fewest cores of those tried, or None. Where nobody ``asked``, of a large network a part is
        looked at, and slices are made only of what gains there, or where it is ``sure`` that others do not fit."""
        size, large = self._sizes(), not asked and self.vertices.pins > THOROUGH
        for count in self._as_many(size) if large else self._counts(size):
            graph = self.vertices.graph(size, count, SEARCHED if large else None)
            parts = quick_partition(graph, count) if large else partitioner(graph, count)
            if large and not sure and graph.crossed(parts) > GAIN * graph.crossed(self._cores()):
                return None
            slices = self._placed(parts)
            if self._fits(slices):
                return slices
        return None

    def _fits(self, slices: tuple[Slice, ...]) -> bool:
        """Whether there are as many cores, and each holds its slices."""
        cuts, cores = cuts_of(slices), by_core(slices)
        return len(cores) <= self.how.machine.cores and all(self.fit.holds(self.fit.load(c, cuts)) for c in cores)

    def _cores(self) -> Array:
        """The core of every vertex in slices of neighbouring neurons; one more for all that have none."""
        cores = np.full(self.vertices.count, 1 + max((part.core or 0 for part in self.naive), default=0))
        for part in self.naive:
            if part.population in self.vertices.names and part.core is not None:
                cores[self.vertices.first[part.population] + part.neurons] = part.core
        return cores

    def _needed(self) -> int:
        """The cores that slices of neighbouring neurons take."""
        here = set(self.vertices.names)
        return len({part.core for part in self.naive if part.population in here and part.core is not None})

    def _as_many(self, size: Array) -> list[int]:
        """The numbers of cores that are tried of a large network: as many as other slices need, if these are not too
        many; where they do not fit, what the sizes add up to and some more, then twice as many."""
        least, needed = float(size.sum(axis=0).max(initial=0.0)), self._needed()
        tried = [needed] if needed else [ceil(MORE * least), ceil(2 * MORE * least)]
        most = min(self.how.machine.cores, self._largest(), MOST)
        return sorted({min(count, most) for count in tried if min(count, most) >= least})

    def _counts(self, size: Array) -> list[int]:
        """Numbers of cores, ascending: from what the sizes add up to, to what the other slices need."""
        most = self._needed()
        least = max(1, ceil(float(size.sum(axis=0).max(initial=0.0))))
        last = min(max(most, ceil(MORE * least)), self.how.machine.cores, self._largest())
        tried = {min(least, last), ceil(sqrt(min(least, last) * last)), last}
        return sorted(tried)[:ATTEMPTS]

    def _largest(self) -> int:
        """The most parts that are looked for: with fewer than `FEWEST` neurons in each, slices do as well."""
        neurons = sum(
            self.how.network.by_name[name].count for name in self.vertices.names if name not in self.vertices.hosted
        )
        return max(1, neurons // FEWEST)

    def _sizes(self) -> Array:
        """The part of a core that every vertex takes, of bytes and of cycles."""
        size = np.zeros((self.vertices.count, 2))
        cuts = cuts_of(self.naive)
        for name in self.vertices.names:
            if name not in self.vertices.hosted and cuts[name]:
                mine = self.vertices.of(name)
                size[mine] = self.vertices.shares[mine, None] * self._of_a_share(name, cuts)
        return size

    def _of_a_share(self, name: str, cuts: Cuts) -> Array:
        """The part of a core that a share of a population takes: what some of its slices take, over their shares."""
        parts = cuts[name]
        shares = self.vertices.shares[self.vertices.of(name)]
        taken, total = np.zeros(2), 0.0
        for index in sorted({index * len(parts) // SAMPLE for index in range(SAMPLE)}):
            taken += self._taken(self.fit.load([parts[index]], cuts))
            total += float(shares[parts[index].neurons].sum())
        return taken / max(total, 1.0)

    def _taken(self, load: CoreLoad) -> Array:
        own = sum(load.bytes[kind] for kind in ADDITIVE)
        rest = sum(load.bytes.values()) - own - load.bytes["queues"]
        cycles = load.cycles / self.fit.cycles if isfinite(self.fit.cycles) else 0.0
        return np.array([own / max(self.fit.machine.memory.total - rest, 1), cycles])

    def _placed(self, parts: Array) -> tuple[Slice, ...]:
        """The slices of a partition on cores, and all others on cores behind them; in the order of populations."""
        network = self.how.network
        found = self._on_parts(parts)
        used = 1 + max((part.core for part in found if part.core is not None), default=-1)
        cuts = {**cuts_of(self.naive), **cuts_of(found)}
        others = {p.name for p in network.populations if p.name not in self.vertices.names}
        for part in place(self.fit, cuts, self.pack, self.how.place_inputs, others):
            found.append(part if part.core is None else replace(part, core=part.core + used))
        number = {population.name: index for index, population in enumerate(network.populations)}
        return tuple(sorted(found, key=lambda part: number[part.population]))

    def _on_parts(self, parts: Array) -> list[Slice]:
        """The slices of a partition, each on the core of its part, or on one of its own; those of inputs on none."""
        cores: dict[object, int] = {}
        found = []
        for name in self.vertices.names:
            most = most_neurons(self.how.network.by_name[name], self.how.largest)
            cut, owners = self.vertices.cut(name, parts, most)
            for part, owner in zip(cut, owners.tolist(), strict=True):
                key = owner if self.pack else part.place
                core = None if name in self.vertices.hosted else cores.setdefault(key, len(cores))
                found.append(replace(part, core=core))
        return found
