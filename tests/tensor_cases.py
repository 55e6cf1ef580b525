"""Tensor operations with their operands, and numbers of every type: what targets in float are tried with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from axonc.ir.elements import limits
from axonc.ir.ops import (
    Axis,
    Broadcast,
    Concat,
    Convolve,
    Gather,
    Map,
    MatMul,
    Reduce,
    Reshape,
    Slice,
    Transpose,
    Window,
)

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(0)


def values(dtype: np.dtype[Any]) -> Array:
    """Random and special numbers of a type of C."""
    if dtype.kind == "b":
        return RNG.random(60) < 0.5
    if dtype.kind == "f":
        special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40, -1e-40, 0.5, 1.5, -2.5, 88.0, -104.0, 1e30]
        return np.concatenate([special, RNG.normal(0, 3, 47)]).astype(dtype)
    low, high = limits(dtype)
    wide = RNG.integers(low, high, 40, dtype, endpoint=True)
    return np.concatenate([np.array([low, high, 0, 1, high // 2], dtype), wide, RNG.integers(0, 9, 15).astype(dtype)])


def normal(*shape: int) -> Array:
    return RNG.normal(size=shape).astype(np.float32)


def whole(*shape: int) -> Array:
    return RNG.integers(-9, 9, shape, np.int16)


AXES = (Axis(2, 2, 1, 0), Axis(3, 1, 0, 2, 2))
OPS: dict[str, tuple[Callable[..., Any], tuple[Array, ...]]] = {
    "matmul": (MatMul, (normal(3, 4), normal(4, 5))),
    "matmul of stacks": (MatMul, (normal(2, 1, 3, 4), normal(5, 4, 2))),
    "matmul with a vector": (MatMul, (normal(3, 4), normal(4))),
    "matmul of a vector": (MatMul, (normal(4), normal(2, 4, 3))),
    "matmul of integers": (MatMul, (whole(3, 4), whole(4, 2))),
    **{
        f"{function} over {axes}": (lambda takes, f=function, a=axes: Reduce(takes, f, a), (normal(2, 3, 4),))
        for function in ("sum", "prod", "max", "min")
        for axes in ((0,), (1, 2), (0, 2), ())
    },
    "argmax": (lambda takes: Reduce(takes, "argmax", (1,)), (np.float32([[1, 1], [0, np.nan], [3, np.nan]]).T,)),
    "argmin": (lambda takes: Reduce(takes, "argmin", (0,), True), (whole(5, 3),)),
    "sum of integers": (lambda takes: Reduce(takes, "sum", (0,)), (whole(50, 2) * np.int16(999),)),
    "convolve": (lambda takes: Convolve(takes, AXES), (normal(2, 3, 5, 6), normal(4, 3, 2, 3), normal(4))),
    "convolve in groups": (lambda takes: Convolve(takes, AXES, 3), (normal(6, 5, 6), normal(9, 2, 2, 3))),
    **{
        f"window {f}": (lambda takes, f=f: Window(takes, f, AXES), (normal(2, 5, 6),)) for f in ("sum", "max", "argmax")
    },
    "window of integers": (lambda takes: Window(takes, "max", AXES), (whole(5, 6),)),
    "gather": (lambda takes: Gather(takes, 1), (normal(2, 5, 3), np.array([[4, -5], [0, -1]]))),
    "slice, backwards": (lambda takes: Slice(takes, ((3, 2, -2), (0, 3, 2))), (normal(4, 6),)),
    "transpose": (lambda takes: Transpose(takes, (2, 0, 1)), (whole(2, 3, 4),)),
    "nothing": (lambda takes: Map(takes, "add"), (normal(0, 3), normal(0, 3))),
    "concat": (lambda takes: Concat(takes, 1), (normal(2, 3), normal(2, 1), normal(2, 4))),
    "broadcast": (lambda takes: Broadcast(takes, (2, 3, 4)), (normal(3, 1),)),
    "reshape": (lambda takes: Reshape(takes, (3, 4)), (whole(2, 6),)),
}
