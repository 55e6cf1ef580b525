"""Operations in the program: the codelets that a network needs, and the statements that add their vertices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from axonc.ir.network import Population

from ..lower.base import POPLAR, flag
from ..plan import Plan
from .operation import NAMES, Operation, Stored, key

CODELETS = "codelets/operations.cpp"


def functions_of(plan: Plan) -> dict[str, str]:
    """The name of every text of functions, in the order of the populations."""
    named: dict[str, str] = {}
    for population in plan.network.populations:
        if isinstance(population.op, Operation) and population.op.function not in named:
            named[population.op.function] = f"{_camel(population.op.name)}{len(named) + 1}"
    return named


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def codelets(plan: Plan) -> Mapping[str, Any] | None:
    """What the template of codelets takes; None where there are no operations."""
    named = functions_of(plan)
    ops: list[Any] = [population.op for population in plan.network.populations]
    operations = [op for op in ops if isinstance(op, Operation)]
    instances = dict.fromkeys(_instance(op, named) for op in operations)
    functions = [{"name": name, "text": text} for text, name in named.items()]
    return {"functions": functions, "instances": list(instances)} if instances else None


def _instance(op: Operation, named: Mapping[str, str]) -> str:
    types = ", ".join(NAMES[key(dtype)] for dtype in op.types)
    return f"{op.vertex.name}<{named[op.function]}, {types}>"


def statement(plan: Plan, population: Population, where: str, givens: list[str], variable: str) -> str:
    """Adds the vertices of an operation: ``givens`` are its operands in C++."""
    op: Any = population.op
    types = ",".join(NAMES[key(dtype)] for dtype in op.types)
    name = f"axonc::{op.vertex.name}<axonc::{functions_of(plan)[op.function]},{types}>"
    numbers = ", ".join(f'{{"{field}", {value}}}' for field, value in op.numbers)
    has = f"{op.vertex.operands}, {op.vertex.listed}, {flag(op.vertex.counts)}, {{{numbers}}}, {op.each}"
    return f'operate(graph, {where}, {{"{name}", {has}}}, n.{variable}, {{{", ".join(givens)}}});'


def stored(population: Population, variable: str, name: str, comment: str, tile: int) -> dict[str, Any]:
    """A constant, for the template."""
    op: Any = population.op
    assert isinstance(op, Stored)
    kind = POPLAR[key(op.value.dtype)]
    return {"var": variable, "name": name, "comment": comment, "type": kind, "elements": op.value.size, "tile": tile}
