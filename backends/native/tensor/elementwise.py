"""Elementwise operations."""

from __future__ import annotations

from collections.abc import Sequence

from axonc.ir import Node
from axonc.ir.elements import dtype_of
from axonc.ir.ops import Constant, Map, Scale

from .emission import Emission, converted
from .expressions import EXPRESSIONS, assigned
from .loops import nest
from .types import BOOL, F32, DType, carrier, narrow
from .values import Value


def runs_map(op: Map) -> bool:
    """Whether there is an expression for it."""
    dtype = dtype_of(op.takes[-1].format)
    return not narrow(dtype) and op.function in EXPRESSIONS[dtype.kind]


def map_(op: Map, node: Node, e: Emission) -> Value:
    """One loop."""
    given = e.operands(node)
    held = [value.dtype for value in given]
    result = e.new(node.name, op.result().shape, dtype_of(op.result().format))
    e.emit(nest(result.shape, [result, *given], lambda to, *elements: map_lines(op, to, elements, held)))
    return result


def map_lines(op: Map, to: str, elements: Sequence[str], held: Sequence[DType]) -> list[str]:
    """``to`` = the function of numbers that are held in types."""
    wanted = [carrier(dtype_of(signal.format)) for signal in op.takes]
    if op.function == "select":
        wanted[0] = BOOL
    numbers = [converted(x, own, dtype) for x, own, dtype in zip(elements, held, wanted, strict=True)]
    return assigned(to, op.function, numbers, wanted)


def scale(op: Scale, node: Node, e: Emission) -> Value:
    """Elementwise products."""
    (x,) = e.operands(node)
    factor = e.constant(f"{node.name}_scale", op.scale, F32)
    result = e.new(node.name, x.shape, F32)
    e.emit(nest(x.shape, [result, factor, x], lambda y, s, v: [f"{y} = {s} * {converted(v, x.dtype, F32)};"]))
    return result


def constant(op: Constant, node: Node, e: Emission) -> Value:
    """Numbers in the constants, or one in the text."""
    return e.constant(node.name, op.value, dtype_of(op.output(None).format))
