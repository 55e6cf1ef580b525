"""Folding into the kernel of a convolution: factors of channels, whole images, and maps behind a single place."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from axonc.ir import Shape
from axonc.ir.ops import Array, Axis, Conv, Matrix, is_sparse


def per_channel(factor: Array, shape: Shape) -> Array | None:
    """An elementwise factor of an image as one a channel, (C,); None where it differs within a channel."""
    rows = factor.reshape(*shape[:1], prod(shape[1:]))
    return rows[..., 0] if np.array_equal(rows, np.broadcast_to(rows[..., :1], rows.shape)) else None


def spread(factor: Array, shape: Shape) -> Array:
    """A factor of every channel, () or (C,), as one for every element of the image, flat."""
    return np.repeat(np.broadcast_to(factor, shape[:1]), prod(shape[1:]))


def scaled_inputs(op: Conv, factor: Array) -> Conv:
    """W[o, i, k] f[i]: the factors of the input channels, () or (I,), as part of the weights."""
    if np.all(factor == 1):
        return op
    outputs, inputs = op.weight.shape[:2]
    grouped = np.broadcast_to(factor, (inputs * op.groups,)).reshape(op.groups, inputs)
    return _scaled(op, np.repeat(grouped, outputs // op.groups, axis=0))


def scaled_outputs(op: Conv, factor: Array) -> Conv:
    """f[o] W[o, i, k]: the factors of the output channels, (O,), as part of the weights."""
    return _scaled(op, factor[:, None])


def _scaled(op: Conv, factor: Array) -> Conv:
    return replace(op, weight=op.weight * factor.reshape(*factor.shape, *(1 for _ in op.axes)))


def each_channel(factor: Array, shape: Shape) -> Conv:
    """y[c, t] = f[c] x[c, t] over an image of ``shape``: a tap for every channel."""
    axes = tuple(Axis(1) for _ in shape[1:])
    weight = np.broadcast_to(factor, shape[:1]).reshape(shape[0], 1, *(1 for _ in axes))
    return Conv(weight.copy(), None, axes, shape[0])


def whole_image(weight: Matrix, shape: Shape) -> Conv:
    """y = W x of a flat image of ``shape``: a kernel as large as the image, so that it has one place."""
    dense = weight.toarray() if is_sparse(weight) else np.asarray(weight)
    return Conv(dense.reshape(-1, *shape), None, tuple(Axis(size) for size in shape[1:]))


def has_one_place(op: Conv, shape: Shape) -> bool:
    """Whether a convolution that gives ``shape`` is a matrix of the whole of what it takes."""
    return op.groups == 1 and prod(shape) == len(op.weight)


def behind_one_place(op: Conv, matrix: Matrix) -> Conv:
    """M (W x) where W has one place: M acts on the channels."""
    rows = matrix @ op.weight.reshape(len(op.weight), -1)
    return replace(op, weight=np.asarray(rows).reshape(-1, *op.weight.shape[1:]))
