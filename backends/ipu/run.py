"""Running a built program on the simulator: inputs and outputs pass through files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from axonc.ir import Diagnostic, Graph, Kind, Result, raise_if_any, split_reference
from axonc.ir.interpret.run import Data, batches, check_references, initial_state, result
from axonc.ir.network import output_population
from axonc.ir.ops import Array, Gather
from axonc.ir.signal import Element
from axonc.ir.state import State, sample_of

from .build import opened
from .carry import begun, late_populations, left_of
from .inputs import dropped, input_bytes
from .layout import WORKERS
from .simulator import Finished, run_program

Described = Mapping[str, Any]


def run_network(directory: Path, graph: Graph, x: Data, record: Sequence[str], state: State | None = None) -> Result:
    """Run the program built in ``directory`` over every sample of ``x``, each from ``state`` or the reset state."""
    data, batched = batches(graph, x)
    described = json.loads((directory / "plan.json").read_text())
    signals: list[Described] = described["signals"]
    check_references(graph, record, [signal["name"] for signal in signals])
    batch, steps = next(iter(data.values())).shape[:2]
    first = initial_state(graph, batch) if state is None else state
    shown = [output_population(graph, node) for node in graph.outputs]
    wanted = list(dict.fromkeys([*shown, *record, *late_populations(described, graph)]))
    chosen = [next(signal for signal in signals if signal["name"] == name) for name in wanted]
    if batch == 0 or steps == 0:
        traces = {s["name"]: np.zeros((batch, steps, s["elements"]), s["dtype"]) for s in chosen}
        return _result(graph, traces, record, batched, {}, first)
    with TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "input.bin").write_bytes(_input(described, graph, data))
        begins = _begins(directory, described, graph, folder, state, batch)
        numbers = [signals.index(signal) for signal in chosen]
        arguments = _arguments(directory, folder, begins, steps, batch, numbers)
        links = {"AXONC_IPU_LINK_BYTES": str(described["link_bytes"])}
        built = opened(directory, folder)
        finished = run_program(built, arguments, folder=directory / "src", environment=links)
        words = np.fromfile(folder / "output.bin", np.uint8).reshape(batch, -1)
        kept = np.fromfile(folder / "left.bin", np.uint8).reshape(batch, -1)
    traces, rest = _traces(words, chosen, steps)
    whole = {name: _shaped(graph, name, trace, True) for name, trace in traces.items()}
    lefts = [_left(described, graph, data, whole, first, kept, sample) for sample in range(batch)]
    after = {name: np.stack([one[name] for one in lefts]) for name in first}
    stats = _stats(described, rest, finished, data)
    raise_if_any(_outside(graph, stats))
    return _result(graph, traces, record, batched, stats, after)


def _outside(graph: Graph, stats: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """Where indices chose what there is not."""
    for name, outside in zip(stats["populations"], stats["saturations"].sum(axis=0), strict=True):
        if isinstance(op := graph[name].op, Gather) and outside:
            extent = op.takes[0].shape[op.axis]
            yield Diagnostic("AX701", name, "an index outside", f"it indexes {extent} elements", "correct the data")


def _begins(
    directory: Path, described: Described, graph: Graph, folder: Path, state: State | None, batch: int
) -> Path | None:
    """The file of the states with which samples begin; None: with zeros."""
    initial = directory.resolve() / "data" / "initial.bin"
    if state is None:
        return initial if initial.is_file() else None
    parts = [begun(described, graph, sample_of(state, sample)) for sample in range(batch)]
    (folder / "state.bin").write_bytes(b"".join(parts))
    return folder / "state.bin"


def _left(
    described: Described,
    graph: Graph,
    data: Mapping[str, Array],
    traces: Mapping[str, Array],
    first: State,
    kept: Array,
    sample: int,
) -> State:
    """The state that a sample leaves."""

    def sent(name: str, steps: int) -> Array:
        return traces[name][sample, max(traces[name].shape[1] - steps, 0) :]

    own = {name: values[sample] for name, values in data.items()}
    return left_of(described, graph, own, sent, sample_of(first, sample), kept[sample])


def _arguments(
    directory: Path, folder: Path, state: Path | None, steps: int, samples: int, numbers: Sequence[int]
) -> list[str]:
    arguments = {
        "weights": directory.resolve() / "data" / "weights.bin",
        "input": folder / "input.bin",
        "output": folder / "output.bin",
        "left": folder / "left.bin",
        **({} if state is None else {"state": state}),
        "steps": steps,
        "samples": samples,
        "record": ",".join(map(str, numbers)),
    }
    return [f"{name}={value}" for name, value in arguments.items()]


def _input(described: Described, graph: Graph, data: Mapping[str, Array]) -> bytes:
    """What the program reads: sample by sample, the inputs in their order."""
    parts = [input_bytes(graph, data[source["name"]], source, described["word"]) for source in described["inputs"]]
    return b"".join(part for sample in zip(*parts, strict=True) for part in sample)


def _traces(words: Array, chosen: Sequence[Described], steps: int) -> tuple[dict[str, Array], Array]:
    """Recorded signals, [B, T, elements], and the counters behind them, [B, words]."""
    traces, at = {}, 0
    for signal in chosen:
        size = np.dtype(signal["dtype"]).itemsize * signal["elements"] * steps
        part = np.ascontiguousarray(words[:, at : at + size]).view(signal["dtype"])
        traces[signal["name"]] = part.reshape(len(words), steps, signal["elements"])
        at += size
    return traces, np.ascontiguousarray(words[:, at:]).view("<u4")


def _result(
    graph: Graph,
    traces: Mapping[str, Array],
    record: Sequence[str],
    batched: bool,
    stats: Mapping[str, Any],
    state: State,
) -> Result:
    shaped = {name: _shaped(graph, name, trace, batched) for name, trace in traces.items()}
    outputs = {}
    for node in graph.outputs:
        trace = shaped[output_population(graph, node)]
        lead = trace.shape[: 2 if batched else 1]
        outputs[node.name] = trace.reshape(*lead, *graph.signals[node.name].shape)
    after = state if batched else sample_of(state, 0)
    return result(graph, outputs, {name: shaped[name] for name in record}, stats, after)


def _shaped(graph: Graph, name: str, trace: Array, batched: bool) -> Array:
    """A trace in the shape of its signal; integers, and counts of pools, as wide as those of the interpreter."""
    node, state = split_reference(name)
    signal = graph.signals[node]
    plain = state is None and isinstance(signal.format, Element)
    counts = not plain and (trace.dtype.kind != "f" or (state is None and signal.kind is Kind.EVENT))
    wide = trace.astype(np.int64) if counts else trace
    whole = wide.reshape(*trace.shape[:2], *signal.shape)
    return whole if batched else whole[0]


def _stats(described: Described, counters: Array, finished: Finished, data: Mapping[str, Array]) -> dict[str, Any]:
    """Counters of every sample: by population the ``most_events`` of a step, how many were ``dropped`` because a list
    has no room for them, and the ``saturations``; by input ``inputs_dropped``; and the simulator's accounts."""
    names = [population["name"] for population in described["populations"]]
    tiles = [population["tiles"] for population in described["populations"]]
    ends = np.cumsum([count * WORKERS for count in tiles])[:-1]
    events = counters[:, : 2 * len(names)].reshape(-1, len(names), 2)
    clipped = np.stack([part.sum(axis=1) for part in np.split(counters[:, 2 * len(names) :], ends, axis=1)], axis=1)
    limited = [source for source in described["inputs"] if source["drops"]]
    return {
        "populations": names,
        "most_events": events[..., 0],
        "dropped": events[..., 1],
        "inputs_dropped": {source["name"]: dropped(data[source["name"]], source["capacity"]) for source in limited},
        "saturations": clipped.astype(np.int64),
        "accounts": finished.report,
    }
