"""Kernels of the sums that gradients of parameters are. Every sample of a batch has its own."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from ..ops import Array, KernelTotal, OuterTotal, StoredTotal, Total
from .base import Kernel, Precision, State
from .conv import windows


def total(op: Total, precision: Precision) -> Kernel:
    """The kernel of `Total`."""
    return _summed(op.gives, precision, lambda x, r: fold(x if r is None else x * r, op.gives))


def outer_total(op: OuterTotal, precision: Precision) -> Kernel:
    """The kernel of `OuterTotal`."""

    def outer(x: Array, r: Array | None) -> Array:
        assert r is not None
        return x.reshape(len(x), -1, 1) * r.reshape(len(r), 1, -1)

    return _summed(op.gives, precision, outer)


def stored_total(op: StoredTotal, precision: Precision) -> Kernel:
    """The kernel of `StoredTotal`."""

    def stored(x: Array, r: Array | None) -> Array:
        assert r is not None
        return x.reshape(len(x), -1)[:, op.rows] * r.reshape(len(r), -1)[:, op.columns]

    return _summed(op.rows.shape, precision, stored)


def kernel_total(op: KernelTotal, precision: Precision) -> Kernel:
    """The kernel of `KernelTotal`."""

    def taps(x: Array, r: Array | None) -> Array:
        assert r is not None
        images, seen = image_products(op, x, r)
        return (images @ seen.transpose(0, 1, 3, 2)).reshape(len(x), *op.gives)

    return _summed(op.gives, precision, taps)


def image_products(op: KernelTotal, x: Array, r: Array) -> tuple[Array, Array]:
    """The two factors of a kernel's gradient: [B, groups, O/groups, places] and [B, groups, I/groups taps, places]."""
    seen = windows(r.reshape(len(r), *op.reads), op.axes)
    places = prod(seen.shape[2 + len(op.axes) :])
    return x.reshape(len(x), op.groups, -1, places), seen.reshape(len(r), op.groups, -1, places)


def fold(x: Array, gives: tuple[int, ...]) -> Array:
    """[B, ...] with elements side by side added up until the shape is [B, *gives]."""
    return np.asarray(x.reshape(len(x), max(prod(gives), 1), -1).sum(axis=2).reshape(len(x), *gives))


def _summed(gives: tuple[int, ...], precision: Precision, step_adds: Callable[[Array, Array | None], Array]) -> Kernel:
    def step(state: State, x: Array, *reads: Array) -> tuple[State, Array]:
        r = sum((read.astype(precision) for read in reads[1:]), reads[0].astype(precision)) if reads else None
        new = state["sum"] + step_adds(x.astype(precision), r)
        return {"sum": new}, new

    return Kernel(lambda batch: {"sum": np.zeros((batch, *gives), precision)}, step)
