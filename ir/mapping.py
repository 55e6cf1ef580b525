"""A mapping: which slice runs on which core, under which keys, by which routes, when. A value beside the graph."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property, lru_cache
from hashlib import sha256
from math import prod
from typing import Any, overload

import numpy as np

from .machine import Neighbours, Place
from .ops import Array
from .signal import Shape


@dataclass(frozen=True)
class Order:
    """The neurons of a population in an order of their own: ``numbers`` is a permutation, int64, read-only. Orders are
    equal if their ``digest`` is."""

    digest: bytes
    numbers: Array = field(compare=False, repr=False)

    @staticmethod
    def of(numbers: Array) -> Order:
        """The order of a permutation."""
        own = np.array(numbers, np.int64)
        own.flags.writeable = False
        return Order(sha256(own.tobytes()).digest(), own)

    @property
    def text(self) -> str:
        """The numbers as little-endian 32-bit words, in base 64."""
        return b64encode(self.numbers.astype("<u4").tobytes()).decode()

    @staticmethod
    def from_text(text: str) -> Order:
        """The order of a text."""
        return Order.of(np.frombuffer(b64decode(text), "<u4"))


@dataclass(frozen=True)
class Slice:
    """A box of the neurons of ``population``, which has ``shape``: from ``lower`` to ``upper`` (exclusive) along every
    axis, on ``core`` (None: an input, fed by the host).

    On its core, and in its keys, the neurons stand in *machine order*: the first axis runs fastest, then the last, then
    the one before, so that all channels of one place of an image are neighbours. With an ``order``, the population has
    one axis, and the slice those neurons that the order names from ``lower`` to ``upper``, as it names them. ``block``
    numbers the key block under which the slice sends its events, or is None if it sends none.
    """

    population: str
    shape: Shape
    lower: tuple[int, ...]
    upper: tuple[int, ...]
    core: int | None = None
    block: int | None = None
    order: Order | None = None

    @property
    def extents(self) -> Shape:
        """The size of the box along every axis."""
        return tuple(upper - lower for lower, upper in zip(self.lower, self.upper, strict=True))

    @cached_property
    def count(self) -> int:
        """Neurons in the slice."""
        return prod(self.extents)

    @property
    def box(self) -> Slice:
        """The slice without its core and its keys."""
        return replace(self, core=None, block=None)

    @cached_property
    def place(self) -> tuple[str, tuple[int, ...]]:
        """What tells it from every other slice: population and first neuron."""
        return self.population, self.lower

    @property
    def neurons(self) -> Array:
        """The numbers of its neurons within the population (C order of the shape), in machine order."""
        if self.order is not None:
            return self.order.numbers[self.lower[0] : self.upper[0]]
        return box_neurons(self.shape, self.lower, self.upper)

    def __str__(self) -> str:
        bounds = list(zip(self.lower, self.upper, strict=True))
        while len(bounds) > 1 and bounds[-1] == (0, 1):
            bounds.pop()  # an axis of one place says nothing
        ranges = ", ".join(f"{lower}:{upper}" for lower, upper in bounds)
        return f"{self.population}[{ranges}]"


@dataclass(frozen=True, eq=False)
class Cut(Sequence[Slice]):
    """How a population is cut: its slices, in the order of their keys."""

    slices: tuple[Slice, ...]

    @staticmethod
    def of(slices: Iterable[Slice]) -> Cut:
        """The cut of these slices."""
        return Cut(tuple(slices))

    @overload
    def __getitem__(self, index: int) -> Slice: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Slice, ...]: ...
    def __getitem__(self, index: int | slice) -> Slice | tuple[Slice, ...]:
        return self.slices[index]

    def __len__(self) -> int:
        return len(self.slices)

    @cached_property
    def number(self) -> dict[tuple[str, tuple[int, ...]], int]:
        """The number of each slice, by its `Slice.place`."""
        return {part.place: number for number, part in enumerate(self.slices)}

    @cached_property
    def starts(self) -> Array:
        """Where each slice begins among the neurons of all, slice after slice, and one behind the last: int64."""
        return np.cumsum([0, *(part.count for part in self.slices)])

    @cached_property
    def positions(self) -> Array:
        """The place of every neuron of the population among the neurons of all slices, in machine order; -1 for one
        in no slice: int64."""
        places = np.full(prod(self.slices[0].shape), -1)
        for part, start in zip(self.slices, self.starts.tolist(), strict=False):
            places[part.neurons] = np.arange(start, start + part.count)
        return places


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
    """A ternary routing entry of a ``chip``: an event whose ``key & mask`` equals ``key`` goes to all of ``cores``,
    which are on the chip, and on over ``links`` to other chips. The first entry that matches decides; an event that
    comes from another chip and matches none goes straight on."""

    key: int
    mask: int
    cores: tuple[int, ...]
    chip: int = 0
    links: tuple[int, ...] = ()


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


LinkLoads = tuple[tuple[float, ...], ...]
"""Packets of a step on every link of every chip, or the most that wait for it."""


@dataclass(frozen=True)
class Mapping:
    """The whole of it: slices in a fixed order, keys, routes, schedule, and the place of every core. ``neighbours``:
    for every chip where each of its links leads; ``host``: the chip that the host talks to; ``link_loads``: what each
    link is expected to carry; ``partitioner``: who cut the slices; ``hops``: of all packets of a step on chips, as
    expected; ``packet_cycles``: in which each core sends a packet at most; ``link_waiting``: the most packets that are
    expected to wait for each link."""

    cores: int
    slices: tuple[Slice, ...]
    keys: Keys
    routes: tuple[Route, ...]
    schedule: Schedule
    places: tuple[Place, ...]
    neighbours: Neighbours
    host: int
    link_loads: LinkLoads = ()
    partitioner: str = "naive"
    hops: float = 0.0
    packet_cycles: tuple[float, ...] = ()
    link_waiting: LinkLoads = ()

    @cached_property
    def by_core(self) -> tuple[tuple[Slice, ...], ...]:
        """The slices of every core, in the order in which it runs them."""
        found: list[list[Slice]] = [[] for _ in range(self.cores)]
        for part in self.slices:
            if part.core is not None:
                found[part.core].append(part)
        return tuple(map(tuple, found))

    @cached_property
    def by_population(self) -> dict[str, tuple[Slice, ...]]:
        """The slices of every population, ascending."""
        found: dict[str, list[Slice]] = {}
        for part in self.slices:
            found.setdefault(part.population, []).append(part)
        return {name: tuple(parts) for name, parts in found.items()}

    def on_core(self, core: int) -> tuple[Slice, ...]:
        """The slices of one core, in the order in which it runs them."""
        return self.by_core[core]

    @property
    def orders(self) -> dict[str, Order]:
        """The orders of the populations that have one."""
        return {part.population: part.order for part in self.slices if part.order is not None}

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: orders stand beside the slices, once for each population that has one."""
        return {
            "cores": self.cores,
            "slices": [_fields(part, _SLICE) for part in self.slices],
            "keys": asdict(self.keys),
            "routes": [_fields(entry, _ROUTE) for entry in self.routes],
            "schedule": asdict(self.schedule),
            "places": [list(place) for place in self.places],
            "neighbours": [list(row) for row in self.neighbours],
            "host": self.host,
            "link_loads": [list(row) for row in self.link_loads],
            "partitioner": self.partitioner,
            "hops": self.hops,
            "packet_cycles": list(self.packet_cycles),
            "link_waiting": [list(row) for row in self.link_waiting],
            "orders": {name: order.text for name, order in self.orders.items()},
        }

    @staticmethod
    def from_dict(description: MappingType[str, Any]) -> Mapping:
        """The mapping of a JSON form."""
        orders = {name: Order.from_text(text) for name, text in description["orders"].items()}
        return Mapping(
            description["cores"],
            tuple(_slice(orders.get(part["population"]), **part) for part in description["slices"]),
            Keys(**description["keys"]),
            tuple(_route(**entry) for entry in description["routes"]),
            Schedule(**description["schedule"]),
            tuple(Place(*place) for place in description["places"]),
            tuple(map(tuple, description["neighbours"])),
            description["host"],
            tuple(map(tuple, description["link_loads"])),
            description["partitioner"],
            description["hops"],
            tuple(description["packet_cycles"]),
            tuple(map(tuple, description["link_waiting"])),
        )

    @property
    def crossings(self) -> float:
        """Packets that all links are expected to carry in a step."""
        return sum(map(sum, self.link_loads))

    @property
    def waiting(self) -> float:
        """The most packets that are expected to wait for any link."""
        return max((most for row in self.link_waiting for most in row), default=0.0)

    @cached_property
    def block_chips(self) -> Array:
        """The chip where the events of every key block begin, int64."""
        chips = {part.block: self.chip_of(part) for part in self.slices if part.block is not None}
        return np.array([chips[block] for block in range(len(chips))], np.int64)

    def chip_of(self, part: Slice) -> int:
        """The chip where the events of a slice begin."""
        return self.host if part.core is None else self.places[part.core].chip

    def of(self, population: str) -> tuple[Slice, ...]:
        """The slices of one population, ascending."""
        return self.by_population.get(population, ())


def _fields(value: Slice | Route, names: Sequence[str]) -> dict[str, Any]:
    """Members by name: `dataclasses.asdict` copies deeply, which takes long for the entries of a board."""
    return {name: getattr(value, name) for name in names}


_SLICE = tuple(member.name for member in fields(Slice) if member.name != "order")
_ROUTE = tuple(member.name for member in fields(Route))


def _route(key: int, mask: int, cores: list[int], chip: int, links: list[int]) -> Route:
    return Route(key, mask, tuple(cores), chip, tuple(links))


def _slice(
    order: Order | None,
    population: str,
    shape: list[int],
    lower: list[int],
    upper: list[int],
    core: int | None,
    block: int | None,
) -> Slice:
    return Slice(population, tuple(shape), tuple(lower), tuple(upper), core, block, order)
