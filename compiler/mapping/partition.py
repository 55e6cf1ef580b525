"""Cutting populations into slices and packing slices on cores, under the memory limit of a core."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from axonc.ir import Diagnostic
from axonc.ir.machine import Machine
from axonc.ir.mapping import Schedule, Slice
from axonc.ir.network import Network, Population
from axonc.ir.ops import Input
from axonc.ir.target import CostModel, Cuts

Sizes = int | Mapping[str, int] | None


@dataclass(frozen=True)
class _Fit:
    """What decides whether slices fit a core."""

    network: Network
    schedule: Schedule
    machine: Machine
    cost: CostModel

    def bytes(self, here: Sequence[Slice], cuts: Cuts) -> Mapping[str, int]:
        """Bytes by kind of a core that holds ``here``."""
        return self.cost.core_bytes(self.network, self.schedule, here, cuts)

    def need(self, here: Sequence[Slice], cuts: Cuts) -> int:
        """All of them."""
        return sum(self.bytes(here, cuts).values())


ADDITIVE = ("weights", "state", "recording")
"""Kinds of bytes that no two slices on a core share."""

FIXED = ("code", "stack")
"""Kinds of bytes that are the same for every core."""

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
) -> tuple[tuple[Slice, ...], list[Diagnostic]]:
    """Slices with their cores (blocks still open), and every misfit.

    Each population is cut into the fewest balanced slices that fit a core alone and hold at most ``largest`` neurons
    (a number, or one a population). ``pack`` puts a slice on the first core with room, else each gets its own.
    Inputs have no core, unless ``place_inputs``.
    """
    problems: list[Diagnostic] = []
    fit = _Fit(network, schedule, machine, cost)
    cuts = {population.name: _cut(population, _pieces(population, largest)) for population in network.populations}
    for population in network.populations:
        if place_inputs or not isinstance(population.op, Input):
            cuts[population.name] = _fitting(fit, population, len(cuts[population.name]), cuts, problems)
    if problems:
        return tuple(part for parts in cuts.values() for part in parts), problems
    placed = _place(fit, cuts, pack, place_inputs)
    used = 1 + max((part.core for part in placed if part.core is not None), default=-1)
    if used > machine.cores:
        remedy = "prune the model, use a smaller state format, or a larger machine"
        problems.append(Diagnostic("AX502", "", f"the model needs {used} cores", f"{machine.cores} are usable", remedy))
    return tuple(placed), problems


def _pieces(population: Population, largest: Sizes) -> int:
    """The fewest slices that the option allows."""
    size = largest.get(population.name) if isinstance(largest, Mapping) else largest
    if size is None or isinstance(population.op, Input):
        return 1
    return -(-population.count // size)


def _cut(population: Population, pieces: int) -> list[Slice]:
    """``pieces`` slices whose sizes differ by at most one, larger ones first."""
    base, more = divmod(population.count, pieces)
    bounds = [index * base + min(index, more) for index in range(pieces + 1)]
    return [Slice(population.name, bounds[i], bounds[i + 1], None, None) for i in range(pieces)]


def _fitting(fit: _Fit, population: Population, fewest: int, cuts: Cuts, problems: list[Diagnostic]) -> list[Slice]:
    is_input = isinstance(population.op, Input)  # its list of events does not shrink with its slices
    for pieces in _attempts(fewest, fewest if is_input else population.count):
        slices = _cut(population, pieces)
        needs = [fit.need([part], {**cuts, population.name: slices}) for part in slices]
        if max(needs) <= fit.machine.memory.total:
            return slices
    worst = slices[needs.index(max(needs))]
    problems.append(
        Diagnostic(
            "AX501",
            population.name,
            f"{'its input list' if is_input else f'neuron {worst.start}'} alone needs {max(needs)} bytes on its core: "
            + _kinds(fit.bytes([worst], {**cuts, population.name: slices})),
            f"a core has {fit.machine.memory.total}",
            "list fewer input events" if is_input else "lower its fan-in, prune its weights, or record fewer steps",
        )
    )
    return slices


def _attempts(first: int, last: int) -> Iterator[int]:
    pieces = min(first, last)
    while pieces < last:
        yield pieces
        pieces = min(last, max(pieces + 1, int(pieces * GROWTH)))
    yield last


def _kinds(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {size}" for kind, size in sizes.items() if size)


@dataclass
class _Core:
    """A core while it fills."""

    slices: list[Slice] = field(default_factory=list)
    bytes: int = 0


def _place(fit: _Fit, cuts: Cuts, pack: bool, place_inputs: bool) -> list[Slice]:
    """Every slice on a core: the first with room, or a new one."""
    cores: list[_Core] = []
    placed: list[Slice] = []
    for population in fit.network.populations:
        for part in cuts[population.name]:
            if isinstance(population.op, Input) and not place_inputs:
                placed.append(part)
            else:
                core = _first_with_room(fit, part, cores if pack else [], cuts, len(cores))
                if core == len(cores):
                    cores.append(_Core())
                cores[core].slices.append(part)
                cores[core].bytes = sum(fit.bytes(cores[core].slices, cuts)[kind] for kind in ADDITIVE)
                placed.append(replace(part, core=core))
    return placed


def _first_with_room(fit: _Fit, part: Slice, cores: Sequence[_Core], cuts: Cuts, new: int) -> int:
    """The first core that can take ``part``; what surely adds up is compared first, exact bytes only then."""
    total = fit.machine.memory.total
    alone = fit.bytes([part], cuts)
    own, fixed = (sum(alone[kind] for kind in kinds) for kinds in (ADDITIVE, FIXED))
    near = (i for i, core in enumerate(cores) if fixed + core.bytes + own <= total)
    return next((i for i in near if fit.need([*cores[i].slices, part], cuts) <= total), new)
