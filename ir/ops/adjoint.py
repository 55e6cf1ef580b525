"""Adjoints: the ops of a graph that walks a sequence backwards (`compiler.differentiate` makes it).

Step k of such a graph is step T-1-k of the graph that it differentiates. A bar marks the derivative of the loss with
respect to a value: ȳ[k] = dL/dy[k]. The input of an adjoint is the ȳ of the forward op, summed over all readers of y;
its output is the derivative with respect to the forward op's input. What it reads are recorded forward signals.
Adjoints of linear maps, delays, leaky sums and scalings are ops of these kinds themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from ..signal import Shape, Signal
from .base import Array, Op, Problem, misshapen
from .egru import GATES
from .gated import LSTM_GATES
from .neuron import Gate
from .surrogate import Surrogate
from .window import Axis

DIFFERENTIABLE_RESETS = ("none", "value", "subtract")
"""The resets of `Gate` that have an adjoint."""


@dataclass(frozen=True, eq=False)
class Adjoint(Op):
    """Base: an op of a backward graph whose output has ``shape``."""

    stage: ClassVar[str] = "steps"
    needs_source: ClassVar[bool] = False
    shape: Shape

    def output(self, source: Signal | None) -> Signal:
        return Signal(self.shape)


@dataclass(frozen=True, eq=False)
class FlattenAdjoint(Adjoint):
    """y = x in ``shape``, the one that a flatten read, in C order."""

    name: ClassVar[str] = "flatten_adjoint"

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        if source is not None and prod(source.shape) != prod(self.shape):
            yield Problem("AX301", f"its input has shape {source.shape}", f"it gives {self.shape}", "correct the shape")


@dataclass(frozen=True, eq=False)
class ConvAdjoint(Adjoint):
    """x̄[g I/groups + i, s] = sum over o, t, k with s = t stride + k dilation - before of W[o, i, k] ȳ[o, t].

    The transpose of `Conv` of the same fields over an input of ``shape`` (I, *spatial), without its bias.
    """

    name: ClassVar[str] = "conv_adjoint"
    weight: Array
    axes: tuple[Axis, ...]
    groups: int = 1


@dataclass(frozen=True, eq=False)
class PoolAdjoint(Adjoint):
    """x̄[c, s] = the sum over t, k with s = t stride + k dilation - before of ȳ[c, t]; divided by the taps if
    ``average``. The transpose of `Pool` over an input of ``shape``."""

    name: ClassVar[str] = "pool_adjoint"
    axes: tuple[Axis, ...]
    average: bool = False


@dataclass(frozen=True, eq=False)
class NeuronAdjoint(Adjoint):
    """The membrane of a neuron with a gate, backwards; it reads m (v before test and reset) and, for reset ``value``
    or with v_min, the events z.

    With s the ``surrogate`` at m - threshold, v̄ = decay m̄[k+1] (0 at the last step; 0 also where v_min held v), and,
    if the reset is ``attached``, ẑ = z̄ + v̄ (value - m) for reset value, z̄ - v̄ threshold for subtract; otherwise ẑ = z̄::

        m̄[k] = v̄ (1 - z) + s ẑ     reset value
        m̄[k] = v̄ + s ẑ             reset none, subtract

    The output is m̄, which is also the state v. Input and synapse follow as other nodes: x̄ = gain m̄ and so on.
    """

    name: ClassVar[str] = "neuron_adjoint"
    stateful: ClassVar[bool] = True
    decay: Array
    gate: Gate
    surrogate: Surrogate
    attached: bool = True

    @property
    def reads_events(self) -> bool:
        """Whether it must know where events were."""
        return self.gate.reset == "value" or self.gate.v_min is not None

    def accepts(self) -> Shape | None:
        return self.shape

    def read_shapes(self) -> tuple[Shape, ...]:
        return (self.shape,) * (1 + self.reads_events)

    def states(self) -> dict[str, Signal]:
        return {"v": Signal(self.shape)}

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        yield from super().verify(source)
        yield from misshapen(self, self.shape)
        if self.gate.reset not in DIFFERENTIABLE_RESETS or self.gate.spikes > 1:
            found = f"the reset {self.gate.reset} with up to {self.gate.spikes} spikes a step"
            yield Problem("AX306", found, f"one of {', '.join(DIFFERENTIABLE_RESETS)}, one spike", "choose one")


@dataclass(frozen=True, eq=False)
class ThresholdAdjoint(NeuronAdjoint):
    """θ̄ of one step of a neuron with a gate: -s ẑ, and -z v̄ more for reset subtract; where v_min holds v, v̄ is 0.

    s, ẑ and v̄ as in `NeuronAdjoint`. It reads m, z and m̄[k+1].
    """

    name: ClassVar[str] = "threshold_adjoint"
    stateful: ClassVar[bool] = False

    def read_shapes(self) -> tuple[Shape, ...]:
        return (self.shape,) * 3

    def states(self) -> dict[str, Signal]:
        return {}


@dataclass(frozen=True, eq=False)
class EGRUAdjoint(Adjoint):
    """The cell of an `EGRU`, backwards; it reads m, o and e.

    With c̄ = e[k+1] m̄[k+1] (0 at the last step), s the ``surrogate`` at m - threshold and ô = ȳ m - threshold c̄ (or
    ȳ m, if the reset is not ``attached``): m̄ = o ȳ + c̄ + s ô. The output is m̄, the state c is e m̄.
    """

    name: ClassVar[str] = "egru_adjoint"
    stateful: ClassVar[bool] = True
    threshold: Array
    surrogate: Surrogate
    attached: bool = True

    def accepts(self) -> Shape | None:
        return self.shape

    def read_shapes(self) -> tuple[Shape, ...]:
        return (self.shape,) * 3

    def states(self) -> dict[str, Signal]:
        return {"c": Signal(self.shape)}


@dataclass(frozen=True, eq=False)
class EGRUThresholdAdjoint(EGRUAdjoint):
    """θ̄ of one step of an `EGRU`: -s ô - o c̄, as in `EGRUAdjoint`. It reads m, o, e[k+1] and m̄[k+1]."""

    name: ClassVar[str] = "egru_threshold_adjoint"
    stateful: ClassVar[bool] = False

    def read_shapes(self) -> tuple[Shape, ...]:
        return (self.shape,) * 4

    def states(self) -> dict[str, Signal]:
        return {}


@dataclass(frozen=True, eq=False)
class EGRUGatesAdjoint(Adjoint):
    """ā of an `EGRU` from m̄; it reads u, r, g, d and h, whose shape (3H,) is ``shape``::

    ā_u = m̄ d (u - zoneout) (1 - u) / (1 - zoneout)
    ā_g = m̄ (1 - u) (1 - g^2)    ā_r = ā_g h_g r (1 - r)
    """

    name: ClassVar[str] = "egru_gates_adjoint"
    zoneout: float = 0.0

    @property
    def units(self) -> int:
        """H."""
        return prod(self.shape) // GATES

    def accepts(self) -> Shape | None:
        return (self.units,)

    def read_shapes(self) -> tuple[Shape, ...]:
        return ((self.units,),) * 4 + (self.shape,)


@dataclass(frozen=True, eq=False)
class EGRUReadAdjoint(Adjoint):
    """h̄ of an `EGRU` from ā: h̄_u = ā_u, h̄_r = ā_r, h̄_g = r ā_g; it reads r."""

    name: ClassVar[str] = "egru_read_adjoint"

    def accepts(self) -> Shape | None:
        return self.shape

    def read_shapes(self) -> tuple[Shape, ...]:
        return ((prod(self.shape) // GATES,),)


@dataclass(frozen=True, eq=False)
class GRUAdjoint(Adjoint):
    """The cell of a `GRU`, backwards; it reads u: c̄[k] = ȳ[k] + u[k+1] c̄[k+1] (0 at the last step).

    The output is c̄, the state c is u c̄. With reset ``after``, the gates follow as those of an `EGRU` do, m̄ being c̄.
    """

    name: ClassVar[str] = "gru_adjoint"
    stateful: ClassVar[bool] = True

    def accepts(self) -> Shape | None:
        return self.shape

    def read_shapes(self) -> tuple[Shape, ...]:
        return (self.shape,)

    def states(self) -> dict[str, Signal]:
        return {"c": Signal(self.shape)}


@dataclass(frozen=True, eq=False)
class GRUGatesAdjoint(Adjoint):
    """ā of a `GRU` with reset ``before``, (2H,), from c̄; it reads u, g and d::

    ā_u = c̄ d u (1 - u)    ā_g = c̄ (1 - u) (1 - g^2)
    """

    name: ClassVar[str] = "gru_gates_adjoint"

    def accepts(self) -> Shape | None:
        return (prod(self.shape) // (GATES - 1),)

    def read_shapes(self) -> tuple[Shape, ...]:
        return ((prod(self.shape) // (GATES - 1),),) * 3


@dataclass(frozen=True, eq=False)
class ResetGateAdjoint(Adjoint):
    """ā_r of a `ResetGate` from q̄: q̄ y r (1 - r); it reads r and y."""

    name: ClassVar[str] = "reset_gate_adjoint"

    def accepts(self) -> Shape | None:
        return self.shape

    def read_shapes(self) -> tuple[Shape, ...]:
        return (self.shape,) * 2


@dataclass(frozen=True, eq=False)
class ResetGateReadAdjoint(Adjoint):
    """ȳ of what a `ResetGate` reads, from q̄: r q̄; it reads r."""

    name: ClassVar[str] = "reset_gate_read_adjoint"

    def accepts(self) -> Shape | None:
        return self.shape

    def read_shapes(self) -> tuple[Shape, ...]:
        return (self.shape,)


@dataclass(frozen=True, eq=False)
class LSTMAdjoint(Adjoint):
    """ā of an `LSTM`, (4H,), from ȳ; it reads i, o, f, g, t and last, H = ``shape`` / 4::

        ā_o = ȳ t o (1 - o)                  c̄ = ȳ o (1 - t^2) + p_o ā_o + c̄'
        ā_i = c̄ g i (1 - i)    ā_f = c̄ last f (1 - f)    ā_g = c̄ i (1 - g^2)

    The state c is what the step before gets, c̄' = f c̄ + p_i ā_i + p_f ā_f (0 at the last step).
    """

    name: ClassVar[str] = "lstm_adjoint"
    stateful: ClassVar[bool] = True
    peephole: Array | None = None

    @property
    def units(self) -> int:
        """H."""
        return prod(self.shape) // LSTM_GATES

    def accepts(self) -> Shape | None:
        return (self.units,)

    def read_shapes(self) -> tuple[Shape, ...]:
        return ((self.units,),) * 6

    def states(self) -> dict[str, Signal]:
        return {"c": Signal((self.units,))}


@dataclass(frozen=True, eq=False)
class PeepholeAdjoint(Adjoint):
    """p̄ of one step of an `LSTM`, (3, H), from ā: ā_i last, ā_o c, ā_f last; it reads last = c[k-1] and c."""

    name: ClassVar[str] = "peephole_adjoint"

    def accepts(self) -> Shape | None:
        return (LSTM_GATES * self.shape[1],)

    def read_shapes(self) -> tuple[Shape, ...]:
        return ((self.shape[1],),) * 2
