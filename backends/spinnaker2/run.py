"""Running a built program on a machine: sample by sample, or one after the other without a reset between them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from axonc.ir import Diagnostic, Graph, ModelError, Result, raise_if_any
from axonc.ir.interpret.run import Data, batches, check_references, initial_state, result
from axonc.ir.machine import Memory
from axonc.ir.mapping import Mapping as CoreMapping
from axonc.ir.network import output_population
from axonc.ir.ops import Array
from axonc.ir.state import State, sample_of
from axonc.ir.target import RunOptions

from .buffers import read_buffers
from .carry import left, under_way, written
from .engine import CoreImage, Machine, Route, RunResult, Wiring
from .forecast import spent
from .memory import MemoryMap
from .traces import Traces, recordable

MachineMaker = Callable[[Path, Mapping[str, Any], list[CoreImage], list[Route], MemoryMap, Wiring], Machine]


@dataclass(frozen=True)
class Sample:
    """A run, what was recorded in it, and the state that it left: of one sample, or nothing of several."""

    run: RunResult
    recorded: Mapping[str, Array]
    state: State


def run_program(
    directory: Path,
    graph: Graph,
    x: Data,
    record: Sequence[str],
    options: RunOptions,
    make: MachineMaker,
    state: State | None = None,
) -> Result:
    """Run the program built in ``directory`` over every sample of ``x``, each from its part of ``state`` (complete, of
    the batch), or from the reset state."""
    data, batched = batches(graph, x)
    check_references(graph, record, recordable(graph))
    described = json.loads((directory / "mapping.json").read_text())
    session = _Session(graph, described, options, directory, make)
    batch, steps = next(iter(data.values())).shape[:2]
    size = max(batch, 1) if options.back_to_back else 1
    begins = state if state is not None else initial_state(graph, max(batch, 1))
    resumed = state is not None or any(np.any(array) for array in begins.values())
    if resumed and size > 1:
        found, limit = "samples back to back that begin with a state", "between them cores set all to zero"
        raise ModelError(Diagnostic("AX708", "", found, limit, "run them one by one"))
    traces = session.traces(steps, size, resumed)
    wanted = _wanted(graph, record)
    runs = [
        session.run(
            traces,
            {name: array[first : first + size] for name, array in data.items()},
            wanted,
            sample_of(begins, first),
        )
        for first in range(0, batch, size)
    ]
    done = _result(graph, traces, runs, wanted, record, batched, session.machine)
    return replace(done, stats={**done.stats, **spent(described, done.stats)})


@dataclass(frozen=True)
class _Session:
    """A machine with a program, and how it is run."""

    graph: Graph
    described: Mapping[str, Any]
    options: RunOptions
    directory: Path
    make: MachineMaker

    @cached_property
    def mapping(self) -> CoreMapping:
        return CoreMapping.from_dict(self.described["mapping"])

    @cached_property
    def machine(self) -> Machine:
        cores = [
            CoreImage(
                core["program"],
                (self.directory / core["data"]).read_bytes(),
                core["work_bytes"],
                core["most_sent"],
                (self.directory / core["dram"]).read_bytes() if "dram" in core else b"",
            )
            for core in self.described["cores"]
        ]
        routes = [Route(r.key, r.mask, r.cores, r.chip, r.links) for r in self.mapping.routes]
        wiring = Wiring.of(self.mapping, self.described["network"])
        memory = Memory(**self.described["memory"])
        sizes = MemoryMap(memory.total, memory.code, memory.stack, memory.guard)
        return self.make(self.directory, self.described, cores, routes, sizes, wiring)

    def traces(self, steps: int, samples: int, resumed: bool) -> Traces:
        states = [core["states"] for core in self.described["cores"]]
        gap = self.described["host"]["gap"]
        words = self.described["packet_words"]
        return Traces(self.graph, self.mapping, states, steps, samples, gap, words, resumed)

    def run(self, traces: Traces, data: Mapping[str, Array], wanted: Sequence[str], begins: State) -> Sample:
        """One run from a state, what was recorded in it, by the cores where they have buffers, else by probes and
        packets, and what it left."""
        buffers = self._buffers(traces, wanted)
        listed = traces.listed(data)
        raise_if_any(self._list_problems(listed))
        live = traces.live(data, under_way(self.graph, begins) if traces.resumed else {})
        probed = [name for name in wanted if name not in buffers]
        run = self.machine.run(
            slots=traces.slots,
            steps=traces.steps,
            samples=traces.samples,
            inputs=live,
            writes=written(traces, begins) if traces.resumed else None,
            lists=listed,
            probes=traces.probes(probed),
            seed=self.options.seed,
            shuffle=self.options.shuffle,
            keep_going=self.options.keep_going,
            threads=self.options.threads,
            fetch_cycles=self.described["fetch"]["cycles"],
            fetch_kib_cycles=self.described["fetch"]["kib_cycles"],
            tick_cycles=round(self.described["clock_hz"] * (self.described["tick_s"] or 0)),
        )
        rows = traces.steps * traces.samples
        read = {
            name: traces.shaped(name, read_buffers(self.machine, at, rows, self.mapping.orders))
            for name, at in buffers.items()
        }
        return Sample(run, {**traces.recorded(run, probed), **read}, self._left(traces, data, run, begins))

    def _left(self, traces: Traces, data: Mapping[str, Array], run: RunResult, begins: State) -> State:
        if traces.samples > 1:
            return {}
        sample = {name: array[0] for name, array in data.items()}
        return left(traces, self.machine, sample, lambda name, steps: traces.sent(run, name, steps), begins)

    def _buffers(self, traces: Traces, wanted: Sequence[str]) -> dict[str, list[Mapping[str, Any]]]:
        """The buffers of every signal that the cores record."""
        recording = self.described["host"]["recording"]
        places = {name: [b for b in recording["buffers"] if name in b["names"]] for name in wanted}
        found = {name: at for name, at in places.items() if at}
        if found and traces.samples * traces.steps > recording["steps"]:
            need = f"{traces.samples} sample(s) of {traces.steps} steps in one run"
            limit = f"the recording buffers hold {recording['steps']} steps"
            raise ModelError(Diagnostic("AX701", "", need, limit, "compile with more record_steps, or run shorter"))
        return found

    def _list_problems(self, listed: Mapping[int, Array]) -> list[Diagnostic]:
        slices = self.described["host"]["inputs"]["slices"]
        capacity = {part["core"]: part["capacity"] for part in slices if "core" in part}
        remedy = "compile with longer input lists, or give fewer events"
        return [
            Diagnostic("AX701", f"core {core}", f"{len(events)} input events", f"its list holds {room}", remedy)
            for core, events in listed.items()
            if len(events) > (room := capacity[core])
        ]


def _wanted(graph: Graph, record: Sequence[str]) -> list[str]:
    """The populations behind the outputs, then what else is recorded."""
    shown = (output_population(graph, node) for node in graph.outputs)
    return list(dict.fromkeys([*shown, *record]))


def _result(
    graph: Graph,
    traces: Traces,
    runs: Sequence[Sample],
    wanted: Sequence[str],
    record: Sequence[str],
    batched: bool,
    machine: Machine,
) -> Result:
    stacked = {name: np.concatenate([sample.recorded[name] for sample in runs]) for name in wanted}
    shaped = {name: trace if batched else trace[0] for name, trace in stacked.items()}
    outputs = {}
    for node in graph.outputs:
        trace = shaped[output_population(graph, node)]
        lead = trace.shape[: 2 if batched else 1]
        outputs[node.name] = trace.reshape(*lead, *graph.signals[node.name].shape)
    recorded = {name: shaped[name] for name in record}
    stats = _stats(traces, [sample.run for sample in runs], machine.counts_instructions)
    return result(graph, outputs, recorded, stats, _state(runs, batched))


def _state(runs: Sequence[Sample], batched: bool) -> State:
    """What all samples left, or the only one."""
    if not batched:
        return runs[0].state
    return {name: np.stack([sample.state[name] for sample in runs]) for name in (runs[0].state if runs else ())}


STATUS_WORDS = ("saturations", "stray", "queue_peak", "dropped", "overruns", "macs", "fetches", "fetched")


def _stats(traces: Traces, runs: Sequence[RunResult], counted: bool) -> dict[str, Any]:
    """Counters of every run: arrays [runs, slots, cores], and the status words [runs, cores]; of links [runs, chips,
    links] all packets, the most in a slot, those without room, and the most that waited; ``hops`` [runs] of packets on
    chips.

    A run is a sample, or all of them where they follow each other. Where events carry values, what is sent, received,
    waits or is dropped is counted in packets.
    """
    stats: dict[str, Any] = {
        "slots": traces.slots,
        "latency": traces.mapping.schedule.latency,
        "events_sent": np.stack([run.sent for run in runs]),
        "events_received": np.stack([run.received for run in runs]),
        "hops": np.array([run.hops for run in runs]),
        "link_packets": np.stack([run.crossed.sum(axis=0, dtype=np.int64) for run in runs]),
        "link_peak": np.stack([run.crossed.max(axis=0, initial=0) for run in runs]),
        "link_dropped": np.stack([run.link_dropped for run in runs]),
        "link_waiting": np.stack([run.link_waiting for run in runs]),
        **{word: np.stack([run.status[word] for run in runs]) for word in STATUS_WORDS},
    }
    if counted:
        stats["instructions"] = np.stack([run.instructions for run in runs])
        stats["cycles"] = np.stack([run.cycles for run in runs])
    return stats
