"""Emitting the project: runtime and codelets as they are, and one program made of the plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from axonc.ir import Graph
from axonc.ir.elements import dtype_of
from axonc.ir.network import Population, Projection
from axonc.ir.ops import Input
from axonc.ir.signal import Element
from axonc.ir.version import __version__

from ..native.tensor.names import RESERVED, Names, comment_text
from ..spinnaker2.tables import c_tables
from .lists import EventList
from .lower.base import POPLAR, Form, Unit, flag
from .lower.costs import header
from .lower.units import unit_of
from .operations.emit import CODELETS, codelets, statement, stored
from .operations.operand import Operand
from .operations.operation import Operation, Stored, key
from .plan import Plan, is_given, lanes_of, synapses_of, updates
from .plan import dtype_of as dtype_of_weights
from .signals import Recorded, signals_of

HERE = Path(__file__).parent
RUNTIME = HERE / "runtime"
ARITHMETIC = HERE.parent / "spinnaker2" / "runtime" / "arithmetic.h"
"""The integer arithmetic: the same file as on cores."""
NATIVE = HERE.parent / "native" / "tensor" / "runtime"
SCALARS = ("functions.h", "scalars.h", "wide.h")
"""tanh and sigmoid, and what operations are made of: the same files as on this computer."""

_WORDS = (
    "alignas alignof and and_eq asm bitand bitor catch class compl concept consteval constexpr constinit const_cast "
    "co_await co_return co_yield decltype delete dynamic_cast explicit export false friend mutable namespace new "
    "noexcept not not_eq nullptr operator or or_eq private protected public reinterpret_cast requires static_assert "
    "static_cast template this thread_local throw true try typeid typename using virtual wchar_t xor xor_eq char8_t "
    "char16_t char32_t"
)
KEYWORDS = frozenset(_WORDS.split())
"""What C++ keeps for itself beside the words of C."""

WORD = {2: "UNSIGNED_SHORT", 4: "UNSIGNED_INT"}
"""The type of a word of so many bytes."""


def runtime_files() -> dict[str, bytes]:
    """What every project has, by relative path."""
    paths = sorted(path for path in RUNTIME.rglob("*") if path.suffix in (".cpp", ".hpp"))
    files = {path.relative_to(RUNTIME).as_posix(): path.read_bytes() for path in paths}
    shared = {
        "codelets/arithmetic.h": ARITHMETIC.read_bytes(),
        "codelets/axonc_tables.h": c_tables().encode(),
        **{f"codelets/{name}": (NATIVE / name).read_bytes() for name in SCALARS},
        "costs.hpp": header().encode(),
    }
    return {**files, **shared}


def emit(graph: Graph, plan: Plan, begins: bool) -> dict[str, bytes]:
    """All source files by relative path; ``begins``: whether states or delays begin with values."""
    files = runtime_files()
    if (operations := codelets(plan)) is not None:
        files[CODELETS] = _render("operations.cpp.j2", **operations).encode()
    hosted = sorted([*(name for name in files if name.endswith(".cpp") and "/" not in name), "program.cpp"])
    texts = {
        "program.cpp": _render("program.cpp.j2", **_program(graph, plan, files)),
        "CMakeLists.txt": _render("CMakeLists.txt.j2", sources=hosted),
        "README.md": _render("README.md.j2", version=__version__, word_bytes=plan.word_bytes, begins=begins),
    }
    return {**files, **{name: text.encode() for name, text in texts.items()}}


def _program(graph: Graph, plan: Plan, files: dict[str, bytes]) -> dict[str, Any]:
    names = Names(RESERVED | KEYWORDS)
    populations, projections = plan.network.populations, plan.network.projections
    variables = {population.name: names.unique(population.name) for population in populations}
    late = {(source, steps): names.unique(f"{source} late {steps}") for source, steps in plan.delays}
    values = {(source, steps): names.unique(f"{source} values late {steps}") for source, steps in plan.late_values}
    named = Variables(variables, late, values, [names.unique(projection.name) for projection in projections])
    libraries = sorted(name for name in files if name.startswith("codelets/") and name.endswith(".cpp"))
    return {
        "title": "A network" if not graph.name else comment_text(graph.name),
        "version": __version__,
        "digest": graph.properties.get("source_sha256", "unknown"),
        "sources": [_source(plan, p, variables) for p in populations if isinstance(p.op, Input)],
        "stored": [_stored(plan, p, variables) for p in populations if isinstance(p.op, Stored)],
        "populations": [_population(plan, p, variables) for p in populations if not is_given(p.op)],
        "projections": [_projection(plan, index, variables, name) for index, name in enumerate(named.weights)],
        "operates": CODELETS in files,
        "delays": [
            {"var": var, "name": cpp_string(f"{source}/late {steps}"), "source": variables[source], "steps": steps}
            for (source, steps), var in late.items()
        ],
        "late_values": [_late(plan, named, *kept) for kept in plan.late_values],
        "levels": [_level(plan, index, named) for index in range(len(plan.levels))],
        "groups": any(plan.grouped(level) for level in range(len(plan.levels))),
        "signals": [_signal(signal, variables) for signal in signals_of(plan.network)],
        "system": cpp_string(plan.machine.system),
        "tiles": plan.machine.tiles,
        "chips": plan.machine.chips,
        "codelets": list(map(cpp_string, libraries)),
    }


def _source(plan: Plan, population: Population, variables: dict[str, str]) -> dict[str, Any]:
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


def _population(plan: Plan, population: Population, variables: dict[str, str]) -> dict[str, Any]:
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


def _projection(plan: Plan, index: int, variables: dict[str, str], name: str) -> dict[str, Any]:
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


@dataclass(frozen=True)
class Variables:
    """Names in C++: of populations and inputs, of lists and values that are late, of projections."""

    populations: dict[str, str]
    late: dict[tuple[str, int], str]
    late_values: dict[tuple[str, int], str]
    weights: list[str]


def _level(plan: Plan, level: int, named: Variables) -> dict[str, Any]:
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


def _late(plan: Plan, named: Variables, source: str, steps: int) -> dict[str, Any]:
    """Values that are late, for the template."""
    layout = plan.layout(source)
    return {
        "var": named.late_values[source, steps],
        "name": cpp_string(f"{source}/values late {steps}"),
        "given": _values(plan, source, named),
        "layout": f"Layout{{{layout.neurons}, {layout.first_tile}, {layout.per_tile}}}",
        "steps": steps,
    }


def _stored(plan: Plan, population: Population, variables: dict[str, str]) -> dict[str, Any]:
    tile, shown = plan.lists[population.name].tile, f"'{comment_text(population.name)}': a constant"
    return stored(population, variables[population.name], cpp_string(population.name), shown, tile)


def _signal(signal: Recorded, variables: dict[str, str]) -> dict[str, str]:
    return {"name": cpp_string(signal.name), "tensor": f"{variables[signal.population]}.{signal.tensor}"}


def cpp_string(text: str) -> str:
    """A name of the model as a C++ literal: printable ASCII, everything else as octal escapes of its UTF-8."""
    plain = (chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}" for b in text.encode())
    return '"' + "".join(plain) + '"'


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("axonc.backends.ipu"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def _render(template: str, **values: object) -> str:
    return _environment().get_template(template).render(values)
