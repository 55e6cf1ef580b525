"""Neurons in steps: an optional synaptic current, a membrane, an optional gate that makes events.

The three parts compose into every neuron that models state: LI = membrane; LIF and IF = membrane + gate;
CubaLI = synapse + membrane; CubaLIF = all three; a stateless threshold = a membrane with decay 0 + gate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..signal import Float, Format, Kind, Shape, Signal
from .base import Array, Op, Parameters, Problem, misshapen

STATES = ("i", "v", "t", "c")
"""The states that a neuron may have, in the order in which they are updated; ``t`` is that of `ExactNeuron`, ``c`` that
of `EGRU`, `GRU` and `LSTM`."""

INTERNALS = ("m", "o", "u", "r", "g", "d", "i", "f", "t", "e", "last")
"""What a neuron may compute on its way (`Op.internals`): ``m`` is v before test and reset; the others are of `EGRU`,
`GRU`, `ResetGate` and `LSTM`."""

RESETS = ("none", "value", "subtract", "subtract_guarded", "subtract_next")
"""What a spike does to v. ``subtract_guarded`` is snnTorch's: if the stored v was above the threshold already, the
threshold is subtracted before the test, and the spike subtracts nothing more. ``subtract_next`` is Spyx's: the spike
leaves v as it is, and the next update subtracts the threshold, after the decay."""


@dataclass(frozen=True, eq=False)
class Synapse(Parameters):
    """i[k] = decay * i[k-1] + gain * x[k] + offset. Arrays of shape () or S, float64."""

    decay: Array
    gain: Array
    offset: Array


@dataclass(frozen=True, eq=False)
class Membrane(Parameters):
    """v[k] = leak + decay * (v[k-1] - leak) + gain * u[k] + offset, with u the current i, or x where there is none.

    ``sees`` says which current: ``new`` i[k] or ``old`` i[k-1]. In float arithmetic the sum runs
    ``(decay * v + gain * u) + constant``.
    """

    decay: Array
    gain: Array
    leak: Array
    offset: Array
    sees: str = "new"

    @property
    def constant(self) -> Array:
        """offset + (1 - decay) * leak, in float64."""
        return np.asarray(self.offset + (1.0 - self.decay) * self.leak)


@dataclass(frozen=True, eq=False)
class Gate(Parameters):
    """z[k] = 1 where v[k] > threshold (``compare`` gt) or v[k] >= threshold (ge); then v is reset.

    ``reset`` is one of `RESETS`; ``value`` is the voltage after the spike, used by reset ``value``. With ``spikes``
    n > 1 (reset ``subtract``) test and subtraction repeat up to n times, and z counts. At last v = max(v, v_min).
    """

    threshold: Array
    reset: str
    value: Array
    compare: str = "gt"
    spikes: int = 1
    v_min: Array | None = None


@dataclass(frozen=True, eq=False)
class Neuron(Op):
    """A population in steps; x is the sum of its inputs, i and v start at 0.

    ``shape`` S; ``state`` the float format of i and v. The output is z (EVENT) where there is a gate, else v (DENSE).
    With g = threshold where v[k-1] > threshold, else 0: reset ``subtract_guarded`` tests v[k] - g > threshold;
    ``subtract_next`` subtracts g from v[k] and tests that.
    """

    name: ClassVar[str] = "neuron"
    stage: ClassVar[str] = "steps"
    stateful: ClassVar[bool] = True
    needs_source: ClassVar[bool] = False
    shape: Shape
    synapse: Synapse | None
    membrane: Membrane
    gate: Gate | None
    state: Format = Float()  # noqa: RUF009 - a frozen value

    @property
    def kind(self) -> str:
        """The field's name of this combination of parts."""
        base = "LI" if self.gate is None else "LIF"
        return f"Cuba{base}" if self.synapse else base

    def output(self, source: Signal | None) -> Signal:
        if self.gate is None:
            return Signal(self.shape, Kind.DENSE, self.state)
        return Signal(self.shape, Kind.EVENT, self.state, self.gate.spikes)

    def accepts(self) -> Shape | None:
        return self.shape

    def states(self) -> dict[str, Signal]:
        voltage = {"v": Signal(self.shape, Kind.DENSE, self.state)}
        return {"i": Signal(self.shape, Kind.DENSE, self.state), **voltage} if self.synapse else voltage

    def internals(self) -> dict[str, Signal]:
        return {} if self.gate is None else {"m": Signal(self.shape, Kind.DENSE, self.state)}

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        yield from super().verify(source)
        yield from misshapen(self, self.shape)
        for part in (self.synapse, self.membrane):
            if part is not None and (np.any(part.decay < 0) or np.any(part.decay > 1)):
                yield Problem(
                    "AX306",
                    f"a decay of {float(np.min(part.decay)):g} to {float(np.max(part.decay)):g}",
                    "0 to 1",
                    "choose a smaller time step or another integrator",
                )
        if self.gate is not None and self.gate.spikes > 1 and self.gate.reset != "subtract":
            found, limit = f"several spikes a step with reset {self.gate.reset}", "they need reset=subtract"
            yield Problem("AX206", found, limit, "choose it, or spikes=1")
        if self.gate is not None and self.gate.reset not in RESETS:
            yield Problem("AX306", f"the reset {self.gate.reset!r}", f"one of {', '.join(RESETS)}", "choose one")
