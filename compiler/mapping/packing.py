"""Packing slices on cores: each on the first core with room."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from axonc.ir.mapping import Slice
from axonc.ir.ops import Input
from axonc.ir.progress import counted, stage
from axonc.ir.target import CoreLoad, Cuts

from .fit import ADDITIVE, FIXED, Fit, bytes_of

PATIENCE = 8
"""A core that has refused so many slices is tried only with smaller ones, so that the time grows with the slices, not
with slices times cores."""


class _Cores:
    """Cores while they fill: their slices, and in arrays, so that all cores are compared at once, what of their load
    surely adds up, the slices that each refused, and the bytes of the smallest of these. ``pack``: whether a core may
    hold several slices."""

    def __init__(self, fit: Fit, cuts: Cuts, pack: bool, most: int) -> None:
        self._fit, self._cuts, self._pack = fit, cuts, pack
        self._slices: list[list[Slice]] = []
        self._bytes, self._cycles, self._refused = (np.zeros(most, np.int64) for _ in range(3))
        self._smallest = np.full(most, np.iinfo(np.int64).max)

    def take(self, part: Slice) -> int:
        """The core that takes a slice: the first with room, or a new one."""
        alone = self._fit.load([part], self._cuts)
        core, load = self._first_with_room(part, alone)
        if core == len(self._slices):
            self._slices.append([])
        self._slices[core].append(part)
        self._bytes[core] = bytes_of(load, ADDITIVE)
        self._cycles[core] += alone.cycles
        return core

    def _first_with_room(self, part: Slice, alone: CoreLoad) -> tuple[int, CoreLoad]:
        """The first core that can take ``part``, and its load then; what surely adds up is compared first, the whole
        load only then. Cycles are taken to add up, although slices share some of them."""
        for core in self._near(alone) if self._pack else ():
            load = self._fit.load([*self._slices[core], part], self._cuts)
            if self._fit.holds(load):
                return core, load
            self._refused[core] += 1
            self._smallest[core] = min(self._smallest[core], bytes_of(alone, ADDITIVE))
        return len(self._slices), alone

    def _near(self, alone: CoreLoad) -> list[int]:
        """The cores that may have room."""
        used, own = slice(len(self._slices)), bytes_of(alone, ADDITIVE)
        limit = self._fit.machine.memory.total - bytes_of(alone, FIXED) - own
        room = (self._bytes[used] <= limit) & (self._cycles[used] + alone.cycles <= self._fit.cycles)
        patient = (self._refused[used] < PATIENCE) | (own < self._smallest[used])
        return [int(core) for core in np.flatnonzero(room & patient)]


def place(fit: Fit, cuts: Cuts, pack: bool, place_inputs: bool, names: Collection[str] | None = None) -> list[Slice]:
    """Every slice, of some populations or of all, on a core: the first with room, or a new one."""
    chosen = [p for p in fit.network.populations if names is None or p.name in names]
    hosted = {p.name for p in chosen if isinstance(p.op, Input) and not place_inputs}
    parts = [part for population in chosen for part in cuts[population.name]]
    cores = _Cores(fit, cuts, pack, len(parts))
    with stage("pack", len(parts)):
        return [p if p.population in hosted else replace(p, core=cores.take(p)) for p in counted(parts)]
