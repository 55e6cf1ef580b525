"""Running a built program on a machine, sample by sample."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from axonc.ir import Graph, Result
from axonc.ir.interpret.run import Data, batches, check_references, formats
from axonc.ir.machine import Memory
from axonc.ir.mapping import Mapping as CoreMapping
from axonc.ir.network import output_population
from axonc.ir.ops import Array
from axonc.ir.target import RunOptions

from .engine import CoreImage, Machine, Route, RunResult
from .memory import MemoryMap
from .traces import Traces, recordable

MachineMaker = Callable[[Path, Mapping[str, Any], list[CoreImage], list[Route], MemoryMap], Machine]


def run_program(
    directory: Path, graph: Graph, x: Data, record: Sequence[str], options: RunOptions, make: MachineMaker
) -> Result:
    """Run the program built in ``directory`` over every sample of ``x``, from the reset state each time."""
    data, batched = batches(graph, x)
    check_references(graph, record, recordable(graph))
    described = json.loads((directory / "mapping.json").read_text())
    mapping = CoreMapping.from_dict(described["mapping"])
    machine = _machine(directory, described, mapping, make)
    steps = next(iter(data.values())).shape[1]
    traces = Traces(graph, mapping, [core["states"] for core in described["cores"]], steps)
    wanted = _wanted(graph, record)
    runs = [
        _sample(machine, traces, {name: array[index] for name, array in data.items()}, wanted, options)
        for index in range(next(iter(data.values())).shape[0])
    ]
    return _result(graph, traces, runs, wanted, record, batched, machine)


def _machine(directory: Path, described: Mapping[str, Any], mapping: CoreMapping, make: MachineMaker) -> Machine:
    cores = [
        CoreImage(core["program"], (directory / core["data"]).read_bytes(), core["work_bytes"])
        for core in described["cores"]
    ]
    routes = [Route(route.key, route.mask, route.cores) for route in mapping.routes]
    memory = Memory(**described["memory"])
    sizes = MemoryMap(memory.total, memory.code, memory.stack, memory.guard)
    return make(directory, described, cores, routes, sizes)


def _wanted(graph: Graph, record: Sequence[str]) -> list[str]:
    """The populations behind the outputs, then what else is recorded."""
    shown = (output_population(graph, node) for node in graph.outputs)
    return list(dict.fromkeys([*shown, *record]))


def _sample(
    machine: Machine, traces: Traces, sample: Mapping[str, Array], wanted: Sequence[str], options: RunOptions
) -> tuple[RunResult, dict[str, Array]]:
    run = machine.run(
        slots=traces.slots,
        steps=traces.steps,
        inputs=traces.inputs(sample),
        probes=traces.probes(wanted),
        seed=options.seed,
        shuffle=options.shuffle,
    )
    return run, traces.recorded(run, wanted)


def _result(
    graph: Graph,
    traces: Traces,
    runs: Sequence[tuple[RunResult, dict[str, Array]]],
    wanted: Sequence[str],
    record: Sequence[str],
    batched: bool,
    machine: Machine,
) -> Result:
    stacked = {name: np.stack([recorded[name] for _, recorded in runs]) for name in wanted}
    shaped = {name: trace if batched else trace[0] for name, trace in stacked.items()}
    outputs = {}
    for node in graph.outputs:
        trace = shaped[output_population(graph, node)]
        lead = trace.shape[: 2 if batched else 1]
        outputs[node.name] = trace.reshape(*lead, *graph.signals[node.name].shape)
    recorded = {name: shaped[name] for name in record}
    stats = _stats(traces, [run for run, _ in runs], machine.counts_instructions)
    return Result(outputs, recorded, formats(graph, [*outputs, *record]), stats)


def _stats(traces: Traces, runs: Sequence[RunResult], counted: bool) -> dict[str, Any]:
    """Counters over all samples; arrays [samples, slots, cores] and [samples, cores]."""
    stats: dict[str, Any] = {
        "slots": traces.slots,
        "latency": traces.mapping.schedule.latency,
        "events_sent": np.stack([run.sent for run in runs]),
        "events_received": np.stack([run.received for run in runs]),
        "saturations": np.stack([run.saturations for run in runs]),
        "queue_peak": np.stack([run.queue_peak for run in runs]),
        "dropped": np.stack([run.dropped for run in runs]),
        "stray": np.stack([run.stray for run in runs]),
    }
    if counted:
        stats["instructions"] = np.stack([run.instructions for run in runs])
        stats["cycles"] = np.stack([run.cycles for run in runs])
    return stats
