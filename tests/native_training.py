"""Trainings by C programs for this computer: built, and run by any plan."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ipu_training import Step

from axonc.backends.native.tensor.library import OPTIONS
from axonc.backends.native.training.emit import project
from axonc.backends.native.training.library import run_training
from axonc.backends.native.training.program import Training, training_program
from axonc.backends.spinnaker2.toolchain import HOST_FORMS, build_shared
from axonc.backends.training.samples import Learned, Samples
from axonc.compiler.checkpoint import Plan, make_plan
from axonc.compiler.driver.directory import write_files
from axonc.compiler.driver.native_training.planning import executable, problem_of
from axonc.compiler.driver.target_training.task import hyper, task_of
from axonc.compiler.training import Network, Optimiser


@dataclass(frozen=True)
class Case:
    """A training of a network on a batch of sequences."""

    net: Network
    optimiser: Optimiser
    steps: int
    batch: int
    packed: bool = False

    def program(self) -> Training:
        """Its program, whatever the plan."""
        return training_program(task_of(self.net, self.optimiser, self.steps, self.batch, ()), self.packed)


def built(cases: Sequence[Case], folder: Path) -> list[tuple[Path, Training]]:
    """The programs of all cases, in folders of their own, with vectors that every processor has."""
    programs = [(folder / str(place), case.program()) for place, case in enumerate(cases)]
    for directory, program in programs:
        directory.mkdir()
        write_files(directory, project(program))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(built_narrow, [directory for directory, _ in programs]))
    return programs


def built_narrow(directory: Path) -> None:
    """The form of a program for any processor."""
    (directory / "images").mkdir()
    build_shared(directory / "src", ["training.c"], "../images/training.so", options=(*HOST_FORMS[0], *OPTIONS))


def planned(training: Training, kind: str, states: int = 2, tapes: int = 3) -> Plan:
    """A plan with room for so many states and tapes; ``none``: for all."""
    roomy = problem_of(training, None)
    room = roomy.base + states * roomy.state + tapes * roomy.tape
    plan = make_plan(kind, roomy if kind == "none" else problem_of(training, room))
    assert plan is not None
    return plan


def learned(directory: Path, training: Training, plan: Plan, optimiser: Optimiser, steps: Sequence[Step]) -> Learned:
    """What a program learns in some steps of training."""
    turns = [Samples(x, target, hyper(optimiser, n, 1.0, target.size)) for n, (x, target) in enumerate(steps, 1)]
    return run_training(directory, training, executable(plan), turns)


def difference(one: Learned, other: Learned) -> set[str]:
    """What is not the same in every bit."""
    pairs = {str(key): (value, other.parameters[key]) for key, value in one.parameters.items()}
    pairs |= {"losses": (one.losses, other.losses), "pooled": (one.pooled, other.pooled)}
    return {name for name, (a, b) in pairs.items() if not np.array_equal(a, b)}
