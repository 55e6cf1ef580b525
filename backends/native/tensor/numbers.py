"""Conversions between element types, the narrow ones among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from axonc.ir import Node
from axonc.ir.elements import dtype_of, is_float, limits
from axonc.ir.ops import Cast, DequantizeTensor, QuantizeTensor

from .emission import Emission, converted
from .loops import nest
from .types import F32, F64, I64, DType, c_type, carrier, narrow
from .values import Value

ROUNDED: Mapping[str, tuple[int, int, str]] = {
    "float16": (10, -14, "65504, (double)INFINITY"),
    "bfloat16": (7, -126, "0x1.fep127, (double)INFINITY"),
    "float8_e4m3fn": (3, -6, "448, (double)NAN"),
    "float8_e4m3fnuz": (3, -7, "240, (double)NAN"),
    "float8_e5m2": (2, -14, "57344, (double)INFINITY"),
    "float8_e5m2fnuz": (2, -15, "57344, (double)NAN"),
    "float4_e2m1fn": (1, 0, "6, 6"),
}
"""Stored bits of the fraction, the least exponent, the largest number and what is beyond it."""

SATURATING = ("float8", "float4")


def as_type(text: str, source: DType, target: DType, saturate: bool = True, rounding: str = "up") -> str:
    """A number of type ``source`` as one of type ``target``, in their carriers, as `Cast` has it."""
    if not narrow(target):
        return converted(text, carrier(source), carrier(target))
    if target.name in INTEGERS:
        return f"{INTEGERS[target.name]}({converted(converted(text, carrier(source), F32), F32, I64)})"
    if target.name == "float8_e8m0fnu":
        return f"axonc_power_of_two_{rounding}({converted(text, carrier(source), F32)})"
    bits, least, largest = ROUNDED[target.name]
    wide = text if carrier(source) == F64 or target.name == "float16" else converted(text, carrier(source), F32)
    kept = saturate and target.name.startswith(SATURATING)
    if kept:
        low, high = limits(target)
        wide = f"axonc_clipped((double)({wide}), {low}, {high})"
    rounded = f"(float)axonc_rounded((double)({wide}), {bits}, {least}, {largest})"
    return FORMS.get(target.name, "{}").format(rounded)


FORMS: Mapping[str, str] = {
    "float8_e4m3fnuz": "axonc_one_zero({})",
    "float8_e5m2fnuz": "axonc_one_zero({})",
    "float4_e2m1fn": "axonc_no_nan({})",
}
"""What some formats lack: a negative zero, NaN."""


INTEGERS: Mapping[str, str] = {name: f"axonc_{name}" for name in ("int2", "uint2", "int4", "uint4")}
"""What keeps the lowest bits of an int64, by type."""


def cast(op: Cast, node: Node, e: Emission) -> Value:
    """One loop; none where the types are one."""
    (x,) = e.operands(node)
    source, target = dtype_of(op.takes[0].format), dtype_of(op.to)
    if source == target == x.dtype:
        return x
    result = e.new(node.name, x.shape, target)
    e.emit(nest(x.shape, [result, x], lambda to, element: cast_lines(op, to, [element], [x.dtype])))
    return result


def cast_lines(op: Cast, to: str, elements: Sequence[str], held: Sequence[DType]) -> list[str]:
    """``to`` = a number that is held in a type, as `Cast` has it."""
    source = dtype_of(op.takes[0].format)
    given = converted(elements[0], held[0], carrier(source))
    return [f"{to} = {as_type(given, source, dtype_of(op.to), op.saturate, op.rounding)};"]


def quantize_tensor(op: QuantizeTensor, node: Node, e: Emission) -> Value:
    """Division, rounding, zero point, clipping."""
    x, scale, *zero = e.operands(node)
    result = e.new(node.name, x.shape, dtype_of(op.to))
    others = [_along(value, op.axis, len(x.shape)) for value in (scale, *zero)]
    held = [value.dtype for value in (x, scale, *zero)]
    e.emit(nest(x.shape, [result, x, *others], lambda to, *elements: quantize_lines(op, to, elements, held)))
    return result


def quantize_lines(op: QuantizeTensor, to: str, elements: Sequence[str], held: Sequence[DType]) -> list[str]:
    """``to`` = a number, its scale and, if there is one, its zero point, as `QuantizeTensor` has it."""
    types = [dtype_of(signal.format) for signal in op.takes]
    ratio, target = np.result_type(types[0], types[1]), dtype_of(op.to)
    a, s, *z = (
        converted(element, own, carrier(dtype)) for element, own, dtype in zip(elements, held, types, strict=True)
    )
    wide = carrier(ratio)
    quotient = f"{converted(a, carrier(types[0]), wide)} / {converted(s, carrier(types[1]), wide)}"
    lines = [f"const {c_type(wide)} ratio = {as_type(quotient, wide, ratio)};"]
    if is_float(op.to):
        return [*lines, f"{to} = {as_type('ratio', ratio, target, op.saturate)};"]
    low, high = limits(target)
    whole = f"rint((double)ratio){f' + (double){z[0]}' if z else ''}"
    lines.append(f"const double whole = axonc_clipped({whole}, {low}, {high});")
    return [*lines, f"{to} = {as_type('whole', F64, target)};"]


def dequantize_tensor(op: DequantizeTensor, node: Node, e: Emission) -> Value:
    """Zero point and scale."""
    x, scale, *zero = e.operands(node)
    result = e.new(node.name, x.shape, dtype_of(op.takes[1].format))
    others = [_along(value, op.axis, len(x.shape)) for value in (scale, *zero)]
    held = [value.dtype for value in (x, scale, *zero)]
    e.emit(nest(x.shape, [result, x, *others], lambda to, *elements: dequantize_lines(op, to, elements, held)))
    return result


def dequantize_lines(op: DequantizeTensor, to: str, elements: Sequence[str], held: Sequence[DType]) -> list[str]:
    """``to`` = a stored number, its scale and, if there is one, its zero point, as `DequantizeTensor` has it."""
    wide, target = F32 if is_float(op.takes[0].format) else I64, dtype_of(op.takes[1].format)
    x, s, *z = elements
    shift = f" - {converted(z[0], held[2], wide)}" if z else ""
    lines = [f"const {c_type(wide)} shifted = {converted(x, held[0], wide)}{shift};"]
    product = f"{as_type('shifted', wide, target)} * {converted(s, held[1], carrier(target))}"
    return [*lines, f"{to} = {as_type(product, carrier(target), target)};"]


def _along(value: Value, axis: int, rank: int) -> Value:
    """A scale or zero point: one number, one along an axis, or as many as there are elements."""
    if len(value.shape) == 1 and rank > 1 and value.shape[0] != 1:
        shape, strides = [1] * rank, [0] * rank
        shape[axis], strides[axis] = value.shape[0], value.strides[0]
        return replace(value, shape=tuple(shape), strides=tuple(strides))
    return replace(value, shape=(), strides=()) if value.size == 1 else value
