"""Emitting the project: runtime and codelets as they are, and one program made of the plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axonc.ir import Graph
from axonc.ir.ops import Input
from axonc.ir.version import __version__

from ..native.tensor.names import RESERVED, Names, comment_text
from ..spinnaker2.tables import c_tables
from ..templates import environment
from .cpp import KEYWORDS, cpp_string
from .declarations import constant_of, population_of, projection_of, signal_of, source_of
from .facts import is_given
from .lower.costs import header
from .operations.emit import CODELETS, codelets
from .operations.operation import Stored
from .plan import Plan
from .signals import signals_of
from .statements import Variables, late_of, level_of

HERE = Path(__file__).parent
RUNTIME = HERE / "runtime"
ARITHMETIC = HERE.parent / "spinnaker2" / "runtime" / "arithmetic.h"
"""The integer arithmetic: the same file as on cores."""
NATIVE = HERE.parent / "native" / "tensor" / "runtime"
SCALARS = ("functions.h", "scalars.h", "wide.h")
"""tanh and sigmoid, and what operations are made of: the same files as on this computer."""


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
        "sources": [source_of(plan, p, variables) for p in populations if isinstance(p.op, Input)],
        "stored": [constant_of(plan, p, variables) for p in populations if isinstance(p.op, Stored)],
        "populations": [population_of(plan, p, variables) for p in populations if not is_given(p.op)],
        "projections": [projection_of(plan, index, variables, name) for index, name in enumerate(named.weights)],
        "operates": CODELETS in files,
        "delays": [
            {"var": var, "name": cpp_string(f"{source}/late {steps}"), "source": variables[source], "steps": steps}
            for (source, steps), var in late.items()
        ],
        "late_values": [late_of(plan, named, *kept) for kept in plan.late_values],
        "levels": [level_of(plan, index, named) for index in range(len(plan.levels))],
        "groups": any(plan.grouped(level) for level in range(len(plan.levels))),
        "signals": [signal_of(signal, variables) for signal in signals_of(plan.network)],
        "system": cpp_string(plan.machine.system),
        "tiles": plan.machine.tiles,
        "chips": plan.machine.chips,
        "codelets": list(map(cpp_string, libraries)),
    }


def _render(template: str, **values: object) -> str:
    return environment("axonc.backends.ipu").get_template(template).render(values)
