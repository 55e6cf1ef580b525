"""Gradients of parameters: sums over a whole sequence of what one step adds.

y[k] is the sum up to step k, so that the gradient is the output of the last step. ``terms`` signals are read and
added to r, the input of the forward node; for each sample of a batch the gradient is its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from ..signal import Shape, Signal
from .base import Array, Op, Problem
from .window import Axis


@dataclass(frozen=True, eq=False)
class Total(Op):
    """y[k] = y[k-1] + fold(x[k] r[k]); r is 1 where nothing is read.

    The fold adds, in C order, as many elements side by side as it takes to make the shape ``gives``: () adds all of
    them, (C,) those of each channel of an image.
    """

    name: ClassVar[str] = "total"
    stage: ClassVar[str] = "steps"
    stateful: ClassVar[bool] = True
    needs_source: ClassVar[bool] = False
    gives: Shape
    takes: Shape
    terms: int = 0

    def output(self, source: Signal | None) -> Signal:
        return Signal(self.gives)

    def carried(self, source: Signal | None) -> dict[str, Signal]:
        return {"sum": Signal(self.gives)}

    def accepts(self) -> Shape | None:
        return self.takes

    def read_shapes(self) -> tuple[Shape, ...]:
        return (self.takes,) * self.terms

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        if prod(self.takes) % max(prod(self.gives), 1):
            yield Problem("AX301", f"it adds {self.takes} to {self.gives}", "whole parts", "correct the shape")


@dataclass(frozen=True, eq=False)
class OuterTotal(Op):
    """y[k] = y[k-1] + x[k] r[k]^T, (O, I): the gradient of a dense matrix. x and r are read flat, in C order."""

    name: ClassVar[str] = "outer_total"
    stage: ClassVar[str] = "steps"
    stateful: ClassVar[bool] = True
    needs_source: ClassVar[bool] = False
    gives: Shape
    takes: Shape
    reads: Shape
    terms: int = 1

    def output(self, source: Signal | None) -> Signal:
        return Signal(self.gives)

    def carried(self, source: Signal | None) -> dict[str, Signal]:
        return {"sum": Signal(self.gives)}

    def accepts(self) -> Shape | None:
        return self.takes

    def read_shapes(self) -> tuple[Shape, ...]:
        return (self.reads,) * self.terms

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        if self.gives != (prod(self.takes), prod(self.reads)):
            found = f"the product of {self.takes} and {self.reads}"
            yield Problem("AX301", found, f"a matrix of {self.gives}", "correct the shapes")


@dataclass(frozen=True, eq=False)
class StoredTotal(Op):
    """y[k, n] = y[k-1, n] + x[k, rows[n]] r[k, columns[n]]: the gradient of the stored values of a sparse matrix."""

    name: ClassVar[str] = "stored_total"
    stage: ClassVar[str] = "steps"
    stateful: ClassVar[bool] = True
    needs_source: ClassVar[bool] = False
    rows: Array
    columns: Array
    takes: Shape
    reads: Shape
    terms: int = 1

    def output(self, source: Signal | None) -> Signal:
        return Signal(self.rows.shape)

    def carried(self, source: Signal | None) -> dict[str, Signal]:
        return {"sum": Signal(self.rows.shape)}

    def accepts(self) -> Shape | None:
        return self.takes

    def read_shapes(self) -> tuple[Shape, ...]:
        return (self.reads,) * self.terms

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        for indices, shape in ((self.rows, self.takes), (self.columns, self.reads)):
            if indices.size and not 0 <= indices.min() <= indices.max() < prod(shape):
                yield Problem("AX306", f"the index {indices.max()}", f"below {prod(shape)}", "correct it")


@dataclass(frozen=True, eq=False)
class KernelTotal(Op):
    """y[k] = y[k-1] + the sum over t of x[k, o, t] r[k, g I/groups + i, t stride + tap dilation - before], the
    gradient of the weight (O, I/groups, *K) of a `Conv` whose input has the shape ``reads``."""

    name: ClassVar[str] = "kernel_total"
    stage: ClassVar[str] = "steps"
    stateful: ClassVar[bool] = True
    needs_source: ClassVar[bool] = False
    gives: Shape
    takes: Shape
    reads: Shape
    axes: tuple[Axis, ...]
    groups: int = 1
    terms: int = 1

    def output(self, source: Signal | None) -> Signal:
        return Signal(self.gives)

    def carried(self, source: Signal | None) -> dict[str, Signal]:
        return {"sum": Signal(self.gives)}

    def accepts(self) -> Shape | None:
        return self.takes

    def read_shapes(self) -> tuple[Shape, ...]:
        return (self.reads,) * self.terms
