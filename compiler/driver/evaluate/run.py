"""`evaluate`: every stage of a compilation over a data set."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from axonc.ir import Diagnostic, Graph, ModelError
from axonc.ir.interpret.run import Data

from ..api import compile as compile_
from ..program import Program, open_build
from ..units import counted
from .costs import connection_costs, weight_bytes
from .counts import PairCounts, StageCounts, Totals
from .dataset import DataSet, class_output, data_set
from .measure import DECISIONS, Plan, Task
from .pool import Pool, measured
from .pools import opened_pool
from .result import Evaluation
from .stages import Comparison, Divergence, LayerComparison, Size, Sqnr, StageResult
from .subject import MAPPED, Parcel, Subject, opened, packed_program

Progress = Callable[[int, int], None]
"""Told after every chunk: the samples that are done, and all of them."""

CHUNK_BYTES = 1 << 26
"""Recorded signals of a chunk, about: what a worker holds at once."""

CHUNKS = 4
"""Chunks for each worker, at least, so that all finish at about the same time."""

LITTLE = 1 << 23
"""Recorded bytes of a data set that are not worth a second process. Emulated cores always are."""


def evaluate(
    program: Program | Graph | str | Path,
    x: Data,
    y: npt.ArrayLike | None = None,
    *,
    graph: Graph | None = None,
    options: Mapping[str, Any] | None = None,
    stages: Sequence[str] | None = None,
    output: str | None = None,
    decide: str = "sum",
    engine: str | None = None,
    keep_going: bool = False,
    jobs: int | None = None,
    executor: Executor | None = None,
    scheduler: str | None = None,
    chunk: int | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Run a program over a data set, and the graphs that it came from, and compare them layer by layer.

    The result is the same, bit for bit, wherever and in whatever chunks the samples run. If a worker is lost, its
    samples run again.

    Args:
        program: a compiled program, its build directory, or a graph in steps, which is compiled with ``options``.
        x: [N, T, *shape], or a mapping from input names to such arrays.
        y: the class of every sample, [N] whole numbers from 0; None: no accuracy.
        graph: the graph in steps that a program or build was compiled from: adds the stage ``float``.
        options: of `compile`, for a graph.
        stages: which to run, of ``float`` (the graph in float32), ``pruned`` (the same as it was pruned), ``quantised``
            (the compiled graph, interpreted) and ``mapped`` (the compiled program); None: all that there are. Each is
            compared with the one before it.
        output: whose largest element is the class (the lowest index, if several are largest); None: the only one.
        decide: scores are the output's ``sum`` over the steps, its ``last`` value or its ``max``.
        engine: what runs the program: ``emulator``, ``native`` or ``reference``; None: the target's own.
        keep_going: count events without room and ticks over budget, instead of stopping at the first.
        jobs: processes on this computer; 1: none but this one; None: one a core.
        executor: runs the chunks instead; it stays open.
        scheduler: the address of a Dask scheduler, whose workers run them (extra ``dask``).
        chunk: samples that a worker runs at once; None: by the memory that they take.
        progress: called with the number of finished samples, and of all.

    Raises:
        ModelError: with every problem of the data, the labels and the options.
        ToolError: a core stopped, a tool is missing, or workers cannot be reached.
    """
    if isinstance(program, Graph):
        graph, program = program, compile_(program, **(options or {}))
    elif options:
        raise ModelError(Diagnostic("AX403", "", "options of a compilation", "the program is compiled", "drop them"))
    built = program if isinstance(program, Program) else open_build(program)
    with opened_pool(jobs, executor, scheduler) as pool, packed_program(built, graph, engine) as parcel:
        return evaluated(pool, parcel, x, y, stages, output, decide, keep_going, chunk, progress)


