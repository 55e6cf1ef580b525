"""Where populations and lists of events are: which tiles, and in which level of a step."""

from __future__ import annotations

from collections.abc import Mapping

from axonc.ir.machine import TileMachine
from axonc.ir.network import Network

from .facts import is_given
from .layout import Layout

FEWEST = 4
"""Neurons of a tile at least: one worker's share."""


def levels_of(net: Network) -> tuple[tuple[str, ...], ...]:
    """Populations in layers: each behind those whose events of the same step it needs."""
    depth: dict[str, int] = {}

    def of(name: str) -> int:
        if name not in depth:
            before = [of(p.source) for p in net.fan_in[name] if p.delay == 0]
            depth[name] = 0 if is_given(net.by_name[name].op) else 1 + max(before, default=0)
        return depth[name]

    units = [p.name for p in net.populations if not is_given(p.op)]
    deepest = max(map(of, units), default=0)
    return tuple(tuple(name for name in units if depth[name] == level) for level in range(1, deepest + 1))


def fewest_per_tile(net: Network, machine: TileMachine) -> int:
    """The fewest neurons of a tile with which the populations have tiles of their own."""
    per_tile = FEWEST
    while max((layout.end for layout in layouts_of(net, machine, per_tile).values()), default=0) > machine.all_tiles:
        per_tile += FEWEST
    return per_tile


def layouts_of(net: Network, machine: TileMachine, per_tile: int) -> dict[str, Layout]:
    """Populations on tiles one behind the other; one that fits on a chip lies on one chip."""
    layouts: dict[str, Layout] = {}
    first = 0
    for population in net.populations:
        if not is_given(population.op):
            tiles = -(-population.count // per_tile)
            left = machine.tiles - first % machine.tiles
            first += left if left < tiles <= machine.tiles else 0
            layouts[population.name] = Layout(population.count, first, per_tile)
            first += tiles
    return layouts


def list_tiles(net: Network, machine: TileMachine, layouts: Mapping[str, Layout]) -> dict[str, int]:
    """The tile of each list: on the chip of its population, of an input on that of its first reader, behind the tiles
    that are taken there."""
    taken = [0] * machine.chips
    for layout in layouts.values():
        chip, last = divmod(layout.end - 1, machine.tiles)
        if chip < machine.chips:  # else nothing fits
            taken[chip] = max(taken[chip], last + 1)
    found: dict[str, int] = {}
    for population in net.populations:
        readers = (projection.target for projection in net.fan_out[population.name])
        near = layouts.get(population.name) or layouts.get(next(readers, ""))
        chip = 0 if near is None else min(near.first_tile // machine.tiles, machine.chips - 1)
        found[population.name] = chip * machine.tiles + taken[chip] % machine.tiles
        taken[chip] += 1
    return found
