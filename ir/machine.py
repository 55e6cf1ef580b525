"""The machine that a program is mapped to, as far as mapping and its models need to know it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

Amount = TypeVar("Amount", float, npt.NDArray[np.float64])

Point = tuple[int, int]
Neighbours = tuple[tuple[int | None, ...], ...]

LINKS: tuple[Point, ...] = ((1, 0), (1, 1), (0, 1), (-1, 0), (-1, -1), (0, -1))
"""Where the six links of a chip lead, as steps in the grid of chips; link l and link (l + 3) % 6 are opposite."""


def opposite(link: int) -> int:
    """The link on the other side of a chip: where a packet goes on that keeps its direction."""
    return (link + len(LINKS) // 2) % len(LINKS)


@dataclass(frozen=True)
class Memory:
    """The SRAM of one core, in bytes: ``total``; ``code`` reserved for the program from address 0; ``stack`` at the
    top, with an unmapped ``guard`` below it. What lies between is for data and work."""

    total: int
    code: int
    stack: int
    guard: int

    @property
    def available(self) -> int:
        """Bytes for constant data and work memory."""
        return self.total - self.code - self.stack - self.guard


@dataclass(frozen=True)
class Synapses:
    """How synapses are stored one by one: ``window``, the targets that one row of them can reach, at most 65,536.

    ``byte_price``, ``cycle_price``: what a byte of a core's memory and a cycle of its tick are worth where one format
    needs more of the first, another of the second. ``fetch_cycles``: how long a core waits for a row that lies in DRAM,
    and ``fetch_byte_cycles`` more for each of its bytes.
    """

    window: int = 256
    byte_price: float = 1 / 131072
    cycle_price: float = 1 / 150000
    fetch_cycles: float = 0.0
    fetch_byte_cycles: float = 0.0


BYTEWISE = Synapses()
"""Targets that one byte tells apart."""


class Place(NamedTuple):
    """Where a core is: the number of its chip, column and row of its quad processing element (QPE) from 1, and its
    number there from 0."""

    chip: int
    x: int
    y: int
    pe: int


@dataclass(frozen=True)
class Grid:
    """The QPEs of a chip: columns 1 to ``width``, rows 1 to ``height`` without the ``missing`` ones, ``pes`` cores in
    each. Packets between cores pass the ``router``."""

    width: int
    height: int
    pes: int
    missing: tuple[Point, ...]
    router: Point

    def distance(self, x: int, y: int) -> int:
        """Hops from a QPE to the router."""
        return abs(x - self.router[0]) + abs(y - self.router[1])

    @cached_property
    def qpes(self) -> tuple[Point, ...]:
        """All QPEs, those nearest to the router first."""
        points = ((x, y) for y in range(1, self.height + 1) for x in range(1, self.width + 1))
        present = (point for point in points if point not in self.missing)
        return tuple(sorted(present, key=lambda point: (self.distance(*point), point)))


@dataclass(frozen=True)
class Faults:
    """What a machine has that must not be used: ``cores``; ``chips`` by number; ``links`` as (chip, link), dead in
    both directions."""

    cores: frozenset[Place] = frozenset()
    chips: frozenset[int] = frozenset()
    links: frozenset[Point] = frozenset()


@dataclass(frozen=True)
class Board:
    """Chips at points of a hexagonal grid; a chip's number is its place in ``chips``. The host talks to the chip
    ``host``. Links lead to the neighbours that exist and work."""

    chips: tuple[Point, ...]
    host: int
    faults: Faults = Faults()

    @cached_property
    def neighbours(self) -> Neighbours:
        """For every chip where each of its six links leads, None where nowhere."""
        numbers = {point: chip for chip, point in enumerate(self.chips) if chip not in self.faults.chips}
        dead = self.faults.links
        found: list[list[int | None]] = [[None] * len(LINKS) for _ in self.chips]
        for (x, y), chip in numbers.items():
            for link, (dx, dy) in enumerate(LINKS):
                other = numbers.get((x + dx, y + dy))
                if other is not None and (chip, link) not in dead and (other, opposite(link)) not in dead:
                    found[chip][link] = other
        return tuple(map(tuple, found))

    @cached_property
    def reachable(self) -> tuple[int, ...]:
        """The working chips that packets of the host's chip reach, the nearest first."""
        found = [] if self.host in self.faults.chips else [self.host]
        for chip in found:
            found += [other for other in self.neighbours[chip] if other is not None and other not in found]
        return tuple(found)


@dataclass(frozen=True)
class Transport:
    """What carries packets. ``hop_s``: the time from one QPE to the next; ``link_hz``: packets that a link between
    chips carries in a second, in each direction; ``link_queue``: packets that can wait for it, 0: any number."""

    hop_s: float
    link_hz: float
    link_queue: int


@dataclass(frozen=True)
class Level:
    """A performance level of a core: it runs at up to ``hz`` with a supply of ``volt``; a cycle takes ``cycle_pj``
    more energy than sleep, which takes ``sleep_mw``."""

    name: str
    hz: float
    volt: float
    cycle_pj: float = 0.0
    sleep_mw: float = 0.0


