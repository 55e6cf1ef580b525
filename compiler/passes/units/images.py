"""Bounds of convolutions and pools: the sums of their least and of their largest terms, in float64."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from axonc.ir import Shape
from axonc.ir.interpret.kernels import KERNELS
from axonc.ir.ops import Array, Conv, Pool, QuantConv

Ends = tuple[Array, Array]
"""The least and the largest value of each element, flat, in float64."""


def convolved(op: Conv | QuantConv, x: Ends, shape: Shape, sizes: bool = False) -> Ends:
    """The sums of the least and of the largest terms of a convolution of an image of ``shape``, without bias and shift;
    with ``sizes``, those of their magnitudes."""
    weight = np.asarray(op.weight, np.float64)
    positive, negative = np.maximum(weight, 0), np.minimum(weight, 0)
    low, high = x
    if sizes:
        negative, low, high = -negative, np.abs(low), np.abs(high)
    return (
        _sums(op, positive, low, shape) + _sums(op, negative, high, shape),
        _sums(op, positive, high, shape) + _sums(op, negative, low, shape),
    )


def _sums(op: Conv | QuantConv, weight: Array, x: Array, shape: Shape) -> Array:
    plain = Conv(weight, None, op.axes, op.groups, op.gives)
    _, sums = KERNELS[Conv](plain, "float64").step({}, x.reshape(1, *shape))
    return np.asarray(sums).reshape(-1)


def pooled(op: Pool, x: Array, shape: Shape) -> Array:
    """The sums of a pool."""
    _, sums = KERNELS[Pool](replace(op, average=False), "float64").step({}, x.reshape(1, *shape))
    return np.asarray(sums, np.float64).reshape(-1)


def of_channels(values: Array, count: int) -> Array:
    """A value, or one a channel, for each of ``count`` elements."""
    return np.repeat(values, count // values.size) if values.ndim else values
