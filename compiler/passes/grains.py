"""Matrices that add up in one sum, each finer than the scale that they share by a power of two, where that helps it.

A scale divided by a power of two loses no more than the scale itself does, so that matrices with small weights gain and
none loses. The matrix with the largest weights has the shared scale for its own; one that is a little smaller cannot be
finer by a whole power of two. It is held better if the powers of two begin at its own scale; then the others may be
coarser than the shared one. That is done where it helps the matrix that loses most, as far as what the others have
gained elsewhere makes up for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, log2

import numpy as np

from axonc.ir.ops import Array

from .scales import squared_error

SLACK = 1e-12
"""By how much more, relatively, two ways of adding up the same errors may differ."""

Choices = Sequence["Choice"]


@dataclass(frozen=True, eq=False)
class Choice:
    """The scales of all matrices in one channel, and the squared error of each."""

    scales: tuple[float, ...]
    errors: Array


def choices(parts: Sequence[Array], shared: float, own: Sequence[float], limit: int, most: int) -> list[Choice]:
    """What a channel can choose from: the shared scale for all first; then powers of two times it, or times the ``own``
    scale of a matrix. ``parts``: the magnitudes of the weights of each matrix."""
    found = [(shared,) * len(parts), *(_over(base, own, most) for base in (shared, *own) if base)]
    return [Choice(scales, _errors(parts, scales, limit)) for scales in dict.fromkeys(found)]


def nothing(shared: float, count: int) -> Choice:
    """The one choice of a channel without weights."""
    return Choice((shared,) * count, np.zeros(count))


def chosen(channels: Sequence[Choices], squares: Array) -> list[tuple[float, ...]]:
    """The scales of each channel, by matrix: over all channels no matrix has a larger error than with the shared ones.

    In each channel the choice by which no matrix loses and the largest relative error is the least. Then, for the
    matrix whose relative error over all channels is the largest, other choices, by what they cost the others a gain.
    ``squares``: of the weights of each matrix.
    """
    now = [_safe(found, squares) for found in channels]
    most = np.sum([found[0].errors for found in channels], axis=0) * (1 + SLACK)
    total = np.sum([choice.errors for choice in now], axis=0)
    hardest = int(np.argmax(total / squares))
    for channel, other in _by_cost(channels, now, squares, hardest):
        left = total + other.errors - now[channel].errors
        if np.all(left <= most) and left[hardest] < total[hardest]:
            total, now[channel] = left, other
    return [choice.scales for choice in now]


def _safe(found: Choices, squares: Array) -> Choice:
    able = [choice for choice in found if np.all(choice.errors <= found[0].errors * (1 + SLACK))]
    return min(able, key=lambda choice: (np.max(choice.errors / squares), np.sum(choice.errors / squares)))


def _by_cost(
    channels: Sequence[Choices], now: Sequence[Choice], squares: Array, hardest: int
) -> Iterator[tuple[int, Choice]]:
    """Every choice that helps the ``hardest`` matrix, and its channel: those first that cost the others least."""
    costs = []
    for channel, (found, choice) in enumerate(zip(channels, now, strict=True)):
        for other in found:
            change = (other.errors - choice.errors) / squares
            if change[hardest] < 0:
                costs.append((max(0.0, float(change.max())) / -float(change[hardest]), channel, other))
    return ((channel, other) for _, channel, other in sorted(costs, key=lambda cost: cost[:2]))


def _errors(parts: Sequence[Array], scales: Sequence[float], limit: int) -> Array:
    return np.array([squared_error(part, scale, limit) for part, scale in zip(parts, scales, strict=True)])


def _over(base: float, scales: Sequence[float], most: int) -> tuple[float, ...]:
    """The least powers of two times ``base`` that are not below ``scales``, at most 2^``most`` apart; a scale of 0
    takes the least of the others."""
    exponents = [ceil(log2(s / base)) for s in scales if s]
    least = max(min(exponents), max(exponents) - most)
    return tuple(base * 2.0 ** max(ceil(log2(s / base)) if s else least, least) for s in scales)