@dataclass(frozen=True)
class Dram:
    """The memory of a chip outside of its cores: ``bytes``, how many of them it moves in a second at best, and how long
    the first takes."""

    bytes: int
    bytes_per_s: float
    latency_s: float


@dataclass(frozen=True)
class Energy:
    """What the estimates of energy assume: of a core ``cycle_pj`` a cycle above sleep and ``sleep_mw``; of a chip whose
    cores are off ``base_mw``; ``hop_pj`` of a packet that passes a router, ``noc_pj`` from one QPE to the next."""

    cycle_pj: float
    sleep_mw: float
    base_mw: float
    hop_pj: float
    noc_pj: float

    def joules(
        self, cycles: Amount, passed: Amount, hops: Amount, cores: int, chips: int, seconds: Amount
    ) -> dict[str, Amount]:
        """Energy of some time on ``cores`` cores of ``chips`` chips, by where it goes; of numbers, or of arrays.
        ``passed``: routers that packets pass; ``hops`` on chips."""
        return {
            "cycles": 1e-12 * self.cycle_pj * cycles,
            "sleep": 1e-3 * self.sleep_mw * cores * seconds,
            "chips": 1e-3 * self.base_mw * chips * seconds,
            "packets": 1e-12 * (self.hop_pj * passed + self.noc_pj * hops),
        }


@dataclass(frozen=True)
class Machine:
    """A many-core machine with private memories and a multicast network.

    ``usable`` cores of a chip at most; ``memory`` of each; ``router_entries`` multicast routing entries of a chip;
    ``key_bits`` of an event key; ``clock_hz`` of a core; ``tick_s`` the wall time of one slot; ``grid`` of each chip;
    ``board``, how chips are joined; ``transport`` of packets; ``levels`` at which a core can run, the slowest first;
    ``dram`` of each chip; ``synapses``, the form of sparse rows; ``base_mw``, ``hop_pj`` and ``noc_pj`` as `Energy` has
    them.
    """

    name: str
    usable: int
    memory: Memory
    router_entries: int
    key_bits: int
    clock_hz: float
    tick_s: float
    grid: Grid
    board: Board
    transport: Transport
    levels: tuple[Level, ...]
    dram: Dram
    synapses: Synapses = BYTEWISE
    base_mw: float = 0.0
    hop_pj: float = 0.0
    noc_pj: float = 0.0

    @property
    def energy(self) -> Energy:
        """The energy at the level that the clock needs."""
        return Energy(self.level.cycle_pj, self.level.sleep_mw, self.base_mw, self.hop_pj, self.noc_pj)

    @property
    def tick_cycles(self) -> int:
        """Cycles of a core in one slot."""
        return round(self.clock_hz * self.tick_s)

    @property
    def level(self) -> Level:
        """The slowest level at which a core has its clock."""
        return next(level for level in self.levels if level.hz >= self.clock_hz)

    @property
    def link_packets(self) -> int:
        """Packets that a link carries in one slot, in each direction."""
        return int(self.transport.link_hz * self.tick_s)

    @property
    def link_cycles(self) -> float:
        """Cycles of a core in which a link carries a packet."""
        return self.clock_hz / self.transport.link_hz

    @property
    def cores(self) -> int:
        """Usable cores of all chips."""
        return len(self.places)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The usable cores: chips near the host first, in each the cores near the router."""
        return tuple(place for chip in self.board.reachable for place in self.chip_places(chip))

    def chip_places(self, chip: int) -> tuple[Place, ...]:
        """The usable cores of a chip, those near the router first; the system has what remains."""
        working = [place for place in self._places_of(chip) if place not in self.board.faults.cores]
        return tuple(working[: self.usable])

    def _places_of(self, chip: int) -> Iterator[Place]:
        for x, y in self.grid.qpes:
            yield from (Place(chip, x, y, pe) for pe in range(self.grid.pes))


@dataclass(frozen=True)
class TileMachine:
    """A bulk-synchronous machine: tiles with private memories compute, meet, exchange, again and again.

    ``system``: what its SDK calls it; ``chips`` of ``tiles`` of ``tile_bytes`` with ``workers`` threads each;
    ``clock_hz``. An exchange moves ``exchange_bytes`` a cycle and tile, and costs ``sync_cycles`` beside that.
    ``link_bytes_s`` from a chip to others; ``stream_bytes`` of the host's memory, at ``stream_bytes_s``.
    """

    name: str
    system: str
    tiles: int
    tile_bytes: int
    workers: int
    clock_hz: float
    exchange_bytes: int
    sync_cycles: int
    link_bytes_s: float
    stream_bytes: int
    stream_bytes_s: float
    chips: int = 1

    @property
    def all_tiles(self) -> int:
        """The tiles of all chips; those of a chip have numbers that follow each other."""
        return self.chips * self.tiles

    @property
    def link_bytes(self) -> int:
        """Bytes that a chip sends to others, or receives from them, in a cycle."""
        return max(1, int(self.link_bytes_s / self.clock_hz))


AnyMachine = Machine | TileMachine
"""What a target can be for: cores that send packets, or tiles that meet."""
