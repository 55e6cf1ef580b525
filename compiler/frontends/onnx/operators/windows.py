"""The windows of convolutions and poolings, from kernel, strides, pads, dilations, auto_pad and ceil_mode."""

from __future__ import annotations

from collections.abc import Sequence

from axonc.ir.ops import Axis

from ..call import Call
from ..draft import OperatorError


def window_axes(call: Call, sizes: Sequence[int], kernel: Sequence[int]) -> tuple[Axis, ...]:
    """An axis for each of the spatial ones."""
    rank = len(sizes)
    if len(kernel) != rank:
        raise OperatorError(f"a window of {tuple(kernel)}", f"the input has {rank} spatial axes", "AX301")
    strides, dilations = call.get("strides", [1] * rank), call.get("dilations", [1] * rank)
    pads = call.get("pads", [0] * 2 * rank)
    plain = [
        Axis(int(kernel[i]), int(strides[i]), int(pads[i]), int(pads[rank + i]), int(dilations[i])) for i in range(rank)
    ]
    auto = call.get("auto_pad", "NOTSET")
    if any(axis.stride < 1 for axis in plain):
        raise OperatorError(f"strides of {tuple(strides)}", "from 1", "AX306")
    return tuple(_rounded(call, _padded(axis, size, auto), size) for axis, size in zip(plain, sizes, strict=True))


def _padded(axis: Axis, size: int, auto: str) -> Axis:
    """The axis with the padding that ``auto_pad`` asks for."""
    if auto == "NOTSET":
        return axis
    if auto == "VALID":
        return Axis(axis.kernel, axis.stride, 0, 0, axis.dilation)
    reach = axis.dilation * (axis.kernel - 1) + 1
    total = max(0, (-(-size // axis.stride) - 1) * axis.stride + reach - size)
    less, more = total // 2, total - total // 2
    before, after = (less, more) if auto == "SAME_UPPER" else (more, less)
    return Axis(axis.kernel, axis.stride, before, after, axis.dilation)


def _rounded(call: Call, axis: Axis, size: int) -> Axis:
    """The axis with more padding behind, where ``ceil_mode`` counts a last window that is not whole; one that would
    begin in the padding is not counted."""
    if not call.get("ceil_mode", 0):
        return axis
    reach = axis.dilation * (axis.kernel - 1) + 1
    count = -(-(size + axis.before + axis.after - reach) // axis.stride) + 1
    if (count - 1) * axis.stride >= size + axis.before:
        count -= 1
    after = max(axis.after, (count - 1) * axis.stride + reach - size - axis.before)
    return Axis(axis.kernel, axis.stride, axis.before, after, axis.dilation)
