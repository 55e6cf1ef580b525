"""Which tiles hold what: populations in ranges of tiles, lists of events on tiles of their own, steps in levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil, isqrt

from scipy import sparse

from axonc.ir.machine import TileMachine
from axonc.ir.network import Network, Population, Projection, SharedKernel
from axonc.ir.ops import Input

from .layout import Layout
from .lower.forms import FORMS, Form

MANY = 64
"""Tiles whose lists are joined in groups: from here on that is faster by more than the superstep that it costs."""

NARROW = 1 << 16
"""Sources that 16 bits tell apart."""

HEADROOM, SHORTEST = 2, 8
"""How many times as many events as were measured a list holds, and at least."""

FEWEST = 4
"""Neurons of a tile at least: one worker's share."""

USUAL = 24
"""Neurons of a tile where tiles abound: every worker has its share."""


@dataclass(frozen=True)
class EventList:
    """The events of a population in a step: room for ``capacity`` records, on one tile; ``expected`` of them are what
    cycles are estimated for. ``value``: the type of what an event carries, in Poplar's words; BOOL: nothing. 0 of
    capacity: nobody reads the list."""

    tile: int
    capacity: int
    value: str
    expected: int

    @property
    def words(self) -> int:
        """Words of a record."""
        return 1 if self.value == "BOOL" else 2


@dataclass(frozen=True)
class Plan:
    """A network on tiles.

    ``levels``: the populations in the order in which a step computes them, those of a level at the same time;
    ``layouts``: of all populations but inputs; ``lists``: of all; ``forms``: of the projections, in their order.
    """

    network: Network
    machine: TileMachine
    levels: tuple[tuple[str, ...], ...]
    layouts: Mapping[str, Layout]
    lists: Mapping[str, EventList]
    forms: tuple[Form, ...]

    def level(self, name: str) -> int:
        """The level of a population; inputs come before all."""
        return next((index for index, level in enumerate(self.levels) if name in level), -1)

    def slot(self, projection: Projection) -> int:
        """Which of the projections into its target one is."""
        return self.network.fan_in[projection.target].index(projection)

    def late(self, projection: Projection) -> int:
        """Steps by which a projection's events must be kept before it reads them."""
        return _late(projection, self.level(projection.source), self.level(projection.target))

    def group(self, name: str) -> int:
        """Tiles whose lists are joined by themselves first, so that no vertex joins too many; 0: all at once."""
        tiles = self.layouts[name].tiles
        return isqrt(tiles - 1) + 1 if tiles >= MANY else 0

    def grouped(self, level: int) -> tuple[str, ...]:
        """The populations of a level whose lists are joined in groups."""
        return tuple(name for name in self.lists_of(level) if self.group(name))

    def lists_of(self, level: int) -> tuple[str, ...]:
        """The populations of a level whose events somebody reads as a list."""
        return tuple(name for name in self.levels[level] if self.lists[name].capacity)

    @property
    def word_bytes(self) -> int:
        """Bytes of a word of a list: as many as tell all sources of a population apart, and hold the values."""
        real = any(events.value == "FLOAT" and events.capacity for events in self.lists.values())
        return 4 if real or any(population.count > NARROW for population in self.network.populations) else 2

    @property
    def valued(self) -> frozenset[str]:
        """The populations of which a projection reads the values of all elements."""
        pairs = zip(self.network.projections, self.forms, strict=True)
        return frozenset(projection.source for projection, form in pairs if not form.reads_events)

    def in_float(self, name: str) -> bool:
        """Whether the projections from or to a population have weights in float32, and so their sums and values."""
        return in_float(self.network, name)

    @property
    def delays(self) -> tuple[tuple[str, int], ...]:
        """The lists that are kept for some steps: whose, and for how many."""
        kept = ((p.source, self.late(p)) for p in self.network.projections)
        return tuple(dict.fromkeys((source, steps) for source, steps in kept if steps))


def _late(projection: Projection, source: int, target: int) -> int:
    """None where the list of the step before is still there when the target's level is computed."""
    return 0 if projection.delay == 1 and source >= target else projection.delay


def matrices_of(net: Network) -> Network:
    """The network with every kernel as matrices."""
    parts = [
        [projection]
        if not isinstance(projection.weight, SharedKernel)
        else [replace(projection, weight=matrix) for matrix in projection.weight.matrices()]
        for projection in net.projections
    ]
    return Network(net.populations, tuple(one for part in parts for one in part))


