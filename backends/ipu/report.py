"""What the compiler knows of a program before it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .exchange import exchanges
from .memory import Memory
from .plan import Plan, updates


def report(plan: Plan, memory: Memory) -> Mapping[str, Any]:
    """For ``report.json``: the machine, where populations and projections are, bytes of each tile in use by kind, the
    fullest tile's largest tensors, and the supersteps of a step."""
    machine = plan.machine
    used = [int(tile) for tile in range(machine.all_tiles) if memory.total[tile]]
    worst = memory.worst
    return {
        "machine": {
            "name": machine.name,
            "chips": machine.chips,
            "tiles": machine.all_tiles,
            "tile_bytes": machine.tile_bytes,
        },
        "tiles": [
            {"tile": tile, "bytes": {kind: int(sizes[tile]) for kind, sizes in memory.kinds.items()}} for tile in used
        ],
        "fullest": {"tile": worst, "bytes": int(memory.total[worst]), "largest": dict(memory.largest(worst))},
        "forms": {p.name: form.name for p, form in zip(plan.network.projections, plan.forms, strict=True)},
        "supersteps": supersteps(plan),
        "fullest_tiles": [_fullest(memory, int(tile)) for tile in np.argsort(-memory.total, kind="stable")[:SHOWN]],
        "populations": [_population(plan, name) for name in plan.lists],
        "links": links(plan),
    }


SHOWN = 5
"""The fullest tiles of which the largest tensors are shown."""


def _fullest(memory: Memory, tile: int) -> dict[str, Any]:
    return {"tile": tile, "bytes": int(memory.total[tile]), "largest": dict(memory.largest(tile))}


def _population(plan: Plan, name: str) -> dict[str, Any]:
    """Where a population is, and what its list has room for; of an input, which tile has that."""
    layout, events = plan.layouts.get(name), plan.lists[name]
    first = events.tile if layout is None else layout.first_tile
    where = {"chip": first // plan.machine.tiles, "first_tile": first, "tiles": 1 if layout is None else layout.tiles}
    beyond = "dropped" if events.drops else "an error"
    return {"name": name, **where, "list": {"tile": events.tile, "capacity": events.capacity, "beyond": beyond}}


def links(plan: Plan) -> dict[str, Any]:
    """What passes from chip to chip in a step, bytes [from][to], and the cycles that links take for that in all."""
    phases = [phase for phases in exchanges(plan) for phase in phases]
    total = np.sum([phase.links for phase in phases], axis=0)
    busiest = (max(phase.links.sum(axis=0).max(), phase.links.sum(axis=1).max()) for phase in phases)
    cycles = sum(-(-int(most) // plan.machine.link_bytes) for most in busiest)
    return {"bytes": total.tolist(), "bytes_per_cycle": plan.machine.link_bytes, "cycles": cycles}


def supersteps(plan: Plan) -> list[str]:
    """The compute sets of a step, in order."""
    names = ["delays"] if plan.delays or plan.late_values else []
    for level, members in enumerate(plan.levels):
        sums = any(plan.network.fan_in[name] for name in members)
        groups, lists = bool(plan.grouped(level)), bool(plan.lists_of(level))
        neurons = any(updates(plan, name) for name in members)
        phases = [("sums", sums), ("neurons", neurons), ("groups of lists", groups), ("lists", lists)]
        names += [f"{phase} of level {level + 1}" for phase, there in phases if there]
    return names
