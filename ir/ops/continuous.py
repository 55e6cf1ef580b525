"""Neurons as models state them, in continuous time (the primitives of NIR, with its symbols).

All parameters are float64 arrays of one shape S, the shape of the population. Times are in seconds if ``dt`` is.
Discretisation (`compiler.passes.discretise`) replaces every op of this file by a `Neuron` in steps.
Source of the equations: Pedersen et al., "Neuromorphic intermediate representation", Nature Communications 2024.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..signal import Kind, Shape, Signal
from .base import Array, Op, Problem, arrays, misshapen


@dataclass(frozen=True, eq=False)
class ContinuousNeuron(Op):
    """Base: one population in continuous time."""

    stage: ClassVar[str] = "model"
    stateful: ClassVar[bool] = True
    needs_source: ClassVar[bool] = False
    kind: ClassVar[Kind] = Kind.DENSE
    positive: ClassVar[tuple[str, ...]] = ()
    """Names of the parameters that must be above 0: the time constants."""

    @property
    def shape(self) -> Shape:
        """The population's shape."""
        return tuple(next(array for _, array in arrays(self)).shape)

    def output(self, source: Signal | None) -> Signal:
        return Signal(self.shape, self.kind)

    def accepts(self) -> Shape | None:
        return self.shape

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        yield from super().verify(source)
        yield from misshapen(self, self.shape)
        for name in self.positive:
            smallest = float(np.min(getattr(self, name), initial=np.inf))
            if smallest <= 0:
                yield Problem(
                    "AX204",
                    f"{name} has the value {smallest:g}",
                    "a time constant must be above 0",
                    "correct the model's time constants",
                )


@dataclass(frozen=True, eq=False)
class TimeDelay(Op):
    """y(t) = x(t - delay), elementwise; ``delay`` has the shape of x. Rounded to whole steps, halves up."""

    name: ClassVar[str] = "time_delay"
    stage: ClassVar[str] = "model"
    delay: Array

    def output(self, source: Signal | None) -> Signal:
        assert source is not None
        return source

    def accepts(self) -> Shape | None:
        return tuple(self.delay.shape)

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        yield from super().verify(source)
        if np.any(self.delay < 0):
            smallest = float(np.min(self.delay))
            yield Problem("AX306", f"a delay of {smallest:g}", "0 or more", "events cannot act before they occur")


@dataclass(frozen=True, eq=False)
class Threshold(ContinuousNeuron):
    """z = H(x - threshold): an event where x is above the threshold. No state."""

    name: ClassVar[str] = "threshold"
    stateful: ClassVar[bool] = False
    kind: ClassVar[Kind] = Kind.EVENT
    threshold: Array


@dataclass(frozen=True, eq=False)
class I(ContinuousNeuron):  # noqa: E742 - NIR's name
    """dv/dt = R x; the output is v."""

    name: ClassVar[str] = "i"
    r: Array


@dataclass(frozen=True, eq=False)
class LI(ContinuousNeuron):
    """tau dv/dt = (v_leak - v) + R x; the output is v."""

    name: ClassVar[str] = "li"
    positive: ClassVar[tuple[str, ...]] = ("tau",)
    tau: Array
    r: Array
    v_leak: Array


@dataclass(frozen=True, eq=False)
class IF(ContinuousNeuron):
    """dv/dt = R x; an event when v passes v_threshold, which sets v to v_reset.

    ``v_reset`` is None where the file has none (`Semantics.reset` must then say what a spike does).
    """

    name: ClassVar[str] = "if"
    kind: ClassVar[Kind] = Kind.EVENT
    r: Array
    v_threshold: Array
    v_reset: Array | None = None


@dataclass(frozen=True, eq=False)
class LIF(ContinuousNeuron):
    """tau dv/dt = (v_leak - v) + R x; an event when v passes v_threshold, which sets v to v_reset."""

    name: ClassVar[str] = "lif"
    kind: ClassVar[Kind] = Kind.EVENT
    positive: ClassVar[tuple[str, ...]] = ("tau",)
    tau: Array
    r: Array
    v_leak: Array
    v_threshold: Array
    v_reset: Array | None = None


@dataclass(frozen=True, eq=False)
class CubaLI(ContinuousNeuron):
    """tau_syn di/dt = -i + w_in x; tau_mem dv/dt = (v_leak - v) + R i; the output is v."""

    name: ClassVar[str] = "cuba_li"
    positive: ClassVar[tuple[str, ...]] = ("tau_syn", "tau_mem")
    tau_syn: Array
    tau_mem: Array
    r: Array
    v_leak: Array
    w_in: Array


@dataclass(frozen=True, eq=False)
class CubaLIF(ContinuousNeuron):
    """tau_syn di/dt = -i + w_in x; tau_mem dv/dt = (v_leak - v) + R i; event and reset of v as LIF; i is kept."""

    name: ClassVar[str] = "cuba_lif"
    kind: ClassVar[Kind] = Kind.EVENT
    positive: ClassVar[tuple[str, ...]] = ("tau_syn", "tau_mem")
    tau_syn: Array
    tau_mem: Array
    r: Array
    v_leak: Array
    w_in: Array
    v_threshold: Array
    v_reset: Array | None = None
