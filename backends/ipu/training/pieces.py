"""What a training program consists of: tensors in pieces on tiles, vertices, and what is executed in which order.

All of it is a value that the emitter writes down and the account of memory reads; nothing else knows the program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from axonc.ir.ops import Array

from ..layout import Layout


@dataclass(frozen=True, eq=False)
class Tensor:
    """Elements of a numpy type on the tiles of a layout: ``each`` for every neuron, or ``fixed`` on every tile.

    A signal of L lanes and B samples has L B elements a neuron; the piece of a tile with n neurons is [B, L, n]. A
    matrix has L I elements a neuron, [I, L, n]: a row for each of I sources.
    """

    name: str
    dtype: str
    layout: Layout
    each: int
    fixed: int = 0

    def named(self, name: str) -> Tensor:
        """Another tensor of the same type and sizes."""
        return Tensor(name, self.dtype, self.layout, self.each, self.fixed)

    @property
    def sizes(self) -> Array:
        """Elements on each tile of the layout."""
        return np.full(self.layout.tiles, self.fixed) if self.fixed else self.layout.counts * self.each

    @property
    def item(self) -> int:
        """Bytes of an element."""
        return np.dtype(self.dtype).itemsize

    @property
    def bytes(self) -> int:
        """Bytes of all elements."""
        return int(self.sizes.sum()) * self.item


View = Literal["piece", "whole", "column"]
Way = Literal["in", "out", "inout"]


@dataclass(frozen=True, eq=False)
class Field:
    """A field of a vertex. ``piece``: the part on the vertex's own tile; ``whole``: all of the tensor; ``column``: of
    the piece on every tile, the part that has the shape and place of the vertex's own piece of ``like``. Several
    tensors are rows of a field of two dimensions. ``way``: whether the vertex reads or writes it."""

    name: str
    tensors: tuple[Tensor, ...]
    way: Way = "in"
    view: View = "piece"
    like: Tensor | None = None
    rows: bool = False
    dtype: str = "f4"


Number = int | float | bool


@dataclass(frozen=True, eq=False)
class Vertices:
    """A vertex on every tile of a layout. ``numbers``: its plain fields; ``instructions``: of its busiest worker."""

    codelet: str
    layout: Layout
    fields: tuple[Field, ...]
    numbers: Mapping[str, Number]
    instructions: int


@dataclass(eq=False)
class Stage:
    """A compute set."""

    name: str
    vertices: list[Vertices] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Buffer:
    """Memory off the chip: ``rows`` of what ``tensors``, all of one type, hold together."""

    name: str
    tensors: tuple[Tensor, ...]
    rows: int

    @property
    def row_bytes(self) -> int:
        """Bytes of a row, which is what a transfer moves."""
        return sum(tensor.bytes for tensor in self.tensors)


@dataclass(frozen=True, eq=False)
class Execute:
    """Run the vertices of a stage."""

    stage: Stage


@dataclass(frozen=True, eq=False)
class Transfer:
    """Move a row of a buffer, whose number is in ``index``: onto the chip, or ``away``."""

    buffer: Buffer
    index: Tensor
    away: bool


@dataclass(frozen=True, eq=False)
class Stream:
    """Send a tensor to the host, or receive it."""

    tensor: Tensor
    away: bool


@dataclass(frozen=True, eq=False)
class Function:
    """A part of the program with a name, compiled once."""

    name: str
    body: tuple[Step, ...]


@dataclass(frozen=True, eq=False)
class Call:
    """Run a function."""

    function: Function


@dataclass(frozen=True, eq=False)
class Repeat:
    """Run a body so many times."""

    count: int
    body: tuple[Step, ...]


Step = Execute | Transfer | Stream | Call | Repeat
