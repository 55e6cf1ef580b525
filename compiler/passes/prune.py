"""Pruning to a share: the weights, or blocks of weights, of the lowest scores become 0."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from scipy import sparse

from axonc.ir import Diagnostic, Graph, Node, raise_if_any
from axonc.ir.ops import Array

from .base import Pass
from .scores import (
    NO_RATES,
    Rates,
    Score,
    choice_problems,
    gates_of,
    score_problems,
    scored,
    unknown,
    weights_of,
    with_weights,
)

Scope = Literal["layer", "gate", "global"]


@dataclass(frozen=True)
class Prune(Pass):
    """Sets weights, or blocks of weights, of the lowest scores to 0, so that at least ``sparsity`` of them are 0.

    1. A block is ``block`` weights from one source to targets that follow each other; the last one of a matrix, or of
       a gate of an EGRU, may be shorter. Its score is the mean of its weights' scores.
    2. A weight's score (``score``) is |W| (magnitude), |W| r (activity) or W^2 / r (cost), with r the mean number of
       events from its source in a step, of ``rates``.
    3. Of the n blocks of a group, round(sparsity n) become 0: those that are 0, then those of the lowest score; among
       equal ones the first of the graph, in row-major order. A group is the matrix of a `Linear` (``scope`` layer),
       that of each gate where the `Linear` feeds an EGRU (gate: its rows hold three gates), or all matrices (global).
    4. A matrix is stored as CSR where that takes fewer bytes, and dense otherwise.

    ``nodes``: names or patterns of the matrices that this is for; none: all. Biases, thresholds, kernels of
    convolutions and elementwise factors stay. A training of the result keeps the zeros with ``prune=0.0``; sparsity
    that rises over several rounds of both loses least (Zhu and Gupta, 2017).
    """

    name: ClassVar[str] = "prune"
    requires: ClassVar[str] = "weights in float"
    ensures: ClassVar[str] = "the same nodes and shapes, at least that many zeros"
    sparsity: float
    scope: Scope = "layer"
    score: Score = "magnitude"
    block: int = 1
    nodes: tuple[str, ...] = ()
    rates: Rates = NO_RATES

    def run(self, graph: Graph) -> tuple[Graph, bool]:
        raise_if_any(self._problems(graph))
        weights = weights_of(graph, self.nodes)
        for group in self._groups(graph, weights):
            _zero_lowest(group, self.sparsity)
        return with_weights(graph, weights)

    def _problems(self, graph: Graph) -> Iterator[Diagnostic]:
        if not 0 <= self.sparsity <= 1:
            found = f"sparsity={self.sparsity}"
            yield Diagnostic("AX403", "", found, "from 0 to 1", "give the share of weights that become 0")
        if self.block < 1:
            yield Diagnostic("AX403", "", f"block={self.block}", "at least 1", "give the weights of a block")
        yield from unknown("scope", self.scope, Scope)
        yield from score_problems(graph, self.nodes, self.score, self.rates)
        yield from choice_problems(graph, self.nodes)

    def _groups(self, graph: Graph, weights: dict[str, sparse.csr_array]) -> Iterator[list[_Part]]:
        """What is ranked together."""
        gates = gates_of(graph)
        parts = {name: self._parts(graph[name], weight, gates.get(name, 1)) for name, weight in weights.items()}
        if self.scope == "global":
            yield [part for each in parts.values() for part in each]
        for each in parts.values() if self.scope != "global" else ():
            yield from ([part] for part in each) if self.scope == "gate" else [each]

    def _parts(self, node: Node, weight: sparse.csr_array, gates: int) -> list[_Part]:
        """The gates of a matrix, in blocks."""
        height = weight.shape[0] // gates
        scores = scored(node, weight, self.score, self.rates)
        return [_part(weight, scores, range(gate * height, (gate + 1) * height), self.block) for gate in range(gates)]


@dataclass(frozen=True)
class _Part:
    """Rows of a matrix as blocks: ``values`` are the stored weights, a view; ``owner`` is the block of each, among
    those of ``scores``, which have a weight that is not 0; ``size`` counts all blocks."""

    values: Array
    owner: Array
    scores: Array
    size: int


def _part(weight: sparse.csr_array, scores: sparse.csr_array, rows: range, block: int) -> _Part:
    at = slice(weight.indptr[rows.start], weight.indptr[rows.stop])
    block = min(block, max(len(rows), 1))
    height = np.repeat(np.arange(len(rows)), np.diff(weight.indptr[rows.start : rows.stop + 1]))
    index = height // block * weight.shape[1] + weight.indices[at]
    blocks, owner = np.unique(index, return_inverse=True)
    sums = np.bincount(owner, scores.data[at], len(blocks))
    heights = np.minimum(block, len(rows) - blocks // weight.shape[1] * block)
    return _Part(weight.data[at], owner, sums / heights, -(-len(rows) // block) * int(weight.shape[1]))


def _zero_lowest(group: Sequence[_Part], sparsity: float) -> None:
    """Write zeros where the parts of ``group``, ranked together, have their blocks of the lowest scores."""
    total, scores = sum(part.size for part in group), [part.scores for part in group]
    missing = round(sparsity * total) - (total - sum(map(len, scores)))
    lowest = np.argsort(np.concatenate(scores or [np.zeros(0)]), kind="stable")[: max(missing, 0)]
    gone = np.zeros(sum(map(len, scores)), bool)
    gone[lowest] = True
    ends = np.cumsum([0, *map(len, scores)])
    for start, end, part in zip(ends, ends[1:], group, strict=False):
        part.values[gone[start:end][part.owner]] = 0
