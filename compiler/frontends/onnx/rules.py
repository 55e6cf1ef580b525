"""For each op: what it is without an axis, and where its result has that axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

from axonc.ir.ops import (
    Broadcast,
    Cast,
    Concat,
    Convolve,
    DequantizeTensor,
    Gather,
    Map,
    MatMul,
    QuantizeTensor,
    Reduce,
    Reshape,
    Slice,
    Transpose,
    Window,
)

from .draft import Value
from .removal import LAST, STEP, KeptError, Placed, Removal

Rule = Callable[[Removal, Any, list[Placed]], Placed]


def _aligned(removal: Removal, operands: list[Placed], ranks: list[int]) -> tuple[list[Value], int]:
    """Operands that are broadcast to each other without the axis, and its place counted from the end."""
    places = {place.at - rank for place, rank in zip(operands, ranks, strict=True) if isinstance(place.at, int)}
    if len(places) != 1:
        raise KeptError(removal.draft.hint, "its operands have the axis in different places")
    (at,) = places
    values = []
    for place, rank in zip(operands, ranks, strict=True):
        drop = place.at is None and rank >= -at
        values.append(removal.dropped(place, rank + at) if drop else place.value)
    return values, at


def _ranks(op: Any) -> list[int]:
    return [len(signal.shape) for signal in op.takes]


def _map(removal: Removal, op: Map, operands: list[Placed]) -> Placed:
    values, at = _aligned(removal, operands, _ranks(op))
    return Placed(removal.emit(op, values), len(op.result().shape) + at)


def _concat(removal: Removal, op: Concat, operands: list[Placed]) -> Placed:
    values, from_end = _aligned(removal, operands, _ranks(op))
    at = len(op.takes[0].shape) + from_end
    if at == op.axis:
        raise KeptError(removal.draft.hint, "it joins along this axis")
    return Placed(removal.emit(Concat(op.takes, op.axis - (op.axis > at)), values), at)


def _cast(removal: Removal, op: Cast, operands: list[Placed]) -> Placed:
    return Placed(removal.emit(op, [operands[0].value]), operands[0].at)


def _reduce(removal: Removal, op: Reduce, operands: list[Placed]) -> Placed:
    at = _place(operands[0])
    if at in op.axes:
        raise KeptError(removal.draft.hint, "it adds or compares along this axis")
    axes = tuple(axis - (axis > at) for axis in op.axes)
    after = at if op.keep else at - sum(axis < at for axis in op.axes)
    return Placed(removal.emit(Reduce(op.takes, op.function, axes, op.keep), [operands[0].value]), after)


def _reshape(removal: Removal, op: Reshape, operands: list[Placed]) -> Placed:
    """The axis must stay one: as many elements stand before it, and it has the same extent."""
    at, shape = _place(operands[0]), op.takes[0].shape
    extent, before = shape[at], prod(shape[:at])
    fitting = [q for q, n in enumerate(op.shape) if n == extent and prod(op.shape[:q]) == before]
    if not fitting:
        raise KeptError(removal.draft.hint, "it merges this axis with others")
    after = fitting[0]
    made = removal.draft.reshape(operands[0].value, (*op.shape[:after], *op.shape[after + 1 :]))
    return Placed(made, after)


def _transpose(removal: Removal, op: Transpose, operands: list[Placed]) -> Placed:
    at = _place(operands[0])
    axes = tuple(axis - (axis > at) for axis in op.axes if axis != at)
    value = operands[0].value
    made = value if list(axes) == sorted(axes) else removal.emit(Transpose(op.takes, axes), [value])
    return Placed(made, op.axes.index(at))


def _slice(removal: Removal, op: Slice, operands: list[Placed]) -> Placed:
    at, x = _place(operands[0]), operands[0].value
    extent = op.takes[0].shape[at]
    spans = (*op.spans[:at], *op.spans[at + 1 :])
    made = removal.emit(Slice(op.takes, spans), [x])
    if op.spans[at] == (0, extent, 1):
        return Placed(made, at)
    if removal.time and op.spans[at][:2] == (extent - 1, 1):
        return Placed(removal.draft.reshape(made, (*made.shape[:at], 1, *made.shape[at:])), LAST)
    raise KeptError(removal.draft.hint, "it takes a part of this axis")


def _gather(removal: Removal, op: Gather, operands: list[Placed]) -> Placed:
    x, indices = operands
    rank = len(op.takes[1].shape)
    if indices.counter and x.at == op.axis and prod(op.takes[1].shape) == 1:
        shape = (*x.value.shape[: op.axis], *op.takes[1].shape, *x.value.shape[op.axis :])
        return Placed(removal.draft.reshape(x.value, shape), STEP)
    if indices.at is None and isinstance(x.at, int) and x.at != op.axis:
        axis = op.axis - (op.axis > x.at)
        after = x.at if x.at < op.axis else x.at + rank - 1
        return Placed(removal.emit(Gather(op.takes, axis), [x.value, indices.value]), after)
    if x.at is None and isinstance(indices.at, int):
        return Placed(removal.emit(op, [x.value, indices.value]), op.axis + indices.at)
    raise KeptError(removal.draft.hint, "it picks elements along this axis")


def _broadcast(removal: Removal, op: Broadcast, operands: list[Placed]) -> Placed:
    at = _place(operands[0])
    after = at + len(op.shape) - len(op.takes[0].shape)
    made = removal.draft.broadcast(operands[0].value, (*op.shape[:after], *op.shape[after + 1 :]))
    return Placed(made, after)


def _matmul(removal: Removal, op: MatMul, operands: list[Placed]) -> Placed:
    a, b = operands
    left, right = _ranks(op)
    if isinstance(a.at, int) and b.at is None and right <= 2 and a.at < left - 1:
        return Placed(removal.emit(op, [a.value, b.value]), a.at)
    if isinstance(b.at, int) and a.at is None and left == right == 2 and b.at == 1:
        return Placed(removal.emit(op, [a.value, b.value]), 1)
    if min(left, right) > 2 and all(
        not isinstance(p.at, int) or p.at < rank - 2 for p, rank in zip(operands, (left, right), strict=True)
    ):
        values, at = _aligned(removal, operands, [left, right])
        return Placed(removal.emit(op, values), len(op.result().shape) + at)
    raise KeptError(removal.draft.hint, "a product over this axis")


def _convolve(removal: Removal, op: Convolve, operands: list[Placed]) -> Placed:
    at = _place(operands[0])
    if at >= len(op.takes[0].shape) - len(op.axes) - 1 or any(place.at is not None for place in operands[1:]):
        raise KeptError(removal.draft.hint, "a convolution over this axis")
    return Placed(removal.emit(op, [place.value for place in operands]), at)


def _window(removal: Removal, op: Window, operands: list[Placed]) -> Placed:
    at = _place(operands[0])
    if at >= len(op.takes[0].shape) - len(op.axes):
        raise KeptError(removal.draft.hint, "windows over this axis")
    return Placed(removal.emit(op, [operands[0].value]), at)


def _quantize(removal: Removal, op: QuantizeTensor | DequantizeTensor, operands: list[Placed]) -> Placed:
    at, shape = _place(operands[0]), op.takes[0].shape
    if any(place.at is not None for place in operands[1:]):
        raise KeptError(removal.draft.hint, "scales along this axis")
    whole = [signal.shape == shape and len(shape) > 1 for signal in op.takes[1:]]
    along = any(signal.shape not in ((), (1,)) for signal in op.takes[1:]) and not any(whole)
    if along and op.axis == at:
        raise KeptError(removal.draft.hint, "scales along this axis")
    parts = [removal.dropped(p, at) if full else p.value for p, full in zip(operands[1:], whole, strict=True)]
    axis = op.axis - (op.axis > at) if along else 0
    changed = (
        QuantizeTensor(op.takes, op.to, axis, op.saturate)
        if isinstance(op, QuantizeTensor)
        else DequantizeTensor(op.takes, axis)
    )
    return Placed(removal.emit(changed, [operands[0].value, *parts]), at)


def _place(operand: Placed) -> int:
    assert isinstance(operand.at, int)
    return operand.at


RULES: Mapping[type, Rule] = {
    Broadcast: _broadcast,
    Cast: _cast,
    Concat: _concat,
    Convolve: _convolve,
    DequantizeTensor: _quantize,
    Gather: _gather,
    Map: _map,
    MatMul: _matmul,
    QuantizeTensor: _quantize,
    Reduce: _reduce,
    Reshape: _reshape,
    Slice: _slice,
    Transpose: _transpose,
    Window: _window,
}
