"""The kinds of plans: of each, the fastest schedule that fits, or else the one that needs the least memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from axonc.ir.ops import Array

from .actions import Place
from .binomial import Binomial
from .optimum import Optimal
from .problem import Problem
from .schedules import Offloaded, Schedule, Segments, Taped
from .table import Table, sizes_of

EXACT = 1000
"""The longest chain for which the optimum is computed step by step."""

BLOCKS = 250
"""A longer one is cut into so many blocks, whose optimum is an upper bound."""

EVERY = 100_000
"""Up to here every length of segments is tried; above, about as many."""


def _taped(problem: Problem) -> Schedule:
    return Taped()


def _offloaded(problem: Problem) -> Schedule:
    return Offloaded()


def _single(problem: Problem) -> Schedule:
    lengths = _lengths(problem.steps)
    peak, forwards = segment_costs(problem, lengths)
    return Segments(int(lengths[_best(problem, peak, forwards)]), Place.CHIP, Taped())


def _single_off(problem: Problem) -> Schedule:
    lengths = _lengths(problem.steps)
    kept = -(-problem.steps // lengths) - 1
    found = _best(problem, _taped_peak(problem, lengths), kept * lengths + _away(problem, kept), kept)
    return Segments(int(lengths[found]), Place.OFF, Taped())


def _double(problem: Problem) -> Schedule:
    """Segments of K = q k steps off chip, of k on chip: every pair up to 300 steps, above a grid of 300 x 300."""
    k, q = (grid.ravel() for grid in np.meshgrid(*[_grid(problem.steps)] * 2, indexing="ij"))
    k, q = k[k * (q - 1) < problem.steps], q[k * (q - 1) < problem.steps]
    long = k * q
    kept = -(-problem.steps // long) - 1
    last = problem.steps - kept * long
    end = last - (-(-last // k) - 1) * k
    forwards = (problem.steps - last) + kept * (2 * long - k) + 2 * last - end
    inside = np.where(kept > 0, (q - 1) * problem.state + k * problem.tape, segment_costs(problem, k)[0])
    peak = np.where(q > 1, inside, _taped_peak(problem, long))
    found = _best(problem, peak, forwards + _away(problem, kept), kept)
    return Segments(int(long[found]), Place.OFF, Segments(int(k[found]), Place.CHIP, Taped()))


def _binomial(problem: Problem) -> Schedule:
    free = problem.steps * problem.state if problem.free is None else problem.free - problem.tape
    return Binomial(max(1, min(free // max(problem.state, 1), problem.steps - 1)))


def _optimal(problem: Problem) -> Schedule | None:
    return _from_table(replace(problem, bandwidth=0.0))


def _two_level(problem: Problem) -> Schedule | None:
    return _from_table(problem)


def _periodic(problem: Problem) -> Schedule | None:
    """The state off chip every K steps, the optimum on chip between; K is the best up to `BLOCKS`."""
    longest = min(problem.steps, BLOCKS)
    memory = _same_room(problem, longest)
    inside = table(replace(problem, steps=longest, head=None, bandwidth=0.0, memory=memory))
    if not inside.fits:
        return None
    times = inside.kept[:, -1, -1]
    lengths = np.arange(1, longest + 1)
    kept = -(-problem.steps // lengths) - 1
    last = problem.steps - kept * lengths
    whole = np.multiply(kept, times[lengths], out=np.zeros(longest), where=kept > 0)
    total = kept * lengths + whole + times[last] + _away(problem, kept)
    found = _best(problem, np.zeros_like(lengths), total, kept)
    return Segments(int(lengths[found]), Place.OFF, Optimal(inside))


def _from_table(problem: Problem) -> Schedule | None:
    grain = 1 if problem.steps <= EXACT else -(-problem.steps // BLOCKS)
    found = table(coarse(problem, grain))
    return Optimal(found, grain) if np.isfinite(found.best) else None


def coarse(problem: Problem, grain: int) -> Problem:
    """The chain whose steps are ``grain`` of this one's, in the same free memory."""
    if grain == 1:
        return problem
    steps = -(-problem.steps // grain)
    blocks = replace(problem, steps=steps, tape=problem.tape * grain, head=None, forward=problem.forward * grain)
    return replace(blocks, memory=_same_room(problem, steps))


def _same_room(problem: Problem, steps: int) -> int | None:
    """The budget of a chain of other length that leaves as much free."""
    return None if problem.memory is None else max(0, problem.memory - problem.per_step * (problem.steps - steps))


@lru_cache(maxsize=8)
def table(problem: Problem, up: bool = True) -> Table:
    """The table of a problem; see `sizes_of`."""
    return Table(problem.steps, sizes_of(problem, up))


def segment_costs(problem: Problem, lengths: Array) -> tuple[Array, Array]:
    """Peak bytes and forward steps of segments on chip, for each of ``lengths``; as `Segments.cost`."""
    kept = -(-problem.steps // lengths) - 1
    last = problem.steps - kept * lengths
    short = 0 if problem.head is None else problem.tape - problem.head
    end = kept * problem.state + last * problem.tape - short * (kept == 0)
    before = (kept - 1) * problem.state + lengths * problem.tape - short * (kept == 1)
    return np.maximum(end, np.where(kept > 0, before, 0)), 2 * problem.steps - last


def _taped_peak(problem: Problem, lengths: Array) -> Array:
    """Peak bytes of segments off chip whose tapes are all kept."""
    kept = -(-problem.steps // lengths) - 1
    last = problem.steps - kept * lengths
    short = 0 if problem.head is None else problem.tape - problem.head
    before = np.where(kept > 0, lengths * problem.tape - short * (kept == 1), 0)
    return np.asarray(np.maximum(last * problem.tape - short * (kept == 0), before))


def _lengths(steps: int) -> Array:
    """Lengths of segments to try."""
    if steps <= EVERY:
        return np.arange(1, steps + 1)
    around = np.arange(1, EVERY // 2)
    return np.unique(np.concatenate([around, np.geomspace(EVERY // 2, steps, EVERY // 2).astype(np.int64)]))


def _grid(steps: int) -> Array:
    return np.arange(1, steps + 1) if steps <= 300 else np.unique(np.geomspace(1, steps, 300).astype(np.int64))


def _away(problem: Problem, kept: Array) -> Array:
    """The time, in forward steps, to move so many states off chip and back."""
    return np.asarray(2 * kept * (problem.transfer(problem.state) / problem.forward))


def _best(problem: Problem, peak: Array, time: Array, kept: Array | None = None) -> int:
    """The fastest that fits; of equals the smallest; where none fits, the smallest."""
    fits = np.full(peak.shape, True) if problem.free is None else peak <= problem.free
    if kept is not None and problem.off_chip is not None:
        fits &= kept * problem.state <= problem.off_chip
    if not fits.any():
        return int(np.lexsort((time, peak))[0])
    chosen = np.flatnonzero(fits)
    return int(chosen[np.lexsort((peak[chosen], time[chosen]))[0]])


@dataclass(frozen=True)
class Family:
    """A kind of plan. ``away``: it needs memory off chip; ``regular``: its code is loops, whatever T is."""

    make: Callable[[Problem], Schedule | None]
    summary: str
    away: bool = False
    regular: bool = True


KINDS: Mapping[str, Family] = {
    "none": Family(_taped, "every tape is kept"),
    "single": Family(_single, "equal segments, their states on chip"),
    "binomial": Family(_binomial, "states on chip where they save most (Revolve)", regular=False),
    "optimal": Family(_optimal, "states and tapes on chip, the fewest steps run again", regular=False),
    "offload": Family(_offloaded, "every tape is moved off the chip", away=True),
    "single_off": Family(_single_off, "equal segments, their states off the chip", away=True),
    "double": Family(_double, "equal segments off the chip, of segments on chip", away=True),
    "periodic": Family(_periodic, "equal segments off the chip, the optimum inside", away=True, regular=False),
    "two_level": Family(_two_level, "states and tapes in both memories, the least time", away=True, regular=False),
}
"""Every kind of plan by name, the simplest first."""
