"""Where signals enter and leave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from ..signal import Shape, Signal
from .base import Op, Problem


@dataclass(frozen=True, eq=False)
class Input(Op):
    """y[k] = what the user gives for step k; ``signal`` says its shape and kind."""

    name: ClassVar[str] = "input"
    needs_source: ClassVar[bool] = False
    fed: ClassVar[bool] = False
    signal: Signal

    def output(self, source: Signal | None) -> Signal:
        return self.signal

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        if source is not None:
            yield Problem("AX304", "an input node has an input edge", "none is allowed", "remove the edge")


@dataclass(frozen=True, eq=False)
class Output(Op):
    """y = x; the model's result. ``shape`` is what the file says, or None."""

    name: ClassVar[str] = "output"
    shape: Shape | None = None

    def output(self, source: Signal | None) -> Signal:
        assert source is not None
        return source

    def accepts(self) -> Shape | None:
        return self.shape
