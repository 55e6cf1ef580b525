"""Weights: float and quantised linear maps, and elementwise scaling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from ..signal import Fixed, Kind, Shape, Signal
from .base import Array, Matrix, Op, Problem, is_sparse


@dataclass(frozen=True, eq=False)
class Linear(Op):
    """y = W x + b.

    ``weight`` W: (O, I), dense or scipy CSR, any real dtype; ``bias`` b: (O,) or None. Float sums run bias first,
    then by ascending source index, one after the other, in the precision of the interpreter.
    x is read and y is written flat, in C order; ``takes`` and ``gives`` are their shapes where not (I,) and (O,).
    """

    name: ClassVar[str] = "linear"
    needs_source: ClassVar[bool] = False
    weight: Matrix
    bias: Array | None = None
    takes: Shape | None = None
    gives: Shape | None = None

    def output(self, source: Signal | None) -> Signal:
        return Signal((int(self.weight.shape[0]),) if self.gives is None else self.gives)

    def accepts(self) -> Shape | None:
        return (int(self.weight.shape[1]),) if self.takes is None else self.takes

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        yield from super().verify(source)
        yield from _shape_problems(self)
        if self.bias is not None and self.bias.shape != (self.weight.shape[0],):
            yield Problem(
                "AX301",
                f"the bias has shape {self.bias.shape}",
                f"the weight has {self.weight.shape[0]} rows",
                "give one bias a row",
            )


@dataclass(frozen=True, eq=False)
class QuantLinear(Op):
    """acc = (W x) 2^shift in exact integers; one unit of acc[o] is worth ``scale[o]``.

    ``weight`` W: (O, I), integers in [-(2^(bits-1) - 1), 2^(bits-1) - 1], held as int8 for 2 to 8 ``bits`` and as
    int16 for 9 to 16, dense or scipy CSR; ``scale``: () or (O,) float64. The sum of all inputs of a node is an int32;
    `compiler.passes.quantize` proves that it fits. ``takes`` and ``gives`` as in `Linear`. ``shift``: () or (O,) int64,
    0 to 30: what makes weights of several grains add up in one sum; None is 0.
    """

    name: ClassVar[str] = "quant_linear"
    stage: ClassVar[str] = "steps"
    needs_source: ClassVar[bool] = False
    weight: Matrix
    scale: Array
    bits: int = 8
    takes: Shape | None = None
    gives: Shape | None = None
    shift: Array | None = None

    @property
    def weight_scale(self) -> Array:
        """What one unit of a weight is worth: () or (O,)."""
        return shifted(self.scale, self.shift)

    def output(self, source: Signal | None) -> Signal:
        return Signal((int(self.weight.shape[0]),) if self.gives is None else self.gives, Kind.DENSE, Fixed(32))

    def accepts(self) -> Shape | None:
        return (int(self.weight.shape[1]),) if self.takes is None else self.takes

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        yield from super().verify(source)
        yield from _shape_problems(self)
        stored = self.weight.data if is_sparse(self.weight) else np.asarray(self.weight)
        yield from integer_problems(np.asarray(stored), self.bits)
        yield from scale_problems(self.scale, int(self.weight.shape[0]))
        yield from shift_problems(self.shift, int(self.weight.shape[0]))


@dataclass(frozen=True, eq=False)
class Scale(Op):
    """y = s * x, elementwise; ``scale`` s has the shape of x."""

    name: ClassVar[str] = "scale"
    needs_source: ClassVar[bool] = False
    scale: Array

    def output(self, source: Signal | None) -> Signal:
        return Signal(self.scale.shape)

    def accepts(self) -> Shape | None:
        return self.scale.shape


def _shape_problems(op: Linear | QuantLinear) -> Iterator[Problem]:
    """A weight that is no matrix, or a shape that does not hold as many elements as it has rows or columns."""
    if op.weight.ndim != 2:
        yield Problem("AX301", f"a weight of shape {op.weight.shape}", "(O, I)", "give a matrix")
        return
    for shape, extent, part in ((op.gives, op.weight.shape[0], "rows"), (op.takes, op.weight.shape[1], "columns")):
        if shape is not None and prod(shape) != extent:
            yield Problem("AX301", f"the shape {shape}", f"the weight has {extent} {part}", "correct the shape")


def integer_problems(weight: Array, bits: int) -> Iterator[Problem]:
    """Weights that are not held as their number of bits asks for, or more than ``bits`` hold."""
    if not 2 <= bits <= 16:
        yield Problem("AX306", f"weights of {bits} bits", "2 to 16", "quantise the model again")
        return
    limit, held = (1 << (bits - 1)) - 1, np.int8 if bits <= 8 else np.int16
    if weight.dtype != held:
        found, limits = f"weights of {weight.dtype}", f"integer weights of {bits} bits are {np.dtype(held)}"
        yield Problem("AX306", found, limits, "quantise the model again")
    elif np.any(np.abs(weight.astype(np.int64)) > limit):
        yield Problem("AX306", f"weights that {bits} bits do not hold", f"-{limit} to {limit}", "quantise it again")


def scale_problems(scale: Array, rows: int) -> Iterator[Problem]:
    """A scale that is neither one number nor one a row, or not above 0."""
    if scale.shape not in ((), (rows,)):
        yield Problem("AX301", f"the scale has shape {scale.shape}", f"() or ({rows},)", "give one value, or one a row")
    elif scale.dtype.kind != "f" or not np.all(scale > 0):
        yield Problem("AX306", "a scale that is not above 0", "the value of one weight unit", "quantise it again")


MOST_SHIFT = 30
"""A sum is an int32."""


def shifted(values: Array, shift: Array | None) -> Array:
    """values 2^shift."""
    return values if shift is None else np.asarray(values * (1 << shift))


def shift_problems(shift: Array | None, rows: int) -> Iterator[Problem]:
    """Shifts that are neither one number nor one a row, or out of range."""
    if shift is None:
        return
    if shift.shape not in ((), (rows,)):
        yield Problem("AX301", f"shifts of shape {shift.shape}", f"() or ({rows},)", "give one value, or one a row")
    elif shift.dtype != np.int64 or np.any(shift < 0) or np.any(shift > MOST_SHIFT):
        yield Problem("AX306", "a shift that is no int64 in range", f"0 to {MOST_SHIFT}", "quantise it again")


def row_sums(weight: Matrix) -> Array:
    """Sum over inputs of |W|: (O,) float64 or int64, the most that unit inputs can add to an output."""
    wide = np.int64 if np.issubdtype(weight.dtype, np.integer) else np.float64
    if is_sparse(weight):
        return np.asarray(abs(weight.astype(wide)).sum(axis=1)).reshape(-1)
    return np.asarray(np.abs(np.asarray(weight, wide)).sum(axis=1))
