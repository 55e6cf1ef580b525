"""Which tiles hold what: populations in ranges of tiles, lists of events on tiles of their own, steps in levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from axonc.ir.machine import TileMachine
from axonc.ir.network import Network, Population, Projection, SharedKernel

from .facts import in_float, lanes_of, narrow, value_bytes
from .layout import Layout
from .lists import EventList, event_list, expected_events, group_of, listing_cycles
from .lower.base import Form
from .lower.forms import FORMS
from .lower.kernels import Kernel
from .operations.operand import Operand, Places
from .operations.operation import Operation
from .places import layouts_of, levels_of, list_tiles

NARROW = 1 << 16
"""Sources that 16 bits tell apart."""

USUAL = 24
"""Neurons of a tile where tiles abound: every worker has its share."""


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
    forms: tuple[Form[Any], ...]

    def level(self, name: str) -> int:
        """The level of a population; inputs come before all."""
        return next((index for index, level in enumerate(self.levels) if name in level), -1)

    def slot(self, projection: Projection) -> int:
        """Which of the projections into its target one is."""
        return self.sums(projection.target).index(projection)

    def late(self, projection: Projection) -> int:
        """Steps by which a projection's events must be kept before it reads them."""
        return _late(projection, self.level(projection.source), self.level(projection.target))

    def group(self, name: str) -> int:
        """Tiles whose lists are joined by themselves first; 0: all at once."""
        return group_of(self.layouts[name].tiles)

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

    def shifted(self, name: str) -> bool:
        """Whether sums of a population are shifted before they are added."""
        return any(projection.shift is not None for projection in self.network.fan_in[name])

    @property
    def delays(self) -> tuple[tuple[str, int], ...]:
        """The lists that are kept for some steps: whose, and for how many."""
        return self._kept(True)

    @property
    def late_values(self) -> tuple[tuple[str, int], ...]:
        """The same of values."""
        return self._kept(False)

    def _kept(self, events: bool) -> tuple[tuple[str, int], ...]:
        pairs = zip(self.network.projections, self.forms, strict=True)
        kept = ((p.source, self.late(p)) for p, form in pairs if form.reads_events == events)
        return tuple(dict.fromkeys((source, steps) for source, steps in kept if steps))

    def sums(self, name: str) -> tuple[Projection, ...]:
        """The projections that a population adds up; operations read their operands without."""
        return tuple(p for p in self.network.fan_in[name] if not isinstance(p.weight, Operand))

    def layout(self, name: str) -> Layout:
        """Where the values of a population or input are."""
        return self.layouts.get(name) or Layout(
            self.network.by_name[name].count, self.lists[name].tile, max(1, self.network.by_name[name].count)
        )


def _late(projection: Projection, source: int, target: int) -> int:
    """None where the list of the step before is still there when the target's level is computed."""
    return 0 if projection.delay == 1 and source >= target else projection.delay


def plan(net: Network, machine: TileMachine, per_tile: int = USUAL, small: bool = False) -> Plan:
    """The network on the machine, which it may not fit, with so many neurons on a tile. ``small``: every projection
    takes the fewest bytes, else the fewest cycles."""
    net = narrow(net)
    levels = levels_of(net)
    layouts = layouts_of(net, machine, per_tile)
    depth = {name: index for index, level in enumerate(levels) for name in level}
    forms = tuple(_form(net, projection, layouts, depth, machine, small) for projection in net.projections)
    listed = {p.source for p, form in zip(net.projections, forms, strict=True) if form.reads_events}
    tiles = list_tiles(net, machine, layouts)
    lists = {
        population.name: event_list(
            population, tiles[population.name], population.name in listed, in_float(net, population.name)
        )
        for population in net.populations
    }
    return Plan(net, machine, levels, layouts, lists, forms)


def _form(
    net: Network,
    projection: Projection,
    layouts: Mapping[str, Layout],
    depth: Mapping[str, int],
    machine: TileMachine,
    small: bool,
) -> Form[Any]:
    """The cheapest form that a projection can have; values are there only until the next step has others."""
    if isinstance(projection.weight, Operand):
        return Places()
    if isinstance(projection.weight, SharedKernel):
        return Kernel()
    source, target = net.by_name[projection.source], net.by_name[projection.target]
    kept = _late(projection, depth.get(source.name, -1), depth[target.name]) > 0
    weight, layout, lanes = projection.weight, layouts[target.name], lanes_of(target)
    listed = kept or source.limit is not None  # values of all neurons know no limit
    able = [form for form in FORMS if form.reads_events or not listed]
    sending = {events: _sending(net, source, layouts, machine, events) for events in (True, False)}

    def cost(form: Form[Any]) -> int:
        if small:
            return int(form.tile_bytes(weight, layout, lanes).max())
        return form.cycles(weight, layout, lanes, expected_events(source)) + sending[form.reads_events]

    return min(able, key=cost)


def _sending(
    net: Network, source: Population, layouts: Mapping[str, Layout], machine: TileMachine, events: bool
) -> int:
    """Cycles in which a step makes a list of a population's events and takes that, or the values of all, to readers."""
    real = in_float(net, source.name)
    if not events:
        return ceil(source.count * value_bytes(source) / machine.exchange_bytes)
    made = event_list(source, 0, True, real)
    wide = made.value == "FLOAT" or any(population.count > NARROW for population in net.populations)
    return listing_cycles(made, layouts.get(source.name), machine, 4 if wide else 2)


def updates(plan: Plan, name: str) -> bool:
    """Whether a population has vertices behind those of its sums: an operation only where somebody reads a list."""
    return not isinstance(plan.network.by_name[name].op, Operation) or plan.lists[name].capacity > 0
