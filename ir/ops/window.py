"""Windows that slide over images: the geometry that convolution and pooling share, one axis at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np

from .base import Array, Problem


@dataclass(frozen=True)
class Axis:
    """A window of ``kernel`` taps, ``dilation`` apart, that moves by ``stride`` over one axis of an input.

    The axis is padded with ``before`` and ``after`` zeros. Target t sees at tap k the source t stride + k dilation -
    before. As `torch.nn.Conv2d` documents it, an axis of size n becomes one of
    floor((n + before + after - dilation (kernel - 1) - 1) / stride) + 1.
    """

    kernel: int
    stride: int = 1
    before: int = 0
    after: int = 0
    dilation: int = 1

    def extent(self, size: int) -> int:
        """The size of the axis behind the window; below 1 where the window does not fit."""
        return (size + self.before + self.after - self.dilation * (self.kernel - 1) - 1) // self.stride + 1

    def taps(self, size: int) -> Array:
        """(n, 3) int64, every [source, target, tap] that meets inside an axis of ``size``, in this order."""
        target, tap = np.divmod(np.arange(self.extent(size) * self.kernel), self.kernel)
        source = target * self.stride + tap * self.dilation - self.before
        inside = (source >= 0) & (source < size)
        table = np.stack([source, target, tap], axis=1)[inside]
        return cast(Array, table[np.lexsort(table.T[::-1])])

    def verify(self, size: int) -> Iterator[Problem]:
        """Its problems over an axis of ``size``."""
        if min(self.kernel, self.stride, self.dilation) < 1 or min(self.before, self.after) < 0:
            limit = "kernel, stride and dilation from 1, padding from 0"
            yield Problem("AX306", f"the window {self}", limit, "correct it")
        elif self.extent(size) < 1:
            reach = self.dilation * (self.kernel - 1) + 1
            limit = f"the axis has {size} with {self.before + self.after} of padding"
            yield Problem("AX301", f"a window that reaches over {reach}", limit, "correct kernel or padding")
