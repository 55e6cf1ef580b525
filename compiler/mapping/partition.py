"""Cutting populations into slices and packing slices on cores, under the limits of a core: memory and time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from math import inf

from axonc.ir import Diagnostic
from axonc.ir.machine import Machine
from axonc.ir.mapping import Cut, Schedule, Slice
from axonc.ir.network import Network, Population, SharedKernel
from axonc.ir.ops import Input, PartialSums
from axonc.ir.progress import counted, stage
from axonc.ir.target import CoreLoad, CostModel, Cuts

from .cut import GRADED, bands, cut, finest, first_axes, largest_box, ways
from .fit import TICK_SHARE, Fit
from .packing import place

Sizes = int | Mapping[str, int] | None

SMALLEST_WEIGHT = 0.2
"""Bytes that a weight takes at least: those of three values, five in a byte."""

GROWTH = 1.15
"""How much more slices each attempt makes, where the last ones did not fit."""

MANY = 256
"""Slices from which on ever smaller ones are tried only as long as that helps: each hears many others, so that a trial
takes time in proportion to their square."""


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
    with stage("cut", len(network.populations)):
        for population in counted(network.populations):
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
    last = max(_most_pieces(population), 1)
    pieces = min(last, max(-(-population.count // size) if size else 1, _fewest(network, population, memory)))
    while True:
        found = [way for way in ways(network, population, pieces) if largest_box(population.shape, way) <= size]
        if found:
            yield [cut(population, way) for way in found]
        if pieces == last:
            return
        pieces = min(last, max(pieces + 1, int(pieces * GROWTH) if found else 0))


def _most_pieces(population: Population) -> int:
    """Into how many boxes a population can be cut: the digits of a sum stay together."""
    return population.shape[0] if isinstance(population.op, PartialSums) else population.count


def _fewest(network: Network, population: Population, memory: int) -> int:
    """Cores that its synapses surely need: a large population is not tried on fewer, which takes time."""
    matrices = (j.weight for j in network.fan_in[population.name] if not isinstance(j.weight, SharedKernel))
    return 1 + int(SMALLEST_WEIGHT * sum(int(weight.nnz) for weight in matrices) // memory)


def _fitting(
    fit: Fit, population: Population, choices: Iterator[list[Cut]], cuts: Cuts
) -> tuple[Cut, list[Diagnostic]]:
    """The fewest slices that fit a core each, or why there are none.

    Neurons that anything may reach hear as much however few they are, from ever more slices: where twice as many slices
    take no fewer cycles each, no more are tried, and the first ones speak for what neurons take.
    """
    first, slices, least, at = Cut(()), Cut(()), inf, 0
    for number, choice in enumerate(choices):
        if (fitting := _best_that_fits(fit, choice, cuts)) is not None:
            return fitting, []
        slices = choice[0]
        first = first or slices
        if number == 0 and (problem := _hopeless(fit, population, slices, cuts)) is not None:
            return slices, [problem]
        if len(slices) >= fit.machine.cores:
            return slices, [_too_few_cores(f"{len(slices)} cores do not hold it", fit.machine, population.name)]
        cycles = fit.load([slices[len(slices) // 2]], {**cuts, population.name: slices}).cycles
        if cycles < least:
            least, at = cycles, len(slices)
        elif least > fit.cycles and len(slices) >= max(2 * at, MANY):
            return first, [_busier(fit, population, least, at)]
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
        speakers = sorted({0, len(slices) // 2})
        loads = [fit.load([slices[index]], trial) for index in speakers]
        if all(map(fit.holds, loads)):
            others = [part for index, part in enumerate(slices) if index not in speakers]
            ranked.append((max(sum(load.bytes.values()) for load in loads), slices, others, trial))
    ordered = sorted(ranked, key=lambda found: found[0])
    return next((slices for _, slices, others, trial in ordered if fit.holds_all(others, trial)), None)


def _hopeless(fit: Fit, population: Population, slices: Cut, cuts: Cuts) -> Diagnostic | None:
    """Why no slice fits, however small: known before all sizes are tried. An input's list has only one size. Where a
    population feeds itself, its smallest slices are smaller sources, too."""
    is_input = isinstance(population.op, Input)
    smallest = slices[0] if is_input else finest(population)
    load = fit.load([smallest], {**cuts, population.name: slices})
    if fit.holds(load):
        return None
    if any(projection.source == population.name for projection in fit.network.fan_in[population.name]):
        small = cut(population, first_axes(population.shape, min(population.count, fit.machine.cores)))
        if fit.holds(fit.load([smallest], {**cuts, population.name: small})):
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


def _busier(fit: Fit, population: Population, cycles: float, pieces: int) -> Diagnostic:
    found = f"{pieces} slices need an estimated {cycles:.0f} cycles a tick each, twice as many no fewer"
    remedy = "give a longer tick_s in a --machine file, or choose the partitioner hypergraph"
    return Diagnostic("AX505", population.name, found, f"{TICK_SHARE:.0%} of a tick are {fit.cycles:.0f}", remedy)


def _too_few_cores(found: str, machine: Machine, name: str = "") -> Diagnostic:
    remedy = "prune the model, use a smaller state format, or a larger machine"
    return Diagnostic("AX502", name, found, f"{machine.cores} are usable", remedy)


def _kinds(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {size}" for kind, size in sizes.items() if size)
