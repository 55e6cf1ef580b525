"""What a worker does: run every stage over a chunk of samples, and count."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

import numpy as np

from axonc.ir import Diagnostic, Graph, Kind, Result, ToolError
from axonc.ir.interpret.kernels import KERNELS
from axonc.ir.interpret.parts import sent_by_host
from axonc.ir.ops import Array, Limit
from axonc.ir.version import __version__

from .counts import ChunkCounts, PairCounts, Place, StageCounts
from .subject import Layer, Parcel, Subject, opened

DECISIONS: Mapping[str, Callable[[Array], Array]] = {
    "sum": lambda trace: np.asarray(trace.sum(axis=0)),
    "last": lambda trace: np.asarray(trace[-1]),
    "max": lambda trace: np.asarray(trace.max(axis=0)),
}
"""How an output over time, [T, classes], becomes a score for each class."""


@dataclass(frozen=True)
class Plan:
    """What is measured: which stages, and how ``output`` becomes a class. ``version`` is that of who asks."""

    stages: tuple[str, ...]
    output: str
    decide: str
    keep_going: bool = False
    version: str = __version__


@dataclass(frozen=True, eq=False)
class Task:
    """Samples to run, [B, T, *shape] by input name; ``first`` is the number of the first."""

    plan: Plan
    first: int
    x: Mapping[str, Array]


def measure(parcel: Parcel, task: Task) -> ChunkCounts:
    """The counts of a task's samples. They depend on nothing but the samples."""
    if task.plan.version != __version__:
        found, limit = f"a worker has axonc {__version__}", f"the evaluation is of axonc {task.plan.version}"
        raise ToolError(Diagnostic("AX903", "", found, limit, "install the same version"))
    subject = opened(parcel)
    runs = {stage: _run(subject, stage, task) for stage in task.plan.stages}
    pairs = {
        later: _compared(subject, (earlier, later), (runs[earlier], runs[later]), task.first)
        for earlier, later in pairwise(task.plan.stages)
    }
    samples = next(iter(task.x.values())).shape[0]
    return ChunkCounts(samples, {stage: _counted(subject, stage, runs[stage], task) for stage in runs}, pairs)


def recorded(subject: Subject, stage: str, compared: bool) -> list[str]:
    """What is recorded of a stage: events and, if it is compared, states of the layers that it has."""
    graph = subject.stages[stage]
    known = [layer for layer in subject.layers if layer.name in graph and not layer.given]
    events = [layer.name for layer in known if layer.events]
    states = [state for layer in known for state in layer.states if _has_state(graph, state)]
    return [*events, *states] if compared else events


def _has_state(graph: Graph, name: str) -> bool:
    node, _, state = name.rpartition(":")
    return state in graph[node].op.states()


def _run(subject: Subject, stage: str, task: Task) -> Result:
    compared = len(task.plan.stages) > 1
    return subject.run(stage, task.x, recorded(subject, stage, compared), task.plan.keep_going)


def _flat(trace: Array) -> Array:
    """A trace as [samples, steps, neurons]."""
    return np.ascontiguousarray(trace).reshape(*trace.shape[:2], -1)


def _counted(subject: Subject, stage: str, result: Result, task: Task) -> StageCounts:
    graph = subject.stages[stage]
    given = sent_by_host(graph, task.x)
    known = [layer for layer in subject.layers if layer.events and layer.name in (given if layer.given else graph)]
    traces = {layer.name: _sent(layer, _flat((given if layer.given else result)[layer.name])) for layer in known}
    return StageCounts(
        decisions(result, task.plan.output, task.plan.decide),
        {name: trace.sum(axis=(0, 2)) for name, trace in traces.items()},
        {name: heard(graph, name, trace).sum(axis=(0, 1)) for name, trace in traces.items()},
        _counters(result),
    )


def _sent(layer: Layer, trace: Array) -> Array:
    """Counts of events: spikes, or one for each value other than 0."""
    return (trace != 0 if layer.graded else trace).astype(np.int64)


