"""The integer arithmetic of the project: one meaning, here in int64 numpy and in C under the same names.

Every function takes and returns int64 arrays (or Python integers) and states the range for which it is
exact. The C runtime (`backends/spinnaker2/runtime/arithmetic.h`) defines the same functions; property
tests hold the two equal.

* ``decay(x, factor)`` shrinks a state toward zero, rounding toward zero, so that every state reaches
  exactly zero when nothing drives it.
* ``requantize(x, multiplier, shift)`` changes the scale of a number, rounding half up (toward +inf).
* ``saturate(x, limit)`` clips symmetrically, so that negation never leaves the range.
* ``sigmoid(x)`` and ``tanh(x)`` read interpolated tables, Q3.12 in and Q0.15 out.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]

DECAY_BITS = 30
"""Fractional bits of a decay factor: 1.0 is ``1 << 30``, so that it still fits in an int32."""

MULTIPLIER_BITS = 31
"""A requantisation multiplier lies in [2^30, 2^31), or is 0."""

MAX_SHIFT = 62
"""The largest shift of ``requantize``: |x| < 2^31 and multiplier < 2^31 keep the product below 2^62."""


def decay(x: Int64, factor: Int64) -> Int64:
    """x * factor / 2^30, rounded toward zero. Exact for |x| <= 2^32 and 0 <= factor <= 2^30."""
    product = np.asarray(x * factor)
    magnitude = np.abs(product) >> DECAY_BITS
    return np.where(product < 0, -magnitude, magnitude)


def requantize(x: Int64, multiplier: Int64, shift: Int64) -> Int64:
    """floor(x * multiplier / 2^shift + 1/2). Exact for |x| < 2^31, |multiplier| < 2^31, 0 <= shift <= 62."""
    half = (np.int64(1) << shift) >> 1
    return (x * multiplier + half) >> shift


def saturate(x: Int64, limit: int) -> Int64:
    """x clipped to [-limit, limit]."""
    return np.clip(x, -limit, limit)


def decay_factor(alpha: npt.NDArray[np.float64]) -> Int64:
    """The fixed-point factor nearest to ``alpha`` in [0, 1]."""
    return np.rint(np.asarray(alpha, np.float64) * (1 << DECAY_BITS)).astype(np.int64)


def multiplier_and_shift(ratio: npt.NDArray[np.float64]) -> tuple[Int64, Int64]:
    """(multiplier, shift) with multiplier / 2^shift nearest to ``ratio``, |multiplier| in [2^30, 2^31).

    A ratio too small to matter (shift above 62) becomes (0, 0). Raises ``ValueError`` for a ratio of
    2^31 or more in magnitude, which no shift >= 0 expresses.
    """
    ratio = np.asarray(ratio, np.float64)
    mantissa, exponent = np.frexp(ratio)
    multiplier = np.rint(mantissa * (1 << MULTIPLIER_BITS)).astype(np.int64)
    shift = (MULTIPLIER_BITS - exponent).astype(np.int64)
    carried = np.abs(multiplier) == 1 << MULTIPLIER_BITS  # 0.999... rounded up to a power of two
    multiplier = np.where(carried, multiplier >> 1, multiplier)
    shift = np.where(carried, shift - 1, shift)
    vanishes = (shift > MAX_SHIFT) | (multiplier == 0)
    if np.any(~vanishes & (shift < 0)):
        raise ValueError("the ratio of scales is 2^31 or more")
    return np.where(vanishes, 0, multiplier), np.where(vanishes, 0, shift)


UNIT = 1 << 15
"""1 in Q0.15."""

SEGMENTS = 512
"""Segments of a table, between -8 and 8 in Q3.12: each is 2^7 wide."""


def _table(values: list[float]) -> Int64:
    """Values of [-1, 1] in Q0.15; 1 becomes the largest int16."""
    return np.asarray(np.clip(np.rint(np.asarray(values) * UNIT), 1 - UNIT, UNIT - 1), np.int64)


_PLACES = [(index - SEGMENTS // 2) / 32 for index in range(SEGMENTS + 1)]

SIGMOID = _table([1 / (1 + math.exp(-x)) for x in _PLACES])
"""sigmoid(-8), sigmoid(-8 + 1/32), ..., sigmoid(8) in Q0.15."""

TANH = _table([math.tanh(x) for x in _PLACES])
"""tanh at the same places."""


def interpolate(table: Int64, x: Int64) -> Int64:
    """``table`` at x in Q3.12, between its entries: t[i] + floor((t[i+1] - t[i]) f / 2^7 + 1/2), with
    i = floor(x / 2^7) + 256 and f the rest. Exact for -2^15 <= x < 2^15."""
    place = (x >> 7) + SEGMENTS // 2
    low = table[place]
    return np.asarray(low + (((table[place + 1] - low) * (x & 127) + 64) >> 7))


def sigmoid(x: Int64) -> Int64:
    """1 / (1 + exp(-x)), Q3.12 in, Q0.15 out; within 1.3 units in the last place."""
    return interpolate(SIGMOID, x)


def tanh(x: Int64) -> Int64:
    """tanh(x), Q3.12 in, Q0.15 out; within 4 units in the last place."""
    return interpolate(TANH, x)