def evaluated(
    pool: Pool,
    parcel: Parcel,
    x: Data,
    y: npt.ArrayLike | None,
    stages: Sequence[str] | None,
    output: str | None,
    decide: str,
    keep_going: bool,
    chunk: int | None,
    progress: Progress | None,
) -> Evaluation:
    """`evaluate`, of a parcel in a pool."""
    subject = opened(parcel)
    node = class_output(list(subject.stages.values())[-1], output)
    plan = Plan(_chosen(subject, stages), node.name, known_decision(decide), keep_going)
    data = data_set(subject.stages[plan.stages[-1]], x, y, node)
    size = chunk_size(subject, data, plan, pool.workers) if chunk is None else _positive(chunk)
    pool.expect(-(-data.samples // size))
    totals = Totals()
    for counts in measured(pool, parcel, _tasks(plan, data, size)):
        totals.add(counts)
        if progress is not None:
            progress(totals.samples, data.samples)
    return _evaluation(subject, plan, data, totals)


def _chosen(subject: Subject, stages: Sequence[str] | None) -> tuple[str, ...]:
    known = tuple(subject.stages)
    listed = ", ".join(known)
    if stages is not None:
        unknown = [stage for stage in stages if stage not in known]
        if unknown or not stages:
            found = f"no stage {unknown[0]!r}" if unknown else "no stages"
            remedy = "choose of them; the stage float needs the model of a build"
            raise ModelError(Diagnostic("AX403", "", found, f"there are {listed}", remedy))
    return known if stages is None else tuple(stage for stage in known if stage in stages)


def known_decision(decide: str) -> str:
    if decide not in DECISIONS:
        limit = f"known: {', '.join(DECISIONS)}"
        raise ModelError(Diagnostic("AX403", "", f"no way {decide!r} to decide a class", limit, "choose one"))
    return decide


def _positive(chunk: int) -> int:
    if chunk < 1:
        raise ModelError(Diagnostic("AX403", "", f"chunks of {chunk} samples", "at least 1", "correct it"))
    return chunk


def chunk_size(subject: Subject, data: DataSet, plan: Plan, workers: int) -> int:
    """As many samples as fill `CHUNK_BYTES` with what is recorded of them, and fewer where that leaves workers idle;
    what is little in all stays one chunk."""
    values = sum(layer.size * (layer.events + len(layer.states)) for layer in subject.layers)
    each = 8 * data.steps * max(values, 1) * len(plan.stages)
    if data.samples * each <= LITTLE and subject.engine != "spinnaker2":
        return data.samples
    return int(np.clip(CHUNK_BYTES // each, 1, max(1, -(-data.samples // (CHUNKS * workers)))))


def _tasks(plan: Plan, data: DataSet, size: int) -> Iterator[Task]:
    return (Task(plan, first, x) for first, x in data.chunks(size))


def _evaluation(subject: Subject, plan: Plan, data: DataSet, totals: Totals) -> Evaluation:
    results = {name: _stage(subject, name, data, totals.stages[name]) for name in plan.stages}
    pairs = zip(plan.stages, plan.stages[1:], strict=False)
    comparisons = {
        later: _comparison(subject, results[before], results[later], data, totals.pairs[later])
        for before, later in pairs
    }
    return Evaluation(data.samples, data.steps, plan.output, plan.decide, results, comparisons)


def _stage(subject: Subject, name: str, data: DataSet, counts: StageCounts) -> StageResult:
    graph = subject.stages[name]
    matrices = connection_costs(graph, counts.by_neuron, data.samples * data.steps)
    return StageResult(
        name=name,
        runs_on=subject.engine if name == MAPPED else "interpreter",
        decisions=counts.decisions,
        correct=None if data.y is None else int(np.count_nonzero(counts.decisions == data.y)),
        events={layer: int(steps.sum()) for layer, steps in counts.by_step.items()},
        by_step=counts.by_step,
        matrices=matrices,
        updates=counted(graph) * data.samples * data.steps,
        size=_size(subject, name),
        counters=counts.counters,
    )


def _size(subject: Subject, stage: str) -> Size:
    weights = weight_bytes(subject.stages[stage])
    report = json.loads((subject.build / "report.json").read_text()) if stage == MAPPED else {}
    if "cores" not in report:
        return Size(weights)
    cores = report["cores"]
    kinds = dict.fromkeys(kind for core in cores for kind in core["bytes"])
    return Size(weights, len(cores), {kind: sum(core["bytes"].get(kind, 0) for core in cores) for kind in kinds})


def _comparison(
    subject: Subject, before: StageResult, later: StageResult, data: DataSet, counts: PairCounts
) -> Comparison:
    sizes = {layer.name: layer.size for layer in subject.layers}
    layers = [
        LayerComparison(
            name,
            data.samples * data.steps * sizes[name],
            counts.equal[name],
            later.events[name],
            before.events[name],
            None if place is None else Divergence(name, *place),
        )
        for name, place in counts.first.items()
    ]
    sqnr = {name: Sqnr(float(signal), float(noise)) for name, (signal, noise) in counts.power.items()}
    return Comparison(later.name, before.name, layers, sqnr)
