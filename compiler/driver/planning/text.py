"""Plans as text."""

from __future__ import annotations

from ...checkpoint import Plan

COLUMNS = ("plan", "fits", "peak", "off chip", "traffic", "factor", "time", "above bound", "longest", "schedule")


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


def said(plan: Plan) -> str:
    """The schedule in words, lengths in blocks."""
    return plan.schedule.said(plan.problem.steps)
