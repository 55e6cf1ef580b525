"""The statements of the second part of a program: compute sets and their vertices, level by level."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from axonc.ir.network import Projection
from axonc.ir.ops import Input

from .cpp import cpp_string
from .lower.base import Form
from .lower.units import unit_of
from .operations.emit import statement
from .operations.operation import Operation, Stored
from .plan import Plan, updates


@dataclass(frozen=True)
class Variables:
    """Names in C++: of populations and inputs, of lists and values that are late, of projections."""

    populations: dict[str, str]
    late: dict[tuple[str, int], str]
    late_values: dict[tuple[str, int], str]
    weights: list[str]


def level_of(plan: Plan, level: int, named: Variables) -> dict[str, Any]:
    members, number = plan.levels[level], level + 1
    sums = [line for name in members for line in _sums(plan, name, f"sums{number}", named)]
    updated = [name for name in members if updates(plan, name)]
    variables = named.populations
    neurons = [unit_of(plan.network.by_name[n].op).update(f"neurons{number}", f"n.{variables[n]}") for n in updated]
    lists = [_joining(plan, name, number, f"n.{variables[name]}") for name in plan.lists_of(level)]
    return {"sums": sums, "neurons": neurons, "lists": lists, "groups": bool(plan.grouped(level))}


def _joining(plan: Plan, name: str, number: int, population: str) -> str:
    """The statement that joins the lists of a population's tiles."""
    if tiles := plan.group(name):
        return f"gatherGroups(graph, groups{number}, lists{number}, {population}, {tiles}, between);"
    return f"gather(graph, lists{number}, {population});"


def _sums(plan: Plan, target: str, where: str, named: Variables) -> Iterator[str]:
    """The statements of what a population adds up, or of an operation."""
    population = plan.network.by_name[target]
    givens: list[str] = []
    for index, projection in enumerate(plan.network.projections):
        if projection.target == target:
            form, name = plan.forms[index], named.weights[index]
            given = _given(plan, projection, form, named)
            if isinstance(population.op, Operation):
                givens.append(f"{{{given}, &n.{name}}}")
            else:
                rest = f"n.{name}, n.{named.populations[target]}, {plan.slot(projection)}"
                yield f"{form.sum}(graph, {where}, {given}, {rest});"
    if isinstance(population.op, Operation):
        yield statement(plan, population, where, givens, named.populations[target])


def _given(plan: Plan, projection: Projection, form: Form[Any], named: Variables) -> str:
    """What a projection reads: a list or values, perhaps late."""
    source, steps = projection.source, plan.late(projection)
    if form.reads_events:
        return named.late[source, steps] if steps else f"n.{named.populations[source]}.events"
    return named.late_values[source, steps] if steps else _values(plan, source, named)


def _values(plan: Plan, name: str, named: Variables) -> str:
    """The values of a population: what it sends, or its voltage."""
    op, variable = plan.network.by_name[name].op, f"n.{named.populations[name]}"
    if isinstance(op, Stored):
        return variable
    if isinstance(op, Input):
        return f"{variable}.values"
    return f"{variable}.{'sent' if unit_of(op).sent else 'voltage'}"


def late_of(plan: Plan, named: Variables, source: str, steps: int) -> dict[str, Any]:
    """Values that are late, for the template."""
    layout = plan.layout(source)
    return {
        "var": named.late_values[source, steps],
        "name": cpp_string(f"{source}/values late {steps}"),
        "given": _values(plan, source, named),
        "layout": f"Layout{{{layout.neurons}, {layout.first_tile}, {layout.per_tile}}}",
        "steps": steps,
    }
