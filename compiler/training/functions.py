"""Ops without state over many samples at once, as matrix products; gradients of parameters over a whole sequence.

Sums run in the order that suits the processor, not in the interpreter's: results differ from it in the last bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from axonc.ir.interpret import KERNELS
from axonc.ir.interpret.conv import windows
from axonc.ir.interpret.totals import fold, image_products
from axonc.ir.ops import (
    Array,
    Conv,
    ConvAdjoint,
    Delay,
    Flatten,
    FlattenAdjoint,
    Input,
    KernelTotal,
    Linear,
    Matrix,
    Op,
    OuterTotal,
    Output,
    Pool,
    PoolAdjoint,
    Scale,
    StoredTotal,
    Total,
    is_sparse,
)

Function = Callable[..., Array]
"""(x [N, ...], *reads [N, ...]) -> y [N, ...]; of a total: the sum over all N, without that axis."""


def function_of(op: Op, dtype: str) -> Function | None:
    """What ``op`` computes; None for an op with a state that is no sum, or with internals that a run may keep."""
    maker = FUNCTIONS.get(type(op))
    if maker is not None:
        return maker(op, dtype)
    if op.stateful or op.internals() or isinstance(op, Delay):
        return None
    kernel = KERNELS[type(op)](op, dtype)  # type: ignore[arg-type]
    return lambda x, *reads: kernel.step({}, x, *reads)[1]


def _same(op: Op, dtype: str) -> Function:
    return lambda x: x


@dataclass(frozen=True)
class Product:
    """y = W x + b over flat x [N, I], also into an array that is there."""

    weight: Matrix
    bias: Array | None
    shape: tuple[int, ...]

    def __call__(self, x: Array) -> Array:
        return self.into(x, np.empty((len(x), *self.shape), x.dtype))

    def into(self, x: Array, y: Array) -> Array:
        """Write y, [N, *shape]."""
        flat, out = x.reshape(len(x), -1), y.reshape(len(x), -1)
        if is_sparse(self.weight):
            out[...] = (self.weight @ flat.T).T
        else:
            np.matmul(flat, np.asarray(self.weight).T, out=out)
        if self.bias is not None:
            out += self.bias
        return y


DENSE_FROM = 0.03
"""The density from which a product with the dense matrix, zeros and all, is the faster one."""


def _linear(op: Linear, dtype: str) -> Function:
    weight: Matrix = op.weight.astype(dtype)  # type: ignore[assignment]
    if is_sparse(weight) and weight.nnz >= DENSE_FROM * prod(weight.shape):
        weight = weight.toarray()
    return Product(weight, None if op.bias is None else op.bias.astype(dtype), op.output(None).shape)


def _scale(op: Scale, dtype: str) -> Function:
    factor = op.scale.astype(dtype)
    if factor.size and np.all(factor == factor.flat[0]):  # one number multiplies faster than as many as neurons
        factor = factor.flat[0]
        if factor == 1:
            return lambda x: x
    return lambda x: np.asarray(x * factor)


def _conv(op: Conv, dtype: str) -> Function:
    weight = op.weight.astype(dtype).reshape(op.groups, len(op.weight) // op.groups, -1)
    bias = None if op.bias is None else op.bias.astype(dtype).reshape(op.groups, -1, 1)

    def apply(x: Array) -> Array:
        seen = windows(x, op.axes)
        places = seen.shape[2 + len(op.axes) :]
        y = weight @ seen.reshape(len(x), op.groups, weight.shape[2], prod(places))
        y = y if bias is None else y + bias
        return y.reshape(len(x), *(op.gives or (len(op.weight), *places)))

    return apply


def _total(op: Total, dtype: str) -> Function:
    def apply(x: Array, *reads: Array) -> Array:
        product = x * added(reads) if reads else x
        if op.gives == op.takes:
            return np.asarray(product.sum(axis=0))
        return np.asarray(fold(product, op.gives).sum(axis=0))

    return apply


def _outer_total(op: OuterTotal, dtype: str) -> Function:
    return lambda x, *reads: np.asarray(x.reshape(len(x), -1).T @ added(reads).reshape(len(x), -1))


def _stored_total(op: StoredTotal, dtype: str) -> Function:
    def apply(x: Array, *reads: Array) -> Array:
        left, right = x.reshape(len(x), -1), added(reads).reshape(len(x), -1)
        if len(op.rows) * len(x) > left.shape[1] * right.shape[1] * 8:
            return np.asarray((left.T @ right)[op.rows, op.columns])
        return np.asarray(np.einsum("ns,ns->s", left[:, op.rows], right[:, op.columns]))

    return apply


def _kernel_total(op: KernelTotal, dtype: str) -> Function:
    def apply(x: Array, *reads: Array) -> Array:
        images, seen = image_products(op, x, added(reads))
        return np.asarray((images @ seen.transpose(0, 1, 3, 2)).sum(axis=0).reshape(op.gives))

    return apply


def added(arrays: tuple[Array, ...]) -> Array:
    """The sum of at least one array."""
    total = arrays[0]
    for array in arrays[1:]:
        total = total + array
    return total


FUNCTIONS: Mapping[type[Op], Callable[[Any, str], Function]] = {
    Input: _same,
    Output: _same,
    Linear: _linear,
    Scale: _scale,
    Conv: _conv,
    Total: _total,
    OuterTotal: _outer_total,
    StoredTotal: _stored_total,
    KernelTotal: _kernel_total,
}
"""Ops that have a faster form than the interpreter's kernel."""

SUMS = (Total, OuterTotal, StoredTotal, KernelTotal)
"""Ops whose output is one array for the whole sequence and batch."""

assert {Flatten, FlattenAdjoint, Pool, PoolAdjoint, ConvAdjoint} <= set(KERNELS)
