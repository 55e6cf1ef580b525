"""The functions that vertices of operations call, in the expressions of the native target: the interpreter's bits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from axonc.ir.elements import dtype_of
from axonc.ir.ops import Cast, DequantizeTensor, Map, Op, QuantizeTensor, Reduce, Window

from ...native.tensor.elementwise import map_lines
from ...native.tensor.emission import converted
from ...native.tensor.expressions import assigned, expression
from ...native.tensor.numbers import cast_lines, dequantize_lines, quantize_lines
from ...native.tensor.reductions import FUNCTIONS, neutral
from ...native.tensor.types import DType, c_type, literal
from ...native.tensor.windows import lowest_of

Lines = Callable[[Any, str, Sequence[str], Sequence[DType]], list[str]]

ELEMENTS: Mapping[type[Op], Lines] = {
    Map: map_lines,
    Cast: cast_lines,
    QuantizeTensor: quantize_lines,
    DequantizeTensor: dequantize_lines,
}
"""What is computed element by element."""


def method(name: str, gives: DType, takes: Mapping[str, DType], lines: Sequence[str]) -> str:
    """A static function whose lines set ``y``."""
    given = ", ".join(f"{c_type(dtype)} {operand}" for operand, dtype in takes.items())
    declared = [] if "y" in takes else [f"{c_type(gives)} y;"]
    body = "\n".join(f"    {line}" for line in (*declared, *lines, "return y;"))
    return f"  static {c_type(gives)} {name}({given}) {{\n{body}\n  }}"


def of_elements(op: Any, held: Sequence[DType], gives: DType) -> str:
    """``of``: a function of one, two or three numbers."""
    takes = {f"x{place}": dtype for place, dtype in enumerate(held)}
    lines = ELEMENTS[type(op)](op, "y", list(takes), held)
    return f"  static constexpr unsigned OPERANDS = {len(held)};\n{method('of', gives, takes, lines)}"


def of_copies(held: Sequence[DType], gives: DType, fill: float) -> str:
    """``first``, ``second``: elements of two operands; ``fill``: what lies beside them."""
    names = ("first", "second")
    types = (*held, held[0])[:2]
    copies = [
        method(name, gives, {"x": dtype}, [f"y = {converted('x', dtype, gives)};"])
        for name, dtype in zip(names, types, strict=True)
    ]
    return "\n".join([*copies, method("fill", gives, {}, [f"y = {literal(fill, gives)};"])])


def of_fold(op: Reduce | Window, held: DType) -> str:
    """``start``, and ``step``: the next value of a reduction."""
    dtype = dtype_of(op.takes[0].format)
    first = neutral(op.function, dtype) if isinstance(op, Reduce) or op.function == "sum" else lowest_of(dtype)
    lines = assigned("y", FUNCTIONS[op.function], ["y", converted("x", held, dtype)], [dtype] * 2)
    start = method("start", dtype, {}, [f"y = {first};"])
    return f"{start}\n{method('step', dtype, {'y': dtype, 'x': held}, lines)}"


def of_products(dtype: DType, held: Sequence[DType]) -> str:
    """``start``, ``from`` a bias, and ``step``: one product more."""
    zero = literal(0, dtype)
    a, b = (converted(name, own, dtype) for name, own in zip("ab", held, strict=False))
    total = expression("add", ["y", expression("mul", [a, b], dtype)], dtype)
    bias = expression("add", [converted("x", (*held, held[0])[2], dtype), zero], dtype)
    return "\n".join(
        [
            method("start", dtype, {}, [f"y = {zero};"]),
            method("from", dtype, {"x": (*held, held[0])[2]}, [f"y = {bias};"]),
            method("step", dtype, {"y": dtype, "a": held[0], "b": held[1]}, [f"y = {total};"]),
        ]
    )


def of_best(op: Reduce | Window, held: DType) -> str:
    """``better``: whether a number comes before the best one so far; ``kept``: what is the best one after it if it does
    not."""
    sign = "<" if op.function == "argmin" else ">"
    found = f"x {sign} best" + (" || (x != x && best == best)" if held.kind == "f" and isinstance(op, Reduce) else "")
    better = f"  static bool better({c_type(held)} x, {c_type(held)} best) {{ return {found}; }}"
    lines = assigned("y", "max", ["y", "x"], [held] * 2) if isinstance(op, Window) else ["static_cast<void>(x);"]
    return f"{better}\n{method('kept', held, {'y': held, 'x': held}, lines)}"
