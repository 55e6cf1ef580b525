"""What a core can hold: the bytes of its memory, and so many cycles of a slot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from axonc.ir.machine import Machine
from axonc.ir.mapping import Schedule, Slice
from axonc.ir.network import Network
from axonc.ir.target import CoreLoad, CostModel, Cuts

TICK_SHARE = 0.8
"""The part of a tick that the estimated cycles of a core may take: a busier tick than the estimate's still fits."""


def tick_share(machine: Machine) -> float:
    """The most cycles of a core in a slot, where slots are ticks."""
    return int(TICK_SHARE * machine.tick_cycles)


@dataclass(frozen=True)
class Fit:
    """What decides whether slices fit a core."""

    network: Network
    schedule: Schedule
    machine: Machine
    cost: CostModel
    cycles: float
    """The most cycles of a core in a slot."""

    def load(self, here: Sequence[Slice], cuts: Cuts) -> CoreLoad:
        """The load of a core that holds ``here``."""
        return self.cost.core_load(self.network, self.schedule, here, cuts)

    def holds(self, load: CoreLoad) -> bool:
        """Whether a core can have that load."""
        return sum(load.bytes.values()) <= self.machine.memory.total and load.cycles <= self.cycles

    def holds_all(self, slices: Sequence[Slice], cuts: Cuts) -> bool:
        """Whether each of the slices fits a core of its own."""
        return all(self.holds(self.load([part], cuts)) for part in slices)


ADDITIVE = ("weights", "state", "recording")
"""Kinds of bytes that no two slices on a core share."""

FIXED = ("code", "stack")
"""Kinds of bytes that are the same for every core."""


def bytes_of(load: CoreLoad, kinds: Iterable[str]) -> int:
    """The bytes of some kinds."""
    return sum(load.bytes[kind] for kind in kinds)
