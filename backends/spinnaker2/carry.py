"""The state of a graph on cores: what a run begins with, and what it leaves.

States of populations lie in the memories of their cores, where the host writes them before the first slot, and reads
them after the last. What delays hold is no memory of any core: accumulators have it, weighted and summed, and packets
on their way. So it is sent again. A run that goes on begins with as many idle steps as the largest delay; in them the
host sends what was sent in the last steps of the run before, each packet in its slot, under the key of who sent it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from axonc.ir import Diagnostic, Graph, Node, raise_if_any
from axonc.ir.interpret.kernels import KERNELS
from axonc.ir.network import behind_delay
from axonc.ir.ops import Array, Delay, FixedGated, FixedNeuron, Input, LevelNeuron, Limit, Neuron, ToFixed
from axonc.ir.signal import Fixed, Kind
from axonc.ir.state import State, carried, held_as

from .engine import Machine, Probe, Write
from .graded_inputs import rounded, roundings
from .levels import LevelTable, level_table
from .parameters import state_bytes, state_dtype, state_place
from .traces import Traces

Sent = Callable[[str, int], Array]
"""(population, steps) -> what it sent in the last so many steps of a run, or in all of them, [steps, *shape]."""


@dataclass(frozen=True)
class _Place:
    """Where some elements of a part of the state lie: ``neurons`` of it, as ``dtype``, which may be codes of
    ``levels``."""

    name: str
    neurons: Array
    memory: Probe
    dtype: np.dtype[Any]
    levels: LevelTable | None = None


def _places(traces: Traces) -> Iterator[_Place]:
    for node in traces.graph:
        op = node.op
        if not isinstance(op, (Neuron, FixedNeuron, LevelNeuron, FixedGated)):
            continue
        for part, at in traces.places(node.name):
            core = part.core or 0
            for state in op.states():
                kept = state_place(op, state)
                memory = Probe(core, at[f"{kept}_at"], part.count * state_bytes(op, kept))
                levels = level_table(op) if isinstance(op, LevelNeuron) and kept == "voltage" else None
                yield _Place(f"{node.name}:{state}", part.neurons, memory, state_dtype(op, kept), levels)
            if at["segment_at"]:
                yield _Place(f"{node.name}:k", np.zeros(1, np.int64), Probe(core, at["segment_at"], 4), np.dtype("<u4"))


def written(traces: Traces, state: State) -> list[Write]:
    """What the host writes into the memories of cores to begin with the ``state`` of a sample."""

    def write(place: _Place) -> Write:
        values = state[place.name].reshape(-1)[place.neurons]
        values = values if place.levels is None else place.levels.codes(values)
        values = np.ascontiguousarray(values.astype(place.dtype))
        return Write(place.memory.core, place.memory.offset, values.view(np.uint8))

    return [write(place) for place in _places(traces)]


def left(traces: Traces, machine: Machine, data: Mapping[str, Array], sent: Sent, before: State) -> State:
    """The state after a run of one sample over ``data`` [T, *shape] that began with the state ``before``."""
    found = {name: np.array(array, order="C") for name, array in before.items()}
    for place in _places(traces):
        words = machine.read(place.memory).view(place.dtype)
        found[place.name].reshape(-1)[place.neurons] = words if place.levels is None else place.levels.values[words]
    history = History(traces.graph, data, sent, before)
    for node in traces.graph:
        if isinstance(node.op, Delay):
            found[f"{node.name}:line"] = history.line(node, node.op.steps)
    types = {name: held_as(signal) for name, signal in carried(traces.graph).items()}
    return {name: found[name].astype(dtype, copy=False) for name, dtype in types.items()}


@dataclass(frozen=True)
class History:
    """What nodes gave in the last steps of a run."""

    graph: Graph
    data: Mapping[str, Array]
    sent: Sent
    before: State

    def line(self, node: Node, steps: int) -> Array:
        """What went into a delay in the last steps, those before the run included."""
        return np.concatenate([self.before[f"{node.name}:line"], self.last(node.inputs[0], steps)])[-steps:]

    def last(self, name: str, steps: int) -> Array:
        """The outputs of a node in the last steps, or in all of the run if these are fewer."""
        node, op = self.graph[name], self.graph[name].op
        if isinstance(op, Input):
            given = self.data[name].astype(held_as(op.signal), copy=False)
            return given[max(len(given) - steps, 0) :]
        if isinstance(op, (ToFixed, Limit)):
            return np.asarray(KERNELS[type(op)](op, "float32").step({}, self.last(node.inputs[0], steps))[1])
        if isinstance(op, Delay):
            into = self.last(node.inputs[0], steps + op.steps)
            full = np.concatenate([self.before[f"{name}:line"], into])[-steps - op.steps :]
            return full[: len(full) - op.steps]
        return self.sent(name, steps)


def under_way(graph: Graph, state: State) -> dict[str, Array]:
    """What every population and input sent in its last steps, [steps, *shape], as the ``state`` of a sample has it.

    Raises:
        ModelError: delays of one source differ in what it sent.
    """
    raise_if_any(disagreements(graph, state))
    ages = _by_age(graph, state)
    return {source: np.stack([held[age][0][1] for age in sorted(held, reverse=True)]) for source, held in ages.items()}


def disagreements(graph: Graph, state: State) -> Iterator[Diagnostic]:
    """Delays that hold other events than another one has from the same source in the same step."""
    for source, held in _by_age(graph, state).items():
        for age, ((other, values), *rest) in held.items():
            for name in (name for name, others in rest if not np.array_equal(others, values)):
                found = f"it holds other events of {source!r}, {age} step(s) old, than {other!r}"
                limit = "a population sends an event once"
                yield Diagnostic("AX708", f"{name}:line", found, limit, "give both the same")


def _by_age(graph: Graph, state: State) -> dict[str, dict[int, list[tuple[str, Array]]]]:
    """By source and steps since then: the delays that hold what it sent, and what that is."""
    found: dict[str, dict[int, list[tuple[str, Array]]]] = {}
    for node in graph:
        if isinstance(node.op, Delay):
            source, behind = behind_delay(graph, node.name)
            line = _as_sent(graph, source, node, state[f"{node.name}:line"])
            for age, values in zip(range(behind, behind - node.op.steps, -1), line, strict=True):
                found.setdefault(source, {}).setdefault(age, []).append((node.name, values))
    return found


def _as_sent(graph: Graph, source: str, node: Node, line: Array) -> Array:
    """What a delay holds, as its source sends it: values of a dense input rounded, before or behind the delay."""
    signal = graph.signals[node.name]
    if signal.kind is Kind.EVENT or isinstance(signal.format, Fixed) or None in roundings(graph, source):
        return line
    return rounded(graph, source, line)
