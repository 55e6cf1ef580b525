"""Kernels of tensor operations. Every operand has the batch as its first axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..elements import dtype_of, is_float, limits
from ..ops import Array, Cast, Constant, DequantizeTensor, Map, MatMul, QuantizeTensor, Reduce, TensorOp
from .base import Kernel, Precision, stateless
from .functions import exp, log, sigmoid, softplus, tanh
from .wide import cos, erf, power, sin

Function = Callable[..., Any]


def constant(op: Constant, precision: Precision) -> Kernel:
    """The value for every sample, without copies. It takes no input: its step is given none."""
    value = op.value.astype(dtype_of(op.output(None).format, precision))
    return Kernel(lambda batch: {"value": np.broadcast_to(value, (batch, *value.shape))}, _constant_step)


def _constant_step(state: Mapping[str, Array]) -> tuple[Mapping[str, Array], Array]:
    return state, state["value"]


def tensor(op: TensorOp, precision: Precision, function: Callable[..., Array]) -> Kernel:
    """A stateless kernel that gets its operands, and gives its result, in the formats of the op's signals."""
    takes = [dtype_of(signal.format, precision) for signal in op.takes]
    gives = dtype_of(op.result().format, precision)

    def step(*operands: Array) -> Array:
        with np.errstate(all="ignore"):
            given = [x.astype(dtype, copy=False) for x, dtype in zip(operands, takes, strict=True)]
            return np.asarray(function(*given)).astype(gives, copy=False)

    return stateless(step)


def _divide(a: Array, b: Array) -> Array:
    if a.dtype.kind == "f" or a.dtype.kind == "V":
        return np.asarray(a / b)
    quotient = a // b
    return np.asarray(quotient + ((a % b != 0) & ((a < 0) != (b < 0))).astype(a.dtype))


FUNCTIONS: Mapping[str, Function] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": _divide,
    "pow": power,
    "max": np.maximum,
    "min": np.minimum,
    "mod": np.mod,
    "fmod": np.fmod,
    "neg": np.negative,
    "abs": np.abs,
    "sign": np.sign,
    "floor": np.floor,
    "ceil": np.ceil,
    "round": np.rint,
    "reciprocal": lambda x: 1 / x,
    "sqrt": np.sqrt,
    "exp": exp,
    "log": log,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu": lambda x: np.maximum(x, x.dtype.type(0)),
    "softplus": softplus,
    "erf": erf,
    "sin": sin,
    "cos": cos,
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "equal": np.equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "xor": np.logical_xor,
    "not": np.logical_not,
    "isnan": np.isnan,
    "select": np.where,
}
"""What the functions of `Map` are in numpy."""


def map_(op: Map, precision: Precision) -> Kernel:
    """Operands of fewer axes get theirs after the batch."""
    rank, function = len(op.result().shape), FUNCTIONS[op.function]
    return tensor(op, precision, lambda *operands: function(*(raised(x, rank) for x in operands)))


def raised(x: Array, rank: int) -> Array:
    """[B, ...] with axes of extent 1 after the batch, up to ``rank`` beside it."""
    return x.reshape(len(x), *(1,) * (rank + 1 - x.ndim), *x.shape[1:])


def matmul(op: MatMul, precision: Precision) -> Kernel:
    """One term of the sum after the other, ascending; integers all at once."""
    left, right = (len(signal.shape) for signal in op.takes)
    lead = max(left, right, 2) - 2
    shape = op.result().shape

    def product(a: Array, b: Array) -> Array:
        rows = raised(a[:, None] if left == 1 else a, lead + 2)
        columns = raised(b[..., None] if right == 1 else b, lead + 2)
        total = np.matmul(rows, columns) if a.dtype.kind in "iu" else _ascending(rows, columns)
        return total.reshape(len(total), *shape)

    return tensor(op, precision, product)


def _ascending(a: Array, b: Array) -> Array:
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    total = np.zeros((*lead, a.shape[-2], b.shape[-1]), a.dtype)
    for k in range(a.shape[-1]):
        total += a[..., :, k, None] * b[..., None, k, :]
    return total


