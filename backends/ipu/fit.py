"""The plan that fits: how many neurons a tile gets, and whether cycles or bytes choose the forms of projections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from axonc.ir import Diagnostic, ModelError, raise_if_any
from axonc.ir.machine import TileMachine
from axonc.ir.network import Network

from .facts import is_given, narrow
from .memory import Memory, memory_of, misfits
from .places import FEWEST, fewest_per_tile
from .plan import USUAL, Plan, plan


def fitted(net: Network, machine: TileMachine) -> tuple[Plan, Memory]:
    """The plan of the fewest cycles that fits the machine; `ModelError` if none does."""
    raise_if_any(_count_problems(net, machine))
    expanded, tried = narrow(net), dict[int, Memory]()
    for per_tile, small in _ways(fewest_per_tile(net, machine)):
        planned = plan(expanded, machine, per_tile, small)
        memory = memory_of(planned)
        if not list(misfits(memory)):
            return planned, memory
        tried[per_tile] = memory
    best = min(tried, key=lambda per_tile: (tried[per_tile].total.max(), per_tile))
    raise ModelError(*(_with_tries(problem, best, sorted(tried)) for problem in misfits(tried[best])))


def _with_tries(problem: Diagnostic, best: int, tried: list[int]) -> Diagnostic:
    """A misfit that says how many neurons on a tile take the least, of all that there are tiles for."""
    others = f", the best of {tried[0]} to {tried[-1]}" if len(tried) > 1 else ", the fewest that there are tiles for"
    return replace(problem, found=f"{problem.found}; with {best} neurons on a tile{others}")


def _ways(fewest: int) -> Iterator[tuple[int, bool]]:
    """Neurons of a tile, and whether to save bytes: as usual, then fewer neurons, as far as there are tiles."""
    usual = max(USUAL, fewest)
    yield usual, False
    yield from ((per_tile, True) for per_tile in range(usual, fewest - 1, -FEWEST))


def _count_problems(net: Network, machine: TileMachine) -> Iterator[Diagnostic]:
    populations = sum(not is_given(population.op) for population in net.populations)
    if populations > machine.all_tiles:
        limit = f"{machine.name} has {machine.all_tiles} tiles, one for a population at least"
        yield Diagnostic("AX502", "", f"{populations} populations", limit, "join populations, or take more tiles")
