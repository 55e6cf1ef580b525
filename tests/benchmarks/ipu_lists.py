"""Training on an IPU with events as lists, and derivatives of listed neurons alone, against all values.

    PYTHONPATH=src:tests python -m benchmarks.ipu_lists [--tiny]

A recurrent network of LIF with a readout of LI, a batch of 8 sequences, on a GC200. For activities of the population,
twice as many neurons having a derivative and lists with room for four times the activity: bytes that the busiest tile
receives in a step forward and one backward, and the estimated cycles of both, by form. Bytes are exact; cycles are
estimates, no measurement. A twin, small enough for the simulator, compares both with its accounts.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from math import ceil
from pathlib import Path

import numpy as np

from axonc.backends.ipu.build import build
from axonc.backends.ipu.machine import load_machine
from axonc.backends.ipu.training.listing import FORMS
from axonc.backends.ipu.training.lowering import per_tiles, project
from axonc.backends.ipu.training.pieces import Execute, Stage
from axonc.backends.ipu.training.program import Training, training_program
from axonc.backends.ipu.training.run import Samples, run_training
from axonc.backends.ipu.training.traffic import cycles, exchanged
from axonc.backends.training.task import Form, Lists
from axonc.compiler.checkpoint.schedules import Taped
from axonc.compiler.driver.directory import write_files
from axonc.ir.ops import Array

from .ipu_training import BATCH, Size, hyper_of, task

STEPS, NEAR, ROOM = 10, 2, 4
ACTIVITIES = (0.01, 0.02, 0.05, 0.1, 0.2)


def program(size: Size, form: Form, activity: float, room: int = ROOM) -> Training:
    """A training whose events come in one form, with room for so many times the activity."""
    capacity = min(size.hidden, ceil(room * activity * size.hidden))
    lists = Lists(form, {"hidden": capacity}, activity, NEAR * activity)
    made = replace(task(size, STEPS), lists=lists, moves=Taped().loops(STEPS))
    return training_program(made, size.machine, next(per_tiles(made, size.machine)))


def step(training: Training) -> list[Stage]:
    """The stages of a step forward and one backward."""
    functions = {function.name: function.body for function in training.functions}
    steps = (*functions["forward"], *functions["end"], *functions["backward"])
    return [one.stage for one in steps if isinstance(one, Execute)]


def received(training: Training) -> int:
    """Bytes that the busiest tile receives in a step."""
    return int(sum(exchanged(stage, training.machine.tiles).received for stage in step(training)).max())


def taken(training: Training) -> int:
    """Estimated cycles of a step."""
    return sum(cycles(stage, training.machine) for stage in step(training))


def table(size: Size, activities: tuple[float, ...]) -> None:
    """Bytes and cycles by activity and form."""
    print(f"{size.inputs}-{size.hidden}-{size.classes}, batch {BATCH}, {size.machine.tiles} tiles")
    print("activity  form        bytes received    cycles of a step")
    for activity in activities:
        for form in FORMS:
            made = program(size, form, activity)
            print(f"{activity:8.0%}  {form:10} {received(made):15,} {taken(made):19,}")


def twin(size: Size, activity: float) -> None:
    """The same in the simulator: what is seen and what was predicted."""
    print(f"twin of {size.hidden} neurons, room for all: bytes and cycles of a step, predicted and seen")
    first = None
    for form in FORMS:
        made = program(size, form, activity, size.hidden)
        seen, bytes_seen, parameters = run(made)
        first = parameters if first is None else first
        same = all(np.array_equal(value, first[key]) for key, value in parameters.items())
        said = sum(int(exchanged(stage, made.machine.tiles).received.sum()) for stage in step(made))
        print(f"  {form:10} {said:9,} {bytes_seen:9,} bytes; {taken(made):9,} {seen:9,} cycles; same weights: {same}")


def run(made: Training) -> tuple[int, int, dict[tuple[str, str], Array]]:
    """Cycles and exchanged bytes of a step in the accounts of a step of training, and what it learns."""
    rng = np.random.default_rng(0)
    shape = (STEPS, BATCH, made.task.forward.signals["in"].shape[0])
    sample = Samples({"in": (rng.random(shape) < 0.1).astype(np.uint8)}, np.arange(BATCH) % 3, hyper_of())
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), project(made))
        build(Path(folder))
        learned = run_training(Path(folder), made, [sample])
    steps = {one["name"]: one for one in learned.accounts["steps"] if one["kind"] == "execute"}
    mine = [steps[stage.name] for stage in step(made)]
    spent = sum(one["compute_cycles"] + one["exchange_cycles"] + one["sync_cycles"] for one in mine)
    return spent, sum(one["exchange_bytes"] for one in mine), dict(learned.parameters)


def main(arguments: list[str] | None = None) -> None:
    """Predict, run, print."""
    parser = argparse.ArgumentParser(description="Training on an IPU with lists of events.")
    parser.add_argument("--tiny", action="store_true", help="a small machine")
    tiny = parser.parse_args(arguments).tiny
    machine = load_machine()
    whole = Size(64, 96, 4, replace(machine, tiles=16)) if tiny else Size(700, 4096, 20, machine)
    table(whole, ACTIVITIES[1:4:2] if tiny else ACTIVITIES)
    twin(Size(24, 48, 4, replace(machine, tiles=10)) if tiny else Size(64, 256, 10, replace(machine, tiles=24)), 0.05)


if __name__ == "__main__":
    main()
