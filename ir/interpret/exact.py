"""The kernel of neurons integrated exactly, with spike times within the step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ops import Array, ExactNeuron
from .base import Kernel, Precision, State
from .functions import exp, log


@dataclass(frozen=True)
class _Course:
    """How v runs through a step under one input: toward ``target`` at ``rate``, or along ``slope`` where rate is 0."""

    rate: Array
    target: Array
    slope: Array

    def after(self, v: Array, s: Array) -> Array:
        """v after ``s`` of a step."""
        leaky: Array = self.target + (v - self.target) * exp(-self.rate * s)
        return np.where(self.rate > 0, leaky, v + self.slope * s)

    def until(self, v: Array, threshold: Array) -> Array:
        """How long v, at most the threshold, runs until it reaches it; infinite if it never does."""
        with np.errstate(divide="ignore", invalid="ignore"):
            leaky = log((self.target - v) / (self.target - threshold)) / self.rate
            straight = (threshold - v) / self.slope
        rising = np.where(self.rate > 0, self.target > threshold, self.slope > 0)
        return np.where(rising, np.where(self.rate > 0, leaky, straight), np.inf)


def exact_neuron(op: ExactNeuron, precision: Precision) -> Kernel:
    """The kernel of `ExactNeuron`."""

    def cast(value: Any) -> Array:
        return np.asarray(value, precision)

    rate, jump, drive, leak = (cast(value) for value in (op.rate, op.jump, op.drive, op.leak))
    fire = _fire(op, cast)

    def step(state: State, x: Array) -> tuple[State, Array]:
        x = x.astype(precision)
        course = _Course(rate, leak + drive * x, drive * x)
        v = state["v"] + jump * x
        if fire is None:
            v = course.after(v, cast(1.0))
            return {"v": v}, v
        v, t, spikes = fire(course, v, state["t"])
        return {"v": v, "t": t}, spikes

    return Kernel(lambda batch: {name: np.zeros((batch, *op.shape), precision) for name in op.states()}, step)


Fire = Callable[[_Course, Array, Array], tuple[Array, Array, Array]]
"""(course, v at the step's beginning, t before) -> (v at its end, t, spikes)."""


def _fire(op: ExactNeuron, cast: Callable[[Any], Array]) -> Fire | None:
    gate = op.gate
    if gate is None:
        return None
    threshold, value = cast(gate.threshold), cast(gate.value)
    passes = np.greater if gate.compare == "gt" else np.greater_equal
    in_time = np.less if gate.compare == "gt" else np.less_equal
    subtracts = gate.reset == "subtract"

    def fire(course: _Course, v: Array, t: Array) -> tuple[Array, Array, Array]:
        left, spikes = np.ones_like(v), np.zeros(v.shape, np.int64)
        for _ in range(gate.spikes):
            wait = np.where(passes(v, threshold), cast(0.0), course.until(v, threshold))
            fires = in_time(wait, left)
            if not np.any(fires):
                break
            reset = np.maximum(v, threshold) - threshold if subtracts else value
            left = np.where(fires, left - wait, left)
            v, t, spikes = np.where(fires, reset, v), np.where(fires, 1 - left, t), spikes + fires
        return course.after(v, left), t, spikes

    return fire
