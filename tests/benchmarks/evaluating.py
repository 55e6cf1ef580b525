"""`axonc.evaluate`: native cores against the interpreter, and over processes.

    PYTHONPATH=src:tests python -m benchmarks.evaluating [--tiny]

A recurrent network 700-1024-20 with 16-bit states over samples of 100 steps, 5 % of the inputs active. First one
stage a row, in this process; ratios are to the native one. Then all stages over ever more processes that run already;
"started for it" is what ``--jobs`` does. All give the same result.
"""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from typing import Any

import numpy as np

import axonc
from axonc import Graph, Program
from axonc.compiler.driver.evaluate.pools import cores

from .measure import interleaved, show
from .networks import Array, events, recurrent


def stages(graph: Graph, program: Program, x: Array, chunk: int) -> dict[str, Callable[[], object]]:
    """Every stage alone, in this process."""
    names = {"native": "mapped", "interpreter, quantised": "quantised", "interpreter, float": "float"}

    def run(stage: str) -> Callable[[], object]:
        return lambda: axonc.evaluate(program, x, graph=graph, stages=[stage], jobs=1, chunk=chunk)

    return {label: run(stage) for label, stage in names.items()}


def processes(
    graph: Graph, program: Program, x: Array, chunk: int, stack: ExitStack
) -> dict[str, Callable[[], object]]:
    """All stages, in this process and in others."""

    def run(**where: Any) -> Callable[[], object]:
        return lambda: axonc.evaluate(program, x, graph=graph, chunk=chunk, **where)

    ways = {"1 process": run(jobs=1)}
    context = multiprocessing.get_context("spawn")
    for jobs in sorted({2, cores()} - {1}):
        executor = stack.enter_context(ProcessPoolExecutor(jobs, context))
        ways[f"{jobs} processes, running"] = run(executor=executor)
        ways[f"{jobs} processes, started for it"] = run(jobs=jobs)
    return ways


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Evaluation: native against the interpreter, and over processes.")
    parser.add_argument("--tiny", action="store_true", help="a small network and few samples")
    tiny = parser.parse_args(arguments).tiny
    sizes, samples, steps, rounds = ((20, 32, 4), 4, 10, 1) if tiny else ((700, 1024, 20), 32, 100, 3)
    graph = recurrent(*sizes)
    program = axonc.compile(graph, target="native", state="q16")
    x = events(samples * steps, sizes[0]).reshape(samples, steps, -1).astype(np.uint8)
    name, chunk = "-".join(map(str, sizes)), max(1, samples // 8)
    show(
        f"{name}, a stage; a sample takes",
        _each(stages(graph, program, x, chunk), rounds, samples),
        "native",
        "ms",
        1e3,
    )
    with ExitStack() as stack:
        ways = processes(graph, program, x, chunk, stack)
        assert len({str(way()) for way in ways.values()}) == 1
        show(f"{name}, all stages; a sample takes", _each(ways, rounds, samples), "1 process", "ms", 1e3)


def _each(ways: dict[str, Callable[[], object]], rounds: int, samples: int) -> dict[str, float]:
    """Seconds a sample."""
    return {name: seconds / samples for name, seconds in interleaved(ways, rounds).items()}


if __name__ == "__main__":
    main()
