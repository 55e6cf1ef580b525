"""Maps over images: convolution with one kernel for all places, in float and quantised, and pooling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from ..signal import Fixed, Kind, Shape, Signal
from .base import Array, Op, Problem
from .linear import integer_problems, scale_problems, shift_problems, shifted
from .window import Axis


@dataclass(frozen=True, eq=False)
class Conv(Op):
    """y[o, t] = b[o] + sum over i, k of W[o, i, k] x[g I/groups + i, t stride + k dilation - before], x padded with 0.

    A cross-correlation, as in torch; g is the group of o. ``weight`` W: (O, I/groups, *K) with one or two axes K, any
    real dtype; ``bias`` b: (O,) or None; ``axes``: one `Axis` for each of K. x: (I, *spatial), y: (O, *extents).
    Float sums run bias first, then by ascending flat source index, in the precision of the interpreter.
    ``gives`` is y's shape where it is another one of as many elements.
    """

    name: ClassVar[str] = "conv"
    weight: Array
    bias: Array | None
    axes: tuple[Axis, ...]
    groups: int = 1
    gives: Shape | None = None

    def output(self, source: Signal | None) -> Signal:
        assert source is not None
        return Signal(_shape(self, source))

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        yield from super().verify(source)
        yield from _conv_problems(self, source)
        if self.bias is not None and self.bias.shape != self.weight.shape[:1]:
            found, limit = f"the bias has shape {self.bias.shape}", f"the weight has {self.weight.shape[0]} channels"
            yield Problem("AX301", found, limit, "give one bias a channel")


@dataclass(frozen=True, eq=False)
class QuantConv(Op):
    """acc = 2^shift times the convolution of `Conv` in exact integers; one unit of acc[o] is worth ``scale[o]``.

    ``weight`` W: (O, I/groups, *K), integers of ``bits`` bits, ``scale`` and ``shift`` as in `QuantLinear`, one a
    channel. The sum of all inputs of a node is an int32; `compiler.passes.quantize` proves that it fits. The rest as in
    `Conv`.
    """

    name: ClassVar[str] = "quant_conv"
    stage: ClassVar[str] = "steps"
    weight: Array
    scale: Array
    axes: tuple[Axis, ...]
    groups: int = 1
    gives: Shape | None = None
    bits: int = 8
    shift: Array | None = None

    @property
    def weight_scale(self) -> Array:
        """What one unit of a weight is worth: () or (O,)."""
        return shifted(self.scale, self.shift)

    def output(self, source: Signal | None) -> Signal:
        assert source is not None
        return Signal(_shape(self, source), Kind.DENSE, Fixed(32))

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        yield from super().verify(source)
        yield from _conv_problems(self, source)
        yield from integer_problems(self.weight, self.bits)
        yield from scale_problems(self.scale, int(self.weight.shape[0]))
        yield from shift_problems(self.shift, int(self.weight.shape[0]))


@dataclass(frozen=True, eq=False)
class Pool(Op):
    """y[c, t] = the sum over k of x[c, t stride + k dilation - before], x padded with 0; divided by the number of
    taps of a window if ``average`` (padding counts, as torch has it by default).

    x: (C, *spatial) with one `Axis` for each spatial axis; events add up to counts. Float sums run by ascending flat
    source index; an average multiplies the sum by 1 / taps.
    """

    name: ClassVar[str] = "pool"
    axes: tuple[Axis, ...]
    average: bool = False

    @property
    def taps(self) -> int:
        """Places that a window covers."""
        return prod(axis.kernel for axis in self.axes)

    def output(self, source: Signal | None) -> Signal:
        assert source is not None
        shape = (*source.shape[:1], *_extents(self.axes, source.shape[1:]))
        if source.kind is Kind.EVENT and not self.average:
            return Signal(shape, Kind.EVENT, source.format, source.peak * self.taps)
        return Signal(shape, Kind.DENSE, source.format)

    def verify(self, source: Signal | None) -> Iterator[Problem]:
        assert source is not None
        yield from _axis_problems(self.axes, source.shape)


def _extents(axes: tuple[Axis, ...], spatial: Shape) -> Shape:
    return tuple(axis.extent(size) for axis, size in zip(axes, spatial, strict=False))


def _shape(op: Conv | QuantConv, source: Signal) -> Shape:
    return op.gives or (int(op.weight.shape[0]), *_extents(op.axes, source.shape[1:]))


def _axis_problems(axes: tuple[Axis, ...], shape: Shape) -> Iterator[Problem]:
    if len(shape) != len(axes) + 1:
        found = f"its input has shape {shape}"
        yield Problem("AX301", found, f"it takes channels and {len(axes)} spatial axes", "reshape the input")
        return
    for axis, size in zip(axes, shape[1:], strict=True):
        yield from axis.verify(size)


def _conv_problems(op: Conv | QuantConv, source: Signal | None) -> Iterator[Problem]:
    assert source is not None
    kernel = tuple(axis.kernel for axis in op.axes)
    if op.weight.ndim < 3 or op.weight.shape[2:] != kernel:
        yield Problem("AX301", f"a weight of shape {op.weight.shape}", f"(O, I/groups, *{kernel})", "correct it")
        return
    outputs, inputs = int(op.weight.shape[0]), int(op.weight.shape[1]) * op.groups
    if op.groups < 1 or outputs % op.groups:
        found, limit = f"{op.groups} groups", f"they must divide the {outputs} output channels"
        yield Problem("AX306", found, limit, "correct the groups")
        return
    yield from _axis_problems(op.axes, source.shape)
    if source.shape[0] != inputs:
        found, limit = f"its input has {source.shape[0]} channels", f"weight and groups take {inputs}"
        yield Problem("AX301", found, limit, "correct weight or groups")
    if op.gives is not None and prod(op.gives) != outputs * prod(_extents(op.axes, source.shape[1:])):
        yield Problem("AX301", f"the shape {op.gives}", "as many elements as the convolution gives", "correct it")


def channel_sums(weight: Array) -> Array:
    """Sum over inputs and taps of |W|: (O,) float64 or int64, the most that unit inputs can add to an output."""
    wide = np.int64 if np.issubdtype(weight.dtype, np.integer) else np.float64
    return np.asarray(np.abs(np.asarray(weight, wide)).reshape(weight.shape[0], -1).sum(axis=1))
