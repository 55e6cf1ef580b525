"""Tensor operations over windows, with any number of axes before the windows' own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..signal import Kind, Shape, Signal
from .tensor import INT64, MisfitError, TensorOp
from .window import Axis

POOLS = ("sum", "max", "argmax")
"""The functions of `Window`."""


@dataclass(frozen=True, eq=False)
class Convolve(TensorOp):
    """The convolution of `Conv` with weights that are operands: x (*L, I, *spatial), W (O, I/groups, *K) and, if there
    are three, b (O,). y: (*L, O, *extents). Padding is 0; sums run as in `Conv`."""

    name: ClassVar[str] = "convolve"
    axes: tuple[Axis, ...]
    groups: int = 1

    def result(self) -> Signal:
        x, weight, rank = self.takes[0], self.takes[1], len(self.axes)
        kernel = tuple(axis.kernel for axis in self.axes)
        if len(x.shape) < rank + 1 or weight.shape[2:] != kernel or len({s.format for s in self.takes}) > 1:
            raise MisfitError(f"a convolution of {x} with {weight}; a window of {kernel}, one format")
        inputs, outputs = x.shape[-rank - 1], weight.shape[0]
        if self.groups < 1 or weight.shape[1] * self.groups != inputs or outputs % self.groups:
            raise MisfitError(f"{inputs} channels in {self.groups} groups; the weight {weight.shape} takes others")
        if any(bias.shape != (outputs,) for bias in self.takes[2:]):
            raise MisfitError(f"a bias of {self.takes[2].shape}; one value a channel, {outputs}")
        return Signal((*x.shape[: -rank - 1], outputs, *extents(self.axes, x.shape[-rank:])), Kind.DENSE, x.format)


@dataclass(frozen=True, eq=False)
class Window(TensorOp):
    """y[l, t] = f of x[l, t stride + k dilation - before] over the taps k, for as many last axes of x as ``axes`` has.

    ``function``: ``sum``, ``max`` or ``argmax``, the place of the maximum in the flat spatial plane (the first one,
    int64). What lies in the padding adds 0 and is no maximum.
    """

    name: ClassVar[str] = "window"
    function: str
    axes: tuple[Axis, ...]

    def result(self) -> Signal:
        x, rank = self.takes[0], len(self.axes)
        if self.function not in POOLS or len(x.shape) < rank:
            raise MisfitError(f"{self.function} over {rank} axes of {x.shape}; one of {', '.join(POOLS)}")
        lead = x.shape[: len(x.shape) - rank]
        shape = (*lead, *extents(self.axes, x.shape[len(lead) :]))
        return Signal(shape, Kind.DENSE, INT64 if self.function == "argmax" else x.format)


def extents(axes: tuple[Axis, ...], spatial: Shape) -> Shape:
    """The extents behind windows; `MisfitError` where one does not fit."""
    problems = [problem for axis, size in zip(axes, spatial, strict=True) for problem in axis.verify(size)]
    if problems:
        raise MisfitError(f"{problems[0].found}; {problems[0].limit}")
    return tuple(axis.extent(size) for axis, size in zip(axes, spatial, strict=True))
