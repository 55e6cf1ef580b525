"""Gated recurrent units in fixed point: int8 weights, 16-bit cells and graded events, gates from tables.

The gates' weighted sums are exact int32 accumulators, in *lanes* of H: lane l of unit n is the sum l H + n. A lane is
brought to Q3.12 by ``A = sat16(requantize(acc, multiplier, shift) + bias)``; sigmoid and tanh are the tables of
`ir.arithmetic`, Q3.12 in and Q0.15 out. Cells and what units send are 16-bit numbers of ``frac`` fractional bits,
written QF here. ``mix(p, x, q, g) = floor(2^(F-30) (p x 2^(15-F) + q g) + 1/2)``, of p, q, g in Q0.15 and x in QF, is
one sum rounded once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..arithmetic import MAX_SHIFT, UNIT
from ..signal import Fixed, Kind, Shape, Signal
from .base import COUNT, Array, Op, Parameters, Problem, initial_problems

GATE_LIMIT = 32767
"""A gate's argument in Q3.12 and its value in Q0.15 are clipped to this."""

MAX_PAYLOAD_FRAC = 14
"""The most fractional bits of a cell: 1 is a number of it."""


@dataclass(frozen=True, eq=False)
class FixedLanes(Parameters):
    """A = sat16(requantize(acc, multiplier, shift) + bias), in Q3.12.

    ``multiplier``, ``shift``, ``bias``: int64 that fit in int32, (L, 1) one a lane, or (L, H).
    """

    multiplier: Array
    shift: Array
    bias: Array


@dataclass(frozen=True, eq=False)
class FixedGated(Op):
    """Base of the ops of this family: H ``units``, whose input is the accumulator of `lanes` times H sums.

    ``state``: Fixed(16, F), the format of the cell and of what the units send.
    """

    stage: ClassVar[str] = "steps"
    stateful: ClassVar[bool] = True
    needs_source: ClassVar[bool] = False
    units: int
    gates: FixedLanes
    state: Fixed

    @property
    def lanes(self) -> int:
        """Accumulators of a unit."""
        raise TypeError(f"{self.name} does not define its lanes")

    @property
    def kind(self) -> str:
        """The field's name of the unit."""
        raise TypeError(f"{self.name} does not define its kind")

    @property
    def shape(self) -> Shape:
        """The population's shape."""
        return (self.units,)

    @property
    def most(self) -> int:
        """The largest magnitude of what a unit sends."""
        return self.state.limit

    def output(self, source: Signal | None) -> Signal:
        return Signal(self.shape, Kind.GRADED, self.state)

    def accepts(self) -> Shape | None:
        return (self.lanes * self.units,)

    def states(self) -> dict[str, Signal]:
        return {"c": Signal(self.shape, Kind.DENSE, self.state)}

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        yield from super().verify(source)
        if self.units < 1:
            yield Problem("AX306", f"{self.units} units", "at least one", "correct the parameters")
        if self.state.bits != 16 or not 0 <= self.state.frac <= MAX_PAYLOAD_FRAC:
            limit = f"16 bits, 0 to {MAX_PAYLOAD_FRAC} of them fractional"
            yield Problem("AX403", f"the state format {self.state}", limit, "quantise the model again")
        for name, highest in (("multiplier", 2**31 - 1), ("shift", MAX_SHIFT), ("bias", GATE_LIMIT)):
            yield from self._problems_of(name, highest)

    def _problems_of(self, name: str, highest: int) -> Iterator[Problem]:
        array = np.asarray(getattr(self.gates, name))
        rows = len(self.gates.multiplier)
        if array.shape not in ((rows, 1), (rows, self.units)):
            limit = f"one value a lane, ({rows}, 1), or one a unit as well, ({rows}, {self.units})"
            yield Problem("AX103", f"{name} has shape {array.shape}", limit, "correct the parameters")
        elif np.any(np.abs(array) > highest) or (name == "shift" and np.any(array < 0)):
            found = f"{name} from {int(array.min())} to {int(array.max())}"
            yield Problem("AX306", found, f"at most {highest}", "quantise the model again")


