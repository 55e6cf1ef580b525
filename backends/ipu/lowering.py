"""Lowering: a network becomes a project, its store, and a description of both."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from axonc.ir import Graph
from axonc.ir.host import parts
from axonc.ir.interpret.run import initial_state
from axonc.ir.machine import TileMachine
from axonc.ir.ops import Input
from axonc.ir.serialize import to_bytes
from axonc.ir.target import Program

from .carry import begun
from .declarations import value_type
from .emit import emit
from .facts import is_given
from .fit import fitted
from .lists import EventList
from .lower.base import POPLAR
from .lower.units import unit_of
from .operations.network import tile_network
from .operations.normal import normal
from .pack import pack
from .plan import Plan
from .report import report
from .signals import signals_of

NUMPY = {name: np.dtype(dtype).str for dtype, name in POPLAR.items()}
"""Types of Poplar as numpy names them."""


def lower(graph: Graph, machine: TileMachine) -> Program:
    """The program of a graph for the tiles of ``machine``."""
    cores = normal(parts(graph).cores)
    placed, memory = fitted(tile_network(cores), machine)
    first = initial_state(cores)
    begins = any(np.any(part) for part in first.values())
    files = {f"src/{name}": content for name, content in emit(cores, placed, begins).items()}
    files["data/weights.bin"] = pack(placed)
    described = describe(placed)
    files["plan.json"] = (json.dumps(described, indent=1) + "\n").encode()
    if begins:
        files["data/initial.bin"] = begun(described, cores, first)
    files["graph.axg"] = to_bytes(graph)
    return Program(files, report(placed, memory))


def describe(placed: Plan) -> dict[str, Any]:
    """``plan.json``: what runs where, and what the program reads and writes."""
    populations = placed.network.populations
    units = [p for p in populations if not is_given(p.op)]
    return {
        "machine": placed.machine.name,
        "link_bytes": placed.machine.link_bytes,
        "word": f"<u{placed.word_bytes}",
        "inputs": [_input(placed, p.name) for p in populations if isinstance(p.op, Input)],
        "populations": [_population(placed, population.name) for population in units],
        "projections": [
            {"name": p.name, "source": p.source, "target": p.target, "delay": p.delay, "form": form.name}
            for p, form in zip(placed.network.projections, placed.forms, strict=True)
        ],
        "delays": [list(delay) for delay in placed.delays],
        "late_values": [list(delay) for delay in placed.late_values],
        "levels": [list(level) for level in placed.levels],
        "signals": [
            {"name": s.name, "dtype": np.dtype(s.dtype).str, "elements": placed.network.by_name[s.population].count}
            for s in signals_of(placed.network)
        ],
    }


def _input(placed: Plan, name: str) -> dict[str, Any]:
    population, events = placed.network.by_name[name], placed.lists[name]
    values = NUMPY[value_type(placed, population)] if name in placed.valued else None
    return {"name": name, "elements": population.count, "tile": events.tile, **_list(events), "values": values}


def _list(events: EventList) -> dict[str, Any]:
    """What the host must know of a list."""
    return {"capacity": events.capacity, "words": events.words, "value": events.value, "drops": events.drops}


def _population(placed: Plan, name: str) -> dict[str, Any]:
    layout, events = placed.layouts[name], placed.lists[name]
    unit, op = unit_of(placed.network.by_name[name].op), placed.network.by_name[name].op
    where = {"neurons": layout.neurons, "first_tile": layout.first_tile, "per_tile": layout.per_tile}
    kept = [*op.states(), "k"] if unit.states > len(op.states()) else sorted(op.states(), reverse=True)
    held = {"states": kept, "state": np.dtype(unit.state).str, "sent": unit.sent}
    return {"name": name, **where, "tiles": layout.tiles, "list_tile": events.tile, **_list(events), **held}
