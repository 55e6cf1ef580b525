"""Magnitude pruning: the smallest weights become 0, and what is sparse is stored as such."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar, Literal, get_args

import numpy as np
from scipy import sparse

from axonc.ir import Diagnostic, Graph, ModelError, Node
from axonc.ir.ops import EGRU, GATES, Array, Linear, Matrix, is_sparse

from .base import Pass

Scope = Literal["layer", "gate", "global"]


@dataclass(frozen=True)
class Prune(Pass):
    """Sets the weights of smallest magnitude to 0, so that at least ``sparsity`` of all weights are 0.

    1. Of the n weights of a group, round(sparsity n) become 0: those that are 0, then the smallest |W|; among equal
       ones the first of the graph, in row-major order. A group is the matrix of a `Linear` (``scope`` layer), that of
       each gate where the `Linear` feeds an EGRU (gate: its rows hold three gates), or all matrices (global).
    2. A matrix is stored as CSR where that takes fewer bytes, and dense otherwise.

    Biases, thresholds, kernels of convolutions and elementwise factors stay. A training of the result keeps the zeros
    with ``prune=0.0``; sparsity that rises over several rounds of both loses least (Zhu and Gupta, 2017).
    """

    name: ClassVar[str] = "prune"
    requires: ClassVar[str] = "weights in float"
    ensures: ClassVar[str] = "the same nodes and shapes, at least that many zeros"
    sparsity: float
    scope: Scope = "layer"

    def run(self, graph: Graph) -> tuple[Graph, bool]:
        self._require()
        stored = {node.name: _stored(node.op.weight) for node in graph if isinstance(node.op, Linear)}
        for group in self._groups(graph, stored):
            _zero_smallest(group, self.sparsity)
        nodes = [_with_weight(node, stored[node.name]) if node.name in stored else node for node in graph]
        return graph.with_nodes(nodes), nodes != list(graph.nodes)

    def _require(self) -> None:
        if not 0 <= self.sparsity < 1:
            found = f"sparsity={self.sparsity}"
            raise ModelError(Diagnostic("AX403", "", found, "0 to below 1", "give the share of weights that become 0"))
        if self.scope not in get_args(Scope):
            limit = f"known: {', '.join(get_args(Scope))}"
            raise ModelError(Diagnostic("AX403", "", f"scope={self.scope}", limit, "choose one of them"))

    def _groups(self, graph: Graph, stored: dict[str, sparse.csr_array]) -> Iterator[list[_Rows]]:
        """The weights that are ranked together."""
        if self.scope == "global":
            yield [_Rows(weight, 0, weight.shape[0]) for weight in stored.values()]
            return
        gated = _gated(graph) if self.scope == "gate" else frozenset()
        for name, weight in stored.items():
            parts = GATES if name in gated else 1
            height = weight.shape[0] // parts
            yield from ([_Rows(weight, part * height, (part + 1) * height)] for part in range(parts))


@dataclass(frozen=True)
class _Rows:
    """Rows ``first`` to before ``last`` of a matrix."""

    weight: sparse.csr_array
    first: int
    last: int

    @property
    def values(self) -> Array:
        """What is stored of them: a view."""
        return np.asarray(self.weight.data[self.weight.indptr[self.first] : self.weight.indptr[self.last]])

    @property
    def size(self) -> int:
        """How many weights they have, stored or not."""
        return (self.last - self.first) * int(self.weight.shape[1])


def _zero_smallest(group: list[_Rows], sparsity: float) -> None:
    """Write zeros where the rows of ``group``, ranked together, have their smallest weights."""
    total, values = sum(rows.size for rows in group), [rows.values for rows in group]
    missing = round(sparsity * total) - (total - sum(map(len, values)))
    smallest = np.argsort(np.abs(np.concatenate(values or [np.zeros(0)])), kind="stable")[: max(missing, 0)]
    ends = np.cumsum([0, *map(len, values)])
    for start, end, part in zip(ends, ends[1:], values, strict=False):
        part[smallest[(smallest >= start) & (smallest < end)] - start] = 0


def _gated(graph: Graph) -> frozenset[str]:
    """The nodes whose output is the three gates of an EGRU, one after the other."""
    return frozenset(name for node in graph if isinstance(node.op, EGRU) for name in (*node.inputs, *node.reads))


def _stored(weight: Matrix) -> sparse.csr_array:
    """A copy that stores each weight that is not 0 once, in row-major order."""
    held = weight if is_sparse(weight) else np.asarray(weight)
    copy: sparse.csr_array = sparse.csr_array(held.astype(np.result_type(held.dtype, np.float32)))
    copy.sum_duplicates()
    copy.eliminate_zeros()
    return copy


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
