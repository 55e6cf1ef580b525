"""Surrogate gradients: what takes the place of the derivative of an event's step function H.

With x = m - threshold, the distance of a membrane from its threshold before the reset, an event is z = H(x), whose
derivative is 0 almost everywhere. Training uses dz/dx = s(x) instead. ``derivative`` is s; ``primitive`` is a smooth
function whose derivative is s, with which a relaxed network has s as its true gradient.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, isinf
from typing import ClassVar

import numpy as np

from .base import Array


@dataclass(frozen=True)
class Surrogate:
    """Base of all surrogates; fields are their constants, x is in units of the membrane.

    ``below``: how far below the threshold learning reaches: s is 0 where x <= -below. With a second threshold of 0.9
    beside one of 1 it is 0.1, and only the few neurons above it pass gradients (Finkbeiner et al., "Harnessing
    manycore processors with distributed memory for accelerated training of sparse and recurrent models", AAAI 2024).
    """

    name: ClassVar[str] = "surrogate"
    below: float = field(default=inf, kw_only=True)

    def derivative(self, x: Array) -> Array:
        """s(x), elementwise, in the precision of x."""
        bell = self.bell(x)
        return bell if isinf(self.below) else np.asarray(np.where(x > -self.below, bell, 0), bell.dtype)

    def primitive(self, x: Array) -> Array:
        """P(x) with P' = s."""
        return self.rise(x if isinf(self.below) else np.maximum(x, -self.below))

    def bell(self, x: Array) -> Array:
        """s(x) of any x."""
        raise TypeError(f"{self.name} does not define its derivative")

    def rise(self, x: Array) -> Array:
        """The primitive of `bell`."""
        raise TypeError(f"{self.name} does not define its primitive")


@dataclass(frozen=True)
class SuperSpike(Surrogate):
    """s(x) = 1 / (beta |x| + 1)^2, which is 1 at the threshold; P(x) = x / (beta |x| + 1) + 1/2.

    Zenke and Ganguli, "SuperSpike", Neural Computation 30 (2018); with its peak at 1 as in Zenke and Vogels,
    Neural Computation 33 (2021), who take beta = 10.
    """

    name: ClassVar[str] = "superspike"
    beta: float = 10.0

    def bell(self, x: Array) -> Array:
        root = self.beta * np.abs(x) + 1
        return np.asarray(1 / (root * root))

    def rise(self, x: Array) -> Array:
        return np.asarray(x / (self.beta * np.abs(x) + 1) + 0.5)


@dataclass(frozen=True)
class FastSigmoid(Surrogate):
    """P(x) = 1/2 + k x / (2 (1 + k |x|)), the fast sigmoid from 0 to 1; s(x) = k / (2 (1 + k |x|)^2), of area 1.

    The sigmoid of Zenke and Ganguli (2018) in the scale of an event; ``slope`` is k. snnTorch's ``fast_sigmoid`` is
    this without the factor k / 2 (Eshraghian et al., Proceedings of the IEEE 111, 2023): `SuperSpike`.
    """

    name: ClassVar[str] = "fast_sigmoid"
    slope: float = 10.0

    def bell(self, x: Array) -> Array:
        root = self.slope * np.abs(x) + 1
        return np.asarray(self.slope / (2 * (root * root)))

    def rise(self, x: Array) -> Array:
        return np.asarray(0.5 + self.slope * x / (2 * (self.slope * np.abs(x) + 1)))


@dataclass(frozen=True)
class Triangle(Surrogate):
    """s(x) = damping max(0, 1 - support |x|): nothing learns farther than 1 / support from its threshold.

    Bellec et al., "Long short-term memory and learning-to-learn in networks of spiking neurons", NeurIPS 2018; with
    both constants as the EGRU has it (Subramoney et al., ICLR 2023), whose reference code takes 0.7 and 1.
    """

    name: ClassVar[str] = "triangle"
    damping: float = 0.7
    support: float = 1.0

    def bell(self, x: Array) -> Array:
        return np.asarray(self.damping * np.maximum(0, 1 - self.support * np.abs(x)))

    def rise(self, x: Array) -> Array:
        near = np.clip(x, -1 / self.support, 1 / self.support)
        return np.asarray(0.5 + self.damping * (near - self.support * near * np.abs(near) / 2))


@dataclass(frozen=True)
class StraightThrough(Surrogate):
    """s(x) = 1: the gradient passes as if the event were x itself; P(x) = x + 1/2.

    Bengio, Leonard and Courville, "Estimating or propagating gradients through stochastic neurons", 2013.
    """

    name: ClassVar[str] = "straight_through"

    def bell(self, x: Array) -> Array:
        return np.ones_like(x)

    def rise(self, x: Array) -> Array:
        return np.asarray(x + 0.5)


SURROGATES: tuple[type[Surrogate], ...] = (SuperSpike, FastSigmoid, Triangle, StraightThrough)
"""Every surrogate."""
