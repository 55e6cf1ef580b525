"""N:M sparsity: of every few weights that follow each other, at most so many stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from scipy import sparse

from axonc.ir import Diagnostic, Graph, raise_if_any

from .base import Pass
from .scores import NO_RATES, Rates, Score, choice_problems, score_problems, scored, unknown, weights_of, with_weights

Axis = Literal["source", "target"]


@dataclass(frozen=True)
class PruneGroups(Pass):
    """Keeps at most ``keep`` of every ``of`` weights that follow each other along an axis (N:M sparsity).

    1. Along ``axis`` source, a group is ``of`` columns of a row, from the first column on: weights of one target from
       sources that follow each other. Along target it is rows of a column. The last group may be shorter.
    2. Of a group, the weights of the highest scores stay (``score``, ``rates``: as `Prune` has them); among equal ones
       the later.
    3. A matrix is stored as CSR where that takes fewer bytes, and dense otherwise.

    ``nodes``: names or patterns of the matrices that this is for; none: all.
    """

    name: ClassVar[str] = "prune_groups"
    requires: ClassVar[str] = "weights in float"
    ensures: ClassVar[str] = "the same nodes and shapes, no group with more weights than are kept"
    keep: int
    of: int
    axis: Axis = "source"
    score: Score = "magnitude"
    nodes: tuple[str, ...] = ()
    rates: Rates = NO_RATES

    def run(self, graph: Graph) -> tuple[Graph, bool]:
        raise_if_any(self._problems(graph))
        weights = weights_of(graph, self.nodes)
        for name, weight in weights.items():
            self._drop(weight, scored(graph[name], weight, self.score, self.rates))
        return with_weights(graph, weights)

    def _problems(self, graph: Graph) -> Iterator[Diagnostic]:
        if not 0 <= self.keep <= self.of or self.of < 1:
            found, limit = f"keep={self.keep} of={self.of}", "0 <= keep <= of, and of at least 1"
            yield Diagnostic("AX403", "", found, limit, "correct it")
        yield from unknown("axis", self.axis, Axis)
        yield from score_problems(graph, self.nodes, self.score, self.rates)
        yield from choice_problems(graph, self.nodes)

    def _drop(self, weight: sparse.csr_array, scores: sparse.csr_array) -> None:
        """Write zeros for all but the best of each group."""
        rows = np.repeat(np.arange(weight.shape[0]), np.diff(weight.indptr))
        columns = weight.indices.astype(np.int64)
        along, across = (columns, rows) if self.axis == "source" else (rows, columns)
        group = across * (max(weight.shape) + 1) + along // min(self.of, max(*weight.shape, 1))
        order = np.lexsort((-along, -scores.data, group))  # each group from its best on; of equal ones the later first
        ordered = group[order]
        first = np.searchsorted(ordered, ordered)
        weight.data[order[np.arange(len(order)) - first >= self.keep]] = 0
