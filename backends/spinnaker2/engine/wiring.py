"""How cores are joined: chips, their links and tables, in the form that the machine reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from axonc.ir.hops import listeners, tree_hops
from axonc.ir.machine import LINKS, Grid, Machine, Neighbours, Place
from axonc.ir.mapping import Mapping

from .bindings import Routes

Words = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Route:
    """An entry of the routing table of a ``chip``: keys equal to ``key`` in the bits of ``mask`` go to ``cores`` of the
    chip and on over ``links``. The mask leaves out the parity bit. Of several entries the first that matches decides;
    what none matches goes straight on, or if it comes from a core, nowhere."""

    key: int
    mask: int
    cores: tuple[int, ...]
    chip: int = 0
    links: tuple[int, ...] = ()


@dataclass(frozen=True)
class Wiring:
    """``neighbours``: for every chip where each of its links leads; ``host``: the chip where inputs enter; ``grid`` of
    a chip; ``places`` of all cores; ``link_packets``: what a link carries in a slot, 0: any number; ``link_queue``:
    what can wait for it, 0: any number; ``link_cycles``, ``packet_cycles`` [cores]: from a packet that a link carries,
    or a core sends, to the next; 0: nobody waits."""

    neighbours: Neighbours
    host: int
    grid: Grid
    places: tuple[Place, ...]
    link_packets: int = 0
    link_queue: int = 0
    link_cycles: float = 0.0
    packet_cycles: tuple[float, ...] = ()

    @staticmethod
    def of(mapping: Mapping, description: MappingType[str, Any]) -> Wiring:
        """The wiring of a mapping, with what `network_of` describes."""
        stated = description["grid"]
        missing = tuple((x, y) for x, y in stated["missing"])
        grid = Grid(stated["width"], stated["height"], stated["pes"], missing, tuple(stated["router"]))
        packets, queue, cycles = (description[name] for name in ("link_packets", "link_queue", "link_cycles"))
        links = (packets, queue, cycles, mapping.packet_cycles)
        return Wiring(mapping.neighbours, mapping.host, grid, mapping.places, *links)

    @staticmethod
    def one_chip(cores: int) -> Wiring:
        """Cores in the same place: packets travel nowhere."""
        return Wiring(((None,) * len(LINKS),), 0, Grid(1, 1, cores, (), (1, 1)), (Place(0, 1, 1, 0),) * cores)


def network_of(machine: Machine, timed: bool) -> dict[str, Any]:
    """What of a machine's network is not in a mapping, for JSON; links carry any number of packets where slots last as
    long as they need."""
    return {
        "grid": asdict(machine.grid),
        "link_packets": machine.link_packets if timed else 0,
        "link_queue": machine.transport.link_queue,
        "link_cycles": machine.link_cycles,
    }


@dataclass(frozen=True)
class PackedRoutes:
    """The structure that the machine reads, and the arrays at which it points."""

    structure: Routes
    arrays: MappingType[str, npt.NDArray[Any]]


def pack_routes(routes: Sequence[Route], wiring: Wiring) -> PackedRoutes:
    """All tables as the machine reads them: the entries of a chip grouped by their masks, keys ascending in each."""
    _check(routes, wiring)
    ordered = sorted(routes, key=lambda route: route.chip)
    tables, masks, groups, keys, entries = _grouped(ordered, len(wiring.neighbours))
    arrays: dict[str, npt.NDArray[Any]] = {
        "tables": tables,
        "masks": masks,
        "groups": groups,
        "keys": keys,
        "entries": entries,
        "links": np.array([sum(1 << link for link in route.links) for route in ordered], np.uint32),
        "starts": np.cumsum([0, *(len(route.cores) for route in ordered)]).astype(np.uint32),
        "cores": np.array([core for route in ordered for core in route.cores], np.uint32),
        "hops": np.fromiter(_hops(ordered, wiring), np.uint32, len(ordered)),
        "chip_of": np.array([place.chip for place in wiring.places], np.uint32),
        "depth_of": np.array([wiring.grid.distance(place.x, place.y) for place in wiring.places], np.uint32),
        "neighbours": np.array([[-1 if n is None else n for n in row] for row in wiring.neighbours], np.int32),
    }
    pointers = {name: array.ctypes.data for name, array in arrays.items()}
    return PackedRoutes(Routes(chips=len(wiring.neighbours), **pointers), arrays)


def _check(routes: Sequence[Route], wiring: Wiring) -> None:
    """`ValueError` for an entry that no table can have."""
    for route in routes:
        here = 0 <= route.chip < len(wiring.neighbours) and all(0 <= link < len(LINKS) for link in route.links)
        cores = all(0 <= c < len(wiring.places) and wiring.places[c].chip == route.chip for c in route.cores)
        if route.mask >> 31 or route.key & ~route.mask or not here or not cores:
            raise ValueError(f"{route}: a key outside its mask, the parity bit in the mask, or an unknown core or link")


def _grouped(routes: Sequence[Route], chips: int) -> tuple[Words, Words, Words, Words, Words]:
    """Where the groups of each chip begin; their masks; where their keys begin; the keys and their first entries."""
    chip = np.array([route.chip for route in routes], np.int64)
    mask = np.array([route.mask for route in routes], np.int64)
    key = np.array([route.key for route in routes], np.int64)
    order = np.lexsort((np.arange(len(routes)), key, mask, chip))
    sorted_rows = np.column_stack([chip, mask, key])[order]
    fresh = np.ones(len(order), bool)
    fresh[1:] = np.any(sorted_rows[1:] != sorted_rows[:-1], axis=1)  # of equal keys the first entry decides
    rows, order = sorted_rows[fresh], order[fresh]
    begins = np.ones(len(rows), bool)
    begins[1:] = np.any(rows[1:, :2] != rows[:-1, :2], axis=1)
    heads = np.flatnonzero(begins)
    tables = np.searchsorted(rows[heads, 0], np.arange(chips + 1))
    found = (tables, rows[heads, 1], np.append(heads, len(rows)), rows[:, 2], order)
    first, second, third, fourth, fifth = (array.astype(np.uint32) for array in found)
    return first, second, third, fourth, fifth


def _hops(routes: Sequence[Route], wiring: Wiring) -> Iterator[int]:
    """Hops from the router of a chip to the cores of each entry."""
    points = np.array([(place.x, place.y) for place in wiring.places], np.int64).reshape(-1, 2)
    for route in routes:
        here = points[list(route.cores)]
        heard = np.ones((1, len(here)), np.int64)
        yield int(tree_hops(wiring.grid, listeners(wiring.grid, heard, here) > 0)[0])
