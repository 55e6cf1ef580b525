"""What a sweep found: its points, and the best of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from rich.table import Table

from ..show import plain, table
from .points import COSTS, Point, front, shown


@dataclass(frozen=True)
class Sweep:
    """All points in the order of the grid. ``measure``: accuracy; where there are no labels, agreement of events, or of
    decisions where there are no events."""

    measure: str
    points: Sequence[Point]
    samples: int = field(default=0)

    @cached_property
    def front(self) -> list[Point]:
        """The Pareto front of quality and costs."""
        return front(self.points)

    @property
    def varied(self) -> list[str]:
        """The options of the grid."""
        return list(self.points[0].options)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "measure": self.measure,
            "samples": self.samples,
            "points": [_point(point, point in self.front) for point in self.points],
        }

    def columns(self) -> list[str]:
        """The head of the table of points."""
        return [*self.varied, self.measure, *self._beside(), *COSTS, "front"]

    def _beside(self) -> list[str]:
        """What else compares points with the graph in float, where they were compared."""
        known = [name for name in ("agreement", "decisions") if any(getattr(p, name) is not None for p in self.points)]
        return [name for name in known if name != self.measure]

    def rows(self) -> Iterator[list[str]]:
        """A row for each point that ran, in the order of the grid."""
        for point in self.points:
            if point.found is not None:
                cells = [*map(shown, point.options.values()), _share(point.quality)]
                cells += [_share(getattr(point, name)) for name in self._beside()]
                yield [*cells, *_costs(point), "*" if point in self.front else ""]

    def refusals(self) -> Iterator[str]:
        """A line for each problem of a point that did not run."""
        for point in self.points:
            for problem in point.problems:
                yield f"{point.text}: {problem}"

    def parts(self) -> Iterator[str | Table]:
        """The points as a table, and why others did not run."""
        ran = sum(point.found is not None for point in self.points)
        title = f"{ran} of {len(self.points)} points ran, over {self.samples} samples; *: on the front"
        yield table(title, self.columns(), list(self.rows()))
        yield from self.refusals()

    def __str__(self) -> str:
        return plain(self.parts())


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4%}"


def _costs(point: Point) -> list[str]:
    return ["-" if value is None else str(value) for value in point.costs.values()]


def _point(point: Point, best: bool) -> dict[str, Any]:
    options = {n: v if isinstance(v, (int, float, str)) else shown(v) for n, v in point.options.items()}
    if point.found is None:
        return {"options": options, "problems": [problem.to_dict() for problem in point.problems]}
    last = point.found.last
    return {
        "options": options,
        "accuracy": last.accuracy,
        "agreement": point.agreement,
        "decisions": point.decisions,
        **point.costs,
        "weight_bytes": last.size.weights,
        "synaptic_operations": last.synaptic_operations,
        "neuron_updates": last.updates,
        "front": best,
    }
