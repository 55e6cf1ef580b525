"""Calibration: what a run of the interpreter over the user's data tells the mapping and the quantisation."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from axonc.ir import Diagnostic, Graph, Kind, ModelError, Node
from axonc.ir.host import parts
from axonc.ir.interpret.run import Data, batches, interpret
from axonc.ir.network import Population, network
from axonc.ir.ops import Array, Conv, FixedNeuron, Input, Linear, Neuron, Output, ToFixed
from axonc.ir.precision import precision, with_precision

from ..passes import HostNodes
from ..passes.observed import Observed
from .data import read_unlabelled
from .quantisation import Quantisation

CHUNK = 16
"""Samples that run at a time."""


def calibrated(graph: Graph, x: Data | str | Path) -> Graph:
    """``graph`` with the activity of its populations over ``x`` (data, or a file of them): the events of the busiest
    step, over the neurons. Of events that carry a value, those are counted whose value is not 0.

    The graph is one that can be mapped. Its property ``activity`` then holds the numbers, by which cores are filled:
    a core must finish that step within a tick.

    Raises:
        ModelError: the data do not fit the inputs.
    """
    cores = parts(graph).cores
    populations = [population for population in network(cores).populations if population.peak]
    seen = {p.name: _sent(cores, p.name) for p in populations}
    recorded = interpret(graph, read_inputs(graph, x), list(seen.values())).recorded
    measured = {p.name: _busiest(np.asarray(recorded[seen[p.name]]), p) / p.count for p in populations}
    return graph.with_properties(activity=json.dumps(measured))


def _sent(graph: Graph, name: str) -> str:
    """The node whose values a population sends: of a dense input, that which rounds them."""
    rounding = (node.name for node in graph.consumers[name] if isinstance(node.op, ToFixed))
    return next(rounding, name)


def _busiest(values: Array, population: Population) -> int:
    """The events of the busiest step: spikes counted, of graded ones those that are sent."""
    events = values != 0 if population.graded else values
    steps = events.reshape(*events.shape[:2], -1).sum(axis=2, dtype=np.int64)
    return int(steps.max(initial=0))


def input_ranges(graph: Graph, x: Data | str | Path | None, on_host: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """The largest magnitude in ``x`` of everything dense that enters the cores, by name; nothing without data.

    ``graph``: in steps, as it was loaded. What the host computes of the data is computed here.
    """
    if x is None:
        return ()
    host = HostNodes(graph, tuple(on_host))
    entries = [node.name for node in graph if _enters(graph, node, host.before)]
    if not entries:
        return ()
    away = [node for node in graph if node.name in host.before]
    inputs = [node for node in graph.inputs if node.name not in host.before]
    ahead = graph.with_nodes([*away, *inputs, *(Node(f"{name} (to the cores)", Output(), (name,)) for name in entries)])
    traces = interpret(ahead, read_inputs(graph, x), entries).recorded
    return tuple((name, float(np.abs(traces[name]).max(initial=0))) for name in entries)


def _enters(graph: Graph, node: Node, before: Collection[str]) -> bool:
    """Whether a dense value goes from the host to the cores."""
    given = node.name in before or isinstance(node.op, Input)
    read = any(reader.name not in before for reader in graph.consumers[node.name])
    return given and read and graph.signals[node.name].kind is Kind.DENSE


def observed(graph: Graph, x: Data | str | Path, how: Quantisation) -> Observed:
    """What whole sequences of ``x`` do to the states of a float graph of populations, and what its matrices receive.

    The range of a state is ``how.margin`` times the ``how.percentile``-th percentile of its magnitudes over all
    samples, steps and neurons (v: before test and reset, too); that of a state that stays 0 is left out.

    Raises:
        ModelError: the data do not fit the inputs, or have no steps.
    """
    data = read_inputs(graph, x)
    if not all(array.size for array in data.values()):
        found = "data of no samples or no steps to calibrate with"
        raise ModelError(Diagnostic("AX701", "", found, "at least one step", "give more"))
    signals = _state_signals(graph) if how.ranges == "data" else {}
    means = {node.name: node.inputs[0] for node in graph if isinstance(node.op, (Linear, Conv))}
    means = means if how.bias_correction else {}
    recorded = [name for names in signals.values() for name in names]
    largest = {name: _Magnitudes(how.percentile) for name in recorded}
    sums: dict[str, Array] = {}
    for chunk in chunks(data):
        traces = {**chunk, **interpret(graph, chunk, [*recorded, *_unknown(means.values(), chunk)]).recorded}
        for name in recorded:
            largest[name].add(traces[name])
        for source in dict.fromkeys(means.values()):
            sums[source] = sums.get(source, 0) + np.asarray(traces[source], np.float64).sum(axis=(0, 1))
    steps = int(np.prod(next(iter(data.values())).shape[:2]))
    ranges = {state: how.margin * max(largest[name].value for name in names) for state, names in signals.items()}
    kept = {state: value for state, value in ranges.items() if value > 0}
    return Observed(kept, {name: sums[source] / steps for name, source in means.items()}, how.ranges == "data")


def with_clips(graph: Graph, x: Data | str | Path) -> Graph:
    """A quantised graph with the number of updates in which a run over ``x`` leaves each of its states at the limit of
    its format: in its property ``precision``, and in notes where there are any."""
    signals = {
        f"{node.name}:{state}": (f"{node.name}:{'m' if state == 'v' else state}", signal.format)
        for node in graph
        if isinstance(node.op, FixedNeuron)
        for state, signal in node.op.states().items()
    }
    clips = dict.fromkeys(signals, 0)
    updates = dict.fromkeys(signals, 0)
    for chunk in chunks(read_inputs(graph, x)):
        recorded = interpret(graph, chunk, [name for name, _ in signals.values()]).recorded
        for state, (name, number) in signals.items():
            clips[state] += int(np.count_nonzero(np.abs(recorded[name]) >= number.limit))  # type: ignore[union-attr]
            updates[state] += recorded[name].size
    said = precision(graph)
    states = {state: {**facts, "clipped": clips.get(state, 0)} for state, facts in said.get("states", {}).items()}
    noted = graph.with_notes(_clipped(s, n, updates[s]) for s, n in clips.items() if n)
    return with_precision(noted, said.get("weights", {}), states)


def _clipped(state: str, count: int, updates: int) -> str:
    node, _, name = state.rpartition(":")
    found = f"the state {name} reaches the limit of its format in {count} of {updates} updates on the given data"
    return str(Diagnostic("AX408", node, found, "there it is clipped", "give a larger margin, or a wider --state"))


class _Magnitudes:
    """The percentile of magnitudes that come in parts; for the largest none is kept."""

    def __init__(self, percentile: float) -> None:
        self.percentile = percentile
        self.parts: list[Array] = []

    def add(self, values: Array) -> None:
        """Some more values."""
        magnitudes = np.abs(values).reshape(-1)
        self.parts = [*self.parts, magnitudes] if self.percentile < 100 else [self._largest([*self.parts, magnitudes])]

    @staticmethod
    def _largest(parts: list[Array]) -> Array:
        return np.array([max(float(part.max()) for part in parts)])

    @property
    def value(self) -> float:
        """The percentile of all of them."""
        return float(np.percentile(np.concatenate(self.parts), self.percentile))


def _state_signals(graph: Graph) -> dict[str, list[str]]:
    """What shows the magnitudes of each state of each neuron: the state, and v before test and reset."""
    found: dict[str, list[str]] = {}
    for node in graph:
        if isinstance(node.op, Neuron):
            for state in node.op.states():
                inside = [f"{node.name}:m"] if state == "v" and node.op.gate is not None else []
                found[f"{node.name}:{state}"] = [f"{node.name}:{state}", *inside]
    return found


def _unknown(names: Iterable[str], known: Mapping[str, Array]) -> list[str]:
    return [name for name in dict.fromkeys(names) if name not in known]


def chunks(data: Mapping[str, Array]) -> Iterator[dict[str, Array]]:
    """The data, some samples at a time."""
    samples = next(iter(data.values())).shape[0]
    for first in range(0, samples, CHUNK):
        yield {name: array[first : first + CHUNK] for name, array in data.items()}


def read_inputs(graph: Graph, x: Data | str | Path) -> dict[str, Array]:
    """The data, or those of a file, as [B, T, *shape] by input name; `ModelError` if they do not fit the inputs."""
    return batches(graph, read_unlabelled(Path(x), graph) if isinstance(x, (str, Path)) else x)[0]