def matrix(projection: Projection) -> sparse.csc_array:
    """The weights of a projection that is no kernel."""
    assert not isinstance(projection.weight, SharedKernel)
    return projection.weight


def in_float(net: Network, name: str) -> bool:
    """Whether the projections from or to a population have weights in float32."""
    return any(name in (p.source, p.target) and matrix(p).dtype.kind == "f" for p in net.projections)


def levels_of(net: Network) -> tuple[tuple[str, ...], ...]:
    """Populations in layers: each behind those whose events of the same step it needs."""
    depth: dict[str, int] = {}

    def of(name: str) -> int:
        if name not in depth:
            before = [of(p.source) for p in net.fan_in[name] if p.delay == 0]
            depth[name] = 0 if isinstance(net.by_name[name].op, Input) else 1 + max(before, default=0)
        return depth[name]

    units = [p.name for p in net.populations if not isinstance(p.op, Input)]
    deepest = max(map(of, units), default=0)
    return tuple(tuple(name for name in units if depth[name] == level) for level in range(1, deepest + 1))


def plan(net: Network, machine: TileMachine, per_tile: int = USUAL, small: bool = False) -> Plan:
    """The network on the machine, which it may not fit, with so many neurons on a tile. ``small``: every projection
    takes the fewest bytes, else the fewest cycles."""
    net = matrices_of(net)
    levels = levels_of(net)
    layouts = _layouts(net, per_tile)
    depth = {name: index for index, level in enumerate(levels) for name in level}
    forms = tuple(_form(net, projection, layouts[projection.target], depth, small) for projection in net.projections)
    listed = {p.source for p, form in zip(net.projections, forms, strict=True) if form.reads_events}
    used = sum(layout.tiles for layout in layouts.values())
    lists = {
        population.name: _event_list(net, population, (used + index) % machine.tiles, population.name in listed)
        for index, population in enumerate(net.populations)
    }
    return Plan(net, machine, levels, layouts, lists, forms)


def tiles_needed(net: Network, per_tile: int) -> int:
    """The tiles that populations take with so many neurons on each."""
    return sum(-(-p.count // per_tile) for p in net.populations if not isinstance(p.op, Input))


def fewest_per_tile(net: Network, machine: TileMachine) -> int:
    """The fewest neurons of a tile with which the populations have tiles of their own."""
    per_tile = FEWEST
    while tiles_needed(net, per_tile) > machine.tiles:
        per_tile += FEWEST
    return per_tile


def _layouts(net: Network, per_tile: int) -> dict[str, Layout]:
    """Populations on tiles one behind the other."""
    layouts: dict[str, Layout] = {}
    first = 0
    for population in net.populations:
        if not isinstance(population.op, Input):
            layouts[population.name] = Layout(population.count, first, per_tile)
            first += layouts[population.name].tiles
    return layouts


def _form(net: Network, projection: Projection, layout: Layout, depth: Mapping[str, int], small: bool) -> Form:
    """The cheapest form that a projection can have; values are there only until the next step has others."""
    source, target = net.by_name[projection.source], net.by_name[projection.target]
    kept = _late(projection, depth.get(source.name, -1), depth[target.name]) > 0
    weight, events = matrix(projection), expected_events(source)
    able = [form for form in FORMS if form.reads_events or not kept]

    def cost(form: Form) -> int:
        if small:
            return int(form.tile_bytes(weight, layout, target.lanes).max())
        return form.cycles(weight, layout, target.lanes, events)

    return min(able, key=cost)


def expected_events(population: Population) -> int:
    """Events in an ordinary step: as many as in the busiest one that was measured, or a usual part of the neurons."""
    return max(1, min(population.count, round(population.rate * population.count)))


def _event_list(net: Network, population: Population, tile: int, needed: bool) -> EventList:
    value = "BOOL" if not population.graded and population.peak <= 1 else "INT"
    value = "FLOAT" if population.graded and in_float(net, population.name) else value
    return EventList(tile, _capacity(population) if needed else 0, value, expected_events(population))


def _capacity(population: Population) -> int:
    """Records that a list holds: one a neuron, which is always enough; where the busiest step was measured, HEADROOM
    times as many events as it had."""
    if population.activity is None:
        return population.count
    return min(population.count, max(SHORTEST, ceil(HEADROOM * population.activity * population.count)))
