"""A limit of the events of a step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from ..signal import Signal
from .base import Op, Problem


@dataclass(frozen=True, eq=False)
class Limit(Op):
    """y = x for the first ``capacity`` elements of a step that are not 0, in C order; 0 for those behind them.

    What a list of events with room for so many passes on, if what does not fit is dropped: whoever sent it has been
    reset all the same. An element counts once, however many spikes or whatever value it has.
    """

    name: ClassVar[str] = "limit"
    stage: ClassVar[str] = "steps"
    capacity: int = 1

    def output(self, source: Signal | None) -> Signal:
        assert source is not None
        return source

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        if self.capacity < 1:
            yield Problem("AX306", f"a capacity of {self.capacity} events", "at least 1", "remove the node")
