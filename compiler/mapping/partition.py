"""Cutting populations into slices and packing slices on cores, under the limits of a core: memory and time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf

import numpy as np

from axonc.ir import Diagnostic
from axonc.ir.machine import Machine
from axonc.ir.mapping import Cut, Schedule, Slice
from axonc.ir.network import Network, Population, SharedKernel
from axonc.ir.ops import Input
from axonc.ir.target import CoreLoad, CostModel, Cuts

from .cut import GRADED, bands, cut, finest, largest_box, ways

Sizes = int | Mapping[str, int] | None

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

SMALLEST_WEIGHT = 0.2
"""Bytes that a weight takes at least: those of three values, five in a byte."""

GROWTH = 1.15
"""How much more slices each attempt makes, where the last ones did not fit."""


def partition(
    network: Network,
    schedule: Schedule,
    machine: Machine,
    cost: CostModel,
    largest: Sizes = None,
    pack: bool = True,
    place_inputs: bool = False,
    cycles: float = inf,
) -> tuple[tuple[Slice, ...], list[Diagnostic]]:
    """Slices with their cores (blocks still open), and every misfit.

    Each population is cut into the fewest balanced boxes that fit a core alone and hold at most ``largest`` neurons
    (a number, or one a population). ``pack`` puts a slice on the first core with room, else each gets its own.
    Inputs have no core, unless ``place_inputs``; without one they are cut into bands. No core may take more than
    ``cycles`` in a slot.
    """
    fit = Fit(network, schedule, machine, cost, cycles)
    choices = {
        p.name: partial(_choices, network, p, most_neurons(p, largest), machine.memory.total)
        for p in network.populations
    }
    hosted = {p.name for p in network.populations if isinstance(p.op, Input) and not place_inputs}
    cuts = {
        p.name: cut(p, bands(network, p)) if p.name in hosted else next(choices[p.name]())[0]
        for p in network.populations
    }
    problems: list[Diagnostic] = []
    for population in network.populations:
        if population.name not in hosted:
            cuts[population.name], found = _fitting(fit, population, choices[population.name](), cuts)
            problems += found
    if problems:
        return tuple(part for parts in cuts.values() for part in parts), problems
    placed = place(fit, cuts, pack, place_inputs)
    used = 1 + max((part.core for part in placed if part.core is not None), default=-1)
    if used > machine.cores:
        problems.append(_too_few_cores(f"the model needs {used} cores", machine))
    return tuple(placed), problems


def most_neurons(population: Population, largest: Sizes) -> int:
    """The most neurons of a slice that the option allows, and the events that it sends."""
    size = largest.get(population.name) if isinstance(largest, Mapping) else largest
    allowed = population.count if size is None or isinstance(population.op, Input) else size
    return min(allowed, GRADED) if population.graded else allowed


def _choices(network: Network, population: Population, size: int, memory: int) -> Iterator[list[Cut]]:
    """The ways of cutting a population into the fewest boxes of at most ``size`` neurons, whose synapses ``memory``
    bytes could hold; then those into more."""
    last = max(population.count, 1)
    pieces = min(last, max(-(-last // size) if size else 1, _fewest(network, population, memory)))
    while True:
        found = [way for way in ways(network, population, pieces) if largest_box(population.shape, way) <= size]
        if found:
            yield [cut(population, way) for way in found]
        if pieces == last:
            return
        pieces = min(last, max(pieces + 1, int(pieces * GROWTH) if found else 0))


def _fewest(network: Network, population: Population, memory: int) -> int:
    """Cores that its synapses surely need: a large population is not tried on fewer, which takes time."""
    matrices = (j.weight for j in network.fan_in[population.name] if not isinstance(j.weight, SharedKernel))
    return 1 + int(SMALLEST_WEIGHT * sum(int(weight.nnz) for weight in matrices) // memory)


def _fitting(
    fit: Fit, population: Population, choices: Iterator[list[Cut]], cuts: Cuts
) -> tuple[Cut, list[Diagnostic]]:
    """The fewest slices that fit a core each, or why there are none."""
    slices = Cut(())
    for number, choice in enumerate(choices):
        if (fitting := _best_that_fits(fit, choice, cuts)) is not None:
            return fitting, []
        slices = choice[0]
        if number == 0 and (problem := _hopeless(fit, population, slices, cuts)) is not None:
            return slices, [problem]
        if len(slices) >= fit.machine.cores:
            return slices, [_too_few_cores(f"{len(slices)} cores do not hold it", fit.machine, population.name)]
    loads = [(fit.load([part], {**cuts, population.name: slices}), part) for part in slices]
    load, worst = next(found for found in loads if not fit.holds(found[0]))
    return slices, [_misfit(fit, f"neuron {worst.neurons[0]}", load, population.name)]


def _best_that_fits(fit: Fit, choice: Sequence[Cut], cuts: Cuts) -> Cut | None:
    """Of some ways of cutting the one whose slices need the fewest bytes, if it fits; the first of equal ones.

    A slice at the edge and one in the middle speak for the others, until one way is chosen.
    """
    ranked = []
    for slices in choice:
        trial = {**cuts, slices[0].population: slices}
        loads = [fit.load([slices[index]], trial) for index in sorted({0, len(slices) // 2})]
        if all(map(fit.holds, loads)):
            ranked.append((max(sum(load.bytes.values()) for load in loads), slices, trial))
    ordered = sorted(ranked, key=lambda found: found[0])
    return next((slices for _, slices, trial in ordered if fit.holds_all(slices, trial)), None)


def _hopeless(fit: Fit, population: Population, slices: Cut, cuts: Cuts) -> Diagnostic | None:
    """Why no slice fits, however small: known before all sizes are tried. An input's list has only one size."""
    is_input = isinstance(population.op, Input)
    smallest = slices[0] if is_input else finest(population)
    load = fit.load([smallest], {**cuts, population.name: slices})
    if fit.holds(load):
        return None
    return _misfit(fit, "its input list" if is_input else "neuron 0", load, population.name, is_input)


