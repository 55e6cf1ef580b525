"""Matrices as heat maps: rasters, traffic, load over time. Large ones are binned to what a screen can show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from axonc.ir.ops import Array

from .figure import WIDTH, Box, Figure, Path, Shape, Text, fixed, number, ticks

LEVELS = 8
LEFT, RIGHT, TOP, BOTTOM = 76.0, 8.0, 4.0, 34.0
MAX_COLUMNS, MAX_ROWS = 780, 150


def heat_map(
    label: str,
    values: Array,
    x_title: str,
    y_title: str,
    *,
    how: str = "sum",
    unit: str = "",
    caption: str = "",
    size: tuple[float, float] | None = None,
) -> Figure:
    """Rows downwards, columns to the right; darker is more. ``how`` bins what is too fine: ``sum`` or ``max``.

    ``size``: of the plot; None: as wide as the page, as high as there are rows.
    """
    shown = binned(values, how)
    rows, columns = shown.shape
    width, height = size or (WIDTH - LEFT - RIGHT, float(np.clip(rows * 6, 54, 260)))
    plot = Box(LEFT, TOP, width, height, "frame")
    shapes = [*_cells(shown, plot), plot, *_axes(values.shape, plot, x_title, y_title)]
    bins = f"a mark is {_bin(values.shape[0], rows)} x {_bin(values.shape[1], columns)} ({how}); "
    coarse = bins if shown.shape != values.shape else ""
    top = number(float(shown.max())) if shown.size else "0"
    scale = f"{coarse}darkest: {top}{unit}" if coarse or shown.max(initial=0) > 1 else ""
    return Figure(label, LEFT + width + RIGHT, TOP + height + BOTTOM, shapes, "; ".join(filter(None, (caption, scale))))


def _bin(full: int, shown: int) -> str:
    return str(-(-full // max(shown, 1)))


def binned(values: Array, how: str = "sum") -> Array:
    """At most ``MAX_ROWS`` x ``MAX_COLUMNS`` values, each the sum or the maximum of its bin."""
    reduce: Callable[..., Array] = np.add.reduceat if how == "sum" else np.maximum.reduceat
    for axis, most in enumerate((MAX_ROWS, MAX_COLUMNS)):
        size = -(-values.shape[axis] // most)
        if size > 1:
            values = reduce(values, np.arange(0, values.shape[axis], size), axis=axis)
    return values


def levels(values: Array) -> Array:
    """0 for what is 0, else 1 to ``LEVELS`` in proportion to the largest."""
    top = values.max(initial=0)
    scaled = np.ceil(values * (LEVELS / top)) if top > 0 else np.zeros(values.shape)
    return np.clip(scaled, 0, LEVELS).astype(np.int64)


def _cells(values: Array, plot: Box) -> Iterator[Shape]:
    """One path a level, in units of cells; neighbours in a row are one line, as thick as a cell is high."""
    level = levels(values)
    rows, columns = level.shape
    drawn: dict[int, list[str]] = {}
    for row in range(rows):
        for start, stop, value in _runs(level[row]):
            drawn.setdefault(value, []).append(f"M{start} {row}h{stop - start}")
    dx, dy = plot.width / max(columns, 1), plot.height / max(rows, 1)
    units = f"translate({fixed(plot.x)} {fixed(plot.y + dy / 2)}) scale({dx:.5f} {dy:.5f})"
    for value in sorted(drawn):
        yield Path("".join(drawn[value]), f"heat l{value}", transform=units)


def _runs(row: Array) -> Iterator[tuple[int, int, int]]:
    edges = np.flatnonzero(np.diff(row, prepend=-1, append=-1))
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if row[start]:
            yield start, stop, int(row[start])


def _axes(shape: Sequence[int], plot: Box, x_title: str, y_title: str) -> Iterator[Shape]:
    rows, columns = shape
    bottom = plot.y + plot.height
    for value in ticks(columns - 1, 8, 1):
        yield Text(plot.x + (value + 0.5) * plot.width / max(columns, 1), bottom + 14, number(value), "tick", "middle")
    for value in ticks(rows - 1, plot.height / 20, 1) if rows > 1 else ():
        yield Text(plot.x - 6, plot.y + (value + 0.5) * plot.height / max(rows, 1) + 4, number(value), "tick", "end")
    yield Text(plot.x + plot.width / 2, bottom + 29, x_title, "axis", "middle")
    yield Text(10, plot.y + plot.height / 2, y_title, "axis turned", "middle")


def matrix(label: str, values: Array, row_names: Sequence[str], column_names: Sequence[str], caption: str) -> Figure:
    """A small matrix with its numbers in the cells."""
    level = levels(values)
    width, height, left, top = 56.0, 24.0, 76.0, 22.0
    shapes: list[Shape] = []
    for column, name in enumerate(column_names):
        shapes.append(Text(left + (column + 0.5) * width, top - 7, name, "tick", "middle"))
    for row, name in enumerate(row_names):
        y = top + row * height
        shapes.append(Text(left - 8, y + 16, name, "tick", "end"))
        for column, other in enumerate(column_names):
            x, value = left + column * width, number(float(values[row, column]))
            tip = f"{name} to {other}: {value}"
            shapes.append(Box(x + 1, y + 1, width - 2, height - 2, f"heat l{level[row, column]}", tip))
            if values[row, column]:
                style = "cell dark" if level[row, column] > LEVELS // 2 else "cell"
                shapes.append(Text(x + width / 2, y + 16, value, style, "middle"))
    size = left + len(column_names) * width + 8, top + len(row_names) * height + 6
    return Figure(label, *size, shapes, caption)
