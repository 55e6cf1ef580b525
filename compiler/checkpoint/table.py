"""The fewest forward steps, and the least time, that reverse n steps in a given memory: an exact dynamic program."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import gcd, inf

import numpy as np

from axonc.ir.ops import Array

from .problem import Problem

UNITS = 256
"""Memory is counted in at most so many units; sizes that are no multiples of one are rounded."""


@dataclass(frozen=True)
class Sizes:
    """Memory in units: ``room`` for checkpoints and tapes beside the one tape that is always there, a ``state``, a
    ``tape`` (None: tapes are not kept), states off chip (``slots``; None: any number). Times in forward steps: to
    ``write`` and ``read`` a state, to move a tape off the chip and back (``tape_transfer``)."""

    room: int
    state: int
    tape: int | None
    write: float = inf
    read: float = inf
    tape_transfer: float = inf
    slots: int | None = None

    @property
    def two_levels(self) -> bool:
        """Whether there is memory off chip."""
        return self.write < inf and self.slots != 0


def sizes_of(problem: Problem, up: bool = True, units: int = UNITS) -> Sizes:
    """A problem in units. ``up``: sizes that are no multiples of one are rounded up, so that plans fit; else down, so
    that no plan that fits is faster."""
    state, tape = max(problem.state, 1), max(problem.tape, 1)
    most = (problem.steps - 1) * (tape + state)
    room = most if problem.free is None else min(problem.free - problem.tape, most)
    unit = max(gcd(state, tape), 1)
    if room // unit > units:
        unit = -(-room // units)
    state_units, tape_units = (-(-size // unit) if up else size // unit for size in (state, tape))
    away = problem.transfer(problem.state) / problem.forward
    return Sizes(
        room // unit if up else -(-room // unit),
        state_units,
        tape_units,
        away,
        away,
        2 * problem.transfer(problem.tape) / problem.forward if problem.off_chip is None else inf,
        None if problem.off_chip is None else problem.off_chip // state,
    )


@dataclass(frozen=True)
class Table:
    """F[n, m, d]: the least time, in forward steps, to reverse n steps with m free units and d free slots off chip.

    G is the same where the first state is off chip already. With c, s a state's and a tape's units and w, r the times
    to write and read a state::

        X[1, m, d] = 1
        X[n, m, d] = min of  1 + F[n-1, m-s, d]                          keep the tape of the first step
                             1 + t + F[n-1, m, d]                        move it off the chip
                             i + F[n-i, m-c, d] + F[i, m, d]             keep the first state, advance i steps
        A[n, m, d] = min of  i + F[n-i, m, d] + r + G[i, m, d]           come back to the state that is off chip
        F[n, m, d] = min of  X[n, m, d],  w + A[n, m, d-1]
        G[n, m, d] = min of  X[n, m, d+1],  A[n, m, d]

    Without memory off chip F = X is the persistent optimum of Beaumont et al. (Rotor) for equal steps; without kept
    tapes Revolve's t + n; with c = s = 1 that of Maddison 2024 (mixed). With it, Disk-Revolve's and H-Revolve's
    schedules (Herrmann, Pallez 2020) are among those over which the minimum is taken.
    """

    steps: int
    sizes: Sizes
    kept: Array = field(init=False, repr=False, compare=False)
    away: Array = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        slots = self.sizes.slots if self.sizes.two_levels else 0
        shape = (self.steps + 1, max(self.sizes.room, -1) + 1, 1 + (slots or 0))
        object.__setattr__(self, "kept", np.full(shape, inf))
        object.__setattr__(self, "away", np.full(shape, inf))
        self.kept[1] = self.away[1] = 1
        for n in range(2, self.steps + 1):
            self._fill(n)

    @property
    def fits(self) -> bool:
        """Whether there is room for the tape of one step."""
        return bool(self.kept.shape[1])

    @property
    def best(self) -> float:
        """The least time of the whole chain; infinite where it does not fit."""
        return float(self.kept[-1, -1, -1]) if self.fits else inf

    def _fill(self, n: int) -> None:
        here, back = self._here(n), self._back(n)
        if self.sizes.slots is None:
            self.kept[n] = np.minimum(here, self.sizes.write + back)
            self.away[n] = np.minimum(here, back)
            return
        self.kept[n] = here
        self.kept[n, :, 1:] = np.minimum(here[:, 1:], self.sizes.write + back[:, :-1])
        self.away[n] = back
        self.away[n, :, :-1] = np.minimum(back[:, :-1], here[:, 1:])

    def _here(self, n: int) -> Array:
        """X[n]."""
        kept, state, tape = self.kept, self.sizes.state, self.sizes.tape
        x = 1 + self.sizes.tape_transfer + kept[n - 1]
        room = x.shape[0]
        if tape is not None and tape < room:
            x[tape:] = np.minimum(x[tape:], 1 + kept[n - 1, : room - tape])
        if state < room:
            i = np.arange(1, n)[:, None, None]
            x[state:] = np.minimum(x[state:], (i + kept[n - 1 : 0 : -1, : room - state] + kept[1:n, state:]).min(0))
        return np.asarray(x)

    def _back(self, n: int) -> Array:
        """A[n]."""
        if not self.sizes.two_levels:
            return np.full(self.kept.shape[1:], inf)
        i = np.arange(1, n)[:, None, None]
        return np.asarray((i + self.kept[n - 1 : 0 : -1] + self.sizes.read + self.away[1:n]).min(0))
