"""A step of training on long sequences: the C program of `axonc.train(target="native")` against numpy.

    PYTHONPATH=src:tests OPENBLAS_NUM_THREADS=1 python -m benchmarks.native_training [--tiny]

64-256-10 of LIF and LI with recurrent weights, 1,000 steps of 32 sequences with 5 % of inputs active, Adam; everything
held, and in a tenth of what lies between the least that is possible and everything. Both train the same batch in turn,
in one process; building the program is told apart. Peaks are traced in runs of their own: all that numpy and Python
allocate, the C program's memory among it; beside the C program's stands what it was predicted to hold.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import axonc
from axonc import Graph
from axonc.backends.native.training.emit import project
from axonc.backends.native.training.library import build, run_training
from axonc.backends.training.samples import Learned, Samples
from axonc.backends.training.task import Task
from axonc.compiler.checkpoint import Plan
from axonc.compiler.driver.directory import write_files
from axonc.compiler.driver.native_training.planning import Planned, executable, planned
from axonc.compiler.driver.target_training.task import hyper, task_of
from axonc.compiler.training import Adam, CrossEntropy, Trained, network

from .measure import interleaved, show
from .training import lif

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Work:
    """A network and a batch that it learns once."""

    graph: Graph
    x: Array
    labels: Array

    def task(self) -> Task:
        """As a task for the C program."""
        net = network(self.graph, CrossEntropy(over="mean"))
        return task_of(net, Adam(), self.x.shape[1], len(self.x), ())

    def in_numpy(self, memory: int | None) -> Trained:
        """A step of training by `axonc.train`."""
        options: dict[str, Any] = {"epochs": 1, "batch": len(self.x), "schedule": "constant"}
        return axonc.train(self.graph, (self.x, self.labels), memory=memory, **options)

    def in_c(self, folder: Path, found: Planned) -> Learned:
        """The same by the program that is built in a folder."""
        sample = Samples({"in": self.x.swapaxes(0, 1)}, self.labels, hyper(Adam(), 1, 1.0, len(self.x)))
        return run_training(folder, found.training, executable(found.plan), [sample])


def work(inputs: int, hidden: int, outputs: int, steps: int, batch: int) -> Work:
    """The task."""
    rng = np.random.default_rng(0)
    x = (rng.random((batch, steps, inputs)) < 0.05).astype(np.uint8)
    return Work(lif(inputs, hidden, outputs, True), x, rng.integers(0, outputs, batch))


def compared(made: Work, folder: Path, share: float, rounds: int) -> None:
    """Times and peaks where both may hold a share of what lies between the least and everything."""
    found = planned(made.task(), _between(planned(made.task()).plan, share))
    whole = axonc.plan(made.graph, made.x.shape[1], batch=len(made.x), input_type="uint8").plans[0]
    memory = None if share == 1 else _between(whole, share)
    ways: dict[str, Callable[[], Any]] = {
        "the C program": lambda: made.in_c(folder, found),
        "numpy": lambda: made.in_numpy(memory),
    }
    learned, trained = ways["the C program"](), ways["numpy"]()
    plans = [plan for plan in (found.plan, trained.plan) if plan is not None]
    said = " and ".join(f"{plan.factor:.2f}" for plan in plans)
    assert learned.accounts["memory"]["total"] == found.plan.peak
    assert abs(learned.losses[0] - trained.history[0].loss) < 1e-4
    show(f"{share:.0%} held, {said} forward runs; a step of training takes", interleaved(ways, rounds), "the C program")
    for name, way in ways.items():
        predicted = f", {found.plan.peak / 1e6:.1f} MB predicted" if name == "the C program" else ""
        print(f"  {name:44} {_peak(way) / 1e6:10.1f} MB at most{predicted}")


def _between(plan: Plan, share: float) -> int:
    """Bytes between the least that a plan can do with and all that this one takes."""
    least = plan.problem.base + plan.problem.state + plan.problem.tape
    return int(least + share * (plan.peak - least))


def _peak(way: Callable[[], Any]) -> int:
    tracemalloc.start()
    way()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="A step of training in C against numpy.")
    parser.add_argument("--tiny", action="store_true", help="a small network, a short sequence")
    tiny = parser.parse_args(arguments).tiny
    sizes, rounds = ((6, 8, 3, 20, 4), 1) if tiny else ((64, 256, 10, 1000, 32), 5)
    made = work(*sizes)
    print("{}-{}-{} recurrent, {} steps, batch {}".format(*sizes))
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        write_files(Path(folder), project(planned(made.task()).training))
        build(Path(folder))
        print(f"the C program is made and compiled in {time.perf_counter() - start:.1f} s")
        for share in (1.0, 0.1):
            compared(made, Path(folder), share, rounds)


if __name__ == "__main__":
    main()
