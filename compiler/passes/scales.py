"""Scales of weights: what one unit of an integer weight is worth, for values that share it.

All functions take the values' magnitudes w > 0 (float64, not empty) and the largest integer K.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, floor, log2

import numpy as np

from axonc.ir.ops import Array

MOST_PLACES = 1 << 22
"""The most places that the exact search sorts; beyond, some 2^20 weights that share a scale, a descent has to do."""

MAX_INTEGER = 127
"""The largest integer that weights hold which are recognised as integers times a scale."""


def squared_error(w: Array, scale: float, limit: int) -> float:
    """sum (w - s clip(round(w / s), K))^2."""
    levels = np.minimum(np.rint(w / scale), limit)
    return float(np.sum(np.square(w - scale * levels)))


def least_squares(w: Array, limit: int) -> float:
    """A scale whose squared error no s with 0 < s <= max w / K goes below; up to `MOST_PLACES` places it is found
    exactly. Never worse than max w / K.

    For fixed integers q the error sum (w - s q)^2 is least at s = <w, q> / <q, q>, where it is <w, w> - <w, q>^2 /
    <q, q>; of all integers the nearest ones have the least error at any s. So the optimum is where <w, q>^2 / <q, q> is
    largest among the nearest integers of all s. These change where w / s passes k + 1/2: sorted by s, each such place
    adds w to <w, q> and 2 k + 1 to <q, q>. Places below `_lowest` cannot be better.
    """
    top = float(w.max()) / limit
    low = np.minimum(np.rint(w / top), limit)
    high = np.minimum(np.rint(w / _lowest(w, limit, top)), limit)
    count = np.maximum(high - low, 0).astype(np.int64)
    if count.sum() > MOST_PLACES:
        return _descent(w, limit, top)
    owner = np.repeat(np.arange(len(w)), count)
    level = low[owner] + (np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count))
    order = np.argsort(-w[owner] / (level + 0.5), kind="stable")
    products = np.dot(w, low) + np.concatenate([[0.0], np.cumsum(w[owner][order])])
    squares = np.dot(low, low) + np.concatenate([[0.0], np.cumsum(2 * level[order] + 1)])
    best = int(np.argmax(products**2 / squares))
    found = float(products[best] / squares[best])
    return found if squared_error(w, found, limit) < squared_error(w, top, limit) else top


def _descent(w: Array, limit: int, top: float) -> float:
    """The best of some scales, each made better by <w, q> / <q, q> for its nearest integers, and of ``top``."""
    best, least = top, squared_error(w, top, limit)
    for start in np.linspace(0.5, 1.0, 6) * top:
        scale = float(start)
        for _ in range(3):
            levels = np.minimum(np.rint(w / scale), limit)
            scale = float(np.dot(w, levels) / np.dot(levels, levels))
            error = squared_error(w, scale, limit)
            best, least = (scale, error) if error < least else (best, least)
    return best


def _lowest(w: Array, limit: int, top: float) -> float:
    """A scale below which clipping alone costs more than the whole error at ``top``."""
    budget, low, high = squared_error(w, top, limit), 0.0, top
    for _ in range(20):
        middle = (low + high) / 2
        clipped = float(np.sum(np.square(np.maximum(w - limit * middle, 0.0))))
        low, high = (middle, high) if clipped > budget else (low, middle)
    return max(low, top / (4 * limit * len(w)))


def powers_of_two(scale: float, lowest: float) -> Iterator[float]:
    """The power of two that is at least ``scale``, and those below it down to ``lowest``."""
    exponent = ceil(log2(scale))
    yield from (2.0**e for e in range(exponent, floor(log2(lowest)) - 1, -1))


def integer_step(w: Array, limit: int) -> float | None:
    """The largest s of which all values are whole multiples, q s with q up to K (127 at most), to one unit in the last
    place of the values' precision (float32 where all are float32); None if there is none.

    Of neighbouring numbers the one is taken that gives most of the values exactly: the scale that they were made with.
    """
    limit = min(limit, MAX_INTEGER)
    if len(np.unique(w[: 4 * MAX_INTEGER])) > limit or len(values := np.unique(w)) > limit:
        return None
    kind: type[np.floating] = np.float32 if np.array_equal(values.astype(np.float32), values) else np.float64
    exact = values.astype(kind)
    largest = np.arange(1, limit + 1)[:, None]
    ratios = values * (largest / values[-1])
    fits = np.all(np.abs(ratios - np.rint(ratios)) <= np.finfo(kind).eps * 4 * largest, axis=1)
    near = (
        _stepped(exact, np.rint(ratios[at]).astype(kind), kind(values[-1] / (at + 1))) for at in np.flatnonzero(fits)
    )
    return next((found for found in near if found is not None), None)


def _stepped(values: Array, whole: Array, near: np.floating) -> float | None:
    """The scale at most two numbers from ``near`` with which ``whole`` gives the values best, if it does."""
    around = [near]
    for end in (np.inf, -np.inf):
        one = np.nextafter(near, type(near)(end))
        around += [one, np.nextafter(one, type(near)(end))]
    errors = [np.abs(whole * scale - values) for scale in around]
    wrong = [int(np.count_nonzero(error)) for error in errors]
    best = int(np.argmin(wrong))
    return float(around[best]) if np.all(errors[best] <= np.spacing(values)) else None
