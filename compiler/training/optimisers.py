"""Optimisers: frozen values whose state is explicit, so that a checkpoint holds all there is.

A parameter is known by its text (``fc.weight``). Arrays keep their precision; steps change no array in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, pi, sqrt
from typing import ClassVar, Literal

import numpy as np

from axonc.ir.ops import Array

Arrays = Mapping[str, Array]


@dataclass(frozen=True)
class Optimiser:
    """Base of all optimisers; ``rate`` is the learning rate before its schedule, ``decay`` of weights is decoupled:
    each step takes rate * decay of a parameter away (Loshchilov and Hutter, 2019)."""

    name: ClassVar[str] = "optimiser"
    slots: ClassVar[tuple[str, ...]] = ()
    """What the state holds of each parameter."""

    rate: float = 1e-3
    decay: float = 0.0

    def initial(self, parameters: Arrays) -> dict[str, Array]:
        """The state before the first step: zeros, called ``slot/parameter``."""
        return {f"{slot}/{name}": np.zeros_like(value) for slot in self.slots for name, value in parameters.items()}

    def step(
        self, parameters: Arrays, gradients: Arrays, state: Arrays, count: int, share: float = 1.0
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """The parameters and the state after step ``count`` (from 1), at ``share`` of the learning rate."""
        moved, after = dict(parameters), dict(state)
        for name, gradient in gradients.items():
            old = {slot: state[f"{slot}/{name}"] for slot in self.slots}
            change, new = self.change(gradient, old, count)
            kind = gradient.dtype.type
            rate = self.rate * share
            moved[name] = parameters[name] * kind(1 - rate * self.decay) - kind(rate) * change
            after.update({f"{slot}/{name}": value for slot, value in new.items()})
        return moved, after

    def change(self, gradient: Array, state: Arrays, count: int) -> tuple[Array, dict[str, Array]]:
        """What a parameter moves by, but for the rate, and its new state."""
        raise TypeError(f"{self.name} does not define its change")


@dataclass(frozen=True)
class SGD(Optimiser):
    """Momentum u = momentum u + gradient; p = p - rate u."""

    name: ClassVar[str] = "sgd"
    slots: ClassVar[tuple[str, ...]] = ("momentum",)
    rate: float = 0.1
    momentum: float = 0.9

    def change(self, gradient: Array, state: Arrays, count: int) -> tuple[Array, dict[str, Array]]:
        moving = state["momentum"] * gradient.dtype.type(self.momentum) + gradient
        return moving, {"momentum": moving}


@dataclass(frozen=True)
class Adam(Optimiser):
    """p = p - rate (a / (1 - beta1^n)) / (sqrt(b / (1 - beta2^n)) + epsilon), with a and b the running means of the
    gradient and of its square (Kingma and Ba, 2015)."""

    name: ClassVar[str] = "adam"
    slots: ClassVar[tuple[str, ...]] = ("mean", "square")
    rate: float = 2e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def change(self, gradient: Array, state: Arrays, count: int) -> tuple[Array, dict[str, Array]]:
        kind = gradient.dtype.type
        mean = state["mean"] * kind(self.beta1) + gradient * kind(1 - self.beta1)
        square = state["square"] * kind(self.beta2) + gradient * gradient * kind(1 - self.beta2)
        scale, root = 1 / (1 - self.beta1**count), sqrt(1 - self.beta2**count)
        return kind(scale) * mean / (np.sqrt(square) / kind(root) + kind(self.epsilon)), {
            "mean": mean,
            "square": square,
        }


OPTIMISERS: dict[str, type[Optimiser]] = {optimiser.name: optimiser for optimiser in (SGD, Adam)}
"""Every optimiser by name."""


@dataclass(frozen=True)
class Schedule:
    """The share of the learning rate over the steps of a training: ``constant``; ``cosine`` from 1 to 0; ``step``: a
    tenth after two thirds. The first ``warmup`` part of the steps rises from 0."""

    shape: Literal["constant", "cosine", "step"] = "cosine"
    warmup: float = 0.0

    def share(self, step: int, steps: int) -> float:
        """The share at ``step`` (from 0) of ``steps``."""
        done = step / max(steps, 1)
        rising = min(1.0, (step + 1) / max(self.warmup * steps, 1.0)) if self.warmup else 1.0
        falling = {"constant": 1.0, "cosine": (1 + cos(pi * done)) / 2, "step": 1.0 if done < 2 / 3 else 0.1}
        return rising * falling[self.shape]
