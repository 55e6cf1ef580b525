"""Tensor operations: whatever a model computes beside neurons and weights, elementwise and on whole tensors.

A node of these ops has one input, its first operand, and reads the others. ``takes`` are the operands' signals, from
which the output's signal follows. Broadcasting is numpy's. Products and sums of float numbers run in ascending order
of the index that is summed over, one after the other; pow, exp, log, sigmoid, tanh, softplus, erf, sin and cos of
float32 are those of `ir.interpret.functions` and `ir.interpret.wide`, of other types numpy's. Numbers are computed in
the format of the operands; float32 in the precision of the interpreter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from ..elements import dtype_of, format_of
from ..signal import Element, Format, Kind, Shape, Signal
from .base import Array, Op, Problem

BOOL = Element("bool")
INT64 = Element("int64")


class MisfitError(ValueError):
    """Operands that an op does not take."""


@dataclass(frozen=True, eq=False)
class TensorOp(Op):
    """Base: an op over operands whose signals are ``takes``."""

    stage: ClassVar[str] = "steps"
    needs_source: ClassVar[bool] = False
    takes: tuple[Signal, ...]

    def result(self) -> Signal:
        """The output's signal; `MisfitError` where the operands do not fit."""
        raise TypeError(f"{self.name} does not define its result")

    def output(self, source: Signal | None) -> Signal:
        try:
            return self.result()
        except MisfitError:  # `verify` says so
            return self.takes[0]

    def accepts(self) -> Shape | None:
        return self.takes[0].shape

    def read_shapes(self) -> tuple[Shape, ...]:
        return tuple(operand.shape for operand in self.takes[1:])

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        try:
            self.result()
        except MisfitError as error:
            found, _, limit = str(error).partition("; ")
            yield Problem("AX301", found, limit, "correct the operands")


@dataclass(frozen=True, eq=False)
class Constant(Op):
    """y[k] = ``value`` at every step. It has no input."""

    name: ClassVar[str] = "constant"
    stage: ClassVar[str] = "steps"
    needs_source: ClassVar[bool] = False
    fed: ClassVar[bool] = False
    value: Array

    def output(self, source: Signal | None) -> Signal:
        return Signal(self.value.shape, Kind.DENSE, format_of(self.value.dtype))

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        yield from ()  # infinite values bound nothing, NaN may be compared with: both are values here


@dataclass(frozen=True)
class MapRule:
    """How a `Map` function is applied: to how many operands, and whether its result is bool."""

    operands: int
    logical: bool = False


MAPS: Mapping[str, MapRule] = {
    **dict.fromkeys(("add", "sub", "mul", "div", "pow", "max", "min", "mod", "fmod"), MapRule(2)),
    **dict.fromkeys(("neg", "abs", "sign", "floor", "ceil", "round", "reciprocal", "sqrt", "exp", "log"), MapRule(1)),
    **dict.fromkeys(("sigmoid", "tanh", "relu", "softplus", "erf", "sin", "cos"), MapRule(1)),
    **dict.fromkeys(("less", "less_equal", "greater", "greater_equal", "equal", "and", "or", "xor"), MapRule(2, True)),
    **dict.fromkeys(("not", "isnan"), MapRule(1, True)),
    "select": MapRule(3),
}
"""The functions of `Map`. ``div`` of integers rounds toward zero, ``round`` halves to even; ``mod`` has the sign of
the divisor, ``fmod`` that of the dividend; ``select`` takes its second operand where the first is true, else the
third."""


@dataclass(frozen=True, eq=False)
class Map(TensorOp):
    """y = f(x, r, ...), elementwise over operands that are broadcast to one shape; ``function`` f is one of `MAPS`.

    All operands but the condition of ``select`` have one format, which is y's, unless the function is a comparison or
    logical: those give bool.
    """

    name: ClassVar[str] = "map"
    function: str

    def result(self) -> Signal:
        rule = MAPS.get(self.function)
        if rule is None:
            raise MisfitError(f"the function {self.function!r}; one of {', '.join(MAPS)}")
        if len(self.takes) != rule.operands:
            raise MisfitError(f"{self.function} of {len(self.takes)} operands; it takes {rule.operands}")
        alike = self.takes[1:] if self.function == "select" else self.takes
        if len({operand.format for operand in alike}) > 1:
            raise MisfitError(f"{self.function} of {', '.join(str(operand.format) for operand in alike)}; one format")
        shape = broadcast(*(operand.shape for operand in self.takes))
        return Signal(shape, Kind.DENSE, BOOL if rule.logical else alike[0].format)


