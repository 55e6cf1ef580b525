"""What the compiler knows of a program before it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .memory import Memory
from .plan import Plan


def report(plan: Plan, memory: Memory) -> Mapping[str, Any]:
    """For ``report.json``: the machine, where populations and projections are, bytes of each tile in use by kind, the
    fullest tile's largest tensors, and the supersteps of a step."""
    used = [int(tile) for tile in range(plan.machine.tiles) if memory.total[tile]]
    worst = memory.worst
    return {
        "machine": {"name": plan.machine.name, "tiles": plan.machine.tiles, "tile_bytes": plan.machine.tile_bytes},
        "tiles": [
            {"tile": tile, "bytes": {kind: int(sizes[tile]) for kind, sizes in memory.kinds.items()}} for tile in used
        ],
        "fullest": {"tile": worst, "bytes": int(memory.total[worst]), "largest": dict(memory.largest(worst))},
        "forms": {p.name: form.name for p, form in zip(plan.network.projections, plan.forms, strict=True)},
        "supersteps": supersteps(plan),
    }


def supersteps(plan: Plan) -> list[str]:
    """The compute sets of a step, in order."""
    names = ["delays"] if plan.delays else []
    for level, members in enumerate(plan.levels):
        sums = any(plan.network.fan_in[name] for name in members)
        groups, lists = bool(plan.grouped(level)), bool(plan.lists_of(level))
        phases = [("sums", sums), ("neurons", True), ("groups of lists", groups), ("lists", lists)]
        names += [f"{phase} of level {level + 1}" for phase, there in phases if there]
    return names
