"""What a report is made from: the build, and what a run of it gave."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from axonc.ir import Diagnostic, Graph, Kind, ModelError, Result
from axonc.ir.interpret.run import Data, batches
from axonc.ir.mapping import Mapping as CoreMapping
from axonc.ir.ops import Array, FixedGated, FixedNeuron, LevelNeuron, Neuron, ToFixed

from ..export import as_samples
from ..program import Program


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
    """A build. ``mapping`` and ``cores`` are there for targets with cores, ``activity`` if there was an input."""

    graph: Graph
    manifest: Mapping[str, Any]
    mapping: CoreMapping | None
    cores: Sequence[Mapping[str, Any]]
    activity: Activity | None


def facts_of(program: Program, x: Data | None, record: Sequence[str], engine: str | None) -> Facts:
    """Read a build and, given an input, run it."""
    directory = program.directory
    described = directory / "mapping.json"
    mapping = CoreMapping.from_dict(json.loads(described.read_text())["mapping"]) if described.is_file() else None
    cores = json.loads((directory / "report.json").read_text()).get("cores", [])
    activity = None if x is None else _activity(program, x, record, engine)
    return Facts(program.graph, program.manifest, mapping, cores, activity)


def _activity(program: Program, x: Data, record: Sequence[str], engine: str | None) -> Activity:
    graph = program.graph
    spiking = [node.name for node in graph if _spikes(graph, node.name)]
    given = batches(graph, x)[0]
    if not all(array.size for array in given.values()):
        raise ModelError(Diagnostic("AX701", "", "an input of no steps", "a report shows at least one", "give more"))
    result = program.run(x, list(dict.fromkeys([*spiking, *record])), engine=engine)
    inputs = {name: as_samples(array, graph, name) for name, array in given.items()}
    seen = {name: _events(graph, name, array) for name, array in inputs.items() if _sends(graph, name)}
    seen |= {name: _events(graph, name, as_samples(result[name], graph, name)) for name in spiking}
    dense = [name for name in (*result.outputs, *record) if not result.is_events(name)]
    values = {name: as_samples(result.value(name), graph, name) for name in dense}
    return Activity(result, seen, values)


def _spikes(graph: Graph, name: str) -> bool:
    op = graph[name].op
    return isinstance(op, FixedGated) or (
        isinstance(op, (Neuron, FixedNeuron, LevelNeuron)) and graph.signals[name].kind is Kind.EVENT
    )


def _sends(graph: Graph, name: str) -> bool:
    """Whether an input sends events: spikes, or values that are rounded."""
    return graph.signals[name].kind is Kind.EVENT or bool(_roundings(graph, name))


def _events(graph: Graph, name: str, values: Array) -> Array:
    """Counts of events; one for each value other than 0 where events carry one."""
    if graph.signals[name].kind is Kind.EVENT:
        return values
    return np.asarray(np.rint(values / (_roundings(graph, name) or [1.0])[0]) != 0, np.int64)


def _roundings(graph: Graph, name: str) -> list[float]:
    """The units to which what takes a node's values rounds them."""
    return [node.op.format.scale for node in graph.consumers[name] if isinstance(node.op, ToFixed)]
