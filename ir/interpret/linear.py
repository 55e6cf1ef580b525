"""Kernels of matrices and of elementwise scaling."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from ..ops import Array, Linear, QuantLinear, Scale, is_sparse
from ..ops.linear import shifted
from .base import Kernel, Precision, stateless

GATHER = 4
"""Events are multiplied row by row where fewer than one in so many sources is active."""


def scale(op: Scale, precision: Precision) -> Kernel:
    """Elementwise products."""
    factor = op.scale.astype(precision)
    return stateless(lambda x: factor * x.astype(precision))


def linear(op: Linear, precision: Precision) -> Kernel:
    """Canonical order: bias, then the columns of the sources that are not zero, ascending, one after the other.

    No sum is ever -0.0, so that leaving out a term of 0 changes no bit.
    """
    bias = np.zeros(op.weight.shape[0]) if op.bias is None else op.bias
    start = bias.astype(precision) + 0  # -0.0 becomes 0.0
    add = _sparse_column(op.weight, precision) if is_sparse(op.weight) else _column(np.asarray(op.weight), precision)

    def step(x: Array) -> Array:
        total = np.tile(start, (x.shape[0], 1))
        for source in np.flatnonzero(np.any(x != 0, axis=0)).tolist():
            add(total, source, x[:, source, None].astype(precision))
        return total

    return stateless(_unflattened(step, op))


AddColumn = Callable[[Array, int, Array], None]
"""(total [B, O], source, x [B, 1]): total += x * the source's column."""


def _column(weight: Array, precision: Precision) -> AddColumn:
    columns = weight.T.astype(precision)

    def add(total: Array, source: int, x: Array) -> None:
        total += x * columns[source]

    return add


def _sparse_column(weight: sparse.csr_array, precision: Precision) -> AddColumn:
    columns = sparse.csc_array(weight, copy=True)
    columns.sum_duplicates()
    values = columns.data.astype(precision)

    def add(total: Array, source: int, x: Array) -> None:
        stored = slice(columns.indptr[source], columns.indptr[source + 1])
        total[:, columns.indices[stored]] += x * values[stored]

    return add


def quant_linear(op: QuantLinear, precision: Precision) -> Kernel:
    """Exact integer products."""
    if is_sparse(op.weight):
        wide = op.weight.astype(np.int64)

        def sparse_product(x: Array) -> Array:
            return shifted(np.ascontiguousarray((wide @ x.T.astype(np.int64)).T), op.shift)

        return stateless(_unflattened(sparse_product, op))
    rows = op.weight.T.astype(np.float64)  # |sums| stay far below 2^53, so that the fast float product is exact

    def product(x: Array) -> Array:
        active = np.flatnonzero(np.any(x != 0, axis=0))
        if active.size < rows.shape[0] // GATHER:
            x, chosen = x[:, active], rows[active]
        else:
            chosen = rows
        return shifted(np.asarray(x.astype(np.float64) @ chosen).astype(np.int64), op.shift)

    return stateless(_unflattened(product, op))


def _unflattened(function: Callable[[Array], Array], op: Linear | QuantLinear) -> Callable[[Array], Array]:
    """``function`` over flat arrays, as one over arrays of the op's shapes."""
    shape = op.output(None).shape
    return lambda x: function(x.reshape(len(x), -1)).reshape(len(x), *shape)
