"""Kernels of the maps over images: every tap of a window sees one strided view of the padded image."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..ops import Array, Axis, Conv, Pool, QuantConv
from ..ops.linear import shifted
from .base import Kernel, Precision, stateless


def conv(op: Conv, precision: Precision) -> Kernel:
    """Canonical order: bias, then the terms by ascending (input channel, tap), which is ascending source index.

    Terms of padding are 0; they change no bit, since no sum is ever -0.0.
    """
    weight = _grouped(op).astype(precision)
    bias = np.zeros(len(op.weight)) if op.bias is None else op.bias
    start = (bias.astype(precision) + 0).reshape(weight.shape[:2])  # -0.0 becomes 0.0

    def step(x: Array) -> Array:
        seen = _by_group(windows(x.astype(precision), op.axes), op.groups)
        places = seen.shape[3 + len(op.axes) :]
        total = np.tile(_over(start, places), (len(x), 1, 1, *places))
        for channel in np.flatnonzero(np.any(_by_group(x, op.groups) != 0, axis=(0, 1, *range(3, x.ndim + 1)))):
            for tap in np.ndindex(*(axis.kernel for axis in op.axes)):
                terms = _over(weight[:, :, channel, *tap], places) * seen[:, :, None, channel, *tap]
                total += terms
        return total.reshape(len(x), *(op.gives or (len(op.weight), *places)))

    return stateless(step)


def quant_conv(op: QuantConv, precision: Precision) -> Kernel:
    """Exact integer sums: |sums| stay far below 2^53, so that the fast float product is exact."""
    weight = _grouped(op).astype(np.float64)
    rows = weight.reshape(*weight.shape[:2], -1)
    shift = op.shift if op.shift is None or op.shift.ndim == 0 else op.shift.reshape(op.groups, -1, 1)

    def step(x: Array) -> Array:
        seen = _by_group(windows(x.astype(np.float64), op.axes), op.groups)
        places = seen.shape[3 + len(op.axes) :]
        total = np.empty((len(x), *rows.shape[:2], prod(places)), np.int64)
        for sample, image in enumerate(seen):  # one at a time: the windows of a whole batch may fill the memory
            _products(rows, image.reshape(op.groups, rows.shape[2], -1), total[sample])
        total = shifted(total, shift)
        return total.reshape(len(x), *(op.gives or (len(op.weight), *places)))

    return stateless(step)


SMALL = 2**18
"""Products up to this size stay on one thread; waiting for others takes longer than they do, most of all where the
processors are busy."""


def _products(rows: Array, columns: Array, total: Array) -> None:
    """total = rows @ columns, in parts of at most `SMALL` multiplications where they are not too narrow."""
    width = max(16, SMALL // max(1, rows.shape[1] * rows.shape[2]))
    for first in range(0, columns.shape[2], width):
        part = slice(first, first + width)
        total[:, :, part] = rows @ columns[:, :, part]


def pool(op: Pool, precision: Precision) -> Kernel:
    """Counts stay exact integers; float sums run by ascending tap."""
    share = np.asarray(1 / op.taps, precision)

    def step(x: Array) -> Array:
        seen = windows(x.astype(np.int64 if x.dtype.kind in "biu" else precision), op.axes)
        total = np.zeros((*seen.shape[:2], *seen.shape[2 + len(op.axes) :]), seen.dtype)
        for tap in np.ndindex(*(axis.kernel for axis in op.axes)):
            total += seen[:, :, *tap]
        return total.astype(precision) * share if op.average else total

    return stateless(step)


def windows(x: Array, axes: tuple[Axis, ...]) -> Array:
    """What every tap sees of ``x`` [B, C, *spatial]: a view [B, C, *taps, *places] of x padded with zeros."""
    spatial = range(2, x.ndim)
    slid = sliding_window_view(_padded(x, axes), [axis.dilation * (axis.kernel - 1) + 1 for axis in axes], spatial)  # type: ignore[call-overload]
    strides = [slice(None, None, axis.stride) for axis in axes]
    seen = slid[:, :, *strides, *(slice(None, None, axis.dilation) for axis in axes)]
    return np.asarray(np.moveaxis(seen, spatial, range(x.ndim, seen.ndim)))


def _padded(x: Array, axes: tuple[Axis, ...]) -> Array:
    sizes = [axis.before + size + axis.after for axis, size in zip(axes, x.shape[2:], strict=True)]
    padded = np.zeros((*x.shape[:2], *sizes), x.dtype)
    inside = (slice(axis.before, axis.before + size) for axis, size in zip(axes, x.shape[2:], strict=True))
    padded[:, :, *inside] = x
    return padded


def _grouped(op: Conv | QuantConv) -> Array:
    """The weight as [groups, O/groups, I/groups, *K]."""
    return np.asarray(op.weight).reshape(op.groups, -1, *op.weight.shape[1:])


def _by_group(x: Array, groups: int) -> Array:
    """[B, C, ...] as [B, groups, C/groups, ...]."""
    return x.reshape(len(x), groups, -1, *x.shape[2:])


def _over(values: Array, places: tuple[int, ...]) -> Array:
    """[groups, O/groups], to be broadcast over the places."""
    return values.reshape(*values.shape, *(1 for _ in places))
