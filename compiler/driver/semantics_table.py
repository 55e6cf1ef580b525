"""How the platforms' semantics differ on one model and input: all presets run, their spikes compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush

import numpy as np

from axonc.ir import AxoncError, Graph, Kind, interpret
from axonc.ir.interpret.run import Data
from axonc.ir.ops import Array, Delay, ExactNeuron, Neuron

from ..node_semantics import NodeChoice, semantics_of
from ..semantics import PRESETS, Semantics
from .config import Config
from .loading import discretise


@dataclass(frozen=True)
class PresetRun:
    """What one preset gives: spikes of every population and by how many steps its platform shows them late, or why it
    refuses the model."""

    preset: str
    spikes: Mapping[str, Array]
    late: Mapping[str, int]
    refusal: str = ""


def run_presets(graph: Graph, x: Data, chosen: Semantics, nodes: Sequence[NodeChoice] = ()) -> list[PresetRun]:
    """Every preset over ``x``, with the time step of ``chosen`` and its choices for single ``nodes``; a preset whose
    reset the file leaves open takes ``chosen``'s reset. `ModelError` if ``chosen`` itself is refused."""
    config = Config(nodes=tuple(nodes))
    discretise(graph, chosen, config=config)  # what is wrong with the choice itself is said once
    return [_run(graph, x, preset, chosen, config) for preset in PRESETS]


def _run(graph: Graph, x: Data, preset: str, chosen: Semantics, config: Config) -> PresetRun:
    reset = chosen.reset if PRESETS[preset].reset == "v_reset" else PRESETS[preset].reset
    semantics = replace(PRESETS[preset], dt=chosen.dt, reset=reset)
    try:
        stepped = discretise(graph, semantics, config=config)
        shown = shown_signals(stepped)
        result = interpret(stepped, x, list(shown.values()))
        direct = arrivals(
            discretise(graph, replace(PRESETS["nir"], dt=chosen.dt, integrator="exponential", reset=reset))
        )
    except AxoncError as error:
        return PresetRun(preset, {}, {}, str(error.diagnostics[0]))
    seen = arrivals(stepped)
    late = {name: seen[signal] - direct[name] for name, signal in shown.items()}
    return PresetRun(preset, {name: result.recorded[signal] for name, signal in shown.items()}, late)


def arrivals(graph: Graph) -> dict[str, int]:
    """For every node the steps that events of an input take to it, on the fastest way; 0 where no input leads."""
    heap = [(0, node.name) for node in graph.inputs]
    first: dict[str, int] = {}
    while heap:
        steps, name = heappop(heap)
        if name not in first:
            first[name] = steps
            for node in graph.consumers[name]:
                heappush(heap, (steps + (node.op.steps if isinstance(node.op, Delay) else 0), node.name))
    return {node.name: first.get(node.name, 0) for node in graph}


def shown_signals(graph: Graph) -> dict[str, str]:
    """For every spiking population the signal that its platform shows: its output, or the delay that always follows
    it where the old voltage is tested."""
    neurons = [node.name for node in graph if isinstance(node.op, (Neuron, ExactNeuron))]
    return {name: _shown(graph, name) for name in neurons if graph.signals[name].kind is Kind.EVENT}


def _shown(graph: Graph, name: str) -> str:
    readers = graph.consumers[name]
    always = len(readers) == 1 and isinstance(readers[0].op, Delay)
    return readers[0].name if always and semantics_of(graph, name).test == "old" else name


def table_rows(runs: Sequence[PresetRun], against: str) -> list[tuple[str, ...]]:
    """For every preset and population: spikes, first spike, lateness, and bins that differ from the preset ``against``
    when every trace is moved back by its lateness."""
    base = next(run for run in runs if run.preset == against)
    rows: list[tuple[str, ...]] = []
    for run in runs:
        if run.refusal:
            rows.append((run.preset, run.refusal, "", "", "", ""))
        rows += [
            (run.preset, name, f"{trace.sum():g}", _first(trace), str(run.late[name]), _differing(run, base, name))
            for name, trace in run.spikes.items()
        ]
    return rows


def _first(trace: Array) -> str:
    steps = np.flatnonzero(np.any(trace.reshape(trace.shape[0], -1), axis=1))
    return str(steps[0]) if steps.size else "-"


def _differing(run: PresetRun, base: PresetRun, name: str) -> str:
    if name not in base.spikes:
        return "-"
    ours, theirs = (max(one.late[name], 0) for one in (run, base))
    steps = len(base.spikes[name]) - max(ours, theirs)
    trace, other = run.spikes[name][ours : ours + steps], base.spikes[name][theirs : theirs + steps]
    return f"{np.count_nonzero(trace != other)} of {trace.size}"
