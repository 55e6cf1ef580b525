"""What a report is made from: the build, and what a run of it gave."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from axonc.ir import Diagnostic, Graph, Kind, ModelError, Result
from axonc.ir.interpret.parts import sent_by_host
from axonc.ir.interpret.run import Data, batches
from axonc.ir.machine import Place
from axonc.ir.mapping import Mapping as CoreMapping
from axonc.ir.ops import Array

from ..export import as_samples
from ..program import Program
from ..units import SENT, UNITS


@dataclass(frozen=True)
class Activity:
    """A run: its result; the events of every input and population that sends some, [samples, steps, neurons], 0 or 1
    where they carry a value; and values over time in the model's units, of dense outputs and of the states asked
    for."""

    result: Result
    events: Mapping[str, Array]
    values: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """A build. ``mapping`` and ``cores`` are there for targets with cores, ``laid_out`` is the compiler's report of
    tiles for targets that have some, ``activity`` is there if there was an input."""

    graph: Graph
    manifest: Mapping[str, Any]
    mapping: CoreMapping | None
    cores: Sequence[Mapping[str, Any]]
    activity: Activity | None
    laid_out: Mapping[str, Any] = field(default_factory=dict)
    fit: Mapping[str, Any] = field(default_factory=dict)
    """All of ``report.json``."""
    places: Sequence[Place] = ()
    """Where every core is, if the mapping says."""
    neighbours: Sequence[Sequence[int | None]] = ()
    """For every chip where each of its links leads."""


def facts_of(program: Program, x: Data | None, record: Sequence[str], engine: str | None) -> Facts:
    """Read a build and, given an input, run it."""
    directory = program.directory
    described = directory / "mapping.json"
    mapped = json.loads(described.read_text())["mapping"] if described.is_file() else {}
    mapping = CoreMapping.from_dict(mapped) if mapped else None
    places = [Place(*place) for place in mapped.get("places", ())]
    fit = json.loads((directory / "report.json").read_text())
    activity = None if x is None else _activity(program, x, record, engine)
    return Facts(
        graph=program.graph,
        manifest=program.manifest,
        mapping=mapping,
        cores=fit.get("cores", []),
        activity=activity,
        laid_out=fit if "supersteps" in fit else {},
        fit=fit,
        places=places,
        neighbours=mapped.get("neighbours", ()),
    )


def _activity(program: Program, x: Data, record: Sequence[str], engine: str | None) -> Activity:
    graph = program.graph
    sending = [node.name for node in graph if isinstance(node.op, UNITS) and graph.signals[node.name].kind in SENT]
    if not all(array.size for array in batches(graph, x)[0].values()):
        raise ModelError(Diagnostic("AX701", "", "an input of no steps", "a report shows at least one", "give more"))
    result = program.run(x, list(dict.fromkeys([*sending, *record])), engine=engine)
    seen = {name: as_samples(events, graph, name) for name, events in sent_by_host(graph, x).items()}
    seen |= {name: _events(graph, name, as_samples(result[name], graph, name)) for name in sending}
    dense = [name for name in (*result.outputs, *record) if not result.is_events(name)]
    values = {name: as_samples(result.value(name), graph, name) for name in dense}
    return Activity(result, seen, values)


def _events(graph: Graph, name: str, values: Array) -> Array:
    """Counts of events; one for each value other than 0 where events carry one."""
    return values if graph.signals[name].kind is Kind.EVENT else np.asarray(values != 0, np.int64)
