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
from axonc.ir.target import CostModel

from .partition import Sizes, partition

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

    def busiest(self, slices: tuple[Slice, ...]) -> int:
        """The estimated cycles of the busiest core in a slot."""
        cuts = {name: Cut.of(parts) for name, parts in _grouped(slices, lambda part: part.population).items()}
        here = _grouped((part for part in slices if part.core is not None), lambda part: part.core).values()
        loads = (self.cost.core_load(self.network, self.schedule, parts, cuts) for parts in here)
        return max((load.cycles for load in loads), default=0)


K = TypeVar("K")


def _grouped(slices: Iterable[Slice], key: Callable[[Slice], K]) -> dict[K, list[Slice]]:
    groups: dict[K, list[Slice]] = {}
    for part in slices:
        groups.setdefault(key(part), []).append(part)
    return groups


def fewest_cores(how: Partition, cycles: float) -> Found:
    """Several slices a core."""
    return how.run(True, cycles)


def spread(how: Partition, cycles: float) -> Found:
    """A core for every slice."""
    return how.run(False, cycles)


def least_latency(how: Partition, cycles: float) -> Found:
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


STRATEGIES: Mapping[str, Callable[[Partition, float], Found]] = {
    "fewest-cores": fewest_cores,
    "spread": spread,
    "least-latency": least_latency,
}
"""The strategies by name."""
