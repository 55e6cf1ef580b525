"""The table of tensor operations: the vertex of each, and where it finds the elements of its operands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from axonc.ir.elements import dtype_of
from axonc.ir.ops import (
    Array,
    Axis,
    Broadcast,
    Cast,
    Concat,
    Convolve,
    DequantizeTensor,
    Gather,
    Map,
    MatMul,
    Op,
    QuantizeTensor,
    Reduce,
    Reshape,
    Slice,
    Transpose,
    Window,
)
from axonc.ir.ops.tensor import TensorOp
from axonc.ir.signal import Shape

from ..lower.costs import HELD, LOADED, VALUE
from . import functions
from .normal import Padded
from .operand import NO_TAPS, NOWHERE, Operand
from .operation import BEST, ELEMENTWISE, FOLDED, GATHERED, JOINED, PRODUCTS, DType, Operation, Vertex

Made = tuple[Operation, list[Operand]]
Rule = Callable[[Any, Sequence[Array], Sequence[DType]], Made]
"""(op, the places that each operand shows, the types in which they are held) -> its vertex, and its operands."""


def _made(op: TensorOp, vertex: Vertex, function: str, operands: list[Operand], each: int, **numbers: int) -> Made:
    held = tuple(operand.held for operand in operands)
    sent = dtype_of(op.result().format)
    return Operation(op.name, vertex, function, held, sent, each, tuple(numbers.items())), operands


def _elementwise(op: TensorOp, places: Sequence[Array], held: Sequence[DType]) -> Made:
    """Operands are broadcast to the shape of the result; scales lie along an axis."""
    shape = op.result().shape
    axis = op.axis if isinstance(op, (QuantizeTensor, DequantizeTensor)) else None
    spread = [_spread(part, shape, None if k == 0 else axis) for k, part in enumerate(places)]
    operands = [Operand(part, dtype) for part, dtype in zip(spread, held, strict=True)]
    each = VALUE + LOADED * len(operands)
    return _made(op, ELEMENTWISE, functions.of_elements(op, held, dtype_of(op.result().format)), operands, each)


def _spread(places: Array, shape: Shape, axis: int | None) -> Array:
    if axis is not None and places.ndim == 1 and len(shape) > 1 and places.size != 1:
        places = places.reshape(*(1,) * axis, -1, *(1,) * (len(shape) - axis - 1))
    elif axis is not None and places.size == 1:
        places = places.reshape(())
    return np.broadcast_to(places, shape).reshape(-1)


def _copies(op: TensorOp, parts: list[Array], held: Sequence[DType], fill: float = 0) -> Made:
    operands = [Operand(part.reshape(-1), dtype) for part, dtype in zip(parts, held, strict=True)]
    function = functions.of_copies(held, dtype_of(op.result().format), fill)
    return _made(op, JOINED, function, operands, VALUE + LOADED)


def _view(op: Reshape | Transpose | Slice | Broadcast, places: Sequence[Array], held: Sequence[DType]) -> Made:
    """A copy: `views.seen` has moved the places already."""
    return _copies(op, list(places), held)


def _concat(op: Concat, places: Sequence[Array], held: Sequence[DType]) -> Made:
    """Each operand has places in its own part only."""
    around = [np.full(part.shape, NOWHERE) for part in places]
    first, second = (
        np.concatenate([part if k == own else around[k] for k, part in enumerate(places)], op.axis) for own in (0, 1)
    )
    return _copies(op, [first, second], held)


def _padded(op: Padded, places: Sequence[Array], held: Sequence[DType]) -> Made:
    """An image has no places in its border."""
    (x,) = places
    lead = [(0, 0)] * (x.ndim - len(op.borders))
    return _copies(op, [np.pad(x, [*lead, *op.borders], constant_values=NOWHERE)], held, op.fill)


def _reduce(op: Reduce, places: Sequence[Array], held: Sequence[DType]) -> Made:
    """The reduced axes are the taps, in C order."""
    (x,) = places
    kept = [axis for axis in range(x.ndim) if axis not in op.axes]
    count = prod(x.shape[axis] for axis in op.axes)
    table = x.transpose(*kept, *op.axes).reshape(*(x.shape[axis] for axis in kept), count)
    return _folded(op, table, held)


def _folded(op: Reduce | Window, table: Array, held: Sequence[DType], labels: Sequence[Operand] = ()) -> Made:
    """``table`` [..., taps]: the places of what is reduced."""
    first, taps = apart(table)
    operands = [Operand(first, held[0], taps, True), *labels]
    if op.function.startswith("arg"):
        return _made(op, BEST, functions.of_best(op, held[0]), operands, LOADED + HELD * taps.size)
    return _made(op, FOLDED, functions.of_fold(op, held[0]), operands, LOADED + HELD * taps.size)


def apart(table: Array) -> tuple[Array, Array]:
    """Places [elements] and taps that add up to a table [..., taps] of a whole tensor, in which all rows are alike."""
    if not table.size:
        return np.zeros(prod(table.shape[:-1]), np.int64), np.zeros(table.shape[-1], np.int64)
    row = table[(0,) * (table.ndim - 1)]
    return table[..., 0].reshape(-1) - (row[0] - row.min()), row - row.min()


def _window(op: Window, places: Sequence[Array], held: Sequence[DType]) -> Made:
    """A row of taps for every place of the window; the numbers of places lie as the image does."""
    x, *numbers = places
    rank = len(op.axes)
    planes = prod(x.shape[: x.ndim - rank])
    tables = [apart(_slid(part, op.axes)) for part in numbers]
    labels = [Operand(np.tile(first, planes), held[1], taps) for first, taps in tables]
    return _folded(op, _slid(x, op.axes), held, labels)


def _slid(x: Array, axes: Sequence[Axis]) -> Array:
    """[elements of the result, taps] of an image [*lead, *spatial] that has its border."""
    rank = len(axes)
    lead, spatial = x.shape[: x.ndim - rank], x.shape[x.ndim - rank :]
    at = [
        axis.stride * np.arange(axis.extent(size))[:, None] + axis.dilation * np.arange(axis.kernel)
        for axis, size in zip(axes, spatial, strict=True)
    ]
    index = np.ix_(*(np.arange(extent) for extent in lead), *(part.reshape(-1) for part in at))
    split = [extent for part in at for extent in part.shape]
    found = x[index].reshape(*lead, *split)
    inside = range(len(lead), found.ndim)
    order = [*range(len(lead)), *inside[::2], *inside[1::2]]
    return np.asarray(found.transpose(order).reshape(-1, prod(axis.kernel for axis in axes)))


def _products(op: MatMul | Convolve, tables: Sequence[Array], held: Sequence[DType], bias: Sequence[Array]) -> Made:
    split = [apart(table) for table in tables]
    operands = [Operand(first, dtype, taps, True) for (first, taps), dtype in zip(split, held, strict=False)]
    operands += [Operand(part.reshape(-1), held[2]) for part in bias]
    each = LOADED * len(operands) + (HELD + LOADED) * tables[0].shape[-1]
    return _made(op, PRODUCTS, functions.of_products(dtype_of(op.takes[0].format), held), operands, each)


def _matmul(op: MatMul, places: Sequence[Array], held: Sequence[DType]) -> Made:
    """Rows of the first and columns of the second operand."""
    left, right = places
    a = left if left.ndim > 1 else left[None]
    b = right if right.ndim > 1 else right[:, None]
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    shape = (*lead, a.shape[-2], b.shape[-1], a.shape[-1])
    rows = np.broadcast_to(a[..., :, None, :], shape)
    columns = np.broadcast_to(b.swapaxes(-1, -2)[..., None, :, :], shape)
    return _products(op, [rows, columns], held, [])


def _convolve(op: Convolve, places: Sequence[Array], held: Sequence[DType]) -> Made:
    """The taps of all channels of a group, and the row of weights of a target channel."""
    x, weight, *bias = places
    rank, outputs = len(op.axes), weight.shape[0]
    lead, channels = x.shape[: x.ndim - rank - 1], x.shape[x.ndim - rank - 1]
    taps = prod(axis.kernel for axis in op.axes)
    seen = _slid(x, op.axes).reshape(prod(lead), op.groups, channels // op.groups, -1, taps)
    count = seen.shape[3]
    rows = seen.transpose(0, 1, 3, 2, 4).reshape(prod(lead), op.groups, 1, count, -1)
    shape = (prod(lead), op.groups, outputs // op.groups, count, rows.shape[-1])
    kernels = np.broadcast_to(weight.reshape(1, op.groups, -1, 1, shape[-1]), shape)
    start = [np.broadcast_to(part[None, :, None], (prod(lead), outputs, count)) for part in bias]
    return _products(op, [np.broadcast_to(rows, shape), kernels], held, start)


def _gather(op: Gather, places: Sequence[Array], held: Sequence[DType]) -> Made:
    """The first of the elements that an index chooses from, and the place of the index."""
    x, indices = places
    extent, stride = x.shape[op.axis], prod(x.shape[op.axis + 1 :])
    shape, tail = op.result().shape, x.ndim - op.axis - 1
    first = np.take(x, 0, op.axis)
    lead = first.reshape(*first.shape[: op.axis], *(1,) * indices.ndim, *first.shape[op.axis :])
    at = indices.reshape(*indices.shape, *(1,) * tail)
    reach = np.array([0, (extent - 1) * stride])
    operands = [
        Operand(np.broadcast_to(lead, shape).reshape(-1), held[0], reach),
        Operand(np.broadcast_to(at, shape).reshape(-1), held[1], NO_TAPS),
    ]
    function = functions.of_copies(held[:1], dtype_of(op.result().format), 0)
    return _made(op, GATHERED, function, operands, VALUE + 3 * LOADED, extent=extent, stride=stride)


RULES: Mapping[type[Op], Rule] = {
    Map: _elementwise,
    Cast: _elementwise,
    QuantizeTensor: _elementwise,
    DequantizeTensor: _elementwise,
    Reshape: _view,
    Transpose: _view,
    Slice: _view,
    Broadcast: _view,
    Concat: _concat,
    Padded: _padded,
    Reduce: _reduce,
    Window: _window,
    MatMul: _matmul,
    Convolve: _convolve,
    Gather: _gather,
}
"""All that run on tiles."""

LOOKING_THROUGH = (Map, Cast, QuantizeTensor, DequantizeTensor, Concat, Padded, Reshape, Transpose, Slice, Broadcast)
"""Operations that find their elements through views; others read a whole tensor in its own order."""
