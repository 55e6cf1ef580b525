"""What a search found: the moves, and the options that make the program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from ..options import Options
from ..show import plain, table
from .measure import Measured


@dataclass(frozen=True)
class Move:
    """A node's ``weights`` or ``state`` format, or the ``density`` of its weights, one further along its list."""

    node: str
    kind: str
    value: str | float

    def __str__(self) -> str:
        return f"{self.node}: {self.kind} {self.value}"


@dataclass(frozen=True)
class Step:
    """A move, and what the program is after it."""

    move: Move
    found: Measured


@dataclass(frozen=True)
class Search:
    """``measure``: what the quality is (accuracy, agreement, decisions); ``reference``: that of the graph in float;
    ``least``: what had to be kept; ``start``: the program of the largest values; ``options``: of the found program;
    ``measured``: the compilations that were judged."""

    measure: str
    reference: float
    least: float
    samples: int
    target: str
    start: Measured
    steps: Sequence[Step]
    options: Options
    measured: int

    @property
    def found(self) -> Measured:
        """The program that is left."""
        return self.steps[-1].found if self.steps else self.start

    def config(self, folder: str | Path = ".", meaning: Mapping[str, Any] | None = None) -> str:
        """A configuration file (TOML) that compiles to the found program; it is to lie in ``folder``, from which its
        paths begin. ``meaning``: ``semantics`` and the like, as in such a file."""
        from .toml import config_text

        return config_text({**(meaning or {}), "target": self.target}, self.options, Path(folder))

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "measure": self.measure,
            "samples": self.samples,
            "float": self.reference,
            "least": self.least,
            "start": vars(self.start),
            "steps": [vars(step.move) | vars(step.found) for step in self.steps],
            "found": vars(self.found),
            "measured": self.measured,
            "weights": self.options.weights,
            "state": self.options.state,
            "formats": [vars(choice) for choice in self.options.formats],
            "prune": [str(step) for step in self.options.prune],
        }

    def parts(self) -> Iterator[str | Table]:
        """The moves as a table, and what came of them."""
        title = f"{self.samples} samples; {self.measure} of at least {self.least:.4%}; in float {self.reference:.4%}"
        rows = [_row("the first of all values", self.start), *(_row(str(step.move), step.found) for step in self.steps)]
        yield table(title, ["move", self.measure, "bytes"], rows)
        saved = 1 - self.found.bytes / self.start.bytes if self.start.bytes else 0.0
        less = f"{saved:.1%} less than {self.start.bytes}"
        yield f"{self.found.bytes} bytes, {less}, after {self.measured} measurements"

    def __str__(self) -> str:
        return plain(self.parts())


def _row(name: str, found: Measured) -> list[str]:
    return [name, f"{found.quality:.4%}", str(found.bytes)]
