"""Maps over images as sparse matrices, for whatever cannot keep them as one kernel for all places."""

from __future__ import annotations

from math import prod

import numpy as np
from scipy import sparse

from .ops import Array, Axis, Conv, Pool, QuantConv
from .signal import Shape


def unrolled(op: Conv | QuantConv | Pool, shape: Shape) -> sparse.csr_array:
    """The matrix (targets, sources) of ``op``, without bias, over an input of ``shape``; both flat, in C order."""
    weight, groups = _weight(op, shape)
    outputs, inputs, extents = len(weight), weight.shape[1], _extents(op.axes, shape)
    source, target, tap = _meetings(op.axes, shape)
    channel, meeting = np.divmod(np.arange(inputs * len(target)), max(len(target), 1))
    order = np.lexsort((source[meeting], channel, target[meeting]))  # the stored values of one output channel
    channel, meeting = channel[order], meeting[order]
    first = np.arange(outputs) // (outputs // groups) * inputs
    columns = (first[:, None] + channel) * prod(shape[1:]) + source[meeting]
    values = weight.reshape(outputs, inputs, -1)[:, channel, tap[meeting]]
    counts = np.tile(np.bincount(target, minlength=prod(extents)) * inputs, outputs)
    starts = np.concatenate([[0], np.cumsum(counts)])
    matrix = sparse.csr_array(
        (values.reshape(-1), columns.reshape(-1), starts), shape=(outputs * prod(extents), prod(shape))
    )
    matrix.eliminate_zeros()
    return matrix


def unrolled_size(op: Conv | QuantConv | Pool, shape: Shape) -> int:
    """The most values that `unrolled` stores, without making it."""
    channels = (shape[0], 1) if isinstance(op, Pool) else op.weight.shape[:2]
    return prod(channels) * prod(len(axis.taps(size)) for axis, size in zip(op.axes, shape[1:], strict=True))


def _weight(op: Conv | QuantConv | Pool, shape: Shape) -> tuple[Array, int]:
    """The weight and the groups; pooling is a convolution of every channel for itself."""
    if not isinstance(op, Pool):
        return np.asarray(op.weight), op.groups
    kernel = (axis.kernel for axis in op.axes)
    return np.full((shape[0], 1, *kernel), 1 / op.taps if op.average else 1.0), shape[0]


def _extents(axes: tuple[Axis, ...], shape: Shape) -> Shape:
    return tuple(axis.extent(size) for axis, size in zip(axes, shape[1:], strict=True))


def _meetings(axes: tuple[Axis, ...], shape: Shape) -> tuple[Array, Array, Array]:
    """Every [source place], [target place] and [tap] that meet, flat in C order over all axes."""
    source = target = tap = np.zeros(1, np.int64)
    for axis, size in zip(axes, shape[1:], strict=True):
        sources, targets, taps = axis.taps(size).T
        source = np.add.outer(source * size, sources).reshape(-1)
        target = np.add.outer(target * axis.extent(size), targets).reshape(-1)
        tap = np.add.outer(tap * axis.kernel, taps).reshape(-1)
    return source, target, tap
