"""Running a built program on the simulator: inputs and outputs pass through files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from axonc.ir import Graph, Result, split_reference
from axonc.ir.interpret.run import Data, batches, check_references, result
from axonc.ir.network import output_population
from axonc.ir.ops import Array

from .build import opened
from .inputs import input_bytes
from .layout import WORKERS
from .simulator import Finished, run_program

Described = Mapping[str, Any]


def run_network(directory: Path, graph: Graph, x: Data, record: Sequence[str]) -> Result:
    """Run the program built in ``directory`` over every sample of ``x``, each from the reset state."""
    data, batched = batches(graph, x)
    described = json.loads((directory / "plan.json").read_text())
    signals: list[Described] = described["signals"]
    check_references(graph, record, [signal["name"] for signal in signals])
    batch, steps = next(iter(data.values())).shape[:2]
    shown = (output_population(graph, node) for node in graph.outputs)
    wanted = list(dict.fromkeys([*shown, *record]))
    chosen = [next(signal for signal in signals if signal["name"] == name) for name in wanted]
    if batch == 0 or steps == 0:
        traces = {s["name"]: np.zeros((batch, steps, s["elements"]), s["dtype"]) for s in chosen}
        return _result(graph, traces, record, batched, {})
    with TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "input.bin").write_bytes(_input(described, graph, data))
        numbers = [signals.index(signal) for signal in chosen]
        finished = _execute(directory, folder, steps, batch, numbers)
        words = np.fromfile(folder / "output.bin", np.uint8).reshape(batch, -1)
    traces, rest = _traces(words, chosen, steps)
    return _result(graph, traces, record, batched, _stats(described, rest, finished))


def _execute(directory: Path, folder: Path, steps: int, samples: int, numbers: Sequence[int]) -> Finished:
    arguments = {
        "weights": directory.resolve() / "data" / "weights.bin",
        "input": folder / "input.bin",
        "output": folder / "output.bin",
        "steps": steps,
        "samples": samples,
        "record": ",".join(map(str, numbers)),
    }
    given = [f"{name}={value}" for name, value in arguments.items()]
    return run_program(opened(directory, folder), given, folder=directory / "src")


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
    graph: Graph, traces: Mapping[str, Array], record: Sequence[str], batched: bool, stats: Mapping[str, Any]
) -> Result:
    shaped = {name: _shaped(graph, name, trace, batched) for name, trace in traces.items()}
    outputs = {}
    for node in graph.outputs:
        trace = shaped[output_population(graph, node)]
        lead = trace.shape[: 2 if batched else 1]
        outputs[node.name] = trace.reshape(*lead, *graph.signals[node.name].shape)
    return result(graph, outputs, {name: shaped[name] for name in record}, stats)


def _shaped(graph: Graph, name: str, trace: Array, batched: bool) -> Array:
    """A trace in the shape of its signal; integers as wide as those of the interpreter."""
    shape = graph.signals[split_reference(name)[0]].shape
    wide = trace if trace.dtype.kind == "f" else trace.astype(np.int64)
    whole = wide.reshape(*trace.shape[:2], *shape)
    return whole if batched else whole[0]


def _stats(described: Described, counters: Array, finished: Finished) -> dict[str, Any]:
    """Counters of every sample: by population the ``most_events`` of a step and the ``saturations``; and what the
    simulator accounts for."""
    names = [population["name"] for population in described["populations"]]
    tiles = [population["tiles"] for population in described["populations"]]
    ends = np.cumsum([count * WORKERS for count in tiles])[:-1]
    clipped = np.stack([part.sum(axis=1) for part in np.split(counters[:, len(names) :], ends, axis=1)], axis=1)
    return {
        "populations": names,
        "most_events": counters[:, : len(names)],
        "saturations": clipped.astype(np.int64),
        "accounts": finished.report,
    }
