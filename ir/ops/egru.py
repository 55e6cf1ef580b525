"""The event-based gated recurrent unit, in float."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from ..signal import Float, Format, Kind, Shape, Signal
from .base import COUNT, Array, Op, Problem, initial_problems

GATES = 3
"""The parts of its inputs, in this order: update u, reset r, candidate g."""


@dataclass(frozen=True, eq=False)
class EGRU(Op):
    """The cell of an EGRU (Subramoney et al., ICLR 2023) of H units; its weights are `Linear` nodes around it.

    The input a: (3H,) is W x + b, the sum of what other populations send; the signal h: (3H,) that the node reads is
    R y[k-1] + b', from its own events and those of whoever is in its loop. Both hold u, r and g after each other::

        u = zoneout + (1 - zoneout) sigmoid(a_u + h_u)
        r = sigmoid(a_r + h_r)          g = tanh(a_g + r h_g)
        m = u c[k-1] + (1 - u) g        the update gate keeps the old cell
        o = 1 where m > threshold       strictly
        y = o m                         a graded event: its value is the cell before the reset
        c[k] = m - o threshold          soft reset by the unit's own threshold

    ``threshold``: () or (H,). ``zoneout`` (Krueger et al., ICLR 2017) is that of evaluation: to keep the part zoneout
    of c[k-1] and to update the rest is to have this u. c starts at ``initial`` (H,), or at 0; with a ``segment`` of N
    steps it also counts as 0 at every step k that N divides, as in training that cuts sequences and hands on y alone:
    y[k-1] still enters h there. The cell counts the steps itself, so that nothing but the op depends on where a segment
    ends.

    The internals are m, o, u, r, g, d = c[k-1] - g and e = dm/dc[k-1], which is u, or 0 where a segment begins.
    sigmoid and tanh are those of `ir.interpret.functions`, the same bits in C; targets with cores run it in integers
    (`FixedGRU`).
    """

    name: ClassVar[str] = "egru"
    stage: ClassVar[str] = "steps"
    stateful: ClassVar[bool] = True
    needs_source: ClassVar[bool] = False
    units: int
    threshold: Array
    state: Format = Float()  # noqa: RUF009 - a frozen value
    zoneout: float = 0.0
    segment: int | None = None
    initial: Array | None = None

    @property
    def shape(self) -> Shape:
        """The population's shape."""
        return (self.units,)

    def output(self, source: Signal | None) -> Signal:
        return Signal(self.shape, Kind.GRADED, self.state)

    def accepts(self) -> Shape | None:
        return (GATES * self.units,)

    def read_shapes(self) -> tuple[Shape, ...]:
        return ((GATES * self.units,),)

    def states(self) -> dict[str, Signal]:
        return {"c": Signal(self.shape, Kind.DENSE, self.state)}

    def carried(self, source: Signal | None) -> dict[str, Signal]:
        """The states; with a segment also ``k``: the number, within its segment, of the next step."""
        return self.states() if self.segment is None else {**self.states(), "k": COUNT}

    def internals(self) -> dict[str, Signal]:
        return {name: Signal(self.shape, Kind.DENSE, self.state) for name in ("m", "o", "u", "r", "g", "d", "e")}

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        yield from super().verify(source)
        if self.threshold.shape not in ((), self.shape):
            limit = f"one value, or one a unit: {self.shape}"
            yield Problem("AX103", f"threshold has shape {self.threshold.shape}", limit, "correct the parameters")
        elif self.units < 1:
            yield Problem("AX306", f"{self.units} units", "at least one", "correct the parameters")
        if not 0 <= self.zoneout < 1:
            yield Problem("AX306", f"a zoneout of {self.zoneout:g}", "from 0 to below 1", "correct the parameters")
        yield from initial_problems(self.initial, self.shape)
        if self.segment is not None and self.segment < 1:
            yield Problem("AX306", f"a segment of {self.segment} steps", "at least 1", "choose another, or none")