@dataclass(frozen=True, eq=False)
class FixedGRU(FixedGated):
    """`GRU` in fixed point, or `EGRU` where there is a ``threshold``.

    Lanes, ``reset`` after: a_u, a_r, a_g from other populations, h_u, h_r, h_g from its own events::

        u = sigmoid(sat16(A_u + H_u))    r = sigmoid(sat16(A_r + H_r))
        g = tanh(sat16(A_g + floor(r H_g / 2^15 + 1/2)))

    ``reset`` before: a_u and a_g, to which all add up; the reset gate is a population of its own (`FixedResetGate`)::

        u = sigmoid(A_u)    g = tanh(A_g)

    With ``zoneout`` Z in Q0.15, u becomes Z + floor((2^15 - Z) u / 2^15 + 1/2). Then m = mix(u, c[k-1], 2^15 - u, g).
    Without a threshold, c = y = m. With one (QF integers, () or (H,))::

        o = 1 where m > threshold, strictly    y = o m    c = sat16(m - o threshold)

    A unit sends y where it is not 0. c starts at ``initial`` (H,), or at 0; with a ``segment`` of N steps it also
    counts as 0 at every step that N divides. Where no threshold is negative, c and y stay within [-1, 1], or what they
    start with: m is a mean of c and g, and a unit fires only above what is subtracted.
    """

    name: ClassVar[str] = "fixed_gru"
    threshold: Array | None = None
    reset: str = "after"
    zoneout: int = 0
    segment: int | None = None
    initial: Array | None = None

    @property
    def kind(self) -> str:
        return "GRU" if self.threshold is None else "EGRU"

    @property
    def lanes(self) -> int:
        return 6 if self.reset == "after" else 2

    @property
    def most(self) -> int:
        bounded = self.threshold is None or bool(np.all(self.threshold >= 0))
        first = 0 if self.initial is None else int(np.abs(self.initial).max(initial=0))
        return max(1 << self.state.frac, first) if bounded else self.state.limit

    def carried(self, source: Signal | None) -> dict[str, Signal]:
        """The cell; with a segment also ``k``: the number, within its segment, of the next step."""
        return self.states() if self.segment is None else {**self.states(), "k": COUNT}

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        yield from super().verify(source)
        if self.reset not in ("after", "before"):
            yield Problem("AX306", f"the reset {self.reset!r}", "one of after, before", "choose one")
        if not 0 <= self.zoneout < UNIT:
            yield Problem("AX306", f"a zoneout of {self.zoneout}", f"0 to {UNIT - 1}", "quantise the model again")
        if self.segment is not None and self.segment < 1:
            yield Problem("AX306", f"a segment of {self.segment} steps", "at least one", "correct the parameters")
        yield from initial_problems(self.initial, self.shape, self.state.limit)
        if self.threshold is not None and self.threshold.shape not in ((), self.shape):
            limit = f"one value, or one a unit: {self.shape}"
            yield Problem("AX103", f"threshold has shape {self.threshold.shape}", limit, "correct the parameters")
        elif self.threshold is not None and np.any(np.abs(self.threshold) > GATE_LIMIT):
            yield Problem("AX402", f"a threshold of {int(np.abs(self.threshold).max())}", "an int16", "scale it")


@dataclass(frozen=True, eq=False)
class FixedResetGate(FixedGated):
    """`ResetGate` in fixed point: q = floor(sigmoid(A_r) y / 2^15 + 1/2), in the format of y.

    Lanes: a_r, and y itself, which arrives as graded events through weights of 1; ``gates`` has the first alone.
    """

    name: ClassVar[str] = "fixed_reset_gate"
    stateful: ClassVar[bool] = False

    @property
    def kind(self) -> str:
        return "reset gate"

    @property
    def lanes(self) -> int:
        return 2

    def states(self) -> dict[str, Signal]:
        return {}


