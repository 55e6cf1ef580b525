"""Lists of events: how long they are, and what it costs to make them and to take them to who reads them."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isqrt

from axonc.ir.machine import TileMachine
from axonc.ir.network import Population

from .layout import WORKERS, Layout, list_words
from .lower.costs import MOVED, RECORD, cycles_of

MANY = 64
"""Tiles whose lists are joined in groups: from here on that is faster by more than the superstep that it costs."""

HEADROOM, SHORTEST = 2, 8
"""How many times as many events as were measured a list holds, and at least."""


@dataclass(frozen=True)
class EventList:
    """The events of a population in a step: room for ``capacity`` records, on one tile; ``expected`` of them are what
    cycles are estimated for. ``value``: the type of what an event carries, in Poplar's words; BOOL: nothing. ``drops``:
    events beyond the capacity have no effect, as the graph says. 0 of capacity: nobody reads the list."""

    tile: int
    capacity: int
    value: str
    expected: int
    drops: bool = False

    @property
    def words(self) -> int:
        """Words of a record."""
        return 1 if self.value == "BOOL" else 2


def expected_events(population: Population) -> int:
    """Events in an ordinary step: as many as in the busiest one that was measured, or a usual part of the neurons."""
    return max(1, min(population.count, round(population.rate * population.count)))


def event_list(population: Population, tile: int, needed: bool, in_float: bool) -> EventList:
    """The list of a population, which has no room where nobody needs it; ``in_float``: values of events are floats."""
    value = "BOOL" if not population.graded and population.peak <= 1 else "INT"
    value = "FLOAT" if population.graded and in_float else value
    capacity, expected = _capacity(population) if needed else 0, expected_events(population)
    return EventList(tile, capacity, value, min(expected, capacity or expected), population.limit is not None)


def _capacity(population: Population) -> int:
    """Records that a list holds: what the options say; one a neuron, which is always enough; where the busiest step was
    measured, HEADROOM times as many events as it had."""
    said = population.room if population.limit is None else population.limit
    if said is not None:
        return min(population.count, said)
    if population.activity is None:
        return population.count
    return min(population.count, max(SHORTEST, ceil(HEADROOM * population.activity * population.count)))


def group_of(tiles: int) -> int:
    """Tiles whose lists are joined by themselves first, so that no vertex joins too many; 0: all at once."""
    return isqrt(tiles - 1) + 1 if tiles >= MANY else 0


def joined_words(layout: Layout, words: int) -> int:
    """Words of the list of a group of tiles, in whole pairs."""
    return (1 + group_of(layout.tiles) * layout.per_tile * words + 1) // 2 * 2


def listing_cycles(events: EventList, layout: Layout | None, machine: TileMachine, word_bytes: int) -> int:
    """Of an ordinary step: joining what workers found into a list, and taking that to all who read it.

    ``layout``: of the population; None: of an input, whose list the host makes.
    """
    taken = _exchange(1 + events.capacity * events.words, machine, word_bytes)
    if layout is None:
        return taken
    found, group = WORKERS * list_words(layout, events.words), group_of(layout.tiles)
    if not group:
        return taken + _joining(layout.tiles * WORKERS, layout.tiles * found, events, machine, word_bytes)
    groups, joined = ceil(layout.tiles / group), joined_words(layout, events.words)
    own = EventList(events.tile, events.capacity, events.value, events.expected // groups)
    first = _joining(group * WORKERS, group * found, own, machine, word_bytes)
    return taken + first + _joining(groups, groups * joined, events, machine, word_bytes)


def _joining(lists: int, words: int, events: EventList, machine: TileMachine, word_bytes: int) -> int:
    """A superstep that joins so many lists, of so many words together."""
    copied = cycles_of(RECORD * lists + MOVED * events.words * events.expected)
    return machine.sync_cycles + _exchange(words, machine, word_bytes) + copied


def _exchange(words: int, machine: TileMachine, word_bytes: int) -> int:
    """Cycles in which a tile receives so many words."""
    return ceil(words * word_bytes / machine.exchange_bytes)
