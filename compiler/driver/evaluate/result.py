"""What an evaluation found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from ..pruning.costs import COLUMNS, cost_rows
from ..show import plain, table
from .stages import Comparison, StageResult, comparison_dict, stage_dict
from .text import LAYER_COLUMNS, SIZE_COLUMNS, SQNR_COLUMNS, STAGE_COLUMNS, layer_rows, sqnr_rows, stage_row, verdict

WAYS = {"sum": "sum over the steps", "last": "last value", "max": "largest value"}


@dataclass(frozen=True)
class Evaluation:
    """Every stage over a data set, and each against the one before it. ``decide``: how ``output`` becomes a class."""

    samples: int
    steps: int
    output: str
    decide: str
    stages: Mapping[str, StageResult]
    comparisons: Mapping[str, Comparison]

    @property
    def last(self) -> StageResult:
        """The stage nearest to the machine."""
        return list(self.stages.values())[-1]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; null for what is not finite or not known."""
        return {
            "samples": self.samples,
            "steps": self.steps,
            "output": self.output,
            "decide": self.decide,
            "stages": {name: stage_dict(stage) for name, stage in self.stages.items()},
            "comparisons": [comparison_dict(found) for found in self.comparisons.values()],
        }

    def head(self) -> str:
        """What was run, and how a class is decided."""
        decided = f"class: the largest {WAYS[self.decide]} of {self.output!r}, the lowest index if several are"
        return f"{self.samples} samples of {self.steps} steps; {decided}"

    def counter_lines(self) -> Iterator[str]:
        """The machine's counters."""
        for stage in self.stages.values():
            if stage.counters:
                yield f"{stage.name}: " + "; ".join(f"{name} {value}" for name, value in stage.counters.items())

    def tables(self) -> Iterator[Table]:
        """Stages, layers, states and outputs."""
        yield table("", (*STAGE_COLUMNS, *SIZE_COLUMNS), [stage_row(stage) for stage in self.stages.values()])
        if self.last.matrices:
            yield table(f"connections, {self.last.name}", COLUMNS, list(cost_rows(self.last.matrices)))
        for title, columns, make in (("events", LAYER_COLUMNS, layer_rows), ("values", SQNR_COLUMNS, sqnr_rows)):
            rows = [row for comparison in self.comparisons.values() for row in make(comparison)]
            if rows:
                yield table(title, columns, rows)

    def parts(self) -> Iterator[str | Table]:
        """Lines and tables."""
        yield self.head()
        yield from self.tables()
        yield from map(verdict, self.comparisons.values())
        yield from self.counter_lines()

    def __str__(self) -> str:
        return plain(self.parts())