@dataclass(frozen=True, eq=False)
class FixedLSTM(FixedGated):
    """`LSTM` in fixed point. Lanes a_i, a_o, a_f, a_g, to which all add up. ``cell``: Fixed(16, C), C <= 12::

        i = sigmoid(A_i)    o = sigmoid(A_o)    f = sigmoid(A_f)    g = tanh(A_g)
        c = sat16(mix(f, c[k-1], i, g)), in QC
        y = floor(o tanh(sat16(c 2^(12-C))) / 2^(30-F) + 1/2), in QF

    c starts at ``initial`` (H,), in QC, or at 0. There are no peepholes.
    """

    name: ClassVar[str] = "fixed_lstm"
    cell: Fixed = Fixed(16, 12)  # noqa: RUF009 - a frozen value
    initial: Array | None = None

    @property
    def kind(self) -> str:
        return "LSTM"

    @property
    def lanes(self) -> int:
        return 4

    @property
    def most(self) -> int:
        return 1 << self.state.frac

    def states(self) -> dict[str, Signal]:
        return {"c": Signal(self.shape, Kind.DENSE, self.cell)}

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        yield from super().verify(source)
        if self.cell.bits != 16 or not 0 <= self.cell.frac <= 12:
            yield Problem("AX403", f"the cell format {self.cell}", "16 bits, 0 to 12 fractional", "quantise it again")
        yield from initial_problems(self.initial, self.shape, self.cell.limit)


NO_GATES = FixedLanes(*(np.zeros((0, 1), np.int64) for _ in range(3)))
"""Of units that have no gates."""


DIGIT = 15
"""Bits of a digit of `PartialSums`."""

SUM = GATE_LIMIT << DIGIT
"""The largest magnitude of what their digits hold."""


@dataclass(frozen=True, eq=False)
class PartialSums(FixedGated):
    """Sums on their way to who adds them up: each a number of two digits to the base 2^15, of which the lower one
    is from -2^14 to 2^14 - 1. Of what is summed, s = a_0 + 2^15 a_1::

        y_1 = floor((s + 2^14) / 2^15)    y_0 = s - 2^15 y_1

    ``units``: the digits of all sums, two of each; the signal is (units / 2, 2). Digits are int16 for |s| <= `SUM`.
    """

    name: ClassVar[str] = "partial_sums"
    stateful: ClassVar[bool] = False
    gates: FixedLanes = NO_GATES
    state: Fixed = Fixed(16)  # noqa: RUF009 - a frozen value

    @property
    def kind(self) -> str:
        return "partial sums"

    @property
    def lanes(self) -> int:
        return 1

    @property
    def shape(self) -> Shape:
        return (self.units // 2, 2)

    def states(self) -> dict[str, Signal]:
        return {}

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        yield from super().verify(source)
        if self.units % 2:
            yield Problem("AX306", f"{self.units} digits", "two of every sum", "correct the parameters")


@dataclass(frozen=True, eq=False)
class ToFixed(Op):
    """y = clip(rint(x 2^frac), -limit, limit), in ``format``, half to even: how dense values enter as graded events."""

    name: ClassVar[str] = "to_fixed"
    stage: ClassVar[str] = "steps"
    format: Fixed

    def output(self, source: Signal | None) -> Signal:
        assert source is not None
        return Signal(source.shape, Kind.GRADED, self.format)


@dataclass(frozen=True, eq=False)
class FromFixed(Op):
    """y = x 2^-frac in float32: how numbers leave the cores for what the host computes."""

    name: ClassVar[str] = "from_fixed"
    stage: ClassVar[str] = "steps"
    frac: int = 0

    def output(self, source: Signal | None) -> Signal:
        assert source is not None
        return Signal(source.shape, Kind.DENSE)
