"""Pooling: sums and maxima over windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import prod

import numpy as np

from axonc.ir.elements import dtype_of
from axonc.ir.ops import Array, Axis, Window

from ..call import Call, Made
from ..draft import Value, fold, known
from .windows import window_axes


def _max_pool(call: Call) -> Made:
    x = call[0]
    axes = window_axes(call, x.shape[2:], call.get("kernel_shape", ()))
    y = call.draft.emit(Window((x.signal,), "max", axes), x)
    return [y, _indices(call, x, axes)] if call.wants(1) else y


def _indices(call: Call, x: Value, axes: tuple[Axis, ...]) -> Value:
    """Where in all of x each maximum is, in C order, or with the first spatial axis running fastest."""
    place = call.draft.emit(Window((x.signal,), "argmax", axes), x)
    plane = np.arange(prod(x.shape[2:]))
    if call.get("storage_order", 0):
        plane = plane.reshape(x.shape[2:][::-1]).transpose().reshape(-1)
        place = call.draft.gather(known(plane), place, 0)
    first = np.arange(prod(x.shape[:2])).reshape(*x.shape[:2], *(1,) * len(axes)) * plane.size
    return call.draft.map("add", place, known(first))


def _average_pool(call: Call) -> Made:
    """The sum over each window by the number of its taps: those inside, or also those in the padding."""
    x = call[0]
    axes = window_axes(call, x.shape[2:], call.get("kernel_shape", ()))
    total = call.draft.emit(Window((x.signal,), "sum", axes), x)
    pads = call.get("pads", [0] * 2 * len(axes))
    if call.get("auto_pad", "NOTSET") != "NOTSET":
        pads = [*(axis.before for axis in axes), *(axis.after for axis in axes)]
    counts = _counts(x, axes, pads if call.get("count_include_pad", 0) else [0] * 2 * len(axes))
    return call.draft.map("div", total, known(counts.astype(dtype_of(x.signal.format))))


def _counts(x: Value, axes: tuple[Axis, ...], pads: Sequence[int]) -> Array:
    """How many taps of each window count: those inside, and those in ``pads``; padding of ``ceil_mode`` never does."""
    befores, afters = pads[: len(axes)], pads[len(axes) :]
    sizes = [n + before + after for n, before, after in zip(x.shape[2:], befores, afters, strict=True)]
    inner = tuple(
        replace(axis, before=axis.before - before, after=max(0, axis.after - after))
        for axis, before, after in zip(axes, befores, afters, strict=True)
    )
    ones = np.ones([1, *sizes])
    return fold(Window((known(ones).signal,), "sum", inner), [ones])


def _global(function: str) -> Callable[[Call], Made]:
    def make(call: Call) -> Made:
        x = call[0]
        y = call.draft.reduce(function, x, range(2, x.rank), True)
        return y if function == "max" else call.draft.map("div", y, call.number(prod(x.shape[2:]), y))

    return make


POOLING: Mapping[str, Callable[[Call], Made]] = {
    "AveragePool": _average_pool,
    "GlobalAveragePool": _global("sum"),
    "GlobalMaxPool": _global("max"),
    "MaxPool": _max_pool,
}
