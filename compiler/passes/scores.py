"""What pruning ranks weights by, and what it shares: rates from data, sparse copies, which nodes it is for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from math import inf, prod
from typing import Literal, get_args

import numpy as np
from scipy import sparse

from axonc.ir import Diagnostic, Graph, Node
from axonc.ir.ops import EGRU, GATES, Array, Linear, Matrix, is_sparse

Score = Literal["magnitude", "activity", "cost"]


@dataclass(frozen=True, eq=False)
class Rates:
    """``of``: by the name of a node, the mean number of events that each of its elements sends in a step, flat; of
    graded events and dense values, the share of steps in which they are not 0. ``steps``: how many were seen."""

    of: Mapping[str, Array] = field(default_factory=dict)
    steps: float = inf

    def __str__(self) -> str:
        return f"those of {len(self.of)} nodes" if self.of else "none"

    def into(self, node: Node) -> Array:
        """The rates of what enters a matrix: those of a node's inputs, added. What was silent counts as if it had been
        active in half a step, so that its weights are ranked, too."""
        rates = np.sum([self.of[name] for name in node.inputs], axis=0)
        return np.asarray(np.maximum(rates, 0.5 / self.steps))


NO_RATES = Rates()
"""No data."""

SCORES: Mapping[Score, Callable[[Array, Array], Array]] = {
    "magnitude": lambda weight, rate: weight,
    "activity": lambda weight, rate: weight * rate,
    "cost": lambda weight, rate: np.square(weight, dtype=np.float64) / rate,
}
"""The score of weights of a magnitude |W| that rate events reach in a step. ``activity`` is what a weight adds to its
target in a step (as Wanda ranks them, Sun et al., 2023), ``cost`` its square for every operation that it causes."""


def scored(node: Node, weight: sparse.csr_array, score: Score, rates: Rates) -> sparse.csr_array:
    """The scores of the stored weights of a node, in their places."""
    scores = weight.copy()
    into = np.ones(weight.shape[1]) if score == "magnitude" else rates.into(node)
    scores.data = SCORES[score](np.abs(weight.data), into[weight.indices])
    return scores


def chosen(graph: Graph, nodes: Sequence[str]) -> list[Node]:
    """The nodes with matrices in float whose name is one of ``nodes`` or matches it as a glob; all, if there are
    none."""
    named = [node for node in graph if isinstance(node.op, Linear)]
    return [node for node in named if not nodes or any(fnmatchcase(node.name, pattern) for pattern in nodes)]


def choice_problems(graph: Graph, nodes: Iterable[str]) -> Iterator[Diagnostic]:
    """One problem for every pattern that no matrix in float has."""
    known = ", ".join(node.name for node in chosen(graph, ()))
    if not known:
        limit = "pruning takes weights in float, before they are quantised"
        yield Diagnostic("AX411", "", "the graph has no matrix in float", limit, "prune the model itself")
    for pattern in nodes if known else ():
        if not chosen(graph, [pattern]):
            yield Diagnostic("AX411", pattern, "no matrix of that name to prune", f"known: {known}", "correct it")


def score_problems(graph: Graph, nodes: Sequence[str], score: Score, rates: Rates) -> Iterator[Diagnostic]:
    """A score that does not exist, or one that needs rates and has none."""
    yield from unknown("score", score, Score)
    if score in get_args(Score)[1:]:
        sources = {name for node in chosen(graph, nodes) for name in node.inputs}
        if sources - rates.of.keys():
            found, limit = f"score={score} without data", "it needs the rates of all sources"
            yield Diagnostic("AX407", "", found, limit, "give data: --calibrate X.npz")


def unknown(name: str, value: str, choices: object) -> Iterator[Diagnostic]:
    """A value that is none of a `Literal`'s."""
    known = get_args(choices)
    if value not in known:
        limit = f"known: {', '.join(known)}"
        yield Diagnostic("AX403", "", f"{name}={value}", limit, "choose one of them")


def gates_of(graph: Graph) -> Mapping[str, int]:
    """How many gates one after the other the output of a node is, where it is those of an EGRU."""
    cells = [node for node in graph if isinstance(node.op, EGRU)]
    return {name: GATES for node in cells for name in (*node.inputs, *node.reads)}


def weights_of(graph: Graph, nodes: Sequence[str]) -> dict[str, sparse.csr_array]:
    """Copies of the weights of the `chosen` nodes, by name."""
    return {node.name: stored(node.op.weight) for node in chosen(graph, nodes) if isinstance(node.op, Linear)}


def stored(weight: Matrix) -> sparse.csr_array:
    """A copy that stores each weight that is not 0 once, in row-major order."""
    held = weight if is_sparse(weight) else np.asarray(weight)
    copy: sparse.csr_array = sparse.csr_array(held.astype(np.result_type(held.dtype, np.float32)))
    copy.sum_duplicates()
    copy.eliminate_zeros()
    return copy


def with_weights(graph: Graph, weights: Mapping[str, sparse.csr_array]) -> tuple[Graph, bool]:
    """The graph with what is left of the weights of some nodes, and whether anything changed."""
    nodes = [_with_weight(node, weights[node.name]) if node.name in weights else node for node in graph]
    return graph.with_nodes(nodes), nodes != list(graph.nodes)


def _with_weight(node: Node, weight: sparse.csr_array) -> Node:
    """``node`` with what is left of its weight, in the form that is smaller; itself where nothing changed."""
    assert isinstance(node.op, Linear)
    weight.eliminate_zeros()
    dense_bytes = prod(weight.shape) * weight.dtype.itemsize
    smaller = weight.data.nbytes + weight.indices.nbytes + weight.indptr.nbytes < dense_bytes
    if smaller == is_sparse(node.op.weight) and weight.nnz == _nonzeros(node.op.weight):
        return node
    return replace(node, op=replace(node.op, weight=weight if smaller else weight.toarray()))


def _nonzeros(weight: Matrix) -> int:
    return int(weight.count_nonzero() if is_sparse(weight) else np.count_nonzero(np.asarray(weight)))
