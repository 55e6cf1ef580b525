"""The weights of projections, from the ops of a graph."""

from __future__ import annotations

from functools import reduce

import numpy as np
from scipy import sparse

from ..graph import Graph, Node
from ..ops import Array, Conv, Linear, Pool, QuantConv, QuantLinear
from ..signal import Shape
from .projection import SharedKernel, narrow


def weight_of(graph: Graph, node: Node, source: str, pools: list[Pool]) -> sparse.csc_array | SharedKernel:
    if isinstance(node.op, (Conv, QuantConv)):
        return _kernel(node.op, graph.signals[source].shape, pools)
    assert isinstance(node.op, (QuantLinear, Linear))
    assert not pools
    weight = sparse.csc_array(node.op.weight, copy=True)
    weight.sum_duplicates()
    return narrow(weight, np.dtype(np.float32) if isinstance(node.op, Linear) else weight.dtype)


def bias_of(node: Node, count: int) -> Array | None:
    """Where the sums of float weights begin: never with -0.0, so that terms of 0 may be left out."""
    if not isinstance(node.op, (Linear, Conv)) or node.op.bias is None:
        return None
    bias = np.asarray(node.op.bias.astype(np.float32) + np.float32(0))
    return np.repeat(bias, count // bias.size) if isinstance(node.op, Conv) else bias


def shift_of(node: Node, count: int) -> Array | None:
    """The shift of each of ``count`` targets; None where no sum is shifted."""
    if isinstance(node.op, (Linear, Conv)):
        return None
    assert isinstance(node.op, (QuantLinear, QuantConv))
    shift = node.op.shift
    return None if shift is None or not np.any(shift) else np.repeat(shift, count // shift.size)


def _kernel(op: Conv | QuantConv, source: Shape, pools: list[Pool]) -> SharedKernel:
    extents, tables = [], []
    for axis, size in enumerate(source[1:]):
        windows = [*(pool.axes[axis] for pool in pools), op.axes[axis]]
        taps = []
        for window in windows:
            taps.append(window.taps(size))
            size = window.extent(size)
        extents.append(size)
        tables.append(reduce(_joined, taps))
    weight = op.weight.astype(np.float32) if isinstance(op, Conv) else op.weight
    return SharedKernel(weight, source, (op.weight.shape[0], *extents), tuple(tables), op.groups)


def pool_kernel(op: Pool, source: Shape) -> SharedKernel:
    """The sums of a pool, as the convolution of every channel with ones."""
    taps = np.ones((source[0], 1, *(axis.kernel for axis in op.axes)))
    return _kernel(Conv(taps, None, op.axes, groups=source[0]), source, [])


def _joined(first: Array, second: Array) -> Array:
    """The taps of one window behind another: [source, target of the second, tap of the second]."""
    starts, stops = (np.searchsorted(second[:, 0], first[:, 1], side) for side in ("left", "right"))
    repeats = stops - starts
    behind = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats) + np.repeat(starts, repeats)
    joined = np.column_stack([np.repeat(first[:, 0], repeats), second[behind, 1:]])
    return np.asarray(joined[np.lexsort(joined.T[::-1])])
