"""What passes from one part of a sequence to the next: states, what is under way in delays, sums so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from axonc.ir.ops import Array


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

    def delayed(self, name: str, x: Array, steps: int, later: int) -> Array:
        """x [T, B, *S], ``steps`` later in the direction of the run (``later``: 1, or -1 backwards)."""
        met = x[::later]
        y, joined = np.empty_like(x), np.concatenate([self._earlier(name, x[:1], steps), met])
        y[::later] = joined[: len(x)]
        self.delays[name] = joined[len(x) :].copy()
        return y

    def before(self, name: str, position: int) -> Array | int:
        """What came into a delay so many steps after the first of those that it still holds."""
        earlier = self.delays.get(name)
        return 0 if earlier is None else earlier[position]

    def close(self, name: str, met: Sequence[Array], steps: int) -> None:
        """Keep what a delay of so many steps holds when a run ends; ``met``: what came into it, or the last of that."""
        fresh = np.stack(met)
        self.delays[name] = np.concatenate([self._earlier(name, fresh[:1], steps), fresh])[-steps:].copy()

    def _earlier(self, name: str, like: Array, steps: int) -> Array:
        earlier = self.delays.get(name)
        return np.zeros((steps, *like.shape[1:]), like.dtype) if earlier is None else earlier
