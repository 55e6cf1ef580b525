"""What the first part of a program declares: inputs, constants, populations, projections, and what can be recorded."""

from __future__ import annotations

from typing import Any

from axonc.ir.elements import dtype_of
from axonc.ir.network import Population, Projection
from axonc.ir.ops import Input
from axonc.ir.signal import Element

from ..native.tensor.names import comment_text
from .cpp import cpp_string
from .facts import dtype_of as dtype_of_weights
from .facts import lanes_of, synapses_of
from .lists import EventList
from .lower.base import POPLAR, Unit, flag
from .lower.units import unit_of
from .operations.emit import stored
from .operations.operand import Operand
from .operations.operation import key
from .plan import Plan
from .signals import Recorded

WORD = {2: "UNSIGNED_SHORT", 4: "UNSIGNED_INT"}
"""The type of a word of so many bytes."""


def source_of(plan: Plan, population: Population, variables: dict[str, str]) -> dict[str, Any]:
    events = plan.lists[population.name]
    dense = population.name in plan.valued
    shown = f"'{comment_text(population.name)}': {population.count} elements; tile {events.tile}"
    return {
        "var": variables[population.name],
        "comment": shown,
        "name": cpp_string(population.name),
        "word": WORD[plan.word_bytes],
        "events": _events(events),
        "type": value_type(plan, population),
        "dense": population.count if dense else 0,
    }


def value_type(plan: Plan, population: Population) -> str:
    """The type of the values of an input."""
    if isinstance(population.op, Input) and isinstance(population.op.signal.format, Element):
        return POPLAR[key(dtype_of(population.op.signal.format))]
    if population.graded and plan.in_float(population.name):
        return "FLOAT"
    return "INT" if population.graded or population.peak > 255 else "UNSIGNED_CHAR"


def _events(events: EventList) -> str:
    return f"Events{{{events.tile}, {events.capacity}, {events.value}, {events.expected}, {flag(events.drops)}}}"


def population_of(plan: Plan, population: Population, variables: dict[str, str]) -> dict[str, Any]:
    layout, unit = plan.layouts[population.name], unit_of(population.op)
    tiles = f"tiles {layout.first_tile} to {layout.first_tile + layout.tiles - 1}, {layout.per_tile} on each"
    kind = getattr(population.op, "kind", population.op.name)
    return {
        "var": variables[population.name],
        "comment": f"'{comment_text(population.name)}': {population.count} neurons ({kind}) on {tiles}",
        "name": cpp_string(population.name),
        "layout": f"Layout{{{layout.neurons}, {layout.first_tile}, {layout.per_tile}}}",
        "kind": _kind(plan, population, unit),
        "word": WORD[plan.word_bytes],
        "events": _events(plan.lists[population.name]),
    }


def _kind(plan: Plan, population: Population, unit: Unit) -> str:
    projections, lanes = plan.sums(population.name), lanes_of(population)
    in_float = any(dtype_of_weights(projection).kind == "f" for projection in projections)
    sums = "f4" if in_float else unit.sums
    types = ", ".join(POPLAR[dtype] for dtype in (sums, unit.state, unit.sent or "u1"))
    has = f"{unit.states}, {flag(unit.sent is not None)}, {unit.parameters.shape[1]}, {flag(unit.shared)}"
    has += f", {flag(plan.shifted(population.name))}, {(unit.levels.size + 1) // 2}"
    return f"Kind{{{types}, {len(projections)}, {lanes}, {has}}}"


def projection_of(plan: Plan, index: int, variables: dict[str, str], name: str) -> dict[str, Any]:
    projection, form = plan.network.projections[index], plan.forms[index]
    weight: Any = projection.weight
    ends = f"'{comment_text(projection.source)}' to '{comment_text(projection.target)}'"
    return {
        "var": name,
        "comment": f"'{comment_text(projection.name)}': {_amount(projection)} from {ends}",
        "add": form.add,
        "name": cpp_string(f"{projection.name}/{index}"),
        "type": POPLAR[dtype_of_weights(projection).str[1:]],
        "operand": isinstance(weight, Operand),
        "biased": flag(projection.bias is not None),
        "numbers": form.numbers(weight) or plan.network.by_name[projection.source].count,
        "target": variables[projection.target],
    }


def _amount(projection: Projection) -> str:
    weight: Any = projection.weight
    return f"{len(weight.places)} elements" if isinstance(weight, Operand) else f"{synapses_of(projection)} synapses"


def constant_of(plan: Plan, population: Population, variables: dict[str, str]) -> dict[str, Any]:
    tile, shown = plan.lists[population.name].tile, f"'{comment_text(population.name)}': a constant"
    return stored(population, variables[population.name], cpp_string(population.name), shown, tile)


def signal_of(signal: Recorded, variables: dict[str, str]) -> dict[str, str]:
    return {"name": cpp_string(signal.name), "tensor": f"{variables[signal.population]}.{signal.tensor}"}
