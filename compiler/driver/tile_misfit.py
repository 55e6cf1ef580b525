"""What would make a model fit tiles: found by placing it again, as for cores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from axonc.ir import Diagnostic
from axonc.ir.machine import TileMachine

from ..passes import Prune
from .misfit import MISFITS, MOST_SYNAPSES, Misfit, Trial, Way, narrower, synapses_in

CHIPS = (2, 4, 8, 16, 32, 64)
"""How many chips are tried."""

TILES = 1472
"""What the largest shipped chip has: more tiles are tried where a description has fewer."""

NARROWER = ("float32", "int16", "int8", "int4", "int2", "ternary")
"""Formats of weights, each narrower than the one before."""

SHARES = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""The shares of weights whose pruning is tried."""


def explained_on_tiles(problems: Sequence[Diagnostic], trial: Trial) -> Misfit:
    """The problems of placing a model on tiles, with every change that was tried and fits as remedy."""
    ways = tuple(_ways(trial))
    remedy = "; or ".join(map(str, ways))
    told = (replace(p, remedy=remedy or p.remedy) if p.code in MISFITS else p for p in problems)
    return Misfit(tuple(told), None, ways)


def _ways(trial: Trial) -> Iterator[Way]:
    yield from _larger(trial)
    if synapses_in(trial.final) <= MOST_SYNAPSES:
        yield from narrower(trial)
        yield from _pruned(trial)


def _larger(trial: Trial) -> Iterator[Way]:
    """All tiles of a chip, if there are fewer; then the fewest chips."""
    machine: TileMachine = trial.machine
    tiles = trial.fits(trial.final, trial.options, replace(machine, tiles=TILES)) if machine.tiles < TILES else None
    if tiles is not None:
        yield Way(f"[tiles] count = {TILES} in a --machine file", tiles)
        return
    for chips in (count for count in CHIPS if count > machine.chips):
        tiles = trial.fits(trial.final, trial.options, replace(machine, chips=chips))
        if tiles is not None:
            yield Way(f"[chips] count = {chips} in a --machine file", tiles)
            return


def _pruned(trial: Trial) -> Iterator[Way]:
    """The smallest share of the weights without which it fits; more never take more."""
    low, high, found = 0, len(SHARES), None
    while low < high:
        middle = (low + high) // 2
        tiles = _tiles_without(trial, SHARES[middle])
        low, high = (middle + 1, high) if tiles is None else (low, middle)
        found = found if tiles is None else Way(f"--prune {SHARES[middle]}", tiles)
    if found is not None:
        yield found


def _tiles_without(trial: Trial, share: float) -> int | None:
    """The tiles that the model takes with that share of its weights pruned."""
    options = replace(trial.options, prune=(*trial.options.prune, Prune(share)))
    final = trial.finish(options)
    return None if final is None else trial.fits(final, options, trial.machine)
