"""Elementwise operations."""

from __future__ import annotations

from axonc.ir import Node
from axonc.ir.elements import dtype_of
from axonc.ir.ops import Constant, Map, Scale

from .emission import Emission, converted
from .expressions import EXPRESSIONS, assigned
from .loops import nest
from .types import BOOL, F32, carrier, narrow
from .values import Value


def runs_map(op: Map) -> bool:
    """Whether there is an expression for it."""
    dtype = dtype_of(op.takes[-1].format)
    return not narrow(dtype) and op.function in EXPRESSIONS[dtype.kind]


def map_(op: Map, node: Node, e: Emission) -> Value:
    """One loop."""
    given = e.operands(node)
    wanted = [carrier(dtype_of(signal.format)) for signal in op.takes]
    if op.function == "select":
        wanted[0] = BOOL
    result = e.new(node.name, op.result().shape, dtype_of(op.result().format))

    def body(to: str, *elements: str) -> list[str]:
        numbers = [converted(x, v.dtype, dtype) for x, v, dtype in zip(elements, given, wanted, strict=True)]
        return assigned(to, op.function, numbers, wanted)

    e.emit(nest(result.shape, [result, *given], body))
    return result


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
