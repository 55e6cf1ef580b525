"""Integer weights: one scale for all weights into a population, or one a channel."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd

import numpy as np

from axonc.ir import Diagnostic, Fixed, Graph, Kind
from axonc.ir.ops import (
    Array,
    Conv,
    Delay,
    FixedGated,
    Linear,
    Matrix,
    QuantConv,
    QuantLinear,
    channel_sums,
    is_sparse,
    row_sums,
)

ACCUMULATOR = Fixed(32)
"""The format of sums."""

LIMIT = 127
"""The largest int8 weight; the scale is symmetric."""


def fan_in_scale(weights: Sequence[Matrix], units: Sequence[float], scope: str) -> Array:
    """The value of one unit of a sum, max |W u| / 127 over all ``weights`` W into a population, whose sources count in
    ``units`` u; 1 where all are zero.

    ``scope`` fan_in: (), one for all. channel: (C,), one for each of C channels, which are equal parts of the
    population in flat C order: as many as all weights have in common. A matrix has a row for each neuron, a kernel one
    for each output channel.
    """
    channels = gcd(*(weight.shape[0] for weight in weights))
    rows = [row_peaks(weight) * unit for weight, unit in zip(weights, units, strict=True)]
    peaks = np.max([peak.reshape(channels, -1).max(axis=1) for peak in rows], axis=0)
    largest = peaks if scope == "channel" else np.max(peaks)
    return np.where(largest > 0, largest / LIMIT, 1.0)


def per_row(scale: Array, rows: int) -> Array:
    """() or (rows,): the scale of C channels for each of ``rows`` equal parts of the population, a multiple of C."""
    return np.repeat(scale, rows // len(scale)) if scale.ndim else scale


def quantised(op: Linear | Conv, scale: Array, unit: float, rounding: str) -> QuantLinear | QuantConv:
    """``op`` with integer weights; ``scale`` as `fan_in_scale` gives it, ``unit`` that of its source."""
    rows = per_row(scale, op.weight.shape[0])
    if isinstance(op, Conv):
        weight = np.asarray(quantised_weight(op.weight, rows / unit, rounding))
        return QuantConv(weight, rows, op.axes, op.groups, op.gives)
    return QuantLinear(quantised_weight(op.weight, rows / unit, rounding), rows, takes=op.takes, gives=op.gives)


def quantised_weight(weight: Matrix, scale: Array, rounding: str) -> Matrix:
    """W / scale, rounded to the nearest (half to even) or toward zero, int8; sparse stays sparse."""
    function = np.trunc if rounding == "truncate" else np.rint
    if is_sparse(weight):
        rows = np.repeat(np.broadcast_to(scale, weight.shape[0]), np.diff(weight.indptr))
        result = weight.copy().astype(np.float64)
        result.data = function(_ratio(weight.data, rows))
        result = result.astype(np.int8)
        result.eliminate_zeros()
        return result
    dense = np.asarray(weight)
    column = scale.reshape(-1, *(1,) * (dense.ndim - 1)) if scale.ndim else scale
    return np.asarray(function(_ratio(dense, column)).astype(np.int8))


def accumulator_bound(op: QuantLinear | QuantConv, most: int, count: int) -> Array:
    """The most that ``op`` can add to each of ``count`` sums if no source gives more than ``most``: float64."""
    rows = channel_sums(op.weight) if isinstance(op, QuantConv) else row_sums(op.weight)
    return np.asarray(per_row(rows, count) * float(most))


def overflow(name: str, bound: float) -> Diagnostic:
    """The problem of a population whose sums may reach ``bound``."""
    found, limit = f"the sum of its inputs may reach {bound:.3g}", f"an int32 holds {ACCUMULATOR.limit}"
    return Diagnostic("AX401", name, found, limit, "lower the inputs' peak or the fan-in")


def most_of(graph: Graph, name: str) -> int:
    """The largest magnitude of an element of an integer signal in a step: events, or the values that they carry."""
    signal, node = graph.signals[name], graph[name]
    if signal.kind is Kind.EVENT:
        return signal.peak
    while isinstance(node.op, Delay):
        node = graph[node.inputs[0]]
    if isinstance(node.op, FixedGated):
        return node.op.most
    assert isinstance(signal.format, Fixed)
    return signal.format.limit


def row_peaks(weight: Matrix) -> Array:
    """max |W| of each row or output channel: (O,) float64."""
    if is_sparse(weight):
        return np.asarray(abs(weight).max(axis=1).todense(), np.float64).reshape(-1)
    dense = np.abs(np.asarray(weight))
    return np.asarray(dense.reshape(len(dense), -1).max(axis=1), np.float64)


def _ratio(weight: Array, scale: Array) -> Array:
    """weight / scale in float64, freed of the last bit's noise: the largest weight is exactly 127."""
    ratio = weight.astype(np.float64) / scale
    nearest = np.rint(ratio)
    return np.where(np.abs(ratio - nearest) < 1e-9, nearest, ratio)
