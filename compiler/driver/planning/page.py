"""A planning as one self-contained page of HTML, in the style of the report."""

from __future__ import annotations

import numpy as np

from axonc.ir.ops import Array

from ...checkpoint import tally
from ..report import render_page
from ..report.charts import line_chart
from ..report.figure import Figure, Section, Table
from .result import Planning
from .text import COLUMNS, size

COLUMNS_OF_PIXELS = 1600


def planning_page(found: Planning, title: str = "checkpoints") -> str:
    """The page."""
    chosen = found.chosen
    tiles = [(chosen.kind, "plan"), (size(chosen.peak), "at most"), (f"{chosen.factor:.2f}", "forward runs")]
    summary = [("steps", str(found.steps)), ("blocks", str(found.problem.steps)), ("at once", str(found.batch))]
    held = Section("What is held", [found.last_line()], [timeline(found)])
    plans = Section("Plans", list(found.lines()), tables=[Table(COLUMNS, list(found.rows()))])
    return render_page(title, tiles, summary, [held, plans])


def timeline(found: Planning) -> Figure:
    """Bytes of states and tapes after every block that the chosen plan runs, forwards and backwards."""
    live = np.array(tally(found.problem, found.chosen.actions(), live=True).live)
    series = dict(zip(("states", "tapes", "off chip"), _binned(live), strict=True))
    shown = {name: values for name, values in series.items() if values.any() or name == "tapes"}
    free = found.problem.free
    blocks = int(live[-1, 0])
    x_title = "blocks run" if blocks < COLUMNS_OF_PIXELS else f"blocks run, each point {blocks / COLUMNS_OF_PIXELS:.1f}"
    limit = None if free is None else float(free)
    return line_chart("bytes held by the chosen plan", shown, x_title, "bytes", limit, "Beside what every plan holds.")


def _binned(live: Array) -> list[Array]:
    """The most that is held in each of at most `COLUMNS_OF_PIXELS` parts of the run."""
    done = live[:, 0]
    count = int(min(done[-1] + 1, COLUMNS_OF_PIXELS))
    places = done * (count - 1) // max(int(done[-1]), 1)
    series = []
    for values in live[:, 1:].T:
        found = np.full(count, -1, np.int64)
        np.maximum.at(found, places, values)
        latest = np.maximum.accumulate(np.where(found >= 0, np.arange(count), 0))  # a run of blocks ends in one point
        series.append(np.maximum(found[latest], 0))
    return series