def heard(graph: Graph, name: str, trace: Array) -> Array:
    """The events that have an effect: those that no limit drops."""
    readers = graph.consumers[name] if name in graph else ()
    limits = [reader.op for reader in readers if isinstance(reader.op, Limit)]
    if not limits:
        return trace
    limit = KERNELS[Limit](limits[0], "float32")
    return limit.step({}, trace.reshape(-1, trace.shape[-1]))[1].reshape(trace.shape)


def decisions(result: Result, output: str, decide: str) -> Array:
    """The class of every sample: the lowest index among the largest scores. Floats are added up in float64."""
    wide = _flat(result.outputs[output])
    wide = wide.astype(np.float64) if wide.dtype.kind == "f" else wide
    return np.array([np.argmax(DECISIONS[decide](np.ascontiguousarray(trace))) for trace in wide], np.int64)


COUNTED = {
    "weights added": "macs",
    "clipped states": "saturations",
    "packets dropped": "dropped",
    "ticks over budget": "overruns",
    "instructions": "instructions",
    "cycles, estimated": "cycles",
}
"""Counters of a machine by what they count, added up over samples, slots and cores."""


def _counters(result: Result) -> dict[str, int]:
    stats = result.stats
    totals = {name: int(stats[key].sum()) for name, key in COUNTED.items() if key in stats}
    peak = {"most cycles of a core in a slot": int(stats["cycles"].max(initial=0))} if "cycles" in stats else {}
    return totals | peak


def _compared(subject: Subject, stages: tuple[str, str], results: tuple[Result, Result], first: int) -> PairCounts:
    graphs = [subject.stages[stage] for stage in stages]
    shared = [layer for layer in subject.layers if not layer.given and all(_is_whole(graph, layer) for graph in graphs)]
    spikes = {layer.name: _differs(layer, results) for layer in shared if layer.events}
    return PairCounts(
        {name: int(np.count_nonzero(~differs)) for name, differs in spikes.items()},
        {name: _earliest(differs, first) for name, differs in spikes.items()},
        {name: _powers(name, results) for name in compared_values(graphs, shared)},
    )


def compared_values(graphs: Sequence[Graph], shared: Sequence[Layer]) -> list[str]:
    """The values that all graphs have, in order: of graded events, of states, of outputs that are no spikes."""
    graded = [layer.name for layer in shared if layer.graded and layer.events]
    states = [name for layer in shared for name in layer.states if all(_has_state(graph, name) for graph in graphs)]
    dense = [
        node.name
        for node in graphs[-1].outputs
        if all(graph.signals[node.name].kind is not Kind.EVENT for graph in graphs)
    ]
    return [*graded, *states, *dense]


def _is_whole(graph: Graph, layer: Layer) -> bool:
    """Whether a graph has the layer with all of its neurons: pruning may remove some on the way."""
    return layer.name in graph and prod(graph.signals[layer.name].shape) == layer.size


def _differs(layer: Layer, results: tuple[Result, Result]) -> Array:
    earlier, later = (_sent(layer, _flat(result[layer.name])) for result in results)
    return np.asarray(earlier != later)


def _earliest(differs: Array, first: int) -> Place | None:
    """The earliest step with a bin that differs; there the first sample, and in it the first neuron."""
    by_step = differs.swapaxes(0, 1)
    if not by_step.any():
        return None
    step, sample, neuron = np.unravel_index(int(np.argmax(by_step)), by_step.shape)
    return int(step), first + int(sample), int(neuron)


def _powers(name: str, results: tuple[Result, Result]) -> Array:
    """[samples, 2]: the sums of the squares of the earlier values, and of the differences."""
    earlier, later = (_flat(result.value(name)) for result in results)
    with np.errstate(over="ignore", invalid="ignore"):
        noise = later - earlier
        return np.array([[np.sum(np.square(a)), np.sum(np.square(b))] for a, b in zip(earlier, noise, strict=True)])
