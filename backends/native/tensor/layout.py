"""Operations that move elements: most are another view of the same buffer."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from axonc.ir import Node
from axonc.ir.elements import dtype_of
from axonc.ir.ops import Broadcast, Concat, Flatten, Gather, Input, Op, Reshape, Slice, TensorOp, Transpose

from .emission import Emission
from .loops import nest
from .types import I64, carrier
from .values import Value, constant_number


def given(op: TensorOp, node: Node, e: Emission) -> list[Value]:
    """The operands in the types that the op takes."""
    return [
        value if value.dtype == carrier(dtype) else e.laid_out(value, dtype, f"{node.name}_given")
        for value, dtype in zip(e.operands(node), (dtype_of(signal.format) for signal in op.takes), strict=True)
    ]


def input_(op: Input, node: Node, e: Emission) -> Value:
    """This step's part of the data."""
    result = e.new(node.name, op.signal.shape, e.held[node.name])
    place = e.graph.inputs.index(node)
    e.emit([f"axonc_give(call, {place}, {result.pointer}, {result.size * result.dtype.itemsize});"])
    return result


def same(op: Op, node: Node, e: Emission) -> Value:
    """The input."""
    return e.sum(node)


def _reshaped(value: Value, shape: tuple[int, ...], node: Node, e: Emission) -> Value:
    if value.text:
        return constant_number(value.text, value.dtype).spread(shape)
    return e.laid_out(value, value.dtype, node.name).reshaped(shape)


def flatten(op: Flatten, node: Node, e: Emission) -> Value:
    """The same elements."""
    return _reshaped(e.sum(node), e.graph.signals[node.name].shape, node, e)


def reshape(op: Reshape, node: Node, e: Emission) -> Value:
    """The same elements."""
    (x,) = given(op, node, e)
    return _reshaped(x, op.shape, node, e)


def transpose(op: Transpose, node: Node, e: Emission) -> Value:
    """A view."""
    (x,) = given(op, node, e)
    return x.transposed(op.axes)


def slice_(op: Slice, node: Node, e: Emission) -> Value:
    """A view."""
    (x,) = given(op, node, e)
    return x.part(op.spans)


def broadcast(op: Broadcast, node: Node, e: Emission) -> Value:
    """A view."""
    (x,) = given(op, node, e)
    return x.spread(op.shape)


def concat(op: Concat, node: Node, e: Emission) -> Value:
    """One copy after the other."""
    result = e.new(node.name, op.result().shape, dtype_of(op.result().format))
    start = 0
    for part in given(op, node, e):
        spans = [(0, extent, 1) for extent in part.shape]
        spans[op.axis] = (start, part.shape[op.axis], 1)
        e.copy(result.part(spans), part)
        start += part.shape[op.axis]
    return result


def gather(op: Gather, node: Node, e: Emission) -> Value:
    """Copies; an index that is outside ends the run with the node's number."""
    x, indices = given(op, node, e)
    x = e.laid_out(x, x.dtype, f"{node.name}_from")
    at = e.laid_out(indices, I64, f"{node.name}_at")
    extent, tail = x.shape[op.axis], prod(x.shape[op.axis + 1 :])
    lead = prod(x.shape[: op.axis])
    outside = [f"    return {e.number(node)};"]
    e.emit(nest(at.shape, [at], lambda i: [f"if ({i} < -{extent} || {i} >= {extent}) {{", *outside, "}"]))
    shape = (lead, at.size, tail)
    result = e.new(node.name, op.result().shape, x.dtype)
    first = replace(x, shape=shape, strides=(extent * tail, 0, 1))

    def take(to: str, index: str, source: str) -> list[str]:
        place = f"const size_t place = (size_t)({index} < 0 ? {index} + {extent} : {index});"
        return [place, f"{to} = {source[:-1]} + {tail} * place];"]

    e.emit(nest(shape, [result.reshaped(shape), at.reshaped((at.size, 1)), first], take))
    return result
