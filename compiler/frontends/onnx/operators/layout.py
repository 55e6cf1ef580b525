"""Operators that move elements: shapes must be known when the model is compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

import numpy as np

from axonc.ir.ops import Array

from ..call import Call, Made, axis_of
from ..draft import MAX_BYTES, OperatorError, Value, known


def _reshape(call: Call) -> Made:
    """0 copies an extent (unless ``allowzero``), -1 stands for what is left."""
    x, wanted = call[0], call.whole(1)
    if not call.get("allowzero", 0):
        wanted = [x.shape[i] if extent == 0 and i < x.rank else extent for i, extent in enumerate(wanted)]
    rest = prod(extent for extent in wanted if extent != -1)
    if wanted.count(-1) > 1 or any(extent < -1 for extent in wanted) or (-1 in wanted and not rest):
        raise OperatorError(f"the shape {tuple(wanted)}", "at most one -1", "AX301")
    return call.draft.reshape(x, [prod(x.shape) // rest if extent == -1 else extent for extent in wanted])


def _flatten(call: Call) -> Made:
    x = call[0]
    axis = int(call.get("axis", 1))
    axis = axis + x.rank if axis < 0 else axis
    return call.draft.reshape(x, (prod(x.shape[:axis]), prod(x.shape[axis:])))


def _transpose(call: Call) -> Made:
    x = call[0]
    return call.draft.transpose(x, call.get("perm", list(range(x.rank))[::-1]))


def _squeeze(call: Call) -> Made:
    x, given = call[0], call.whole_of("axes", 1)
    axes = {axis_of(a, x.rank) for a in given} if given is not None else {i for i, n in enumerate(x.shape) if n == 1}
    return call.draft.reshape(x, [extent for i, extent in enumerate(x.shape) if i not in axes])


def _unsqueeze(call: Call) -> Made:
    x, given = call[0], call.whole_of("axes", 1) or []
    rank = x.rank + len(given)
    axes, rest = {axis_of(axis, rank) for axis in given}, iter(x.shape)
    if len(axes) != len(given):
        raise OperatorError(f"the axes {given}", "each once", "AX301")
    return call.draft.reshape(x, [1 if axis in axes else next(rest) for axis in range(rank)])


def _expand(call: Call) -> Made:
    x = call[0]
    return call.draft.broadcast(x, _broadcast_shape(x, call.whole(1)))


def _broadcast_shape(x: Value, shape: list[int]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(x.shape, tuple(shape))
    except ValueError as error:
        raise OperatorError(f"{x.shape} as {tuple(shape)}", "extents are equal, or 1", "AX301") from error


def _shape(call: Call) -> Made:
    x = call[0]
    return known(np.asarray(x.shape[slice(call.get("start", 0), call.get("end"))], np.int64))


def _size(call: Call) -> Made:
    return known(np.asarray(prod(call[0].shape), np.int64))


def _constant_of_shape(call: Call) -> Made:
    value = np.asarray(call.get("value", np.zeros(1, np.float32))).reshape(-1)[:1]
    shape = tuple(call.whole(0))
    if min(shape, default=0) < 0 or prod(shape) * value.itemsize > MAX_BYTES:
        raise OperatorError(f"a tensor of {shape}", f"at most {MAX_BYTES >> 30} GiB", "AX105")
    return call.draft.broadcast(call.draft.reshape(known(value), ()), shape)


def _range(call: Call) -> Made:
    start, limit, delta = (call.known(index).reshape(()) for index in range(3))
    if delta == 0:
        raise OperatorError("a range in steps of 0", "steps that lead on", "AX131")
    count = max(0, int(np.ceil((float(limit) - float(start)) / float(delta))))
    if count * 8 > MAX_BYTES:
        raise OperatorError(f"a range of {count}", f"at most {MAX_BYTES >> 30} GiB", "AX105")
    return known((start + np.arange(count) * delta).astype(start.dtype))


def _concat(call: Call) -> Made:
    tensors = [x for x in call.tensors if x.shape != (0,)] or call.tensors[:1]
    return call.draft.concat(tensors, call.axis(tensors[0].rank))


def _split(call: Call) -> Made:
    """Equal parts, the last one smaller where they do not divide; or as large as is said."""
    x, count = call[0], len(call.node.output)
    axis, sizes = call.axis(x.rank), call.whole_of("split", 1)
    if sizes is None:
        count = int(call.get("num_outputs", count))
        if count < 1:
            raise OperatorError(f"{count} parts", "at least 1", "AX301")
        each = -(-x.shape[axis] // count)
        sizes = [max(0, min(each, x.shape[axis] - index * each)) for index in range(count)]
    if sum(sizes) != x.shape[axis] or min(sizes, default=0) < 0:
        raise OperatorError(f"parts of {sizes}", f"together {x.shape[axis]}", "AX301")
    starts = np.cumsum([0, *sizes])
    return [call.draft.slice(x, axis, start, size) for start, size in zip(starts, sizes, strict=False)]


def _slice(call: Call) -> Made:
    x = call[0]
    starts, stops = call.whole_of("starts", 1), call.whole_of("ends", 2)
    if starts is None or stops is None:
        raise OperatorError("starts or ends are missing")
    axes = call.whole_of("axes", 3) or list(range(len(starts)))
    steps = call.whole(4) if call.has(4) else [1] * len(starts)
    for start, stop, axis, step in zip(starts, stops, axes, steps, strict=True):
        if step == 0:
            raise OperatorError("a step of 0", "any other", "AX306")
        at = axis_of(axis, x.rank)
        taken = range(x.shape[at])[slice(start, stop, step)]
        x = call.draft.slice(x, at, taken.start if taken else 0, len(taken), step if taken else 1)
    return x


def _gather(call: Call) -> Made:
    x, indices = call[0], call[1]
    axis = call.axis(x.rank)
    found = indices.known
    if found is not None and found.size and not -x.shape[axis] <= found.min() <= found.max() < x.shape[axis]:
        raise OperatorError(f"indices from {found.min()} to {found.max()}", f"axis {axis} has {x.shape[axis]}", "AX301")
    if found is not None and found.ndim == 0:  # one element: a slice says which
        at = int(found) % x.shape[axis]
        return call.draft.reshape(call.draft.slice(x, axis, at, 1), (*x.shape[:axis], *x.shape[axis + 1 :]))
    return call.draft.gather(x, indices, axis)


def _pad(call: Call) -> Made:
    """Blocks of a constant before and after each axis, or (``edge``, ``reflect``, ``wrap``) elements of the axis."""
    x, mode = call[0], call.get("mode", "constant")
    pads = call.whole_of("pads", 1) or []
    axes = [axis_of(a, x.rank) for a in call.whole(3)] if call.has(3) else list(range(x.rank))
    value = call.known(2).reshape(()) if call.has(2) else np.asarray(call.get("value", 0.0))
    for axis, before, after in zip(axes, pads, pads[len(axes) :], strict=False):
        x = _padded(call, x, axis, (before, after), mode, value)
    return x


def _padded(call: Call, x: Value, axis: int, pads: tuple[int, int], mode: str, value: Array) -> Value:
    if max(map(abs, pads)) > MAX_BYTES:
        raise OperatorError(f"an axis with {pads[0]} before it and {pads[1]} after it", f"at most {MAX_BYTES}", "AX105")
    places = np.arange(-pads[0], x.shape[axis] + pads[1])
    inside = places[(places >= 0) & (places < x.shape[axis])]
    if mode == "constant":
        kept = call.draft.slice(x, axis, inside[0] if inside.size else 0, inside.size)
        blocks = [_block(call, x, axis, max(0, pads[0]), value), kept, _block(call, x, axis, max(0, pads[1]), value)]
        return call.draft.concat([block for block in blocks if block.shape[axis]], axis)
    last = x.shape[axis] - 1
    indices = {
        "edge": np.clip(places, 0, last),
        "wrap": places % (last + 1),
        "reflect": last - np.abs(last - places % max(1, 2 * last)),
    }
    if mode not in indices:
        raise OperatorError(f"the mode {mode!r}", f"one of {', '.join(indices)}", "AX131")
    return call.draft.gather(x, known(indices[mode]), axis)


def _block(call: Call, x: Value, axis: int, count: int, value: Array) -> Value:
    return call.draft.broadcast(call.draft.scalar(float(value), x), (*x.shape[:axis], count, *x.shape[axis + 1 :]))


def _tile(call: Call) -> Made:
    x, repeats = call[0], call.whole(1)
    if len(repeats) != x.rank or min(repeats, default=1) < 1:
        raise OperatorError(f"repeats {repeats} of {x.shape}", "one from 1 on for each axis", "AX301")
    for axis, times in enumerate(repeats):
        x = call.draft.concat([x] * times, axis) if times != 1 else x
    return x


LAYOUT: Mapping[str, Callable[[Call], Made]] = {
    "Concat": _concat,
    "ConstantOfShape": _constant_of_shape,
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": _gather,
    "Pad": _pad,
    "Range": _range,
    "Reshape": _reshape,
    "Shape": _shape,
    "Size": _size,
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _squeeze,
    "Tile": _tile,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
