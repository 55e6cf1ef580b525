"""Strategies: what a partition is to make small, within what a core holds and has time for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import inf, sqrt
from typing import TypeVar

from axonc.ir import Diagnostic
from axonc.ir.machine import Machine
from axonc.ir.mapping import Cut, Schedule, Slice
from axonc.ir.network import Network
from axonc.ir.target import CostModel, Cuts

from .fit import Fit
from .partition import Sizes, partition
from .reach import traffic

Found = tuple[tuple[Slice, ...], list[Diagnostic]]
"""Slices with their cores, and every misfit."""

CLOSE = 1.05
"""A latency is the least if a limit lower by this factor cannot be kept."""


@dataclass(frozen=True)
class Partition:
    """What is to be cut, and for what; fields as the arguments of `partition`."""

    network: Network
    schedule: Schedule
    machine: Machine
    cost: CostModel
    largest: Sizes
    place_inputs: bool

    def run(self, pack: bool, cycles: float) -> Found:
        """The fewest slices whose cores need no more than ``cycles`` in a slot."""
        return partition(
            self.network, self.schedule, self.machine, self.cost, self.largest, pack, self.place_inputs, cycles
        )

    def fit(self, cycles: float) -> Fit:
        """What decides whether slices fit a core with so many cycles in a slot."""
        return Fit(self.network, self.schedule, self.machine, self.cost, cycles)

    def busiest(self, slices: Iterable[Slice]) -> int:
        """The estimated cycles of the busiest core in a slot."""
        several = tuple(slices)
        cuts, fit = cuts_of(several), self.fit(inf)
        return max((fit.load(here, cuts).cycles for here in by_core(several)), default=0)


K = TypeVar("K")


def cuts_of(slices: Iterable[Slice]) -> Cuts:
    """How each population is cut."""
    return {name: Cut.of(parts) for name, parts in _grouped(slices, lambda part: part.population).items()}


def by_core(slices: Iterable[Slice]) -> list[list[Slice]]:
    """The slices of each core that has any, ascending."""
    groups = _grouped((part for part in slices if part.core is not None), lambda part: part.core or 0)
    return [groups[core] for core in sorted(groups)]


def _grouped(slices: Iterable[Slice], key: Callable[[Slice], K]) -> dict[K, list[Slice]]:
    groups: dict[K, list[Slice]] = {}
    for part in slices:
        groups.setdefault(key(part), []).append(part)
    return groups


@dataclass(frozen=True)
class Strategy:
    """``cut`` finds slices of neighbouring neurons within so many cycles of a slot; ``judged`` says what is to be
    small, the first figure first; ``pack``: whether cores hold several slices; ``busier``: whether a core of another
    partition may be busier than those of these slices, within its limit."""

    cut: Callable[[Partition, float], Found]
    judged: Callable[[Partition, tuple[Slice, ...]], tuple[float, ...]]
    pack: bool
    busier: bool = True


def _least_latency(how: Partition, cycles: float) -> Found:
    """A core for every slice, and the least limit on the cycles of a slot that the machine's cores can keep: a result
    takes so many slots, whatever the cut, so that the busiest core decides. The limit is found by bisection."""
    best = how.run(False, cycles)
    high, low = (inf, 0.0) if best[1] else (how.busiest(best[0]), 1.0)
    while low and high > CLOSE * low:
        limit = sqrt(low * high)
        found = how.run(False, limit)
        if found[1]:
            low = limit
        else:
            best, high = found, min(limit, how.busiest(found[0]))
    return best


def _traffic(how: Partition, slices: tuple[Slice, ...]) -> float:
    return traffic(how.network, slices, how.cost)


STRATEGIES: Mapping[str, Strategy] = {
    "fewest-cores": Strategy(
        lambda how, cycles: how.run(True, cycles), lambda how, s: (len(by_core(s)), _traffic(how, s)), True
    ),
    "spread": Strategy(lambda how, cycles: how.run(False, cycles), lambda how, s: (_traffic(how, s),), False),
    "least-latency": Strategy(
        _least_latency, lambda how, s: (how.busiest(s), _traffic(how, s)), pack=True, busier=False
    ),
    "least-traffic": Strategy(
        lambda how, cycles: how.run(True, cycles), lambda how, s: (_traffic(how, s), len(by_core(s))), True
    ),
}
"""The strategies by name."""
