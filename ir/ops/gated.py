"""Gated recurrent cells in float: GRU and LSTM; like those of `EGRU`, their weights are `Linear` nodes around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from ..signal import Float, Format, Kind, Shape, Signal
from .base import Array, Op, Problem, initial_problems
from .egru import GATES

GRU_RESETS = ("after", "before")
"""Where the reset gate of a GRU acts: after the recurrent matrix, or before it."""

LSTM_GATES = 4
"""The parts of an LSTM's input, in this order: input i, output o, forget f, candidate g."""


@dataclass(frozen=True, eq=False)
class GatedCell(Op):
    """Base: H ``units`` that give one dense signal of (H,)."""

    stage: ClassVar[str] = "steps"
    needs_source: ClassVar[bool] = False
    units: int

    @property
    def shape(self) -> Shape:
        """The population's shape."""
        return (self.units,)

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        yield from super().verify(source)
        if self.units < 1:
            yield Problem("AX306", f"{self.units} units", "at least one", "correct the parameters")


@dataclass(frozen=True, eq=False)
class GRU(GatedCell):
    """The cell of a GRU (Cho et al., EMNLP 2014) of H units, in the convention of ONNX: u keeps the old state.

    With reset ``after`` (cuDNN; ONNX ``linear_before_reset=1``) the input a: (3H,) is W x + b, and the signal h: (3H,)
    that the node reads is R c[k-1] + b'; both hold u, r and g after each other, as those of `EGRU`::

        u = sigmoid(a_u + h_u)    r = sigmoid(a_r + h_r)    g = tanh(a_g + r h_g)

    With reset ``before`` (the paper; ``linear_before_reset=0``) the node reads nothing, and its input a: (2H,) holds u
    and g of everything: W x + b and R_u c[k-1] + b'_u, R_g q + b'_g, where a `ResetGate` gives q = r c[k-1]::

        u = sigmoid(a_u)    g = tanh(a_g)

    Either way c[k] = u c[k-1] + (1 - u) g, which starts at ``initial`` (H,), or at 0, is both state and output. What
    came back from a step before is an initial value of the `Delay` on that way. The internals are u, g and
    d = c[k-1] - g, and r where it is computed here.
    """

    name: ClassVar[str] = "gru"
    stateful: ClassVar[bool] = True
    reset: str = "after"
    state: Format = Float()  # noqa: RUF009 - a frozen value
    initial: Array | None = None

    def output(self, source: Signal | None) -> Signal:
        return Signal(self.shape, Kind.DENSE, self.state)

    @property
    def gates(self) -> int:
        """How many gates the input holds."""
        return GATES if self.reset == "after" else GATES - 1

    def accepts(self) -> Shape | None:
        return (self.gates * self.units,)

    def read_shapes(self) -> tuple[Shape, ...]:
        return ((GATES * self.units,),) if self.reset == "after" else ()

    def states(self) -> dict[str, Signal]:
        return {"c": self.output(None)}

    def internals(self) -> dict[str, Signal]:
        return dict.fromkeys(("u", "r", "g", "d") if self.reset == "after" else ("u", "g", "d"), self.output(None))

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        yield from super().verify(source)
        if self.reset not in GRU_RESETS:
            yield Problem("AX306", f"the reset {self.reset!r}", f"one of {', '.join(GRU_RESETS)}", "choose one")
        yield from initial_problems(self.initial, self.shape)


@dataclass(frozen=True, eq=False)
class ResetGate(GatedCell):
    """q = r y with r = sigmoid(a_r): what a `GRU` with reset ``before`` multiplies by its recurrent matrix.

    The input a_r: (H,) is W_r x + R_r c[k-1] and their biases; it reads y: (H,), the state c[k-1]. The internal is r.
    """

    name: ClassVar[str] = "reset_gate"
    state: Format = Float()  # noqa: RUF009 - a frozen value

    def output(self, source: Signal | None) -> Signal:
        return Signal(self.shape, Kind.DENSE, self.state)

    def accepts(self) -> Shape | None:
        return self.shape

    def read_shapes(self) -> tuple[Shape, ...]:
        return (self.shape,)

    def internals(self) -> dict[str, Signal]:
        return {"r": self.output(None)}


@dataclass(frozen=True, eq=False)
class LSTM(GatedCell):
    """The cell of an LSTM of H units (Gers, Schraudolph, Schmidhuber, JMLR 2002, with its peepholes).

    All that is linear is summed before: the input a: (4H,) is W x + R y[k-1] and their biases, for i, o, f and g in
    the order of ONNX. ``peephole``: (3, H) of i, o, f, or None for zeros::

        i = sigmoid(a_i + p_i c[k-1])    f = sigmoid(a_f + p_f c[k-1])    g = tanh(a_g)
        c[k] = f c[k-1] + i g            starts at ``initial`` (H,), or at 0
        o = sigmoid(a_o + p_o c[k])      t = tanh(c[k])
        y = o t

    The internals are i, o, f, g, t and last = c[k-1].
    """

    name: ClassVar[str] = "lstm"
    stateful: ClassVar[bool] = True
    peephole: Array | None = None
    state: Format = Float()  # noqa: RUF009 - a frozen value
    initial: Array | None = None

    def output(self, source: Signal | None) -> Signal:
        return Signal(self.shape, Kind.DENSE, self.state)

    def accepts(self) -> Shape | None:
        return (LSTM_GATES * self.units,)

    def states(self) -> dict[str, Signal]:
        return {"c": self.output(None)}

    def internals(self) -> dict[str, Signal]:
        return dict.fromkeys(("i", "o", "f", "g", "t", "last"), self.output(None))

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        yield from super().verify(source)
        limit = (LSTM_GATES - 1, self.units)
        if self.peephole is not None and self.peephole.shape != limit:
            found = f"peephole has shape {self.peephole.shape}"
            yield Problem("AX103", found, f"one row a gate i, o, f: {limit}", "correct the parameters")
        yield from initial_problems(self.initial, self.shape)
