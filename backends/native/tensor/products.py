"""Products with weights: sums in canonical order, from the bias by ascending source, of many outputs side by side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from axonc.ir import Node
from axonc.ir.elements import dtype_of
from axonc.ir.ops import Array, Conv, Convolve, Linear, MatMul, is_sparse

from .emission import Emission, converted
from .expressions import expression
from .layout import given
from .loops import flat_index, looped, nest
from .types import F32, literal
from .values import Value
from .windows import inserted, padded, places, sliding

LANES = (16, 32, 64)
"""The outputs that are summed side by side, in registers: as few as hold them all, else the most."""

WINDOW_LANES = (16, 32)
"""The same of convolutions, which sum for four places at once."""


def linear(op: Linear, node: Node, e: Emission) -> Value:
    """The sources that are not 0 are listed; then each of them adds its column."""
    (x,) = e.operands(node)
    rows, columns = op.weight.shape
    result = e.new(node.name, e.graph.signals[node.name].shape, F32)
    bias = np.zeros(rows) if op.bias is None else op.bias
    start = bias.astype(np.float32) + np.float32(0)
    if not rows or not columns:
        e.copy(result.reshaped(start.shape), e.constant(f"{node.name}_bias", start, F32))
        return result
    _list_active(x, node, e)
    if is_sparse(op.weight):
        _sparse_columns(op.weight, start, result, node, e)
    else:
        _dense_columns(np.asarray(op.weight), start, result, node, e)
    return result


def _list_active(x: Value, node: Node, e: Emission) -> None:
    """The indices and values of what is not 0."""
    flat = e.laid_out(x, x.dtype, f"{node.name}_x").reshaped((x.size,))
    e.longest = max(e.longest, x.size)
    e.emit(["m->active = 0;"])
    keep = ["m->sources[m->active] = (uint32_t)i0;", "m->numbers[m->active] = x;", "m->active += x != 0;"]
    e.emit(
        looped([x.size], [f"const float x = {converted(flat.at(flat_index(flat.offset, [1])), x.dtype, F32)};", *keep])
    )


def _dense_columns(weight: Array, start: Array, result: Value, node: Node, e: Emission) -> None:
    lanes = fitting(len(weight), LANES)
    e.kernels.add(("columns", lanes))
    panels = e.table(f"{node.name}_weight", panelled(weight.astype(np.float32), lanes))
    begin = e.table(f"{node.name}_bias", _filled(start, lanes))
    call = f"axonc_columns_{lanes}({result.pointer}, {begin.pointer}, {panels.pointer}, m->sources, m->numbers"
    e.emit([f"{call}, m->active, {weight.shape[1]}, {len(weight)});"])


def _sparse_columns(weight: sparse.csr_array, start: Array, result: Value, node: Node, e: Emission) -> None:
    columns = sparse.csc_array(weight, copy=True)
    columns.sum_duplicates()
    first = e.table(f"{node.name}_first", columns.indptr.astype(np.uint32))
    rows = e.table(f"{node.name}_rows", columns.indices.astype(np.uint32))
    values = e.table(f"{node.name}_weight", columns.data.astype(np.float32))
    e.copy(result.reshaped(start.shape), e.constant(f"{node.name}_bias", start, F32))
    call = f"axonc_sparse_columns({result.pointer}, {first.pointer}, {rows.pointer}, {values.pointer}"
    e.emit([f"{call}, m->sources, m->numbers, m->active);"])


def fitting(outputs: int, choices: tuple[int, ...]) -> int:
    """The fewest lanes that hold all outputs, else the most."""
    return next((lanes for lanes in choices if lanes >= outputs), choices[-1])


def panelled(weight: Array, lanes: int) -> Array:
    """[O, K] as [panels, K, lanes]: of every panel of outputs, one source's weights side by side; 0 beyond O."""
    panels = -(-len(weight) // lanes)
    full = np.zeros((panels * lanes, weight.shape[1]), weight.dtype)
    full[: len(weight)] = weight
    return np.ascontiguousarray(full.reshape(panels, lanes, -1).transpose(0, 2, 1))


def _filled(start: Array, lanes: int) -> Array:
    full = np.zeros(-(-len(start) // lanes) * lanes, start.dtype)
    full[: len(start)] = start
    return full


def conv(op: Conv, node: Node, e: Emission) -> Value:
    """Every place sums over the same taps of the padded image, at other offsets."""
    (x,) = e.operands(node)
    image = padded(x, op.axes, "0", F32, node, e)
    result = e.new(node.name, e.graph.signals[node.name].shape, F32)
    outputs, inputs = op.weight.shape[0] // op.groups, op.weight.shape[1]
    lanes = fitting(outputs, WINDOW_LANES)
    e.kernels.add(("windows", lanes))
    bias = np.zeros(len(op.weight)) if op.bias is None else op.bias
    start = bias.astype(np.float32) + np.float32(0)
    at, taps = (
        e.table(f"{node.name}_{part}", of)
        for part, of in zip(("places", "taps"), places(image.shape, inputs, op.axes), strict=True)
    )
    weight = op.weight.astype(np.float32).reshape(op.groups, outputs, -1)
    for group in range(op.groups):
        panels = e.table(f"{node.name}_weight", panelled(weight[group], lanes))
        begin = e.table(f"{node.name}_bias", _filled(start[group * outputs :][:outputs], lanes))
        seen = image.part([(group * inputs, inputs, 1), *((0, n, 1) for n in image.shape[1:])])
        to = f"&{result.buffer.place}->{result.buffer.name}[{group * outputs * at.size}]"
        tables = f"{begin.pointer}, {panels.pointer}, {seen.pointer}, {at.pointer}, {taps.pointer}"
        e.emit([f"axonc_windows_{lanes}({to}, {tables}, {at.size}, {taps.size}, {outputs});"])
    return result


def matmul(op: MatMul, node: Node, e: Emission) -> Value:
    """Sums by ascending inner index, of the columns side by side."""
    left, right = given(op, node, e)
    dtype = dtype_of(op.takes[0].format)
    a = left if len(left.shape) > 1 else left.to_rank(2)
    b = right if len(right.shape) > 1 else right.to_rank(2).transposed((1, 0))
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    rows, inner, columns = *a.shape[-2:], b.shape[-1]
    result = e.new(node.name, op.result().shape, dtype)
    e.emit(nest(result.shape, [result], lambda y: [f"{y} = {literal(0, dtype)};"]))
    shape = (*lead, rows, inner, columns)
    total = inserted(result.reshaped((*lead, rows, columns)), len(lead) + 1)
    terms = [
        total,
        inserted(a.spread((*lead, rows, inner)), len(lead) + 2),
        inserted(b.spread((*lead, inner, columns)), len(lead)),
    ]

    def add(y: str, p: str, q: str) -> list[str]:
        return [f"{y} = {expression('add', [y, expression('mul', [p, q], dtype)], dtype)};"]

    e.emit(nest(shape, terms, add))
    return result


def convolve(op: Convolve, node: Node, e: Emission) -> Value:
    """The bias, then one (channel, tap) after the other, for all places side by side."""
    x, weight, *bias = given(op, node, e)
    dtype, rank = dtype_of(op.takes[0].format), len(op.axes)
    seen = sliding(padded(x, op.axes, "0", dtype, node, e), op.axes)
    result = e.new(node.name, op.result().shape, dtype)
    lead = len(x.shape) - rank - 1
    if bias:
        start = inserted(bias[0], 1, rank)
        e.emit(nest(result.shape, [result, start], lambda y, b: [f"{y} = {b} + {literal(0, dtype)};"]))
    else:
        e.emit(nest(result.shape, [result], lambda y: [f"{y} = {literal(0, dtype)};"]))
    outputs, inputs = weight.shape[0] // op.groups, weight.shape[1]
    # [*lead, group, output, channel, *taps, *places]
    total = inserted(_split(result, lead, op.groups, outputs), lead + 2, 1 + rank)
    image = inserted(_split(seen, lead, op.groups, inputs), lead + 1)
    factor = inserted(_split(weight, 0, op.groups, outputs), 3 + rank, rank)
    shape = (*result.shape[:lead], op.groups, outputs, inputs, *weight.shape[2:], *result.shape[lead + 1 :])

    def add(y: str, w: str, v: str) -> list[str]:
        return [f"{y} = {expression('add', [y, expression('mul', [w, v], dtype)], dtype)};"]

    e.emit(nest(shape, [total, factor, image], add))
    return result


def _split(value: Value, axis: int, groups: int, count: int) -> Value:
    """One axis as (groups, count)."""
    shape, strides = list(value.shape), list(value.strides)
    shape[axis : axis + 1] = [groups, count]
    strides[axis : axis + 1] = [strides[axis] * count, strides[axis]]
    return replace(value, shape=tuple(shape), strides=tuple(strides))
