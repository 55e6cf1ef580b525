"""An evaluation as one self-contained page of HTML, in the style of the report."""

from __future__ import annotations

from collections.abc import Iterator

from ..pruning.costs import COLUMNS, cost_rows
from ..report import render_page
from ..report.charts import LINES, line_chart
from ..report.figure import Figure, Section, Table, number
from .result import Evaluation
from .stages import StageResult
from .text import LAYER_COLUMNS, SIZE_COLUMNS, SQNR_COLUMNS, STAGE_COLUMNS, layer_rows, sqnr_rows, stage_row, verdict


def evaluation_page(found: Evaluation, title: str = "evaluation") -> str:
    """The page."""
    summary = [("data", found.head()), *(("counters", line) for line in found.counter_lines())]
    return render_page(title, list(_tiles(found)), summary, list(_sections(found)))


def _tiles(found: Evaluation) -> Iterator[tuple[str, str]]:
    for stage in found.stages.values():
        if stage.accuracy is not None:
            yield f"{stage.accuracy:.1%}", f"accuracy, {stage.name}"
    for pair in found.comparisons.values():
        if pair.agreement is not None:
            yield f"{pair.agreement:.2%}", f"equal bins, {pair.stage} against {pair.before}"
    if found.last.synaptic_operations is not None:
        yield number(round(found.last.synaptic_operations / found.samples)), "synaptic operations a sample"
    yield number(round(found.last.updates / found.samples)), "neuron updates a sample"


def _sections(found: Evaluation) -> Iterator[Section]:
    stages = [stage_row(stage) for stage in found.stages.values()]
    yield Section("Stages", tables=[Table((*STAGE_COLUMNS, *SIZE_COLUMNS), stages)])
    if found.last.matrices:
        yield Section("Connections", tables=[Table(COLUMNS, list(cost_rows(found.last.matrices)), found.last.name)])
    if found.comparisons:
        yield _comparisons(found)
    figures = [figure for stage in found.stages.values() if (figure := _events(stage, found.samples))]
    if figures:
        yield Section("Events over time", ["Events of a layer in each step, a sample."], figures)


def _comparisons(found: Evaluation) -> Section:
    pairs = found.comparisons.values()
    layers = Table(LAYER_COLUMNS, [row for pair in pairs for row in layer_rows(pair)], "Events")
    values = Table(SQNR_COLUMNS, [row for pair in pairs for row in sqnr_rows(pair)], "SQNR")
    lines = [f"{verdict(pair)}." for pair in pairs]
    return Section("Agreement", lines, tables=[table for table in (layers, values) if table.rows])


def _events(stage: StageResult, samples: int) -> Figure | None:
    """The layers with most events, as many as there are colours for."""
    ranked = sorted(stage.by_step, key=lambda name: -stage.events[name])[: len(LINES)]
    series = {name: counts / samples for name, counts in stage.by_step.items() if name in ranked}
    if not series:
        return None
    return line_chart(f"Events of {stage.name} in each step", series, "step", "events", caption=stage.name)
