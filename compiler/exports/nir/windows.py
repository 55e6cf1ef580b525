"""Convolutions and pools as NIR states them: with as many zeros before an axis as behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import nir
import numpy as np

from axonc.ir import Shape
from axonc.ir.ops import Array, Axis, Pool


def conv_node(weight: Array, bias: Array, axes: Sequence[Axis], groups: int, spatial: Shape) -> nir.NIRNode:
    """A `Conv1d` or `Conv2d` over an image whose spatial axes are ``spatial``."""
    stride, padding, dilation = [], [], []
    for index, axis in enumerate(axes):
        weight, pad, apart = _even(weight, index + 2, axis)
        stride.append(axis.stride)
        padding.append(pad)
        dilation.append(apart)
    given: list[Any] = [list(spatial), stride, padding, dilation]
    if len(axes) == 1:
        shape, *window = (value[0] for value in given)
        return nir.Conv1d(shape, weight, *window, groups=groups, bias=bias)
    shape, *window = (tuple(value) for value in given)
    return nir.Conv2d(shape, weight, *window, groups=groups, bias=bias)


def _even(weight: Array, axis: int, window: Axis) -> tuple[Array, int, int]:
    """Kernel, padding and dilation of a window with the same padding on both sides: taps of 0 take up the rest."""
    missing = window.after - window.before
    if missing == 0:
        return weight, window.before, window.dilation
    apart = window.dilation
    if missing % apart:
        weight, apart = _dense(weight, axis, apart), 1
    zeros = [(0, 0)] * weight.ndim
    zeros[axis] = (missing // apart, 0) if missing > 0 else (0, -missing // apart)
    return np.pad(weight, zeros), max(window.before, window.after), apart


def _dense(weight: Array, axis: int, dilation: int) -> Array:
    """The kernel with its gaps filled by zeros."""
    shape = list(weight.shape)
    shape[axis] = dilation * (shape[axis] - 1) + 1
    wide = np.zeros(shape, weight.dtype)
    wide[tuple(slice(None, None, dilation if place == axis else 1) for place in range(weight.ndim))] = weight
    return wide


def pool_node(op: Pool, shape: Shape) -> nir.NIRNode:
    """A pool of NIR where it has one, else a convolution of each channel with a kernel of equal taps."""
    plain = all(axis.before == axis.after and axis.dilation == 1 for axis in op.axes)
    if plain and len(op.axes) == 2:
        kind = nir.AvgPool2d if op.average else nir.SumPool2d
        return kind(*(np.array([getattr(axis, name) for axis in op.axes]) for name in ("kernel", "stride", "before")))
    tap = 1.0 / op.taps if op.average else 1.0
    weight = np.full((shape[0], 1, *(axis.kernel for axis in op.axes)), tap)
    return conv_node(weight, np.zeros(shape[0]), op.axes, shape[0], shape[1:])
