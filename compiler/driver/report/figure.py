"""What an SVG figure is: shapes in pixels. The template draws them; text is escaped there."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

WIDTH = 860.0
"""The usual width of a figure."""


@dataclass(frozen=True)
class Box:
    """A rectangle; ``style`` names CSS classes, ``tip`` is what hovering shows."""

    x: float
    y: float
    width: float
    height: float
    style: str
    tip: str = ""
    kind: str = "box"


@dataclass(frozen=True)
class Text:
    """A text whose baseline is at ``y``; ``anchor``: start, middle or end."""

    x: float
    y: float
    text: str
    style: str = ""
    anchor: str = "start"
    tip: str = ""
    kind: str = "text"


@dataclass(frozen=True)
class Path:
    """A path in SVG's notation, in the units that ``transform`` (if any) makes."""

    d: str
    style: str
    tip: str = ""
    transform: str = ""
    kind: str = "path"


Shape = Box | Text | Path


@dataclass(frozen=True)
class Legend:
    """An entry of a figure's legend."""

    style: str
    text: str


@dataclass(frozen=True)
class Figure:
    """A drawing with a caption; ``label`` says what it shows to those who cannot see it."""

    label: str
    width: float
    height: float
    shapes: Sequence[Shape]
    caption: str = ""
    legend: Sequence[Legend] = ()


@dataclass(frozen=True)
class Table:
    """A table; cells are text. ``folded``: shown when opened."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    folded: bool = False

    @property
    def numeric(self) -> list[bool]:
        """Which columns hold numbers only."""
        return [all(_is_number(row[index]) for row in self.rows) for index in range(len(self.columns))]


@dataclass(frozen=True)
class Section:
    """A part of the page."""

    title: str
    lines: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = field(default=())


def _is_number(cell: str) -> bool:
    return cell.translate(str.maketrans("", "", ".%-+e\u202f")).isdecimal() or cell in ("", "-")


def number(value: float) -> str:
    """A whole number with thin groups of three, another with four digits."""
    return f"{value:,.0f}".replace(",", "\u202f") if float(value).is_integer() else f"{value:.4g}"


def fixed(value: float) -> str:
    """A coordinate: at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def shortened(text: str, characters: int) -> str:
    """The text, or its beginning and an ellipsis."""
    return text if len(text) <= characters else text[: characters - 1] + "…"


def ticks(top: float, count: float = 5, least: float = 0.0) -> list[float]:
    """Round values from 0 to at most ``top``, about ``count`` of them, at least ``least`` apart."""
    if top <= 0:
        return [0.0]
    raw = max(top / max(count, 1), least)
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= raw)
    return [index * step for index in range(int(top / step + 1e-9) + 1)]


def ticks_between(low: float, high: float, count: int = 5) -> list[float]:
    """Round values from ``low`` (at most 0) to ``high`` (at least 0), about ``count`` of them, 0 among them."""
    step = ticks(high - low, count)[1]
    return [index * step for index in range(-int(-low / step + 1e-9), int(high / step + 1e-9) + 1)]


def line_through(points: Iterable[tuple[float, float]]) -> str:
    """The path of straight lines through points."""
    return "M" + "L".join(f"{fixed(x)} {fixed(y)}" for x, y in points)
