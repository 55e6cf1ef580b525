"""A plot of points: a share against a cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..report.figure import WIDTH, Box, Figure, Legend, Path, Shape, Text, line_through, number, ticks

LEFT, RIGHT, TOP, HEIGHT, BOTTOM = 76.0, 24.0, 12.0, 220.0, 36.0
RADIUS = 4.5


@dataclass(frozen=True)
class Mark:
    """A point: a cost, a share from 0 to 1, whether it is on the front, and what it is."""

    x: float
    y: float
    best: bool
    tip: str


def scatter(label: str, marks: Sequence[Mark], x_title: str, y_title: str) -> Figure:
    """Marks over an axis from 0; shares from somewhat below the least to somewhat above the largest."""
    plot = Box(LEFT, TOP, WIDTH - LEFT - RIGHT, HEIGHT, "frame")
    low, high = _range([mark.y for mark in marks])
    right = 1.05 * max(mark.x for mark in marks) or 1.0
    shapes: list[Shape] = [plot, *_axes(plot, right, low, high, x_title, y_title)]
    for mark in sorted(marks, key=lambda mark: mark.best):
        x = plot.x + plot.width * mark.x / right
        y = plot.y + plot.height * (1 - (mark.y - low) / (high - low))
        tip = f"{mark.tip}: {mark.y:.2%}, {number(mark.x)} {x_title}"
        style = "dot c1" if mark.best else "dot c3"
        shapes.append(Box(x - RADIUS, y - RADIUS, 2 * RADIUS, 2 * RADIUS, style, tip))
    legend = [Legend("c1", "on the front"), Legend("c3", "other points")]
    return Figure(label, WIDTH, TOP + HEIGHT + BOTTOM, shapes, label, legend)


def _range(shares: Sequence[float]) -> tuple[float, float]:
    spread = max(max(shares) - min(shares), 0.01)
    return max(0.0, min(shares) - 0.15 * spread), max(shares) + 0.15 * spread


def _axes(plot: Box, right: float, low: float, high: float, x_title: str, y_title: str) -> Iterator[Shape]:
    bottom = plot.y + plot.height
    for value in ticks(right, 8):
        x = plot.x + plot.width * value / right
        yield Text(x, bottom + 14, number(value), "tick", "middle")
    for share in (low + (high - low) * index / 4 for index in range(5)):
        y = plot.y + plot.height * (1 - (share - low) / (high - low))
        yield Path(line_through([(plot.x, y), (plot.x + plot.width, y)]), "grid")
        yield Text(plot.x - 6, y + 4, f"{share:.1%}", "tick", "end")
    yield Text(plot.x + plot.width / 2, bottom + 30, x_title, "axis", "middle")
    yield Text(10, plot.y + plot.height / 2, y_title, "axis turned", "middle")
