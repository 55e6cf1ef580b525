"""Kernels of tensor operations that move elements, and of those over windows."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from ..diagnostics import Diagnostic, ModelError
from ..elements import dtype_of
from ..ops import Array, Axis, Broadcast, Concat, Conv, Convolve, Gather, Reshape, Slice, Transpose, Window
from .base import Kernel, Precision
from .conv import conv, windows
from .tensor import _neutral, raised, tensor


def reshape(op: Reshape, precision: Precision) -> Kernel:
    """The batch stays in front."""
    return tensor(op, precision, lambda x: x.reshape(len(x), *op.shape))


def transpose(op: Transpose, precision: Precision) -> Kernel:
    """The batch stays in front."""
    return tensor(op, precision, lambda x: x.transpose(0, *(axis + 1 for axis in op.axes)))


def slice_(op: Slice, precision: Precision) -> Kernel:
    """A view."""
    parts = tuple(_range(*span) for span in op.spans)
    return tensor(op, precision, lambda x: x[:, *parts])


def _range(start: int, count: int, step: int) -> slice:
    if count == 0:
        return slice(0, 0)
    stop = start + (count - 1) * step + (1 if step > 0 else -1)
    return slice(start, None if stop < 0 else stop, step)


def concat(op: Concat, precision: Precision) -> Kernel:
    """One after the other."""
    return tensor(op, precision, lambda *operands: np.concatenate(operands, axis=op.axis + 1))


def gather(op: Gather, precision: Precision) -> Kernel:
    """Every sample takes its own elements; an index outside is an error of the data."""
    extent = op.takes[0].shape[op.axis]

    def taken(x: Array, indices: Array) -> Array:
        if indices.size and not -extent <= indices.min() <= indices.max() < extent:
            found = f"indices from {indices.min()} to {indices.max()}"
            raise ModelError(Diagnostic("AX701", "", found, f"they index {extent} elements", "correct the data"))
        return np.take(x, indices, axis=op.axis)

    return tensor(op, precision, _each(taken))


def broadcast(op: Broadcast, precision: Precision) -> Kernel:
    """A view."""
    rank = len(op.shape)
    return tensor(op, precision, lambda x: np.broadcast_to(raised(x, rank), (len(x), *op.shape)))


def convolve(op: Convolve, precision: Precision) -> Kernel:
    """The kernel of `Conv`, with the weights that the step brings."""
    shape, rank = op.result().shape, len(op.axes)
    inner: Precision = dtype_of(op.takes[0].format, precision).name  # type: ignore[assignment]

    def sample(x: Array, weight: Array, *bias: Array) -> Array:
        images = x.reshape(-1, *x.shape[x.ndim - rank - 1 :])
        made = conv(Conv(weight, bias[0] if bias else None, op.axes, op.groups), inner)
        return made.step({}, images)[1].reshape(shape)

    return tensor(op, precision, _each(sample))


def _each(function: Callable[..., Array]) -> Callable[..., Array]:
    """A function of one sample, over a batch."""

    def batch(*operands: Array) -> Array:
        return np.stack([function(*sample) for sample in zip(*operands, strict=True)])

    return batch


def window(op: Window, precision: Precision) -> Kernel:
    """Taps in ascending order over what each sees."""
    shape, rank = op.result().shape, len(op.axes)
    spatial = op.takes[0].shape[len(op.takes[0].shape) - rank :]

    def pooled(x: Array) -> Array:
        planes = x.reshape(-1, 1, *spatial)
        if op.function == "sum":
            total = sum(_taps(windows(planes, op.axes), op.axes))
            return np.asarray(total).reshape(len(x), *shape)
        lowest = np.full((1, 1, *spatial), 0, x.dtype) + _neutral("max", x.dtype)
        return _maximum(op, planes, lowest.flat[0]).reshape(len(x), *shape)

    return tensor(op, precision, pooled)


def _taps(seen: Array, axes: tuple[Axis, ...]) -> list[Array]:
    return [seen[:, :, *tap] for tap in np.ndindex(*(axis.kernel for axis in axes))]


def _maximum(op: Window, planes: Array, lowest: Array) -> Array:
    """The largest value that the taps see, or the place of its first occurrence."""
    spatial = planes.shape[2:]
    inside = windows(np.ones((1, 1, *spatial), bool), op.axes)
    places = windows(np.arange(prod(spatial)).reshape(1, 1, *spatial), op.axes)
    seen = np.where(inside, windows(planes, op.axes), lowest)
    taps = list(zip(_taps(seen, op.axes), _taps(places, op.axes), strict=True))
    best, where = taps[0][0], np.broadcast_to(taps[0][1], taps[0][0].shape)
    for value, place in taps[1:]:
        better = value > best
        best, where = np.where(better, value, np.maximum(best, value)), np.where(better, place, where)
    return where if op.function == "argmax" else best
