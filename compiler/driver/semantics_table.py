"""How the platforms' semantics differ on one model and input: all presets run, their spikes compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from axonc.ir import AxoncError, Graph, Kind, interpret
from axonc.ir.interpret.run import Data
from axonc.ir.ops import Array, Delay, Neuron

from ..semantics import PRESETS, Semantics, parse_semantics
from .pipeline import discretise


@dataclass(frozen=True)
class PresetRun:
    """What one preset gives: spikes of every population, or why it refuses the model."""

    preset: str
    spikes: Mapping[str, Array]
    refusal: str = ""


def run_presets(graph: Graph, x: Data, chosen: Semantics) -> list[PresetRun]:
    """Every preset over ``x``, with the time step of ``chosen``; a preset whose reset the file leaves open takes
    ``chosen``'s reset. `ModelError` if ``chosen`` itself is refused."""
    discretise(graph, chosen)  # what is wrong with the choice itself is said once
    return [_run(graph, x, preset, chosen) for preset in PRESETS]


def _run(graph: Graph, x: Data, preset: str, chosen: Semantics) -> PresetRun:
    reset = chosen.reset if PRESETS[preset].reset == "v_reset" else PRESETS[preset].reset
    try:
        stepped = discretise(graph, replace(PRESETS[preset], dt=chosen.dt, reset=reset))
        shown = shown_signals(stepped)
        result = interpret(stepped, x, list(shown.values()))
    except AxoncError as error:
        return PresetRun(preset, {}, str(error.diagnostics[0]))
    return PresetRun(preset, {name: result.recorded[signal] for name, signal in shown.items()})


def shown_signals(graph: Graph) -> dict[str, str]:
    """For every spiking population the signal that its platform shows: its output, or the delay that always follows
    it where the old voltage is tested."""
    spiking = [n.name for n in graph if isinstance(n.op, Neuron) and graph.signals[n.name].kind is Kind.EVENT]
    late = {name: [n.name for n in graph.consumers[name] if isinstance(n.op, Delay)] for name in spiking}
    always = {name: len(delays) == 1 and len(graph.consumers[name]) == 1 for name, delays in late.items()}
    tests_old = parse_semantics(graph.properties["semantics"]).test == "old"
    return {name: late[name][0] if always[name] and tests_old else name for name in spiking}


def table_rows(runs: Sequence[PresetRun], against: str) -> list[tuple[str, ...]]:
    """For every preset and population: spikes, first spike, and bins that differ from the preset ``against``."""
    base = next(run for run in runs if run.preset == against)
    rows: list[tuple[str, ...]] = []
    for run in runs:
        if run.refusal:
            rows.append((run.preset, run.refusal, "", "", ""))
        rows += [
            (run.preset, name, f"{trace.sum():g}", _first(trace), _differing(trace, base.spikes.get(name)))
            for name, trace in run.spikes.items()
        ]
    return rows


def _first(trace: Array) -> str:
    steps = np.flatnonzero(np.any(trace.reshape(trace.shape[0], -1), axis=1))
    return str(steps[0]) if steps.size else "-"


def _differing(trace: Array, base: Array | None) -> str:
    return "-" if base is None else f"{np.count_nonzero(trace != base)} of {trace.size}"
