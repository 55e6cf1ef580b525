"""Training with checkpoints on an IPU: how long sequences get, how large networks, and at what price.

    PYTHONPATH=src:tests python -m benchmarks.ipu_training [--tiny]

A recurrent network of LIF with a readout of LI, a batch of 8 sequences, Adam: sizes, bytes and times are those of its
Poplar program, whose memory is predicted to the byte, on a GC200 with what lies beside it. The peer is the same program
without checkpoints. Times are estimates of cycles and of bytes over a bandwidth, no measurement. A twin, small enough
for the simulator, then runs with and without checkpoints; the last line compares predictions with its accounts.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import axonc
from axonc import Graph
from axonc.backends.ipu.build import build
from axonc.backends.ipu.machine import load_machine
from axonc.backends.ipu.training.lowering import project
from axonc.backends.ipu.training.run import run_training
from axonc.backends.training.samples import Learned, Samples
from axonc.backends.training.task import Task
from axonc.compiler.checkpoint import KINDS, Plan, longest
from axonc.compiler.driver.directory import write_files
from axonc.compiler.driver.target_training.task import hyper, task_of
from axonc.compiler.driver.tile_training.planning import Planned, candidates, planned
from axonc.compiler.training import Adam, CrossEntropy, network
from axonc.ir.machine import TileMachine

BATCH, DT = 8, 1e-3
LARGE = (700, 4096, 20)
"""Inputs, hidden neurons and classes of the network that is planned for."""

RATES = (0.2e9, 1e9, 5e9, 20e9, 100e9, 1e12)
"""Bytes a second between the chip and what lies beside it; 20 GB/s is what the shipped machine has."""


@dataclass(frozen=True)
class Size:
    """Inputs, hidden neurons and classes; tiles of the machine and their bytes."""

    inputs: int
    hidden: int
    classes: int
    machine: TileMachine


def task(size: Size, steps: int = 100) -> Task:
    """A training of a recurrent network of that size; what its weights are does not matter."""
    net = Graph.builder()
    net.input("in", size.inputs)
    net.population("hidden", "lif", size.hidden, tau=5 * DT, r=5.0)
    net.connect("in", "hidden", _weights(size.hidden, size.inputs))
    net.connect("hidden", "hidden", _weights(size.hidden, size.hidden), delay=DT)
    net.population("read", "li", size.classes, tau=10 * DT, r=10.0)
    net.connect("hidden", "read", _weights(size.classes, size.hidden))
    net.output("out", "read")
    graph = axonc.load(net.graph(), semantics=f"nir,reset=subtract,dt={DT}")
    return task_of(network(graph, CrossEntropy(over="mean")), Adam(), steps, BATCH, ())


def _weights(targets: int, sources: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).normal(0, sources**-0.5, (targets, sources)).astype(np.float32)


def best(made: Task, machine: TileMachine, steps: int, kinds: tuple[str, ...]) -> dict[str, Plan]:
    """The fastest plan that fits of each kind."""
    found: dict[str, Plan] = {}
    for plan, _, _ in candidates(replace(made, steps=steps), machine, kinds):
        if plan.fits and (plan.kind not in found or plan.time < found[plan.kind].time):
            found[plan.kind] = plan
    return found


def longest_without(made: Task, machine: TileMachine) -> tuple[int, float]:
    """The longest sequence that fits without checkpoints, and the time of a step of it."""
    plans = [plan for plan, *_ in candidates(made, machine, ("none",))]
    found, plan = max(((longest("none", plan.problem) or 0, plan) for plan in plans), key=lambda pair: pair[0])
    return found, plan.problem.forward + plan.problem.backward


def lengths(size: Size, made: Task, kinds: tuple[str, ...]) -> tuple[int, float]:
    """How long sequences get, and what a step of them costs."""
    steps, step = longest_without(made, size.machine)
    print(f"without checkpoints at most {steps} steps, {1e6 * step:.0f} us each")
    for times in (10, 100):
        print(f"  {times * steps} steps, {times} x longer:")
        for kind, plan in best(made, size.machine, times * steps, kinds).items():
            slower = plan.time / (times * steps * step)
            print(f"    {kind:11} {slower:6.3f} x the time a step, {counted(plan)}")
    return steps, step


def counted(plan: Plan) -> str:
    """What is known of a plan without estimates: forward runs, bytes that move, where it keeps what."""
    moved, said = f"{plan.cost.traffic / 1e3:9.1f} kB", plan.schedule.said(plan.problem.steps)
    return f"{plan.factor:5.2f} runs, {moved} of a tile; {said}"


def bandwidths(
    size: Size, made: Task, steps: int, step: float, kinds: tuple[str, ...], rates: tuple[float, ...]
) -> None:
    """Which plan is the fastest for which bandwidth."""
    print(f"time of a step, relative to none, {10 * steps} steps, by bytes a second off the chip; * the fastest")
    print("  GB/s     " + "".join(f"{kind:>12}" for kind in kinds))
    for rate in rates:
        found = best(made, replace(size.machine, stream_bytes_s=rate), 10 * steps, kinds)
        first = min(found.values(), key=lambda plan: plan.time).kind
        cells = (_cell(found.get(kind), 10 * steps * step, kind == first) for kind in kinds)
        print(f"  {rate / 1e9:7.1f}  " + "".join(cells))


def _cell(plan: Plan | None, time: float, first: bool) -> str:
    return f"{'-':>12}" if plan is None else f"{plan.time / time:11.3f}{'*' if first else ' '}"


def sizes(size: Size, steps: int) -> None:
    """How large networks get for sequences of that length."""
    found = {kind: largest(size, steps, kind) for kind in ("none", "double")}
    none, double = (found[kind] for kind in ("none", "double"))
    ratio = weights(size, double) / weights(size, none)
    print(f"{steps} steps: without checkpoints {none} hidden neurons, with double {double}: {ratio:.1f} x the weights")


def largest(size: Size, steps: int, kind: str) -> int:
    """The most hidden neurons with which a kind of plan fits, in steps of a 16th of the network's."""
    unit = max(1, size.hidden // 16)
    low, high = 0, 20
    while high - low > 1:
        middle = (low + high) // 2
        fits = bool(best(task(replace(size, hidden=middle * unit)), size.machine, steps, (kind,)))
        low, high = (middle, high) if fits else (low, middle)
    return low * unit


def weights(size: Size, hidden: int) -> int:
    """Trained numbers."""
    return hidden * (size.inputs + hidden + size.classes)


def twin(size: Size, kinds: tuple[str, ...]) -> None:
    """The same on the simulator: predictions and accounts."""
    made = task(size)
    steps, _ = longest_without(made, size.machine)
    chosen = [planned(replace(made, steps=10 * steps), size.machine, kind=kind) for kind in kinds]
    free = planned(replace(made, steps=10 * steps), size.machine, 1 << 30, "none")
    print(
        f"twin of {size.hidden} neurons on {size.machine.tiles} tiles of {size.machine.tile_bytes} bytes: {steps} steps"
    )
    runs = [(found, run(found)) for found in (free, *chosen)]
    base = total_seconds(runs[0][1], size.machine)
    for found, learned in runs:
        seen = max(learned.accounts["memory"]["tiles"]["total"])
        same = all(np.array_equal(value, runs[0][1].parameters[key]) for key, value in learned.parameters.items())
        slower, expected = total_seconds(learned, size.machine) / base, found.plan.time / free.plan.time
        print(
            f"  {10 * steps} steps, {found.plan.kind:6}: {seen:7} bytes seen, {found.memory.peak:7} predicted; "
            f"{slower:.3f} x the time seen, {expected:.3f} predicted; same weights: {same}"
        )


def total_seconds(learned: Learned, machine: TileMachine) -> float:
    """Cycles of the accounts, and bytes of buffers over the bandwidth."""
    moved = sum(s["executions"] * s["host_bytes"] for s in learned.accounts["steps"] if s["kind"] == "remote")
    return learned.accounts["cycles"] / machine.clock_hz + moved / machine.stream_bytes_s


def run(found: Planned) -> Learned:
    """One step of training on the simulator."""
    made, rng = found.training.task, np.random.default_rng(0)
    shape = (made.steps, BATCH, made.forward.signals["in"].shape[0])
    sample = Samples({"in": (rng.random(shape) < 0.1).astype(np.uint8)}, np.arange(BATCH) % 3, hyper_of())
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), project(found.training))
        build(Path(folder))
        return run_training(Path(folder), found.training, [sample])


