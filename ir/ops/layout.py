"""Tensor operations that move elements and compute nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar

from ..signal import Kind, Shape, Signal
from .tensor import MisfitError, TensorOp, broadcast


@dataclass(frozen=True, eq=False)
class Reshape(TensorOp):
    """y = x in ``shape``, in C order."""

    name: ClassVar[str] = "reshape"
    shape: Shape

    def result(self) -> Signal:
        if prod(self.shape) != prod(self.takes[0].shape):
            raise MisfitError(f"{self.takes[0].shape} in the shape {self.shape}; as many elements")
        return Signal(self.shape, Kind.DENSE, self.takes[0].format)


@dataclass(frozen=True, eq=False)
class Transpose(TensorOp):
    """y has x's axes in the order ``axes``."""

    name: ClassVar[str] = "transpose"
    axes: tuple[int, ...]

    def result(self) -> Signal:
        x = self.takes[0]
        if sorted(self.axes) != list(range(len(x.shape))):
            raise MisfitError(f"the axes {self.axes} of {x.shape}; each of them once")
        return Signal(tuple(x.shape[axis] for axis in self.axes), Kind.DENSE, x.format)


@dataclass(frozen=True, eq=False)
class Slice(TensorOp):
    """Along each axis y has the elements start, start + step, ... of x, count of them: ``spans`` are (start, count,
    step), one an axis."""

    name: ClassVar[str] = "slice"
    spans: tuple[tuple[int, int, int], ...]

    def result(self) -> Signal:
        x = self.takes[0]
        inside = len(self.spans) == len(x.shape) and all(
            count == 0 or (step != 0 and 0 <= start < n and 0 <= start + (count - 1) * step < n)
            for (start, count, step), n in zip(self.spans, x.shape, strict=True)
        )
        if not inside:
            raise MisfitError(f"the spans {self.spans} of {x.shape}; inside it, one an axis")
        return Signal(tuple(count for _, count, _ in self.spans), Kind.DENSE, x.format)


@dataclass(frozen=True, eq=False)
class Concat(TensorOp):
    """y has the operands one after the other along ``axis``."""

    name: ClassVar[str] = "concat"
    axis: int

    def result(self) -> Signal:
        first, axis = self.takes[0], self.axis
        rest = {(*s.shape[:axis], *s.shape[axis + 1 :]) for s in self.takes}
        alike = len(rest) == 1 and len({len(s.shape) for s in self.takes}) == 1
        if not alike or not 0 <= axis < len(first.shape) or len({s.format for s in self.takes}) > 1:
            raise MisfitError(f"{', '.join(map(str, self.takes))} along axis {axis}; alike but for that axis")
        extent = sum(s.shape[axis] for s in self.takes)
        return replace(first, shape=(*first.shape[:axis], extent, *first.shape[axis + 1 :]), kind=Kind.DENSE)


@dataclass(frozen=True, eq=False)
class Gather(TensorOp):
    """y = x with ``axis`` replaced by the axes of r: the elements whose indices r holds; from the end if negative."""

    name: ClassVar[str] = "gather"
    axis: int

    def result(self) -> Signal:
        x, indices = self.takes
        if not 0 <= self.axis < len(x.shape):
            raise MisfitError(f"axis {self.axis} of {x.shape}; from 0 to {len(x.shape) - 1}")
        shape = (*x.shape[: self.axis], *indices.shape, *x.shape[self.axis + 1 :])
        return Signal(shape, Kind.DENSE, x.format)


@dataclass(frozen=True, eq=False)
class Broadcast(TensorOp):
    """y = x, repeated along axes where it has extent 1, or none, until it has ``shape``."""

    name: ClassVar[str] = "broadcast"
    shape: Shape

    def result(self) -> Signal:
        x = self.takes[0]
        if broadcast(x.shape, self.shape) != self.shape:
            raise MisfitError(f"{x.shape} as {self.shape}; extents are equal, or 1 in the first")
        return Signal(self.shape, Kind.DENSE, x.format)
