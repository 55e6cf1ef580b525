"""Weights: float and quantised linear maps, and elementwise scaling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..signal import Fixed, Kind, Shape, Signal
from .base import Array, Matrix, Op, Problem, is_sparse


@dataclass(frozen=True, eq=False)
class Linear(Op):
    """y = W x + b.

    ``weight`` W: (O, I), dense or scipy CSR, any real dtype; ``bias`` b: (O,) or None. Float sums run bias first,
    then by ascending source index, one after the other, in the precision of the interpreter.
    """

    name: ClassVar[str] = "linear"
    needs_source: ClassVar[bool] = False
    weight: Matrix
    bias: Array | None = None

    def output(self, source: Signal | None) -> Signal:
        return Signal((int(self.weight.shape[0]),))

    def accepts(self) -> Shape | None:
        return (int(self.weight.shape[1]),)

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        yield from super().verify(source)
        if self.bias is not None and self.bias.shape != (self.weight.shape[0],):
            yield Problem(
                "AX301",
                f"the bias has shape {self.bias.shape}",
                f"the weight has {self.weight.shape[0]} rows",
                "give one bias a row",
            )


@dataclass(frozen=True, eq=False)
class QuantLinear(Op):
    """acc = W x in exact integers; one unit of acc[o] is worth ``scale[o]``.

    ``weight`` W: (O, I), int8 in [-(2^(bits-1) - 1), 2^(bits-1) - 1], dense or scipy CSR; ``scale``: () or (O,)
    float64. The sum of all inputs of a node is an int32; `compiler.passes.quantize` proves that it fits.
    """

    name: ClassVar[str] = "quant_linear"
    stage: ClassVar[str] = "steps"
    needs_source: ClassVar[bool] = False
    weight: Matrix
    scale: Array
    bits: int = 8

    def output(self, source: Signal | None) -> Signal:
        return Signal((int(self.weight.shape[0]),), Kind.DENSE, Fixed(32))

    def accepts(self) -> Shape | None:
        return (int(self.weight.shape[1]),)


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


def row_sums(weight: Matrix) -> Array:
    """Sum over inputs of |W|: (O,) float64 or int64, the most that unit inputs can add to an output."""
    wide = np.int64 if np.issubdtype(weight.dtype, np.integer) else np.float64
    if is_sparse(weight):
        return np.asarray(abs(weight.astype(wide)).sum(axis=1)).reshape(-1)
    return np.asarray(np.abs(np.asarray(weight, wide)).sum(axis=1))
