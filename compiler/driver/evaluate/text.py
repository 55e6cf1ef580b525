"""An evaluation as text."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from ..pruning.costs import COLUMNS, cost_rows
from ..show import table
from .result import Comparison, Evaluation, StageResult

WAYS = {"sum": "sum over the steps", "last": "last value", "max": "largest value"}

STAGE_COLUMNS = ("stage", "runs on", "accuracy", "correct", "events", "synaptic operations", "neuron updates")
SIZE_COLUMNS = ("weight bytes", "cores", "core bytes")
LAYER_COLUMNS = ("stage", "against", "layer", "events", "before", "equal bins", "first difference")
SQNR_COLUMNS = ("stage", "against", "signal", "SQNR")


def head(found: Evaluation) -> str:
    """What was run, and how a class is decided."""
    decided = f"class: the largest {WAYS[found.decide]} of {found.output!r}, the lowest index if several are"
    return f"{found.samples} samples of {found.steps} steps; {decided}"


def stage_row(stage: StageResult) -> list[str]:
    """The cells of ``STAGE_COLUMNS`` and ``SIZE_COLUMNS``."""
    accuracy = "-" if stage.accuracy is None else f"{stage.accuracy:.2%}"
    correct = "-" if stage.correct is None else f"{stage.correct}"
    operations = "-" if stage.synaptic_operations is None else str(stage.synaptic_operations)
    size = stage.size
    cores = ("-", "-") if size.cores is None else (str(size.cores), str(sum(size.core_bytes.values())))
    events = str(sum(stage.events.values()))
    counts = [events, operations, str(stage.updates), str(size.weights)]
    return [stage.name, stage.runs_on, accuracy, correct, *counts, *cores]


def layer_rows(found: Comparison) -> Iterator[list[str]]:
    """The cells of ``LAYER_COLUMNS``, a row for each spiking layer."""
    for layer in found.layers:
        first = layer.first
        place = "none" if first is None else f"step {first.step}, sample {first.sample}, neuron {first.neuron}"
        counts = [str(layer.events), str(layer.events_before), f"{layer.agreement:.4%}"]
        yield [found.stage, found.before, layer.name, *counts, place]


def sqnr_rows(found: Comparison) -> Iterator[list[str]]:
    """The cells of ``SQNR_COLUMNS``, a row for each state and dense output."""
    for name, sqnr in found.sqnr.items():
        yield [found.stage, found.before, name, str(sqnr)]


def verdict(found: Comparison) -> str:
    """Whether a stage differs from the one before it, and where first."""
    if not found.layers and not found.equal:
        return f"{found.stage} against {found.before}: no layer of events has the same neurons in both"
    if found.equal:
        return f"{found.stage} against {found.before}: every event, state and output is equal"
    if found.first is None:
        return f"{found.stage} against {found.before}: no event is missing or new"
    return f"{found.stage} against {found.before}: the first layer that differs is {found.first}"


def counter_lines(found: Evaluation) -> Iterator[str]:
    """The machine's counters."""
    for stage in found.stages.values():
        if stage.counters:
            yield f"{stage.name}: " + "; ".join(f"{name} {value}" for name, value in stage.counters.items())


def tables(found: Evaluation) -> Iterator[Table]:
    """Stages, layers, states and outputs."""
    yield table("", (*STAGE_COLUMNS, *SIZE_COLUMNS), [stage_row(stage) for stage in found.stages.values()])
    if found.last.matrices:
        yield table(f"connections, {found.last.name}", COLUMNS, list(cost_rows(found.last.matrices)))
    for title, columns, make in (("events", LAYER_COLUMNS, layer_rows), ("values", SQNR_COLUMNS, sqnr_rows)):
        rows = [row for comparison in found.comparisons.values() for row in make(comparison)]
        if rows:
            yield table(title, columns, rows)


def print_evaluation(console: Console, found: Evaluation) -> None:
    """All of it."""
    _print_lines(console, [head(found)])
    for shown in tables(found):
        console.print(shown)
    _print_lines(console, [*map(verdict, found.comparisons.values()), *counter_lines(found)])


def _print_lines(console: Console, lines: Sequence[str]) -> None:
    for line in lines:
        console.print(line, markup=False, highlight=False)


def plain(found: Evaluation) -> str:
    """All of it without colour."""
    written = io.StringIO()
    print_evaluation(Console(file=written, emoji=False, soft_wrap=True, width=200), found)
    return written.getvalue().rstrip("\n")
