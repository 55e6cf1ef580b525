"""The emulated chip: 152 cores of 64 neurons for 1000 slots, with exact counts.

    PYTHONPATH=src:tests python -m benchmarks.chip [--kernel lif_q32] [--rows none|dense|sparse] [--uniform] [--tiny]

The kernel is lif_f32, cuba_lif_q16 and so on. Neurons spike by their offset with 2.5 % activity; every spike goes
to 8 cores: to 16 targets in each if sparse, to all 64 if dense. ``--uniform``: neurons share their parameters.
Peers are the same program without the check of alignment, compiled for this computer, and with one thread. Threads
need processors that nobody else uses: the load of the last minute is printed.
"""

from __future__ import annotations

import argparse
import os
from functools import partial

import numpy as np
import numpy.typing as npt
from handmade import LOCAL_BITS, Core, Population, Projection, build_core, compile_program

from axonc.backends.spinnaker2 import schema
from axonc.backends.spinnaker2.engine import Machine, NativeMachine, Route, RunResult, load_emulated_machine, processors

from .measure import interleaved, show

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


def core(rng: np.random.Generator, index: int, cores: int, kernel: str, form: str, uniform: bool) -> Core:
    storage = kernel.rsplit("_", 1)[1]
    current = synapse(storage) if kernel.startswith("cuba") else None
    rows = membrane(rng, 1 if uniform else NEURONS, storage)
    population = Population(NEURONS, index, storage, rows, current, reset="value")
    sources = [(index + step) % cores for step in range(FANOUT)] if form != "none" else []
    drawn = [np.argsort(rng.random((NEURONS, NEURONS))) < TARGETS for _ in sources]
    projections = [Projection(s, 0, w.astype(np.int8), form == "sparse") for s, w in zip(sources, drawn, strict=True)]
    return Core((population,), tuple(projections), capacity=FANOUT * NEURONS)


def machines(kernel: str, form: str, uniform: bool, cores: int) -> dict[str, Machine]:
    """The chip, emulated with and without the check of alignment, and native."""
    rng = np.random.default_rng(0)
    layouts = [build_core(core(rng, index, cores, kernel, form, uniform)) for index in range(cores)]
    mask = 0x7FFFFFFF & ~((1 << LOCAL_BITS) - 1)
    listeners = [tuple(sorted({(i - step) % cores for step in range(FANOUT)})) for i in range(cores)]
    routes = [Route(i << LOCAL_BITS, mask, heard) for i, heard in enumerate(listeners)] if form != "none" else []
    images, program = [layout.image for layout in layouts], layouts[0].program
    emulated, executable = load_emulated_machine(), [compile_program(program, "emulated")]
    return {
        "emulated": emulated(executable, images, routes),
        "emulated, alignment unchecked": emulated(executable, images, routes, check_alignment=False),
        "native": NativeMachine([compile_program(program, "native")], images, routes),
    }


def report(run: RunResult, slots: int, cores: int, targets: int) -> str:
    """Exact counts of a run."""
    neurons, events = slots * cores * NEURONS, int(run.received.sum())
    return (
        f"activity {len(run.trace_keys) / neurons:.4f}, {events * targets / 1e6:.1f} M synaptic events, "
        f"{run.instructions.sum() / 1e6:.1f} M instructions; a neuron and slot: "
        f"{run.instructions.sum() / neurons:.1f} instructions, {run.cycles.sum() / neurons:.1f} cycles (estimated)"
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="The emulated chip, with exact counts.")
    parser.add_argument("--kernel", default="lif_q32")
    parser.add_argument("--rows", choices=["none", "dense", "sparse"], default="sparse")
    parser.add_argument("--uniform", action="store_true", help="neurons share their parameters")
    parser.add_argument("--tiny", action="store_true", help="few cores and slots")
    chosen = parser.parse_args(arguments)
    cores, slots, rounds = (9, 5, 1) if chosen.tiny else (CORES, SLOTS, 3)
    built = machines(chosen.kernel, chosen.rows, chosen.uniform, cores)
    ways = {name: partial(machine.run, slots=slots, steps=slots) for name, machine in built.items()}
    ways["emulated, one thread"] = partial(ways["emulated"], threads=1)
    targets = {"none": 0, "dense": NEURONS, "sparse": TARGETS}[chosen.rows]
    show(f"{cores} cores x {NEURONS} {chosen.kernel} x {slots} slots", interleaved(ways, rounds), "emulated")
    print(f"  {report(ways['emulated'](), slots, cores, targets)}")
    print(f"  {processors()} processors, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
