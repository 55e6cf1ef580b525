"""Neurons whose voltage takes the values of a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..signal import Shape, Signal
from .base import Array, Op, Problem
from .neuron import Neuron

MAX_LEVELS = 256


@dataclass(frozen=True, eq=False)
class LevelNeuron(Op):
    """`Neuron` whose v is the nearest of ``levels`` after the update, before the test, and again after a reset.

    ``neuron``: its equations; ``levels``: (n,) float64, ascending, 2 to 256 of them: a code of ceil(log2 n) bits stands
    for v. Of two levels that are as near the lower one is taken, as argmin |level - v| does. v starts at the level
    nearest to 0. i stays a float.
    """

    name: ClassVar[str] = "level_neuron"
    stage: ClassVar[str] = "steps"
    stateful: ClassVar[bool] = True
    needs_source: ClassVar[bool] = False
    neuron: Neuron
    levels: Array

    @property
    def shape(self) -> Shape:
        """The population's shape."""
        return self.neuron.shape

    @property
    def kind(self) -> str:
        """The field's name of this combination of parts."""
        return self.neuron.kind

    def output(self, source: Signal | None) -> Signal:
        return self.neuron.output(source)

    def accepts(self) -> Shape | None:
        return self.neuron.accepts()

    def states(self) -> dict[str, Signal]:
        return self.neuron.states()

    def internals(self) -> dict[str, Signal]:
        return self.neuron.internals()

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        yield from super().verify(source)
        yield from self.neuron.verify(source)
        rising = self.levels.ndim == 1 and bool(np.all(np.diff(self.levels) > 0))
        if not rising or not 2 <= self.levels.size <= MAX_LEVELS:
            found, limit = f"levels of shape {self.levels.shape}", f"2 to {MAX_LEVELS}, each above the one before"
            yield Problem("AX306", found, limit, "quantise the model again")
