"""Reading NIRData: a signal on a time grid, or a list of events, for every input."""

from __future__ import annotations

import io
from pathlib import Path

import nir
import numpy as np

from axonc.ir import Diagnostic, Graph, ModelError
from axonc.ir.ops import Array

from ..frontends.nir.guard import MAX_BYTES, open_checked

TOLERANCE = 1e-6
"""Of a time step: an event this much before a step counts as in it, since 3e-4 / 1e-4 is below 3 in binary."""


def read_nir_data(path: Path, graph: Graph) -> dict[str, Array]:
    """The data of every input of ``graph``, [samples, steps, *shape]: its ``spikes``, or its only observable.

    Events that share a step and a neuron add up; the values of valued events do too.
    """
    try:
        content = path.read_bytes()
        open_checked(content, path.name).close()
        data = nir.read_data(io.BytesIO(content))
    except (KeyError, RuntimeError, AttributeError, TypeError) as error:
        raise ValueError(f"no NIRData: {error}") from error
    return {node.name: _input(data, node.name, graph) for node in graph.inputs if node.name in data.nodes}


def _input(data: nir.NIRGraphData, name: str, graph: Graph) -> Array:
    seen = getattr(data.nodes[name], "observables", {})
    chosen = seen.get("spikes", next(iter(seen.values())) if len(seen) == 1 else None)
    if chosen is None:
        raise _refused(name, f"observables {sorted(seen)}", "one, or one named spikes")
    dt, signal = graph.dt or 1.0, graph.signals[name]
    if chosen.n_neurons != int(np.prod(signal.shape)):
        raise _refused(name, f"{chosen.n_neurons} neurons", f"the input is {signal}")
    values = _on_grid(name, chosen, dt) if isinstance(chosen, nir.EventData) else _gridded(name, chosen, dt)
    return values.reshape(*values.shape[:2], *signal.shape)


def _gridded(name: str, chosen: nir.TimeGriddedData, dt: float) -> Array:
    if not np.isclose(chosen.dt, dt, rtol=TOLERANCE, atol=0):
        raise _refused(name, f"a time step of {chosen.dt:g}", f"the program's is {dt:g}")
    values: Array = chosen.data
    return values


def _on_grid(name: str, chosen: nir.EventData, dt: float) -> Array:
    if chosen.idx.ndim != 2 or not np.array_equal(chosen.idx, np.floor(chosen.idx)):
        raise _refused(
            name, f"event indices {chosen.idx.dtype} of shape {chosen.idx.shape}", "whole, [samples, events]"
        )
    valid = chosen.idx != -1
    sample, slot = np.nonzero(valid)
    neuron, time = chosen.idx[valid].astype(np.int64), chosen.time[valid]
    steps = int(np.ceil(chosen.t_max / dt - TOLERANCE)) if np.isfinite(chosen.t_max) else -1
    size = chosen.n_samples * steps * chosen.n_neurons
    if steps < 0 or size * 8 > MAX_BYTES:
        raise _refused(name, f"{chosen.n_samples} samples to t_max={chosen.t_max:g}", "they must fit in memory")
    step = np.floor(time / dt + TOLERANCE)
    inside = (neuron >= 0) & (neuron < chosen.n_neurons) & (step >= 0) & (step < steps)
    if not np.all(inside):
        found = f"{np.count_nonzero(~inside)} events outside {chosen.n_neurons} neurons and [0, {chosen.t_max:g})"
        raise _refused(name, found, "all must lie inside")
    weight = chosen.value[valid] if isinstance(chosen, nir.ValuedEventData) else np.ones(slot.size, np.int64)
    values = np.zeros((chosen.n_samples, steps, chosen.n_neurons), weight.dtype)
    np.add.at(values, (sample, step.astype(np.int64), neuron), weight)
    return values


def _refused(name: str, found: str, limit: str) -> ModelError:
    return ModelError(Diagnostic("AX701", name, f"NIRData with {found}", limit, "convert the data"))
