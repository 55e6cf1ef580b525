"""A board's program on the native engine: outputs as the interpreter has them, packets as the routing tables say."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from axonc.compiler.driver.program import open_build
from axonc.ir import Result
from axonc.ir.mapping import Mapping, Slice
from axonc.ir.ops import Array
from axonc.ir.walk import walk

ACTIVITY = 0.5
"""Events of an input neuron in a step."""


@dataclass(frozen=True)
class Run:
    """``spikes`` that neurons sent; whether outputs, packets that cores received and packets on links are as expected;
    how many of these there were; seconds of engine and interpreter."""

    steps: int
    spikes: int
    outputs_equal: bool
    received: int
    received_equal: bool
    crossed: int
    crossed_equal: bool
    native_seconds: float
    reference_seconds: float


def run(directory: Path, steps: int, threads: int) -> Run:
    """Runs the program in a directory and compares."""
    program = open_build(directory)
    mapping = Mapping.from_dict(json.loads((directory / "mapping.json").read_text())["mapping"])
    rng = np.random.default_rng(steps)
    shapes = {node.name: program.graph.signals[node.name].shape for node in program.graph.inputs}
    x = {name: (rng.random((steps, *shape)) < ACTIVITY).astype(np.int64) for name, shape in shapes.items()}
    names = [name for name in mapping.by_population if name not in x and mapping.of(name)[0].block is not None]
    begin = time.perf_counter()
    ours = program.run(x, names, engine="native", threads=threads)
    middle = time.perf_counter()
    theirs = program.run(x, names, engine="reference")
    end = time.perf_counter()
    received, crossed = _expected(mapping, {**x, **{name: theirs[name] for name in names}})
    links = ours.stats["link_packets"][0]
    return Run(
        steps,
        sum(int(theirs[name].sum()) for name in names),
        _same(ours, theirs),
        int(received.sum()),
        bool(np.array_equal(ours.stats["events_received"][0].sum(axis=0), received)),
        int(crossed.sum()),
        bool(np.array_equal(links, crossed)),
        middle - begin,
        end - middle,
    )


def _same(ours: Result, theirs: Result) -> bool:
    return all(np.array_equal(ours[name], theirs[name]) for name in theirs.names)


def _expected(mapping: Mapping, events: dict[str, Array]) -> tuple[Array, Array]:
    """Packets that every core receives, and that every link carries, by a walk through the tables for every packet that
    is sent: int64 [cores], [chips, links]. What is sent in the last slot waits in vain, but crosses links."""
    steps = len(next(iter(events.values())))
    last = mapping.schedule.slots(steps) - 1
    found = [
        _packets(mapping, part, events[part.population], last) for part in mapping.slices if part.block is not None
    ]
    keys, chips, late = (np.concatenate(parts) for parts in zip(*found, strict=True))
    walked = walk(mapping.routes, mapping.neighbours, keys, chips, mapping.cores)
    in_time = walked.delivered[np.flatnonzero(~late)]
    return np.asarray(in_time.sum(axis=0)).reshape(-1), walked.crossed


def _packets(mapping: Mapping, part: Slice, events: Array, last: int) -> tuple[Array, Array, Array]:
    """Of every packet of a slice: its key, the chip where it begins, and whether it is sent in the last slot."""
    assert part.block is not None
    rows, neurons = np.nonzero(events.reshape(len(events), -1)[:, part.neurons])
    slots = mapping.schedule.start[part.population] + mapping.schedule.phases * rows
    return mapping.keys.base(part.block) + neurons, np.full(len(rows), mapping.chip_of(part)), slots >= last
