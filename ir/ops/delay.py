"""Explicit delay: the only op that may close a cycle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from ..signal import Fixed, Kind, Signal
from .base import Array, Op, Problem, initial_problems


@dataclass(frozen=True, eq=False)
class Delay(Op):
    """y[k] = x[k - steps]; for k < steps it is ``initial``, of x's shape, or zero (no events) where that is None."""

    name: ClassVar[str] = "delay"
    stage: ClassVar[str] = "steps"
    stateful: ClassVar[bool] = True
    steps: int = 1
    initial: Array | None = None

    def output(self, source: Signal | None) -> Signal:
        assert source is not None
        return source

    def carried(self, source: Signal | None) -> dict[str, Signal]:
        """``line``: what is under way, [steps, *shape], the oldest first: it leaves in the next step."""
        assert source is not None
        return {"line": replace(source, shape=(self.steps, *source.shape))}

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        if self.steps < 1:
            yield Problem("AX306", f"a delay of {self.steps} steps", "at least 1", "remove the node")
        if self.initial is not None and source is not None and self.initial.shape != source.shape:
            found, limit = f"an initial value of {self.initial.shape}", f"its input has {source.shape}"
            yield Problem("AX301", found, limit, "correct it")
        elif source is not None and source.kind is Kind.EVENT:
            yield from initial_problems(self.initial, source.shape, source.peak)
        elif source is not None and isinstance(source.format, Fixed):
            yield from initial_problems(self.initial, source.shape, source.format.limit)
