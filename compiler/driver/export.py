"""Results as files: ``.npz``, ``.csv`` and NIRData (``.h5``). Same result, same bytes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import nir
import numpy as np

from axonc.ir import Diagnostic, Graph, ModelError, Result, raise_if_any, split_reference
from axonc.ir.files import write_file
from axonc.ir.ops import Array
from axonc.ir.state import State

SPIKES = "spikes"
"""The observable under which NIRData holds the events of a node."""


def write_result(path: Path, result: Result, graph: Graph) -> None:
    """Write outputs and recorded signals, whole or not at all.

    ``.npz``: the arrays under their names, as the program holds them (fixed point: stored integers).
    ``.csv``: ``signal,sample,step,index,value``; a row for every neuron and step that sent events (the value is their
    number, or that which a graded event carries), and for every value of other signals, in the model's units.
    ``index`` counts in C order.
    ``.h5``, ``.hdf5``: a `nir.NIRGraphData` in the model's units. A `nir.TimeGriddedData` for every signal: ``spikes``
    (boolean; counts where a neuron may fire more than once a step), ``v``, ``i`` and ``c`` of the node. Graded events
    are a `nir.ValuedEventData` named ``spikes``: time (the beginning of the step), index and value of each. Without a
    time step, time counts steps.
    """
    writers = {".npz": _npz, ".csv": _csv, ".h5": _nir_data, ".hdf5": _nir_data}
    if path.suffix not in writers:
        limit = f"results are written as {', '.join(writers)}"
        raise ModelError(Diagnostic("AX703", str(path), f"a result file of type {path.suffix!r}", limit, "rename it"))
    write_file(path, writers[path.suffix](result, graph))


def require_state_file(path: Path) -> None:
    """Raise `ModelError` where `write_state` would."""
    if path.suffix != ".npz":
        limit = "a state is written as .npz"
        raise ModelError(Diagnostic("AX703", str(path), f"a state file of type {path.suffix!r}", limit, "rename it"))


def write_state(path: Path, state: State) -> None:
    """Write a state as ``.npz``, its parts under their names, whole or not at all."""
    require_state_file(path)
    write_file(path, npz_bytes(dict(state)))


def npz_bytes(arrays: dict[str, Array]) -> bytes:
    """A compressed ``.npz``. Its members carry no date, so that the same arrays give the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def as_samples(trace: Array, graph: Graph, name: str) -> Array:
    """A signal as [samples, steps, neurons], whatever its shape and whether it came in a batch."""
    rank = len(graph.signals[split_reference(name)[0]].shape)
    batch = trace if trace.ndim == rank + 2 else trace[None]
    return batch.reshape(*batch.shape[:2], int(np.prod(batch.shape[2:])))


def _npz(result: Result, graph: Graph) -> bytes:
    return npz_bytes({name: result[name] for name in result.names})


def _csv(result: Result, graph: Graph) -> bytes:
    rows = (line for name in result.names for line in _csv_rows(result, graph, name))
    return "\n".join(["signal,sample,step,index,value", *rows, ""]).encode()


def _csv_rows(result: Result, graph: Graph, name: str) -> Iterator[str]:
    spikes, sparse = result.is_events(name), result.is_events(name) or name in result.graded
    values = as_samples(result[name] if spikes else result.value(name), graph, name)
    places = np.argwhere(values if sparse else np.ones_like(values))
    quoted = '"' + name.replace('"', '""') + '"' if set(name) & set(',"\r\n') else name
    for sample, step, index in places.tolist():
        yield f"{quoted},{sample},{step},{index},{values[sample, step, index].item()!r}"


def _nir_data(result: Result, graph: Graph) -> bytes:
    raise_if_any(
        Diagnostic("AX703", name, "HDF5 cannot hold a '/' in a name", "", "write .npz, or rename the node")
        for name in result.names
        if "/" in name
    )
    nodes: dict[str, dict[str, nir.TimeGriddedData | nir.EventData]] = {}
    for name in result.names:
        node, state = split_reference(name)
        kind = state or (SPIKES if result.is_events(name) or name in result.graded else "v")
        written = _valued_events if name in result.graded else _time_gridded
        nodes.setdefault(node, {})[kind] = written(result, graph, name)
    buffer = io.BytesIO()
    nir.write_data(buffer, nir.NIRGraphData({name: nir.NIRNodeData(seen) for name, seen in nodes.items()}))
    return buffer.getvalue()


def _time_gridded(result: Result, graph: Graph, name: str) -> nir.TimeGriddedData:
    values = as_samples(result.value(name), graph, name)
    if result.is_events(name):
        values = values.astype(bool) if np.all(values <= 1) else values.astype(np.int64)
    return nir.TimeGriddedData(values, graph.dt or 1.0)


def _valued_events(result: Result, graph: Graph, name: str) -> nir.ValuedEventData:
    """Events of a sample side by side, in order of time; short samples end in index -1 at infinite time, of value 0."""
    values, dt = as_samples(result.value(name), graph, name), graph.dt or 1.0
    samples, steps, neurons = values.shape
    sent = [np.nonzero(sample) for sample in values]
    shape = samples, max((len(step) for step, _ in sent), default=0)
    index, time, value = np.full(shape, -1), np.full(shape, np.inf), np.zeros(shape)
    for row, (step, neuron) in enumerate(sent):
        index[row, : len(step)], time[row, : len(step)] = neuron, step * dt
        value[row, : len(step)] = values[row, step, neuron]
    return nir.ValuedEventData(index, time, neurons, steps * dt, value)
