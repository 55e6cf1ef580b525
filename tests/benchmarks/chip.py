"""How long 152 cores of 64 neurons take for 1000 slots, and what a neuron and a synaptic event cost.

    PYTHONPATH=src:tests python tests/backends/bench_engine.py KERNEL {none,dense,sparse} [uniform]

KERNEL is lif_f32, cuba_lif_q16 and so on. Neurons spike by their offset with 2.5 % activity; every spike goes
to 8 cores: to 16 targets in each if sparse, to all 64 if dense. "uniform": neurons share their parameters.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import numpy.typing as npt
from handmade import LOCAL_BITS, Core, Population, Projection, build_core, compile_program

from axonc.backends.spinnaker2 import schema
from axonc.backends.spinnaker2.engine import Machine, NativeMachine, Route, load_emulated_machine

CORES, NEURONS, SLOTS, FANOUT, TARGETS = 152, 64, 1000, 8, 16


def membrane(rng: np.random.Generator, rows: int, storage: str) -> npt.NDArray[np.void]:
    """A threshold reached after some 40 steps, whatever arrives."""
    record = schema.MEMBRANE_FLOAT if storage == "f32" else schema.MEMBRANE_FIXED
    one = 1.0 if storage == "f32" else 20000
    drive = "constant" if storage == "f32" else "offset"
    values = np.zeros(rows, record.dtype)
    values["decay"] = 1.0 if storage == "f32" else 1 << 30
    values["threshold"], values[drive] = one, rng.uniform(0.015, 0.035, rows) * one
    if storage != "f32":
        values["multiplier"], values["shift"] = 1 << 30, 40
    return values


def synapse(storage: str) -> npt.NDArray[np.void]:
    record = schema.SYNAPSE_FLOAT if storage == "f32" else schema.SYNAPSE_FIXED
    values = np.zeros(1, record.dtype)
    values["decay"] = 0.9 if storage == "f32" else round(0.9 * (1 << 30))
    return values


def core(rng: np.random.Generator, index: int, kernel: str, form: str, uniform: bool) -> Core:
    storage = kernel.rsplit("_", 1)[1]
    current = synapse(storage) if kernel.startswith("cuba") else None
    rows = membrane(rng, 1 if uniform else NEURONS, storage)
    population = Population(NEURONS, index, storage, rows, current, reset="value")
    sources = [(index + step) % CORES for step in range(FANOUT)] if form != "none" else []
    drawn = [np.argsort(rng.random((NEURONS, NEURONS))) < TARGETS for _ in sources]
    projections = [Projection(s, 0, w.astype(np.int8), form == "sparse") for s, w in zip(sources, drawn, strict=True)]
    return Core((population,), tuple(projections), capacity=FANOUT * NEURONS)


def report(name: str, machine: Machine, per_event: int) -> None:
    machine.run(slots=10, steps=10)
    start = time.perf_counter()
    run = machine.run(slots=SLOTS, steps=SLOTS)
    seconds = time.perf_counter() - start
    neurons, events = SLOTS * CORES * NEURONS, int(run.received.sum())
    print(
        f"{name:22} {seconds:5.2f} s, activity {len(run.trace_keys) / neurons:.4f}, {events * per_event / 1e6:6.1f} M "
        f"synaptic events, {run.instructions.sum() / 1e6:7.1f} M instructions, a neuron and slot: "
        f"{run.instructions.sum() / neurons:.1f} instructions, {run.cycles.sum() / neurons:.1f} cycles"
    )


def main(kernel: str, form: str, *flags: str) -> None:
    rng = np.random.default_rng(0)
    layouts = [build_core(core(rng, index, kernel, form, "uniform" in flags)) for index in range(CORES)]
    mask = 0x7FFFFFFF & ~((1 << LOCAL_BITS) - 1)
    listeners = [tuple((i - step) % CORES for step in range(FANOUT)) for i in range(CORES)]
    routes = [Route(i << LOCAL_BITS, mask, cores) for i, cores in enumerate(listeners)] if form != "none" else []
    images, program = [layout.image for layout in layouts], layouts[0].program
    per_event = TARGETS if form == "sparse" else NEURONS
    report("native", NativeMachine([compile_program(program, "native")], images, routes), per_event)
    emulated, executable = load_emulated_machine(), [compile_program(program, "emulated")]
    report("emulated, unaligned ok", emulated(executable, images, routes, check_alignment=False), per_event)
    report("emulated", emulated(executable, images, routes), per_event)


if __name__ == "__main__":
    main(*sys.argv[1:])
