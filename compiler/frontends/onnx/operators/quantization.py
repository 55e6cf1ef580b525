"""QuantizeLinear and DequantizeLinear: per tensor, per axis, in blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from axonc.ir.ops import DequantizeTensor, QuantizeTensor
from axonc.ir.signal import Element, Format

from ..call import Call, Made, axis_of, format_from
from ..draft import OperatorError, Value, known


def _quantize(call: Call) -> Made:
    operands, axis = _operands(call)
    op = QuantizeTensor(tuple(v.signal for v in operands), _target(call, operands), axis, bool(call.get("saturate", 1)))
    return call.draft.emit(op, *operands)


def _target(call: Call, operands: list[Value]) -> Format:
    """The format of the result: that of the zero point, or what the operator says; else uint8."""
    if len(operands) > 2:
        return operands[2].signal.format
    stated = int(call.get("output_dtype", 0))
    return format_from(stated) if stated else Element("uint8")


def _dequantize(call: Call) -> Made:
    operands, axis = _operands(call)
    op = DequantizeTensor(tuple(v.signal for v in operands), axis)
    y = call.draft.emit(op, *operands)
    stated = int(call.get("output_dtype", 0))
    return call.draft.cast(y, format_from(stated)) if stated else y


def _operands(call: Call) -> tuple[list[Value], int]:
    """x, scale and zero point; those of blocks repeated over the block."""
    x = call[0]
    parts = [value for index in (1, 2) if (value := call.optional(index)) is not None]
    axis = int(call.get("axis", 1))
    if all(part.rank == 0 or part.shape == (1,) for part in parts):
        return [x, *parts], 0
    axis = axis_of(axis, x.rank)
    return [x, *(_blocks(call, part, axis, x) for part in parts)], axis


def _blocks(call: Call, part: Value, axis: int, x: Value) -> Value:
    block = int(call.get("block_size", 0))
    if not block or part.rank != x.rank:
        return part
    if -(-x.shape[axis] // block) != part.shape[axis]:
        raise OperatorError(f"blocks of {block} along {x.shape[axis]}", f"{part.shape[axis]} scales", "AX301")
    return call.draft.gather(part, known(np.arange(x.shape[axis]) // block), axis)


QUANTIZATION: Mapping[str, Callable[[Call], Made]] = {"DequantizeLinear": _dequantize, "QuantizeLinear": _quantize}
