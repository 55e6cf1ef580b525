"""A sweep as text."""

from __future__ import annotations

import io
from collections.abc import Iterator

from rich.console import Console

from ..show import table
from .result import COSTS, Point, Sweep, shown


def columns(found: Sweep) -> list[str]:
    """The head of the table of points."""
    return [*found.varied, found.measure, *_beside(found), *COSTS, "front"]


def _beside(found: Sweep) -> list[str]:
    """What else compares points with the graph in float, where they were compared."""
    known = [name for name in ("agreement", "decisions") if any(getattr(p, name) is not None for p in found.points)]
    return [name for name in known if name != found.measure]


def rows(found: Sweep) -> Iterator[list[str]]:
    """A row for each point that ran, in the order of the grid."""
    for point in found.points:
        if point.found is not None:
            cells = [*map(shown, point.options.values()), _share(point.quality)]
            cells += [_share(getattr(point, name)) for name in _beside(found)]
            yield [*cells, *_costs(point), "*" if point in found.front else ""]


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4%}"


def _costs(point: Point) -> list[str]:
    return ["-" if value is None else str(value) for value in point.costs.values()]


def refusals(found: Sweep) -> Iterator[str]:
    """A line for each problem of a point that did not run."""
    for point in found.points:
        for problem in point.problems:
            yield f"{point.text}: {problem}"


def print_sweep(console: Console, found: Sweep) -> None:
    """All of it."""
    ran = sum(point.found is not None for point in found.points)
    title = f"{ran} of {len(found.points)} points ran, over {found.samples} samples; *: on the front"
    console.print(table(title, columns(found), list(rows(found))))
    for line in refusals(found):
        console.print(line, markup=False, highlight=False)


def plain(found: Sweep) -> str:
    """All of it without colour."""
    written = io.StringIO()
    print_sweep(Console(file=written, emoji=False, soft_wrap=True, width=200), found)
    return written.getvalue().rstrip("\n")
