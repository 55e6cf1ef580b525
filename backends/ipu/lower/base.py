"""What lowering a population of neurons, and a projection, means."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np

from axonc.ir.ops import Array
from axonc.ir.signal import Shape

from ..layout import Layout

W = TypeVar("W")

POPLAR = {
    "b1": "BOOL",
    "f4": "FLOAT",
    "i1": "SIGNED_CHAR",
    "i2": "SHORT",
    "i4": "INT",
    "i8": "LONGLONG",
    "u1": "UNSIGNED_CHAR",
    "u2": "UNSIGNED_SHORT",
    "u4": "UNSIGNED_INT",
    "u8": "UNSIGNED_LONGLONG",
}
"""Types of numpy as Poplar names them."""


@dataclass(frozen=True)
class Unit:
    """How the neurons of an op run on tiles.

    ``sums``, ``state``, ``sent``: numpy types of accumulators of integer weights, of what a neuron keeps and of what it
    sends (None: it sends nothing); ``parameters``: a record for each neuron [N, F], or for all [1, F], in the order in
    which the codelet reads it;
    ``states``: how many there are, voltage (or cell) before current; ``update``: the statement of the program that adds
    its vertices, given the C++ names of compute set and population; ``vertex_bytes``: of a vertex with its pointers;
    ``levels``: the values that its voltage takes, then the largest voltage for which each but the last is the nearest.
    """

    sums: str
    state: str
    sent: str | None
    parameters: Array
    states: int
    update: Callable[[str, str], str]
    vertex_bytes: int
    levels: Array = field(default_factory=lambda: np.zeros(0, "<f4"))

    @property
    def shared(self) -> bool:
        """Whether one record serves all neurons."""
        return bool(np.all(self.parameters == self.parameters[0]))


def records(fields: tuple[Any, ...], shape: Shape, dtype: str) -> Array:
    """Fields of shape () or ``shape`` as records [N, F]."""
    count = int(np.prod(shape))
    columns = [np.broadcast_to(np.asarray(field), shape).reshape(count) for field in fields]
    return np.stack(columns, axis=1).astype(dtype)


def flag(value: bool) -> str:
    """A truth value in C++."""
    return "true" if value else "false"


def real(value: float) -> str:
    """A float32 in C++, exactly."""
    return f"{float(np.float32(value)).hex()}F"


class Form(ABC, Generic[W]):
    """A way of storing the weights W of a projection, and the vertices that read them."""

    name: str
    add: str
    """The function of the program that makes its tensors."""
    sum: str
    """The function of the program that adds its vertices."""
    vertex_bytes: int
    """Of a vertex with its pointers."""
    reads_events: bool = True
    """Whether it reads a list of events, else the values of all sources, as they are now."""

    def numbers(self, weight: W) -> str:
        """What the program says of the weights, in C++; nothing where their tensors say all."""
        return ""

    @abstractmethod
    def cycles(self, weight: W, layout: Layout, lanes: int, events: int) -> int:
        """Of a step with so many events, to the end of the sums."""

    @abstractmethod
    def pack(self, weight: W, layout: Layout, lanes: int) -> list[Array]:
        """What the program's store holds of it, in the order in which it is asked for."""

    @abstractmethod
    def tile_bytes(self, weight: W, layout: Layout, lanes: int) -> Array:
        """The bytes on each tile of the layout."""
