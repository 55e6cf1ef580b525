"""The points of a sweep, and the best of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from axonc.ir import Diagnostic

from ...passes import Pass
from ..evaluate import Evaluation
from ..evaluate.subject import FLOAT
from ..pruning.methods import pruning_text

COSTS = ("cores", "bytes", "operations")
"""What should be small: cores, their bytes (where nothing is mapped, those of the weights), synaptic operations and
neuron updates."""


@dataclass(frozen=True)
class Point:
    """One combination of options: what came of it, or why it was refused."""

    options: Mapping[str, Any]
    found: Evaluation | None = None
    problems: Sequence[Diagnostic] = ()

    @property
    def quality(self) -> float | None:
        """The accuracy of the last stage; without labels, the share of bins that equal those of the graph in float,
        or, where no layer sends events, of samples."""
        return next(iter(self.qualities), None)

    @property
    def qualities(self) -> tuple[float, ...]:
        """What should be large, as far as it is known: accuracy; without labels, agreement and decisions."""
        if self.found is None:
            return ()
        accuracy = self.found.last.accuracy
        given = (self.agreement, self.decisions) if accuracy is None else (accuracy,)
        return tuple(value for value in given if value is not None)

    @property
    def decisions(self) -> float | None:
        """The share of samples whose output has its largest element where that of the graph in float has it; None if
        it was not compared."""
        if self.found is None or FLOAT not in self.found.stages:
            return None
        return float(np.mean(self.found.last.decisions == self.found.stages[FLOAT].decisions))

    @property
    def agreement(self) -> float | None:
        """The share of bins of the last stage that equal those of the graph in float; None if it was not compared."""
        if self.found is None:
            return None
        if self.found.last.name == FLOAT:
            return 1.0
        comparison = self.found.comparisons.get(self.found.last.name)
        return None if comparison is None else comparison.agreement

    @cached_property
    def costs(self) -> Mapping[str, int | None]:
        """The value of each of ``COSTS``; None where it is not known."""
        if self.found is None:
            return dict.fromkeys(COSTS)
        last = self.found.last
        size, operations = last.size, last.synaptic_operations
        return {
            "cores": size.cores,
            "bytes": size.weights if size.cores is None else sum(size.core_bytes.values()),
            "operations": None if operations is None else operations + last.updates,
        }

    @property
    def text(self) -> str:
        """The options."""
        return ", ".join(f"{name}={shown(value)}" for name, value in self.options.items())


def shown(value: Any) -> str:
    """The value of an option as text."""
    if isinstance(value, Mapping):
        return " ".join(f"{name}={size}" for name, size in value.items())
    if isinstance(value, tuple):
        return "; ".join(map(shown, value))
    if isinstance(value, Pass):
        return pruning_text(value)
    return value.name if hasattr(value, "name") else str(value)


def front(points: Sequence[Point]) -> list[Point]:
    """The points that no other one beats: none is as good in everything and better in something. A cost counts where
    all points know it."""
    known = [point for point in points if point.qualities]
    counted = [name for name in COSTS if all(point.costs[name] is not None for point in known)]
    scores = [(*(-each for each in point.qualities), *(point.costs[name] or 0 for name in counted)) for point in known]
    return [
        point
        for point, mine in zip(known, scores, strict=True)
        if not any(other != mine and all(a <= b for a, b in zip(other, mine, strict=True)) for other in scores)
    ]
