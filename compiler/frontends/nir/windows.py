"""The windows of convolution and pooling nodes, one `Axis` for each spatial axis."""

from __future__ import annotations

from collections.abc import Iterator

from axonc.ir import Shape
from axonc.ir.ops import Axis

from .fields import FieldError, Fields


def conv_axes(fields: Fields, kernel: Shape) -> tuple[Axis, ...]:
    """Axes of a convolution: stride, padding and dilation for each axis, or one for all."""
    stride, dilation = fields.whole("stride", len(kernel)), fields.whole("dilation", len(kernel))
    padding = fields.text("padding")
    pads = _pads(fields, kernel) if padding is None else _named(padding, kernel, stride, dilation)
    return _checked(Axis(k, s, *pad, d) for k, s, pad, d in zip(kernel, stride, pads, dilation, strict=True))


def pool_axes(fields: Fields) -> tuple[Axis, ...]:
    """Axes of a pooling over height and width."""
    kernel, stride, pads = (fields.whole(name, 2) for name in ("kernel_size", "stride", "padding"))
    return _checked(Axis(k, s, pad, pad) for k, s, pad in zip(kernel, stride, pads, strict=True))


def _pads(fields: Fields, kernel: Shape) -> list[tuple[int, int]]:
    return [(pad, pad) for pad in fields.whole("padding", len(kernel))]


def _named(padding: str, kernel: Shape, stride: Shape, dilation: Shape) -> list[tuple[int, int]]:
    """``valid``: none. ``same``: dilation (kernel - 1) zeros in all, the odd one after, as torch has it."""
    if padding not in ("same", "valid"):
        raise FieldError(f"padding is {padding!r}", "numbers, 'same' or 'valid'")
    if padding == "same" and any(step != 1 for step in stride):
        raise FieldError(f"padding 'same' with stride {stride}", "it is defined for stride 1", "AX306", "give numbers")
    totals = [reach * (taps - 1) * (padding == "same") for taps, reach in zip(kernel, dilation, strict=True)]
    return [(total // 2, total - total // 2) for total in totals]


def _checked(axes: Iterator[Axis]) -> tuple[Axis, ...]:
    """The axes, if a window can slide at all; whether it fits is checked where the input's size is known."""
    several = tuple(axes)
    for axis in several:
        if min(axis.kernel, axis.stride, axis.dilation) < 1 or min(axis.before, axis.after) < 0:
            limit = "kernel, stride and dilation from 1, padding from 0"
            raise FieldError(f"the window {axis}", limit, "AX306", "correct it")
    return several