def _misfit(fit: Fit, what: str, load: CoreLoad, name: str, is_input: bool = False) -> Diagnostic:
    if sum(load.bytes.values()) <= fit.machine.memory.total:
        found = f"{what} alone needs an estimated {load.cycles} cycles a tick on its core"
        limit = f"{TICK_SHARE:.0%} of a tick are {fit.cycles:.0f}"
        return Diagnostic("AX505", name, found, limit, "give a longer tick_s in a --machine file, or lower its fan-in")
    return Diagnostic(
        "AX501",
        name,
        f"{what} alone needs {sum(load.bytes.values())} bytes on its core: {_kinds(load.bytes)}",
        f"a core has {fit.machine.memory.total}",
        "list fewer input events" if is_input else "lower its fan-in, prune its weights, or record fewer steps",
    )


def _too_few_cores(found: str, machine: Machine, name: str = "") -> Diagnostic:
    remedy = "prune the model, use a smaller state format, or a larger machine"
    return Diagnostic("AX502", name, found, f"{machine.cores} are usable", remedy)


def _kinds(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {size}" for kind, size in sizes.items() if size)


class _Cores:
    """Cores while they fill: their slices, and what of their load surely adds up, in arrays, so that all cores are
    compared at once. ``pack``: whether a core may hold several slices."""

    def __init__(self, fit: Fit, cuts: Cuts, pack: bool) -> None:
        self._fit, self._cuts, self._pack = fit, cuts, pack
        self._slices: list[list[Slice]] = []
        self._bytes, self._cycles = np.zeros(8, np.int64), np.zeros(8, np.int64)

    def take(self, part: Slice) -> int:
        """The core that takes a slice: the first with room, or a new one."""
        alone = self._fit.load([part], self._cuts)
        core, load = self._first_with_room(part, alone)
        if core == len(self._slices):
            self._add()
        self._slices[core].append(part)
        self._bytes[core] = _sum(load, ADDITIVE)
        self._cycles[core] += alone.cycles
        return core

    def _add(self) -> None:
        if len(self._slices) == len(self._bytes):
            self._bytes, self._cycles = (np.concatenate([a, np.zeros_like(a)]) for a in (self._bytes, self._cycles))
        self._slices.append([])

    def _first_with_room(self, part: Slice, alone: CoreLoad) -> tuple[int, CoreLoad]:
        """The first core that can take ``part``, and its load then; what surely adds up is compared first, the whole
        load only then. Cycles are taken to add up, although slices share some of them."""
        for core in self._near(alone) if self._pack else ():
            load = self._fit.load([*self._slices[core], part], self._cuts)
            if self._fit.holds(load):
                return core, load
        return len(self._slices), alone

    def _near(self, alone: CoreLoad) -> list[int]:
        """The cores that may have room."""
        used, limit = (
            slice(len(self._slices)),
            self._fit.machine.memory.total - _sum(alone, FIXED) - _sum(alone, ADDITIVE),
        )
        room = (self._bytes[used] <= limit) & (self._cycles[used] + alone.cycles <= self._fit.cycles)
        return [int(core) for core in np.flatnonzero(room)]


def _sum(load: CoreLoad, kinds: Iterable[str]) -> int:
    return sum(load.bytes[kind] for kind in kinds)


def place(fit: Fit, cuts: Cuts, pack: bool, place_inputs: bool, names: Collection[str] | None = None) -> list[Slice]:
    """Every slice, of some populations or of all, on a core: the first with room, or a new one."""
    cores = _Cores(fit, cuts, pack)
    placed: list[Slice] = []
    for population in fit.network.populations:
        if names is None or population.name in names:
            hosted = isinstance(population.op, Input) and not place_inputs
            parts = cuts[population.name]
            placed += parts if hosted else (replace(part, core=cores.take(part)) for part in parts)
    return placed
