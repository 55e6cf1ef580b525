"""What a tensor operation is on tiles: a vertex, the functions in it, and its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from axonc.ir.signal import Signal

from ..lower.base import POPLAR, Unit

DType = np.dtype[Any]


@dataclass(frozen=True)
class Vertex:
    """A codelet of `operations.hpp`: how many operands it has, of how many of them several elements an element of the
    result; ``counts``: whether it counts what goes wrong; ``numbers``: its fields beside those of operands."""

    name: str
    operands: int
    listed: int = 0
    counts: bool = False
    numbers: int = 0

    @property
    def bytes(self) -> int:
        """A place in a compute set; values, places and step of each operand; taps; numbers; what it writes."""
        pointers = 2 * self.operands + self.listed + 1 + self.counts
        return 4 + 8 * pointers + 4 * (self.operands + self.numbers)


ELEMENTWISE = Vertex("Elementwise", 3)
JOINED = Vertex("Joined", 2)
FOLDED = Vertex("Folded", 1, 1)
PRODUCTS = Vertex("Products", 3, 2)
BEST = Vertex("Best", 2, 1)
GATHERED = Vertex("Gathered", 2, 0, True, 2)


@dataclass(frozen=True, eq=False)
class Operation:
    """``function``: the text of the struct of functions that the vertex calls, but for its name; ``held``: the types of
    the operands; ``sent``: of the result; ``each``: instructions of a worker for an element."""

    name: str
    vertex: Vertex
    function: str
    held: tuple[DType, ...]
    sent: DType
    each: int
    numbers: tuple[tuple[str, int], ...] = ()

    def states(self) -> Mapping[str, Signal]:
        """None."""
        return {}

    @property
    def types(self) -> tuple[DType, ...]:
        """Of all operands that the vertex has, and of the result; operands that are not there have the type of the
        first."""
        missing = self.vertex.operands - len(self.held)
        return (*self.held, *[self.held[0]] * missing, self.sent)


@dataclass(frozen=True, eq=False)
class Stored:
    """A constant: its numbers, which a tile holds."""

    value: np.ndarray[Any, Any]
    name: str = "constant"

    def states(self) -> Mapping[str, Signal]:
        """None."""
        return {}


FINDING = 4 + 2 * 4 + 2 * 8
"""Bytes of the vertex `FindValues`: its place in a compute set, two numbers, two pointers with sizes."""


def operation(op: Operation) -> Unit:
    """The unit of an operation: nothing is kept. Its neurons' vertex only lists what is not 0."""
    listing = "findValues(graph, {}, {});".format
    return Unit("f4", "f4", key(op.sent), np.zeros((1, 0), "<f4"), 0, listing, op.vertex.bytes)


def key(dtype: DType) -> str:
    """A type as `POPLAR` has it."""
    return dtype.str[1:]


NAMES: Mapping[str, str] = {
    "b1": "bool",
    "i1": "signed char",
    "i2": "short",
    "i4": "int",
    "i8": "long long",
    "u1": "unsigned char",
    "u2": "unsigned short",
    "u4": "unsigned int",
    "u8": "unsigned long long",
    "f4": "float",
}
"""The types of numbers on tiles, as codelets name them."""

assert {*NAMES} == {*POPLAR}