def hyper_of() -> np.ndarray[Any, Any]:
    """The numbers that come with the first step."""
    return hyper(Adam(), 1, 1.0, BATCH)


def main(arguments: list[str] | None = None) -> None:
    """Plan, run, print."""
    parser = argparse.ArgumentParser(description="Training on an IPU with and without checkpoints.")
    parser.add_argument("--tiny", action="store_true", help="a small machine, no search for the largest network")
    tiny = parser.parse_args(arguments).tiny
    machine = load_machine()
    whole = Size(64, 96, 4, replace(machine, tiles=16, tile_bytes=48_000)) if tiny else Size(*LARGE, machine)
    made = task(whole)
    print(f"{whole.inputs}-{whole.hidden}-{whole.classes}, batch {BATCH}, {whole.machine.tiles} tiles")
    kinds = tuple(kind for kind, family in KINDS.items() if kind != "none" and (family.regular or not tiny))
    steps, step = lengths(whole, made, kinds)
    bandwidths(whole, made, steps, step, kinds, RATES[:2] if tiny else RATES)
    if not tiny:
        sizes(whole, 10 * steps)
    room = replace(machine, tiles=10, tile_bytes=22_000 if tiny else 29_000)
    twin(Size(24, 48, 4, room), ("double",) if tiny else ("single", "double"))


if __name__ == "__main__":
    main()
