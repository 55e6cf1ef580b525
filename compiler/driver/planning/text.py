"""A planning as text."""

from __future__ import annotations

import io
from collections.abc import Iterator

from rich.console import Console

from ...checkpoint import Plan, gap
from ..show import table
from .result import Planning, said

COLUMNS = ("plan", "fits", "peak", "off chip", "traffic", "factor", "time", "above bound", "longest", "schedule")


def rows(found: Planning) -> Iterator[list[str]]:
    """A row for each plan."""
    for plan in found.plans:
        most = found.longest(plan)
        yield [
            plan.kind + (" *" if plan is found.chosen else ""),
            "yes" if plan.fits else "no",
            size(plan.peak),
            size(plan.cost.off_chip),
            size(plan.cost.traffic),
            f"{plan.factor:.3f}",
            f"{plan.time:.6g}",
            f"{gap(plan):.1%}" if plan.fits else "-",
            "any" if most is None else str(most),
            said(plan),
        ]


def lines(found: Planning) -> Iterator[str]:
    """What the table is about."""
    problem = found.problem
    yield f"{found.steps} steps in {problem.steps} blocks, {found.batch} at once; times in {found.unit}"
    limit = "no limit" if problem.memory is None else size(problem.memory)
    yield (
        f"state {size(problem.state)}, tape of a block {size(problem.tape)}, held throughout "
        f"{size(problem.base - problem.state)}; memory: {limit}"
    )


def last_line(found: Planning) -> str:
    """The choice, and its price."""
    price = f"; the fastest that fits takes {found.price:.1%} less" if found.price > 0 else ""
    return f"chosen: {plan_line(found.chosen)}{price}"


def plan_line(plan: Plan) -> str:
    """A plan in one line."""
    return f"{plan.kind} ({said(plan)}), {size(plan.peak)} at most, {plan.factor:.2f} forward runs"


def size(count: int) -> str:
    """Bytes, with a unit."""
    value, units = float(count), iter(("B", "kB", "MB", "GB", "TB", "PB"))
    unit = next(units)
    while value >= 999.95 and unit != "PB":
        value, unit = value / 1000, next(units)
    return f"{count} B" if unit == "B" else f"{value:.1f} {unit}"


def print_planning(console: Console, found: Planning) -> None:
    """All of it."""
    for line in lines(found):
        console.print(line, markup=False, highlight=False)
    console.print(table("", COLUMNS, list(rows(found))))
    console.print(last_line(found), markup=False, highlight=False)


def plain(found: Planning) -> str:
    """All of it without colour."""
    written = io.StringIO()
    print_planning(Console(file=written, emoji=False, soft_wrap=True, width=200), found)
    return written.getvalue().rstrip("\n")
