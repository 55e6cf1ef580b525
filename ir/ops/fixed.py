"""Neurons in fixed point: the same three parts in the integers of `ir.arithmetic`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..arithmetic import DECAY_BITS, MAX_SHIFT
from ..signal import Fixed, Kind, Shape, Signal
from .base import Array, Op, Parameters, Problem, misshapen
from .neuron import RESETS

MAX_FRAC = 1000
"""2 to the power of the fractional bits, or of minus them, is a number."""


@dataclass(frozen=True, eq=False)
class FixedSynapse(Parameters):
    """i = sat(decay(i, decay) + requantize(acc, multiplier, shift) + offset), in ``format``.

    Integer arrays of shape () or S (int64 that fit in int32): ``decay`` in Q30, ``offset`` in units of ``format``.
    """

    format: Fixed
    decay: Array
    multiplier: Array
    shift: Array
    offset: Array


@dataclass(frozen=True, eq=False)
class FixedMembrane(Parameters):
    """v = sat(leak + decay(v - leak, decay) + requantize(u, multiplier, shift) + offset), in ``format``.

    u is the current i (``sees`` new or old) or, without a synapse, the accumulator. Arrays as in `FixedSynapse`.
    """

    format: Fixed
    decay: Array
    multiplier: Array
    shift: Array
    leak: Array
    offset: Array
    sees: str = "new"


@dataclass(frozen=True, eq=False)
class FixedGate(Parameters):
    """z = 1 where v > threshold, an integer: floor(th / scale), or ceil(th / scale) - 1 for a test with >=.

    ``reset`` as `neuron.RESETS`; ``value`` is the voltage after the spike, or what is subtracted.
    """

    threshold: Array
    reset: str
    value: Array
    spikes: int = 1
    v_min: Array | None = None


@dataclass(frozen=True, eq=False)
class FixedNeuron(Op):
    """A population in fixed point; acc is the exact sum of its inputs (int32), i and v start at 0.

    With g = ``value`` where v[k-1] > threshold, else 0: reset ``subtract_guarded`` tests v[k] - g > threshold;
    ``subtract_next`` sets v[k] to sat(v[k] - g) and tests that. A spike sets v to ``value``, or to sat(v - value);
    ``spikes`` and ``v_min`` as in `neuron.Gate`. Each update clips once; clips are counted.
    """

    name: ClassVar[str] = "fixed_neuron"
    stage: ClassVar[str] = "steps"
    stateful: ClassVar[bool] = True
    needs_source: ClassVar[bool] = False
    shape: Shape
    synapse: FixedSynapse | None
    membrane: FixedMembrane
    gate: FixedGate | None

    @property
    def kind(self) -> str:
        """The field's name of this combination of parts."""
        base = "LI" if self.gate is None else "LIF"
        return f"Cuba{base}" if self.synapse else base

    def output(self, source: Signal | None) -> Signal:
        if self.gate is None:
            return Signal(self.shape, Kind.DENSE, self.membrane.format)
        return Signal(self.shape, Kind.EVENT, self.membrane.format, self.gate.spikes)

    def accepts(self) -> Shape | None:
        return self.shape

    def states(self) -> dict[str, Signal]:
        voltage = {"v": Signal(self.shape, Kind.DENSE, self.membrane.format)}
        if self.synapse is None:
            return voltage
        return {"i": Signal(self.shape, Kind.DENSE, self.synapse.format), **voltage}

    def internals(self) -> dict[str, Signal]:
        return {"m": Signal(self.shape, Kind.DENSE, self.membrane.format)}

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        yield from misshapen(self, self.shape)
        for leaky in (self.synapse, self.membrane):
            yield from _range_problems(leaky)
        if self.gate is not None and self.gate.reset not in RESETS:
            yield Problem("AX306", f"the reset {self.gate.reset!r}", f"one of {', '.join(RESETS)}", "choose one")
        for part in (self.synapse, self.membrane, self.gate):
            for name, array in vars(part).items() if part is not None else ():
                if isinstance(array, np.ndarray) and np.any(np.abs(array) > 2**31 - 1):
                    yield Problem(
                        "AX402",
                        f"{name} reaches {int(np.abs(array).max())}",
                        "an int32",
                        "choose a state format with fewer fractional bits",
                    )


def _range_problems(part: FixedSynapse | FixedMembrane | None) -> Iterator[Problem]:
    """Integers for which the arithmetic is not defined."""
    if part is None:
        return
    for name, highest in (("decay", 1 << DECAY_BITS), ("shift", MAX_SHIFT)):
        array = getattr(part, name)
        if np.any(array < 0) or np.any(array > highest):
            found = f"{name} from {int(np.min(array))} to {int(np.max(array))}"
            yield Problem("AX306", found, f"0 to {highest}", "quantise the model again")
    if not 2 <= part.format.bits <= 32 or abs(part.format.frac) > MAX_FRAC:
        yield Problem("AX403", f"the state format {part.format}", "2 to 32 bits", "quantise the model again")
