"""A sweep as one self-contained page of HTML, in the style of the report."""

from __future__ import annotations

from collections.abc import Iterator

from ..report import render_page
from ..report.figure import Figure, Section, Table, number
from .points import COSTS, shown
from .result import Sweep
from .scatter import Mark, scatter


def sweep_page(found: Sweep, title: str = "sweep") -> str:
    """The page."""
    ran = sum(point.found is not None for point in found.points)
    tiles = [(number(len(found.points)), "points"), (number(ran), "ran"), (number(len(found.front)), "on the front")]
    best = max(found.front, key=lambda point: point.quality or 0.0)
    tiles.append((f"{best.quality:.2%}", f"best {found.measure}"))
    grid = {name: dict.fromkeys(shown(point.options[name]) for point in found.points) for name in found.varied}
    summary = [("samples", number(found.samples)), *((name, ", ".join(values)) for name, values in grid.items())]
    return render_page(title, tiles, summary, list(_sections(found)))


def _sections(found: Sweep) -> Iterator[Section]:
    line = "Filled: on the front, where no other point is as good in everything and better in something."
    yield Section("Front", [line], list(_figures(found)))
    yield Section("Points", tables=[Table(found.columns(), list(found.rows()))])
    refused = list(found.refusals())
    if refused:
        yield Section("Refused", refused)


def _figures(found: Sweep) -> Iterator[Figure]:
    for cost in COSTS:
        marks = [
            Mark(float(point.costs[cost] or 0), point.quality, point in found.front, point.text)
            for point in found.points
            if point.quality is not None and point.costs[cost] is not None
        ]
        if len({mark.x for mark in marks}) > 1:
            yield scatter(f"{found.measure} against {cost}", marks, cost, found.measure)
