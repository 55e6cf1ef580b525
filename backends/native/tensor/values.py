"""Where the numbers of a program lie: buffers, and views of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from .types import DType, c_type

Shape = tuple[int, ...]
Strides = tuple[int, ...]


@dataclass(frozen=True)
class Buffer:
    """An array of C: ``place`` is ``m`` (the program's memory) or ``c`` (its constants)."""

    name: str
    dtype: DType
    size: int
    place: str = "m"

    @property
    def extent(self) -> int:
        """Its elements; C has no arrays of none."""
        return max(self.size, 1)

    @property
    def bytes(self) -> int:
        """What it takes."""
        return self.extent * self.dtype.itemsize

    @property
    def declaration(self) -> str:
        """Its member of a struct."""
        return f"_Alignas(64) {c_type(self.dtype)} {self.name}[{self.extent}];"


@dataclass(frozen=True)
class Value:
    """A signal: element [i, j, ...] lies ``offset + i strides[0] + j strides[1] + ...`` into the buffer.

    A value with ``text`` is one number, the same everywhere, and has no buffer of its own.
    """

    buffer: Buffer
    shape: Shape
    strides: Strides
    offset: int = 0
    text: str = ""

    @property
    def dtype(self) -> DType:
        """The type that C holds it in."""
        return self.buffer.dtype

    @property
    def size(self) -> int:
        """Its elements."""
        return prod(self.shape)

    @property
    def contiguous(self) -> bool:
        """Whether its elements lie side by side, in C order."""
        steps = zip(self.shape, self.strides, row_major(self.shape), strict=True)
        return not self.text and (self.size == 0 or all(n == 1 or ours == theirs for n, ours, theirs in steps))

    @property
    def pointer(self) -> str:
        """The address of its first element."""
        return f"&{self.buffer.place}->{self.buffer.name}[{self.offset}]"

    def at(self, index: str) -> str:
        """The element at a flat index of the buffer."""
        return self.text or f"{self.buffer.place}->{self.buffer.name}[{index}]"

    def reshaped(self, shape: Shape) -> Value:
        """Another shape of a contiguous value."""
        return replace(self, shape=shape, strides=row_major(shape))

    def to_rank(self, rank: int) -> Value:
        """With axes of extent 1 in front."""
        more = rank - len(self.shape)
        return replace(self, shape=(1,) * more + self.shape, strides=(0,) * more + self.strides)

    def spread(self, shape: Shape) -> Value:
        """Broadcast to a shape: axes of extent 1 repeat."""
        raised = self.to_rank(len(shape))
        axes = zip(raised.shape, raised.strides, shape, strict=True)
        return replace(self, shape=shape, strides=tuple(0 if own != n else step for own, step, n in axes))

    def transposed(self, axes: Sequence[int]) -> Value:
        """The axes in another order."""
        shape, strides = (tuple(of[axis] for axis in axes) for of in (self.shape, self.strides))
        return replace(self, shape=shape, strides=strides)

    def part(self, spans: Sequence[tuple[int, int, int]]) -> Value:
        """Of every axis: start, count, step."""
        live = [(start, count, step) if count else (0, 0, 1) for start, count, step in spans]
        offset = self.offset + sum(start * own for (start, _, _), own in zip(live, self.strides, strict=True))
        strides = tuple(step * own for (_, _, step), own in zip(live, self.strides, strict=True))
        return replace(self, shape=tuple(count for _, count, _ in live), strides=strides, offset=offset)


def row_major(shape: Shape) -> Strides:
    """The strides of C order."""
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))


def whole(buffer: Buffer, shape: Shape) -> Value:
    """All of a buffer."""
    return Value(buffer, shape, row_major(shape))


def constant_number(text: str, dtype: DType) -> Value:
    """One number."""
    return Value(Buffer("", np.dtype(dtype), 1, "c"), (), (), 0, text)
