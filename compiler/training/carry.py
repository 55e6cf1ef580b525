"""What passes from one part of a sequence to the next: states, what is under way in delays, sums so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from axonc.ir.ops import Array, Delay


@dataclass
class Carry:
    """Of a run that ended, by node. Empty: that of a run that has not begun.

    Attributes:
        states: of ops with a state, [B, *S] by name.
        delays: what went into a delay of d steps last, [d, B, *S] in the order in which the run met it.
        totals: gradients so far.
    """

    states: dict[str, dict[str, Array]] = field(default_factory=dict)
    delays: dict[str, Array] = field(default_factory=dict)
    totals: dict[str, Array] = field(default_factory=dict)

    def copy(self) -> Carry:
        """The states and delays, in arrays that nobody else writes; runs replace them and change none in place."""
        return Carry(dict(self.states), dict(self.delays))

    @property
    def arrays(self) -> list[Array]:
        """All of them."""
        states = [array for states in self.states.values() for array in states.values()]
        return [*states, *self.delays.values(), *self.totals.values()]

    def delayed(self, name: str, x: Array, op: Delay, later: int) -> Array:
        """x [T, B, *S], delayed in the direction of the run (``later``: 1, or -1 backwards)."""
        met = x[::later]
        y, joined = np.empty_like(x), np.concatenate([self._earlier(name, x[:1], op), met])
        y[::later] = joined[: len(x)]
        self.delays[name] = joined[len(x) :].copy()
        return y

    def before(self, name: str, op: Delay, position: int) -> Array | float:
        """What came into a delay so many steps after the first of those that it still holds."""
        earlier = self.delays.get(name)
        return first_of(op) if earlier is None else earlier[position]

    def close(self, name: str, met: Sequence[Array], op: Delay) -> None:
        """Keep what a delay holds when a run ends; ``met``: what came into it, or the last of that."""
        fresh = np.stack(met)
        self.delays[name] = np.concatenate([self._earlier(name, fresh[:1], op), fresh])[-op.steps :].copy()

    def _earlier(self, name: str, like: Array, op: Delay) -> Array:
        if name in self.delays:
            return self.delays[name]
        earlier = np.zeros((op.steps, *like.shape[1:]), like.dtype)
        earlier[...] = first_of(op)
        return earlier


def first_of(op: Delay) -> Array | float:
    """What a delay gives before anything has reached it."""
    return 0.0 if op.initial is None else op.initial