def reduce_(op: Reduce, precision: Precision) -> Kernel:
    """The reduced axes become one, over which it runs."""
    count, shape = len(op.takes[0].shape), op.result().shape
    order = [axis + 1 for axis in range(count) if axis not in op.axes] + [axis + 1 for axis in op.axes]

    def reduced(x: Array) -> Array:
        kept = x.transpose(0, *order)
        lead = kept.shape[: x.ndim - len(op.axes)]
        size = int(np.prod(kept.shape[len(lead) :], dtype=int))
        return _reduced(op.function, kept.reshape(*lead, size)).reshape(len(x), *shape)

    return tensor(op, precision, reduced)


def _reduced(function: str, x: Array) -> Array:
    if function.startswith("arg"):
        return np.asarray(getattr(np, function)(x, axis=-1))
    total = np.full(x.shape[:-1], _neutral(function, x.dtype))
    step = {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum}[function]
    for k in range(x.shape[-1]):
        total = step(total, x[..., k])
    return total


def _neutral(function: str, dtype: np.dtype[Any]) -> Any:
    """What a reduction begins with."""
    if function in ("sum", "prod"):
        return dtype.type(function == "prod")
    if dtype.kind == "b":
        return np.bool_(function == "min")
    if dtype.kind == "f" or "float" in dtype.name:
        return dtype.type(np.inf if function == "min" else -np.inf)
    return dtype.type(limits(dtype)[function == "min"])


def cast(op: Cast, precision: Precision) -> Kernel:
    """Another format."""
    to = dtype_of(op.to, precision)
    return tensor(op, precision, lambda x: casted(x, to, op.saturate, op.rounding))


def casted(x: Array, to: np.dtype[Any], saturate: bool, rounding: str = "up") -> Array:
    """``x`` as numbers of type ``to``, as `Cast` has it."""
    if to.name in ("int2", "uint2", "int4", "uint4"):
        return x.astype(np.float32).astype(np.int64).astype(np.int8).astype(to)
    if to.name == "float8_e8m0fnu":
        return _power_of_two(x.astype(np.float32), rounding).astype(to)
    if to.name.startswith(("float8", "float4")):
        return _narrow(x, to, saturate)
    if x.dtype.kind == "V":  # the types of ml_dtypes
        return x.astype(np.float32).astype(to)
    return x.astype(to)


def _narrow(x: Array, to: np.dtype[Any], saturate: bool) -> Array:
    wide = x.astype(np.float32)
    if saturate or to.name.startswith("float4"):
        low, high = limits(to)
        wide = np.where(np.isnan(wide), wide, np.clip(wide, low, high))
    return wide.astype(to)


def _power_of_two(x: Array, rounding: str) -> Array:
    exponent = np.log2(np.abs(x))
    rounded = {"up": np.ceil, "down": np.floor, "nearest": np.rint}[rounding](exponent)
    return np.asarray(np.exp2(np.clip(rounded, -127, 127)))


def quantize_tensor(op: QuantizeTensor, precision: Precision) -> Kernel:
    """Division, rounding, zero point, clipping."""
    to, rank = dtype_of(op.to, precision), len(op.takes[0].shape)

    def quantized(x: Array, scale: Array, *zero: Array) -> Array:
        ratio = x / along(scale, op.axis, rank)
        if is_float(op.to):
            return casted(ratio, to, op.saturate)
        low, high = limits(to)
        whole = np.rint(ratio) + (along(zero[0], op.axis, rank).astype(np.int64) if zero else 0)
        return casted(np.clip(whole, low, high), to, True)

    return tensor(op, precision, quantized)


def dequantize_tensor(op: DequantizeTensor, precision: Precision) -> Kernel:
    """Zero point and scale."""
    scale_type, rank = dtype_of(op.takes[1].format, precision), len(op.takes[0].shape)
    wide = np.dtype(precision if is_float(op.takes[0].format) else np.int64)

    def dequantized(x: Array, scale: Array, *zero: Array) -> Array:
        offset = along(zero[0].astype(wide), op.axis, rank) if zero else 0
        return np.asarray((x.astype(wide) - offset).astype(scale_type) * along(scale, op.axis, rank))

    return tensor(op, precision, dequantized)


def along(x: Array, axis: int, rank: int) -> Array:
    """[B, n] as [B, 1, ..., n, ..., 1] with n at ``axis``; a scalar or a full tensor so that it is broadcast."""
    if x.ndim == 2 and rank > 1 and x.shape[1] != 1:
        return x.reshape(len(x), *(1,) * axis, -1, *(1,) * (rank - axis - 1))
    return raised(x.reshape(len(x), *(() if x.size == len(x) else x.shape[1:])), rank)
