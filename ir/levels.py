"""Levels of quantised states: uniform, or denser around the threshold (SQUAT, arXiv:2404.19668, as in snnTorch).

With a threshold theta: min = -theta (1 + lower), max = theta (1 + upper), n = 2^bits. Uniform levels are n equal steps
from min to max. Threshold-centred ones lie below the threshold and above it in proportion to the two parts of the
range, their distances shrink toward it geometrically by a factor m, and none is the threshold itself.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import numpy as np

from .ops.base import Array

Spacing = Literal["uniform", "centred"]

FACTORS = {1: "0.05", 2: "0.1", 3: "0.3", 4: "0.5", 5: "0.7", 6: "0.9", 7: "0.925", 8: "0.95"}
"""The factor m by bits."""

LOWER, UPPER = Fraction(0), Fraction(1, 5)
"""How far the range passes minus the threshold, and the threshold, as a share of it."""


def state_levels(spacing: Spacing, bits: int, threshold: float) -> Array:
    """The 2^bits levels of a state around a ``threshold`` above 0, ascending: float64, each correctly rounded.

    ``bits``: 1 to 8. Centred: n_low = floor(n (theta - min) / (max - min)); low level k is
    min + (theta - min) sum_{j<k} m^j / sum_{j<n_low} m^j; the n - n_low others mirror that, from max downward.
    """
    theta = Fraction(threshold)
    low, high, count = -theta * (1 + LOWER), theta * (1 + UPPER), 1 << bits
    if spacing == "uniform":
        levels = [low + (high - low) * k / (count - 1) for k in range(count)]
    else:
        below = int(count * (theta - low) / (high - low))
        factor = Fraction(FACTORS[bits])
        levels = [low + (theta - low) * part for part in _parts(below, factor)]
        levels += [high - (high - theta) * part for part in reversed(_parts(count - below, factor))]
    return np.array([float(level) for level in levels])


def nearest_level(levels: Array, v: Array) -> Array:
    """The nearest of ascending ``levels`` to each value, the lower one of two that are as near; the first or the last
    to values beyond them, however far: there rounded distances no longer tell two levels apart."""
    v = np.clip(v, levels[0], levels[-1])
    above = np.clip(np.searchsorted(levels, v), 1, len(levels) - 1)
    low, high = levels[above - 1], levels[above]
    return np.where(np.abs(low - v) <= np.abs(high - v), low, high)


def _parts(count: int, factor: Fraction) -> list[Fraction]:
    """sum_{j<k} m^j over the sum of all ``count`` of them, for every k."""
    sums = [Fraction(0)]
    for power in range(count):
        sums.append(sums[-1] + factor**power)
    return [part / sums[-1] for part in sums[:-1]]
