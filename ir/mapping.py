"""A mapping: which slice runs on which core, under which keys, by which routes, when. A value beside the graph."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from .ops import Array
from .signal import Shape


@dataclass(frozen=True)
class Slice:
    """A box of the neurons of ``population``, which has ``shape``: from ``lower`` to ``upper`` (exclusive) along every
    axis, on ``core`` (None: an input, fed by the host).

    On its core, and in its keys, the neurons stand in *machine order*: the first axis runs fastest, then the last, then
    the one before, so that all channels of one place of an image are neighbours. ``block`` numbers the key block under
    which the slice sends its events, or is None if it sends none.
    """

    population: str
    shape: Shape
    lower: tuple[int, ...]
    upper: tuple[int, ...]
    core: int | None = None
    block: int | None = None

    @property
    def extents(self) -> Shape:
        """The size of the box along every axis."""
        return tuple(upper - lower for lower, upper in zip(self.lower, self.upper, strict=True))

    @property
    def count(self) -> int:
        """Neurons in the slice."""
        return prod(self.extents)

    @property
    def box(self) -> Slice:
        """The slice without its core and its keys."""
        return replace(self, core=None, block=None)

    @property
    def place(self) -> tuple[str, tuple[int, ...]]:
        """What tells it from every other slice: population and first neuron."""
        return self.population, self.lower

    @property
    def neurons(self) -> Array:
        """The numbers of its neurons within the population (C order of the shape), in machine order."""
        return box_neurons(self.shape, self.lower, self.upper)

    def __str__(self) -> str:
        ranges = ", ".join(f"{lower}:{upper}" for lower, upper in zip(self.lower, self.upper, strict=True))
        return f"{self.population}[{ranges}]"


@lru_cache(maxsize=512)
def box_neurons(shape: Shape, lower: tuple[int, ...], upper: tuple[int, ...]) -> Array:
    """The C-order numbers of a box's neurons in an array of ``shape``, in machine order; read-only."""
    numbers = np.zeros((1,) * len(shape), np.int64)
    for axis, (first, last) in enumerate(zip(lower, upper, strict=True)):
        along = np.arange(first, last) * prod(shape[axis + 1 :])
        numbers = numbers + along.reshape([-1 if other == axis else 1 for other in range(len(shape))])
    machine = np.ascontiguousarray(np.moveaxis(numbers, 0, -1) if shape else numbers).reshape(-1)
    machine.flags.writeable = False
    return machine


@dataclass(frozen=True)
class Route:
    """A ternary routing entry: an event whose ``key & mask`` equals ``key`` goes to all of ``cores``."""

    key: int
    mask: int
    cores: tuple[int, ...]


@dataclass(frozen=True)
class Schedule:
    """When things run: step k of population p runs in slot ``start[p] + phases * k``.

    ``latency`` is the start slot of the last output: outputs of step k are complete after slot
    ``latency + phases * k``.
    """

    phases: int
    start: MappingType[str, int]
    latency: int

    def slots(self, steps: int) -> int:
        """Slots that a run of ``steps`` takes."""
        return max(self.start.values(), default=0) + self.phases * (steps - 1) + 1 if steps else 0


@dataclass(frozen=True)
class Keys:
    """The key space: ``local_bits`` low bits number the neuron within its block; the top bit carries the parity."""

    local_bits: int
    key_bits: int

    def base(self, block: int) -> int:
        """The key of a block's first neuron, with parity 0."""
        return block << self.local_bits

    @property
    def block_mask(self) -> int:
        """The mask that tells blocks apart: neither parity nor neuron."""
        everything = (1 << (self.key_bits - 1)) - 1
        return everything & ~((1 << self.local_bits) - 1)


@dataclass(frozen=True)
class Mapping:
    """The whole of it: slices in a fixed order, keys, routes and schedule."""

    cores: int
    slices: tuple[Slice, ...]
    keys: Keys
    routes: tuple[Route, ...]
    schedule: Schedule

    def on_core(self, core: int) -> tuple[Slice, ...]:
        """The slices of one core, in the order in which it runs them."""
        return tuple(part for part in self.slices if part.core == core)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)

    @staticmethod
    def from_dict(description: MappingType[str, Any]) -> Mapping:
        """The mapping of a JSON form."""
        return Mapping(
            description["cores"],
            tuple(_slice(**part) for part in description["slices"]),
            Keys(**description["keys"]),
            tuple(Route(r["key"], r["mask"], tuple(r["cores"])) for r in description["routes"]),
            Schedule(**description["schedule"]),
        )

    def of(self, population: str) -> tuple[Slice, ...]:
        """The slices of one population, ascending."""
        return tuple(part for part in self.slices if part.population == population)


def _slice(
    population: str, shape: list[int], lower: list[int], upper: list[int], core: int | None, block: int | None
) -> Slice:
    return Slice(population, tuple(shape), tuple(lower), tuple(upper), core, block)
