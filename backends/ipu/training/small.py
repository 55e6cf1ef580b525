"""Counters, and tensors that are cleared."""

from __future__ import annotations

from ..layout import Layout, share_of
from .pieces import Field, Number, Tensor, Vertices
from .types import CPP

ELEMENT = 6
"""Instructions for an element of something elementwise."""


def counter(name: str, tile: int) -> Tensor:
    """One whole number on a tile."""
    return Tensor(name, "u4", Layout(1, tile, 1), 1)


def clear(tensor: Tensor) -> Vertices:
    """Every element becomes 0."""
    work = share_of(int(tensor.sizes.max(initial=0)))
    return Vertices(f"axonc::Clear<{CPP[tensor.dtype]}>", tensor.layout, (Field("y", (tensor,), "out"),), {}, work)


def begin(tensor: Tensor, first: Tensor) -> Vertices:
    """Every sample becomes what one begins with."""
    work = ELEMENT * share_of(int(tensor.sizes.max(initial=0)))
    fields = (Field("first", (first,)), Field("y", (tensor,), "out"))
    return Vertices(f"axonc::Begin<{CPP[tensor.dtype]}>", tensor.layout, fields, {}, work)


def set_counter(counted: Tensor, value: int) -> Vertices:
    """A counter becomes a number."""
    numbers: dict[str, Number] = {"value": value % 2**32}
    return Vertices("axonc::CountAnew", counted.layout, (Field("count", (counted,), "out"),), numbers, ELEMENT)


def move_counter(counted: Tensor, by: int) -> Vertices:
    """Add to a counter."""
    numbers: dict[str, Number] = {"by": by % 2**32}
    return Vertices("axonc::Count", counted.layout, (Field("count", (counted,), "inout"),), numbers, ELEMENT)


def place_counter(source: Tensor, target: Tensor, by: int) -> Vertices:
    """A counter becomes another one and ``by``."""
    fields = (Field("source", (source,)), Field("count", (target,), "out"))
    return Vertices("axonc::CountFrom", target.layout, fields, {"by": by % 2**32}, ELEMENT)
