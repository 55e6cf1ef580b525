"""Reductions: one element after the other, in C order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from axonc.ir import Node
from axonc.ir.elements import dtype_of, limits
from axonc.ir.ops import Reduce

from .emission import Emission
from .expressions import assigned
from .layout import given
from .loops import nest
from .types import DType, literal
from .values import Value
from .windows import inserted

FUNCTIONS = {"sum": "add", "prod": "mul", "max": "max", "min": "min"}


def reduce_(op: Reduce, node: Node, e: Emission) -> Value:
    """The kept axes outside, the reduced ones inside."""
    (x,) = given(op, node, e)
    kept = [axis for axis in range(len(x.shape)) if axis not in op.axes]
    result = e.new(node.name, op.result().shape, dtype_of(op.result().format))
    total = result.reshaped(tuple(x.shape[axis] for axis in kept))
    seen = x.transposed([*kept, *op.axes])
    if op.function.startswith("arg"):
        _arg(op, node, total, seen, e)
        return result
    e.emit(nest(total.shape, [total], lambda y: [f"{y} = {neutral(op.function, x.dtype)};"]))

    def step(y: str, v: str) -> list[str]:
        return assigned(y, FUNCTIONS[op.function], [y, v], [x.dtype] * 2)

    e.emit(nest(seen.shape, [inserted(total, len(kept), len(op.axes)), seen], step))
    return result


def neutral(function: str, dtype: DType) -> str:
    """What a reduction begins with."""
    if function in ("sum", "prod"):
        return literal(function == "prod", dtype)
    if dtype.kind == "b":
        return literal(function == "min", dtype)
    if dtype.kind == "f":
        return literal(float("inf") if function == "min" else -float("inf"), dtype)
    return literal(limits(dtype)[function == "min"], dtype)


def _arg(op: Reduce, node: Node, total: Value, seen: Value, e: Emission) -> None:
    """The first largest or smallest element; NaN is both."""
    best = e.new(f"{node.name}_best", total.shape, seen.dtype)
    start = replace(seen, shape=seen.shape[:-1], strides=seen.strides[:-1])
    e.emit(nest(total.shape, [total, best, start], lambda i, y, v: [f"{i} = 0;", f"{y} = {v};"]))
    count = len(total.shape)
    sign = ">" if op.function == "argmax" else "<"
    place = e.table("index", np.arange(seen.shape[-1]))

    def step(i: str, y: str, v: str, at: str) -> list[str]:
        found = f"{v} {sign} {y}" + (f" || ({v} != {v} && {y} == {y})" if seen.dtype.kind == "f" else "")
        return [f"if ({found}) {{", f"    {y} = {v};", f"    {i} = {at};", "}"]

    e.emit(nest(seen.shape, [inserted(total, count), inserted(best, count), seen, place], step))
