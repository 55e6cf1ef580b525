"""Ops that change a signal's shape and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar

from ..signal import Signal
from .base import Op, Problem


@dataclass(frozen=True, eq=False)
class Flatten(Op):
    """y = x with the axes ``start_dim`` to ``end_dim`` (inclusive, negative from the end) made one, in C order."""

    name: ClassVar[str] = "flatten"
    start_dim: int = 0
    end_dim: int = -1

    def output(self, source: Signal | None) -> Signal:
        assert source is not None
        shape = source.shape
        first, last = self._axes(len(shape))
        return replace(source, shape=(*shape[:first], prod(shape[first : last + 1]), *shape[last + 1 :]))

    def _axes(self, rank: int) -> tuple[int, int]:
        first = self.start_dim + rank if self.start_dim < 0 else self.start_dim
        last = self.end_dim + rank if self.end_dim < 0 else self.end_dim
        return first, last

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        assert source is not None
        rank = len(source.shape)
        first, last = self._axes(rank)
        if not 0 <= first <= last < rank:
            yield Problem(
                "AX301",
                f"flattens axes {self.start_dim} to {self.end_dim} of a signal with {rank} axes",
                f"axes run from 0 to {rank - 1}",
                "correct start_dim and end_dim",
            )
