"""What values states can take in training: those of a grid, or the levels of a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np

from axonc.ir.ops import Array


class Held(Protocol):
    """What values the states of a neuron can take. ``currents``: whether its i, too, not v alone."""

    currents: ClassVar[bool]

    def put(self, state: Array) -> None:
        """Round ``state`` in place."""


@dataclass(frozen=True)
class Grid:
    """The values that a state can take: whole multiples of ``step``, at most ``limit`` of them in magnitude."""

    currents: ClassVar[bool] = True
    step: float
    limit: int

    def put(self, state: Array) -> None:
        """Round ``state`` in place."""
        np.divide(state, self.step, out=state)
        np.rint(state, out=state)
        np.clip(state, -self.limit, self.limit, out=state)
        np.multiply(state, self.step, out=state)


@dataclass(frozen=True, eq=False)
class Levels:
    """v is the nearest of ``levels``, as in a `LevelNeuron`."""

    currents: ClassVar[bool] = False
    levels: Array

    def put(self, state: Array) -> None:
        """Round ``state`` in place."""
        levels = self.levels.astype(state.dtype)
        np.take(levels, _passed(self.bounds(state.dtype), state), out=state)

    def bounds(self, dtype: np.dtype[Any]) -> Array:
        """Above which number each level but the lowest is the nearest: what `nearest_level` says, to the
        last bit, but of values so large that their distances to two levels are the same float."""
        if dtype not in self._bounds:
            self._bounds[dtype] = _bounds(self.levels.astype(dtype))
        return self._bounds[dtype]

    _bounds: dict[np.dtype[Any], Array] = field(default_factory=dict, init=False, repr=False)


FEW = 32
"""Bounds up to which comparisons with each are faster than searching."""


def _passed(bounds: Array, v: Array) -> Array:
    """How many of ascending ``bounds`` lie below each value."""
    if len(bounds) > FEW:
        return np.searchsorted(bounds, v)
    count = np.zeros(v.shape, np.uint8)
    for bound in bounds:
        count += v > bound
    return count


def _bounds(levels: Array) -> Array:
    """Of neighbouring levels the largest number that is rounded to the lower one, by bisection to the last bit."""
    low, high = levels[:-1], levels[1:]
    below, above = low, high
    while np.any((middle := below + (above - below) / 2) != below):
        nearer = np.abs(low - middle) <= np.abs(high - middle)
        settled = (middle == below) | (middle == above)
        below, above = np.where(nearer, middle, below), np.where(nearer | settled, above, middle)
        if np.all(settled):
            break
    return below
