"""Line charts and stacked bars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from axonc.ir.ops import Array

from .figure import WIDTH, Box, Figure, Legend, Path, Shape, Text, line_through, number, ticks, ticks_between

LEFT, RIGHT, TOP, BOTTOM = 76.0, 8.0, 8.0, 34.0
COLOURS = 10
"""Colours of kinds: CSS classes c0 to c9."""

LINES = (1, 2, 4, 5, 7, 9)
"""Those that are good for lines."""


def line_chart(
    label: str, series: Mapping[str, Array], x_title: str, y_title: str, limit: float | None = None, caption: str = ""
) -> Figure:
    """Series over a common axis from 0. A ``limit`` is drawn where it is not far above the data."""
    low = min(0.0, *(float(values.min(initial=0)) for values in series.values()))
    high = max(float(values.max(initial=0)) for values in series.values())
    near = limit is not None and limit <= 2 * high
    high = max(high, limit if near and limit is not None else 0.0) or 1.0
    plot = Box(LEFT, TOP, WIDTH - LEFT - RIGHT, 150.0, "frame")
    count = max(values.size for values in series.values())
    shapes: list[Shape] = [*_grid(plot, count, low, high, x_title, y_title)]
    for index, values in enumerate(series.values()):
        shapes.append(Path(_line(values, plot, low, high), f"line s{LINES[index % len(LINES)]}"))
    if near and limit is not None:
        y = _height(limit, plot, low, high)
        shapes.append(Path(line_through([(plot.x, y), (plot.x + plot.width, y)]), "limit"))
    legend = [Legend(f"c{LINES[index % len(LINES)]}", name) for index, name in enumerate(series)]
    return Figure(label, WIDTH, TOP + plot.height + BOTTOM, shapes, caption, legend)


def _height(value: float, plot: Box, low: float, high: float) -> float:
    return plot.y + plot.height * (1 - (value - low) / ((high - low) or 1.0))


def _line(values: Array, plot: Box, low: float, high: float) -> str:
    """Long series: the least and the greatest value of every pixel column."""
    places = _envelope(values, int(plot.width))
    width = plot.width / max(values.size - 1, 1)
    return line_through((plot.x + index * width, _height(float(values[index]), plot, low, high)) for index in places)


def _envelope(values: Array, columns: int) -> list[int]:
    if values.size <= 2 * columns:
        return list(range(values.size))
    starts = np.linspace(0, values.size, columns + 1).astype(np.int64)
    parts = [(int(a), values[a:b]) for a, b in pairwise(starts)]
    return [a + place for a, part in parts for place in sorted({int(part.argmin()), int(part.argmax())})]


def _grid(plot: Box, count: int, low: float, high: float, x_title: str, y_title: str) -> Iterator[Shape]:
    for value in ticks_between(low, high):
        y = _height(value, plot, low, high)
        yield Path(line_through([(plot.x, y), (plot.x + plot.width, y)]), "grid")
        yield Text(plot.x - 6, y + 4, number(value), "tick", "end")
    for value in ticks(count - 1, 8, 1):
        x = plot.x + value * plot.width / max(count - 1, 1)
        yield Text(x, plot.y + plot.height + 14, number(value), "tick", "middle")
    yield Text(plot.x + plot.width / 2, plot.y + plot.height + 29, x_title, "axis", "middle")
    yield Text(10, plot.y + plot.height / 2, y_title, "axis turned", "middle")


def stacked_bars(
    label: str, rows: Sequence[tuple[str, Mapping[str, float]]], limit: float, unit: str, caption: str = ""
) -> Figure:
    """A bar a row, cut by kind, up to a limit that a line marks."""
    kinds = list(dict.fromkeys(kind for _, parts in rows for kind, value in parts.items() if value))
    pitch = 20.0 if len(rows) <= 40 else 9.0
    top = max(limit, *(sum(parts.values()) for _, parts in rows))
    scale = (WIDTH - LEFT - 60) / top
    bottom = TOP + len(rows) * pitch
    shapes: list[Shape] = []
    for value in ticks(top, 6):
        x = LEFT + value * scale
        shapes.append(Path(line_through([(x, TOP), (x, bottom)]), "grid"))
        shapes.append(Text(x, bottom + 14, number(value), "tick", "middle"))
    for index, (name, parts) in enumerate(rows):
        y = TOP + index * pitch
        shapes += _bar(name, parts, kinds, y, pitch, scale, unit)
        if pitch > 10 or index % 5 == 0:
            shapes.append(Text(LEFT - 6, y + pitch / 2 + 4, name, "tick", "end"))
        if pitch > 10:
            total = sum(parts.values())
            shapes.append(Text(LEFT + total * scale + 6, y + pitch / 2 + 4, f"{total / limit:.1%}", "tick"))
    shapes.append(Path(line_through([(LEFT + limit * scale, TOP - 4), (LEFT + limit * scale, bottom)]), "limit"))
    shapes.append(Text(LEFT + limit * scale + 5, TOP + 8, "limit", "tick"))
    legend = [Legend(f"c{index % COLOURS}", kind) for index, kind in enumerate(kinds)]
    return Figure(label, WIDTH, bottom + 22, shapes, caption, legend)


def _bar(
    name: str, parts: Mapping[str, float], kinds: list[str], y: float, pitch: float, scale: float, unit: str
) -> Iterator[Shape]:
    x = LEFT
    for kind, value in parts.items():
        if value:
            tip = f"{name}, {kind}: {number(value)} {unit}"
            yield Box(x, y + 1, value * scale, pitch - 2, f"c{kinds.index(kind) % COLOURS}", tip)
        x += value * scale
