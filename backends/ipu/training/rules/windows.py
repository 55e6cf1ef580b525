"""The synapses that convolutions and pools are."""

from __future__ import annotations

from math import prod

import numpy as np

from axonc.ir import Shape
from axonc.ir.ops import Array, Axis, Conv, Pool

Connections = tuple[Array, Array, Array, int]
"""Targets, sources and elements of synapses, and how many sources there are."""


def conv_synapses(op: Conv, shape: Shape) -> Connections:
    """Those of a convolution of an image of ``shape``."""
    source, target, tap, places = _windows(op.axes, shape[1:])
    outputs, inputs = op.weight.shape[:2]
    o, i = (grid[..., None] for grid in np.meshgrid(np.arange(outputs), np.arange(inputs), indexing="ij"))
    channel = o // (outputs // op.groups) * inputs + i
    return (
        (o * places + target + 0 * i).reshape(-1),
        (channel * prod(shape[1:]) + source).reshape(-1),
        ((o * inputs + i) * prod(op.weight.shape[2:]) + tap).reshape(-1),
        prod(shape),
    )


def pool_synapses(op: Pool, shape: Shape) -> Connections:
    """Those of a pool; its elements are all the same."""
    source, target, _, places = _windows(op.axes, shape[1:])
    channel = np.arange(shape[0])[:, None]
    rows, columns = (channel * places + target).reshape(-1), (channel * prod(shape[1:]) + source).reshape(-1)
    return rows, columns, np.zeros_like(rows), prod(shape)


def _windows(axes: tuple[Axis, ...], sizes: Shape) -> tuple[Array, Array, Array, int]:
    """Where windows over all axes meet an image: places of it, targets, taps; and how many targets there are."""
    source, target, tap = (np.zeros(1, np.int64) for _ in range(3))
    for axis, size in zip(axes, sizes, strict=True):
        met = axis.taps(size)
        source = (source[:, None] * size + met[:, 0]).reshape(-1)
        target = (target[:, None] * axis.extent(size) + met[:, 1]).reshape(-1)
        tap = (tap[:, None] * axis.kernel + met[:, 2]).reshape(-1)
    return source, target, tap, prod(axis.extent(size) for axis, size in zip(axes, sizes, strict=True))