@dataclass(frozen=True, eq=False)
class Cast(TensorOp):
    """y = x in the format ``to``.

    Floats become integers by truncation; integers keep their lowest bits.
    Where a narrow float has no such number, it is the largest one if ``saturate``, else infinity or NaN, as that
    format has it. A float8e8m0, a power of two, is rounded ``up``, ``down`` or to ``nearest``.
    """

    name: ClassVar[str] = "cast"
    to: Format
    saturate: bool = True
    rounding: str = "up"

    def result(self) -> Signal:
        return Signal(self.takes[0].shape, Kind.DENSE, self.to)


@dataclass(frozen=True, eq=False)
class MatMul(TensorOp):
    """y[..., i, j] = sum over k of x[..., i, k] r[..., k, j], as `numpy.matmul` has it.

    Leading axes are broadcast; a vector as x is a row, as r a column, and the axis so added is left out of y.
    """

    name: ClassVar[str] = "matmul"

    def result(self) -> Signal:
        left, right = self.takes
        if not left.shape or not right.shape:
            raise MisfitError("a product with a scalar; vectors, matrices or stacks of them")
        if left.format != right.format:
            raise MisfitError(f"a product of {left.format} and {right.format}; one format")
        a = (1, *left.shape) if len(left.shape) == 1 else left.shape
        b = (*right.shape, 1) if len(right.shape) == 1 else right.shape
        if a[-1] != b[-2]:
            raise MisfitError(f"a product of {left.shape} and {right.shape}; the inner extents are equal")
        lead = broadcast(a[:-2], b[:-2])
        shape = (*lead, *a[-2:-1][: len(left.shape) - 1], *b[-1:][: len(right.shape) - 1])
        return Signal(shape, Kind.DENSE, left.format)


REDUCTIONS = ("sum", "prod", "max", "min", "argmax", "argmin")
"""The functions of `Reduce`; of equal values ``argmax`` and ``argmin`` take the first."""


@dataclass(frozen=True, eq=False)
class Reduce(TensorOp):
    """y = f of all elements along ``axes`` (ascending, from 0), in C order; they are left out, or 1 if ``keep``.

    ``function`` is one of `REDUCTIONS`. The sum of nothing is 0, the product 1, the maximum the least number.
    ``argmax`` and ``argmin`` give indices along one axis, int64.
    """

    name: ClassVar[str] = "reduce"
    function: str
    axes: tuple[int, ...]
    keep: bool = False

    def result(self) -> Signal:
        shape, index = self.takes[0].shape, self.function.startswith("arg")
        if self.function not in REDUCTIONS or (index and len(self.axes) != 1):
            raise MisfitError(f"{self.function} over {len(self.axes)} axes; one of {', '.join(REDUCTIONS)}")
        if any(not 0 <= axis < len(shape) for axis in self.axes):
            raise MisfitError(f"the axes {self.axes} of {shape}; from 0 to {len(shape) - 1}")
        kept = ((axis, extent) for axis, extent in enumerate(shape) if self.keep or axis not in self.axes)
        left = tuple(1 if axis in self.axes else extent for axis, extent in kept)
        return Signal(left, Kind.DENSE, INT64 if index else self.takes[0].format)


@dataclass(frozen=True, eq=False)
class QuantizeTensor(TensorOp):
    """y = clip(round(x / s) + z) in the format ``to``: halves to even, clipped to its range.

    The operands are x, the scale s and, if it is not 0, the zero point z in the format ``to``. s and z are scalars, or
    vectors along ``axis`` of x, or as large as x. For narrow floats y is x / s, rounded and clipped as `Cast` does.
    """

    name: ClassVar[str] = "quantize_tensor"
    to: Format
    axis: int = 0
    saturate: bool = True

    def result(self) -> Signal:
        _along(self.takes, self.axis)
        return Signal(self.takes[0].shape, Kind.DENSE, self.to)


@dataclass(frozen=True, eq=False)
class DequantizeTensor(TensorOp):
    """y = (x - z) s in the format of s; operands and ``axis`` as in `QuantizeTensor`."""

    name: ClassVar[str] = "dequantize_tensor"
    axis: int = 0

    def result(self) -> Signal:
        _along(self.takes, self.axis)
        return Signal(self.takes[0].shape, Kind.DENSE, self.takes[1].format)


def _along(takes: tuple[Signal, ...], axis: int) -> None:
    x, *others = takes
    fitting: tuple[Shape, ...] = ((), (1,), x.shape, *((x.shape[axis],) for _ in x.shape[axis : axis + 1]))
    for operand in others:
        if operand.shape not in fitting:
            raise MisfitError(f"scale or zero point of {operand.shape}; one value, one along axis {axis}, or {x.shape}")


def broadcast(*shapes: Shape) -> Shape:
    """The common shape of operands; `MisfitError` where there is none."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError as error:
        raise MisfitError(f"operands of {', '.join(map(str, shapes))}; they are broadcast to one shape") from error


def size_of(signal: Signal) -> int:
    """The bytes that a signal takes in memory."""
    return prod(signal.shape) * dtype_of(signal.format).itemsize
