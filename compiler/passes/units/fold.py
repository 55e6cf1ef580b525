"""Constant units in a bias: what a unit adds that fires in every step is added once, where no rounding tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from axonc.ir import Graph, Kind, Node
from axonc.ir.ops import Array, Linear, is_sparse

from .bounds import Bounds

EXACT = 2.0**24
"""Integers up to this are numbers in float32."""


def folded(graph: Graph, known: Mapping[str, Bounds]) -> Graph:
    """The graph in which rows of matrices have constant events, other than 0, in their bias.

    b' = b + W c, W' = 0 for the events c. A row does so if all of its terms are multiples of one power of two q, and
    their magnitudes add up to 2^24 q at most: then every sum of them, in any order, is a number in float32.
    """
    return graph.with_nodes(_folded(graph, node, known) if isinstance(node.op, Linear) else node for node in graph)


def _folded(graph: Graph, node: Node, known: Mapping[str, Bounds]) -> Node:
    assert isinstance(node.op, Linear)
    events = all(graph.signals[name].kind is Kind.EVENT for name in node.inputs)
    low, high = (np.sum([getattr(known[name], end) for name in node.inputs], axis=0) for end in ("low", "high"))
    constant = (low == high) & (low != 0)
    if not events or not constant.any():
        return node
    weight = np.asarray(node.op.weight.toarray() if is_sparse(node.op.weight) else node.op.weight, np.float64)
    bias = np.zeros(len(weight)) if node.op.bias is None else node.op.bias.astype(np.float64)
    rows = _exact_rows(np.column_stack([weight, bias]), np.append(high, 1.0))
    moved = np.where(rows[:, None] & constant, weight, 0)
    if not moved.any():
        return node
    return replace(node, op=replace(node.op, weight=weight - moved, bias=bias + moved @ np.where(constant, low, 0)))


def _exact_rows(terms: Array, most: Array) -> Array:
    """Rows of which all sums of multiples, up to ``most``, of their terms are exact."""
    mantissa, exponent = np.frexp(terms)
    whole = np.abs(np.ldexp(mantissa, 53)).astype(np.int64)
    lowest = np.ldexp((whole & -whole).astype(np.float64), exponent - 53)
    step = np.where(terms != 0, lowest, np.inf).min(axis=1)
    return np.asarray(np.abs(terms) @ most <= EXACT * step)
