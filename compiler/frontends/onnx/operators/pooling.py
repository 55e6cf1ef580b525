"""Pooling: sums and maxima over windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import prod

import numpy as np

from axonc.ir.elements import dtype_of
from axonc.ir.ops import Axis, Window

from ..call import Call, Made
from ..draft import Value, fold, known
from .windows import window_axes


def _max_pool(call: Call) -> Made:
    x = call[0]
    axes = window_axes(call, x.shape[2:], call.get("kernel_shape", ()))
    y = call.draft.emit(Window((x.signal,), "max", axes), x)
    return [y, _indices(call, x, axes)] if call.wants(1) else y


def _indices(call: Call, x: Value, axes: tuple[Axis, ...]) -> Value:
    """Where in all of x each maximum is, in C order or (``storage_order``) with the first spatial axis running fastest."""
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
    counts = _counts(x, axes, call.get("pads"), bool(call.get("count_include_pad", 0)))
    return call.draft.map("div", total, known(counts.astype(dtype_of(x.signal.format))))


def _counts(x: Value, axes: tuple[Axis, ...], pads: list[int] | None, padding: bool) -> np.ndarray:  # type: ignore[type-arg]
    """How many taps of each window count. Padding that ``ceil_mode`` adds never does."""
    stated = pads or [*(axis.before for axis in axes), *(axis.after for axis in axes)]
    befores, afters = stated[: len(axes)], stated[len(axes) :]
    if not padding:
        befores, afters = [0] * len(axes), [0] * len(axes)
    ones = known(np.ones([1, *(n + b + a for n, b, a in zip(x.shape[2:], befores, afters, strict=True))], np.float64))
    inner = tuple(
        replace(axis, before=axis.before - b, after=max(0, axis.after - a))
        for axis, b, a in zip(axes, befores, afters, strict=True)
    )
    return fold(Window((ones.signal,), "sum", inner), [np.asarray(ones.known)])


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
