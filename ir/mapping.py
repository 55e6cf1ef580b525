"""A mapping: which slice runs on which core, under which keys, by which routes, when. A value beside the graph."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Slice:
    """Neurons ``start`` to ``stop`` (exclusive) of ``population``, on ``core`` (None: an input, fed by the host).

    ``block`` numbers the key block under which the slice sends its events, or is None if it sends none.
    """

    population: str
    start: int
    stop: int
    core: int | None
    block: int | None

    @property
    def count(self) -> int:
        """Neurons in the slice."""
        return self.stop - self.start


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
            tuple(Slice(**part) for part in description["slices"]),
            Keys(**description["keys"]),
            tuple(Route(r["key"], r["mask"], tuple(r["cores"])) for r in description["routes"]),
            Schedule(**description["schedule"]),
        )

    def of(self, population: str) -> tuple[Slice, ...]:
        """The slices of one population, ascending."""
        return tuple(part for part in self.slices if part.population == population)
