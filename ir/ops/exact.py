"""Neurons integrated exactly, with spike times within the step: the interpreter's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..signal import Float, Format, Kind, Shape, Signal
from .base import Array, Op, Problem, misshapen
from .neuron import Gate

EXACT_RESETS = ("value", "subtract")
"""What a spike may do to v: between its crossings of the threshold v must come back below it."""


@dataclass(frozen=True, eq=False)
class ExactNeuron(Op):
    """A population whose spikes fall within a step; s runs from 0 to 1 through it, and x is the sum of its inputs.

    At s = 0, v += jump * x. Then, with w = leak + drive * x, v(s) = w + (v(0) - w) exp(-rate s); where rate is 0,
    v(s) = v(0) + drive * x * s. Where v passes the threshold, the neuron spikes and is reset (`EXACT_RESETS`), and the
    rest of the step goes on from there: at most ``gate.spikes`` times, after which v runs on untested. ``compare`` gt
    counts a crossing before s = 1, ge one at s = 1, too.

    States: v at s = 1; t, the s of the latest spike in the step of that spike, 0 before the first one. The output is
    the number of spikes of the step (EVENT), or v (DENSE) where there is no gate. Events that one neuron sends to
    another act from the beginning of the step in which they arrive.
    """

    name: ClassVar[str] = "exact_neuron"
    stage: ClassVar[str] = "steps"
    stateful: ClassVar[bool] = True
    needs_source: ClassVar[bool] = False
    shape: Shape
    rate: Array
    jump: Array
    drive: Array
    leak: Array
    gate: Gate | None
    state: Format = Float()  # noqa: RUF009 - a frozen value

    @property
    def kind(self) -> str:
        """The field's name of this neuron."""
        return "LI" if self.gate is None else "LIF"

    def output(self, source: Signal | None) -> Signal:
        if self.gate is None:
            return Signal(self.shape, Kind.DENSE, self.state)
        return Signal(self.shape, Kind.EVENT, self.state, self.gate.spikes)

    def accepts(self) -> Shape | None:
        return self.shape

    def states(self) -> dict[str, Signal]:
        names = ("v",) if self.gate is None else ("v", "t")
        return {name: Signal(self.shape, Kind.DENSE, self.state) for name in names}

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        yield from super().verify(source)
        yield from misshapen(self, self.shape)
        if np.any(self.rate < 0):
            limit = "a time constant above 0"
            yield Problem("AX306", f"a rate of {float(np.min(self.rate)):g}", limit, "correct the time constants")
        if self.gate is None:
            return
        if self.gate.reset not in EXACT_RESETS:
            limit = f"spike times within a step go with {' or '.join(EXACT_RESETS)}"
            yield Problem("AX306", f"the reset {self.gate.reset!r}", limit, "choose one")
        if self.gate.v_min is not None:
            yield Problem("AX306", "a lower bound of v", "exact integration has none", "choose v_min=none")
