"""Windows that slide over images, padded beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np

from axonc.ir import Node
from axonc.ir.elements import dtype_of, limits
from axonc.ir.ops import Array, Axis, Pool, Window

from .emission import Emission, converted, copied
from .expressions import assigned
from .layout import given
from .loops import nest
from .types import F32, I64, DType, literal
from .values import Shape, Value, row_major


def padded(x: Value, axes: Sequence[Axis], border: str, dtype: DType, node: Node, e: Emission) -> Value:
    """The image with its border, whose numbers are written once, when a run begins."""
    if not any(axis.before or axis.after for axis in axes):
        return e.laid_out(x, dtype, f"{node.name}_image")
    lead = len(x.shape) - len(axes)
    sizes = [axis.before + size + axis.after for axis, size in zip(axes, x.shape[lead:], strict=True)]
    image = e.state(f"{node.name}_image", (*x.shape[:lead], *sizes), dtype)
    e.reset += nest(image.shape, [image], lambda y: [f"{y} = {border};"])
    inside = [(0, n, 1) for n in x.shape[:lead]]
    inside += [(axis.before, size, 1) for axis, size in zip(axes, x.shape[lead:], strict=True)]
    e.emit(copied(image.part(inside), x))
    return image


def sliding(image: Value, axes: Sequence[Axis]) -> Value:
    """What the taps see: [..., *taps, *places] of an image [..., *spatial]."""
    lead = len(image.shape) - len(axes)
    counts = [axis.extent(size - axis.before - axis.after) for axis, size in zip(axes, image.shape[lead:], strict=True)]
    steps = image.strides[lead:]
    shape = (*image.shape[:lead], *(axis.kernel for axis in axes), *counts)
    dilated = (axis.dilation * step for axis, step in zip(axes, steps, strict=True))
    strided = (axis.stride * step for axis, step in zip(axes, steps, strict=True))
    return replace(image, shape=shape, strides=(*image.strides[:lead], *dilated, *strided))


def places(shape: Shape, channels: int, axes: Sequence[Axis]) -> tuple[Array, Array]:
    """Where each place begins in an image [C, *spatial] with its border, and how far from there each (channel, tap)
    lies: uint32."""
    steps = row_major(shape)
    counts = [axis.extent(size - axis.before - axis.after) for axis, size in zip(axes, shape[1:], strict=True)]
    at = _offsets(counts, [axis.stride * step for axis, step in zip(axes, steps[1:], strict=True)])
    kernel = [axis.kernel for axis in axes]
    taps = _offsets([channels, *kernel], [steps[0], *(a.dilation * s for a, s in zip(axes, steps[1:], strict=True))])
    return at, taps


def _offsets(counts: Sequence[int], steps: Sequence[int]) -> Array:
    index = np.indices(tuple(counts)).reshape(len(counts), -1)
    return np.asarray(np.tensordot(np.asarray(steps), index, 1), np.uint32)


def inserted(value: Value, axis: int, count: int = 1) -> Value:
    """With more axes, along which it is the same."""
    shape, strides = list(value.shape), list(value.strides)
    shape[axis:axis], strides[axis:axis] = [1] * count, [0] * count
    return replace(value, shape=tuple(shape), strides=tuple(strides))


def accumulate(result: Value, seen: Value, rank: int, first: str, function: str, e: Emission) -> None:
    """From ``first`` on, tap after tap: a function of the value so far and of what the tap sees."""
    e.emit(nest(result.shape, [result], lambda y: [f"{y} = {first};"]))
    total, types = inserted(result, len(result.shape) - rank, rank), [result.dtype] * 2
    e.emit(nest(seen.shape, [total, seen], lambda y, x: assigned(y, function, [y, x], types)))


def pool(op: Pool, node: Node, e: Emission) -> Value:
    """Sums by ascending tap; an average multiplies by the share."""
    (x,) = e.operands(node)
    counts = x.dtype.kind in "biu"
    dtype = I64 if counts else F32
    seen = sliding(padded(x, op.axes, "0", dtype, node, e), op.axes)
    shape = e.graph.signals[node.name].shape
    total = e.new(node.name if not op.average else f"{node.name}_sum", shape, dtype)
    accumulate(total, seen, len(op.axes), "0", "add", e)
    if not op.average:
        return total
    result, share = e.new(node.name, shape, F32), literal(np.float32(1 / op.taps), F32)
    e.emit(nest(shape, [result, total], lambda y, s: [f"{y} = {converted(s, dtype, F32)} * {share};"]))
    return result


def window(op: Window, node: Node, e: Emission) -> Value:
    """Sums, maxima or their places."""
    (x,) = given(op, node, e)
    dtype, rank = dtype_of(op.takes[0].format), len(op.axes)
    lowest = "0" if op.function == "sum" else lowest_of(dtype)
    image = padded(x, op.axes, lowest, dtype, node, e)
    result = e.new(node.name, op.result().shape, dtype_of(op.result().format))
    if op.function == "argmax":
        _places_of_maxima(op, node, image, x.shape[len(x.shape) - rank :], result, e)
        return result
    accumulate(result, sliding(image, op.axes), rank, lowest, "add" if op.function == "sum" else "max", e)
    return result


def lowest_of(dtype: DType) -> str:
    """What no maximum is below."""
    if dtype.kind == "b":
        return "false"
    return literal(-np.inf if dtype.kind == "f" else limits(dtype)[0], dtype)


def _places_of_maxima(op: Window, node: Node, image: Value, spatial: Shape, result: Value, e: Emission) -> None:
    """The place of the first maximum; places in the border are 0."""
    lead, rank = len(result.shape) - len(op.axes), len(op.axes)
    best = e.new(f"{node.name}_best", result.shape, image.dtype)
    flat = np.pad(np.arange(prod(spatial)).reshape(spatial), [(axis.before, axis.after) for axis in op.axes])
    at = sliding(e.table(f"{node.name}_at", flat), op.axes)
    first = replace(at, shape=at.shape[rank:], strides=at.strides[rank:])
    begin = [f"{{}} = {lowest_of(image.dtype)};", "{} = {};"]
    e.emit(nest(result.shape, [best, result, first], lambda y, w, p: [begin[0].format(y), begin[1].format(w, p)]))
    seen = sliding(image, op.axes)

    def step(y: str, w: str, v: str, p: str) -> list[str]:
        return [f"if ({v} > {y}) {{", f"    {w} = {p};", "}", *assigned(y, "max", [y, v], [image.dtype] * 2)]

    e.emit(nest(seen.shape, [inserted(best, lead, rank), inserted(result, lead, rank), seen, at], step))
