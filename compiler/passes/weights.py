"""Integer weights: one scale for all weights into a population, or one a channel."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import frexp, gcd
from sys import float_info

import numpy as np
from scipy import sparse

from axonc.ir import Diagnostic, Fixed, Graph, Kind, Node
from axonc.ir.ops import (
    Array,
    Conv,
    Delay,
    FixedGated,
    Linear,
    Matrix,
    PartialSums,
    QuantConv,
    QuantLinear,
    channel_sums,
    is_sparse,
    row_sums,
)
from axonc.ir.ops.gated_fixed import DIGIT
from axonc.ir.ops.linear import shifted

from .grains import choices, chosen, nothing
from .scales import integer_step, least_squares, powers_of_two, squared_error
from .weight_formats import WeightFormat, WeightRules

ACCUMULATOR = Fixed(32)
"""The format of sums."""

SMALLEST = float_info.min
"""The least scale: weights that would need a smaller one are 0."""

EVIDENCE = 3
"""Weights of a channel that must agree in a step, before channels get scales of their own for it."""


def fan_in_scale(weights: Sequence[Matrix], units: Sequence[float], rules: WeightRules, number: WeightFormat) -> Array:
    """The value of one unit of a sum into a population, for all ``weights`` W, whose sources count in ``units`` u.

    1. Weights W u that are whole multiples of one step already, up to 127 in magnitude, keep their integers: the step
       is the scale. A step for each channel makes scales for each.
    2. Else ``scales`` max: max |W u| / limit; mse: the scale of the least squared error (`scales.least_squares`);
       a ternary format has the mean of all |W u| that are not 0.
    3. ``power_of_two``: rounded up to a power of two; with mse, of those around it the one of the least error.
    4. 1 where all weights are zero.

    ``scope`` fan_in: (), one for all. channel: (C,), one for each of C channels, which are equal parts of the
    population in flat C order: as many as all weights have in common. A matrix has a row for each neuron, a kernel one
    for each output channel.
    """
    channels = gcd(*(weight.shape[0] for weight in weights))
    parts = channel_magnitudes(weights, units, channels)
    if rules.scope == "channel":
        return np.array([_scale(part, rules, number) for part in parts])
    together, sized = np.concatenate(parts), [part for part in parts if part.size]
    mixed = bool(sized) and integer_scale(together, rules, number) is None
    if mixed and all(part.size >= EVIDENCE and integer_scale(part, rules, number) for part in sized):
        return np.array([_scale(part, rules, number) for part in parts])
    return np.array(_scale(together, rules, number))


def channel_magnitudes(weights: Sequence[Matrix], units: Sequence[float], channels: int) -> list[Array]:
    """|W u| of all weights that are not 0, by channel: float64."""
    found: list[list[Array]] = [[] for _ in range(channels)]
    for weight, unit in zip(weights, units, strict=True):
        if is_sparse(weight):
            bounds = weight.indptr[:: weight.shape[0] // channels]
            rows = [weight.data[first:last] for first, last in pairwise(bounds)]
        else:
            rows = list(np.asarray(weight).reshape(channels, -1))
        for place, values in zip(found, rows, strict=True):
            place.append(np.abs(values[values != 0].astype(np.float64)) * unit)
    return [np.concatenate(parts) for parts in found]


def integer_scale(magnitudes: Array, rules: WeightRules, number: WeightFormat) -> float | None:
    """The step of weights that are integers already; None for others, and for such as all have one magnitude: any
    scale holds these."""
    if np.all(magnitudes == magnitudes[:1]):
        return None
    step = integer_step(magnitudes, number.limit)
    return None if step is None or (rules.power_of_two and frexp(step)[0] != 0.5) else step


def _scale(magnitudes: Array, rules: WeightRules, number: WeightFormat) -> float:
    if not magnitudes.size:
        return 1.0
    kept = integer_scale(magnitudes, rules, number)
    if kept is not None:
        return kept
    top = float(magnitudes.mean()) if number.absmean else float(magnitudes.max()) / number.limit
    if top < SMALLEST:
        return SMALLEST
    best = top if rules.scales == "max" or number.absmean else least_squares(magnitudes, number.limit)
    if not rules.power_of_two:
        return best
    powers = powers_of_two(top, best)
    if rules.scales == "max" or number.absmean:
        return next(powers)
    return min(powers, key=lambda scale: squared_error(magnitudes, scale, number.limit))


MOST_FINER = 8
"""Powers of two that the weights of one matrix may be finer than those of another in the same sum."""


def grains(
    weights: Sequence[Matrix],
    units: Sequence[float],
    scale: Array,
    rules: WeightRules,
    number: WeightFormat,
    most: int = MOST_FINER,
) -> tuple[Array, list[Array]]:
    """A finer unit of sums than the shared ``scale``, and of each of ``weights`` W the shift that brings it there.

    Scales are 2^k apart within a channel, at most 2^``most``, as `grains.chosen` has them: no matrix has a larger
    squared error than with the shared scale alone. The finest of a channel is the unit of sums. Both results have the
    shape of ``scale``; shifts are int64.
    """
    parts = [channel_magnitudes([w], [u], scale.size) for w, u in zip(weights, units, strict=True)]
    squares = np.array([sum(float(np.sum(np.square(part))) for part in matrix) or 1.0 for matrix in parts])
    channels = []
    for shared, *here in zip(scale.reshape(-1).tolist(), *parts, strict=True):
        own = [_scale(part, rules, number) if part.size else 0.0 for part in here]
        channels.append(choices(here, shared, own, number.limit, most) if any(own) else [nothing(shared, len(here))])
    found = np.array(chosen(channels, squares))
    finest = found.min(axis=1)
    shifts = np.rint(np.log2(found.T / finest)).astype(np.int64)
    return finest.reshape(scale.shape), [shift.reshape(scale.shape) for shift in shifts]


def per_row(scale: Array, rows: int) -> Array:
    """() or (rows,): the scale of C channels for each of ``rows`` equal parts of the population, a multiple of C."""
    return np.repeat(scale, rows // len(scale)) if scale.ndim else scale


def quantised(
    name: str,
    op: Linear | Conv,
    scale: Array,
    unit: float,
    rules: WeightRules,
    number: WeightFormat,
    shift: Array | None = None,
) -> QuantLinear | QuantConv:
    """``op``, of the node ``name``, with integer weights; ``scale`` and ``shift`` as `fan_in_scale` and `grains` give
    them, ``unit`` that of its source."""
    rows = per_row(scale, op.weight.shape[0])
    up = None if shift is None or not np.any(shift) else per_row(shift, op.weight.shape[0])
    weight = rules.integers(name, op.weight, shifted(rows, up) / unit, number)
    if isinstance(op, Conv):
        return QuantConv(np.asarray(weight), rows, op.axes, op.groups, op.gives, number.bits, up)
    return QuantLinear(weight, rows, number.bits, op.takes, op.gives, up)


def accumulator_bound(op: QuantLinear | QuantConv, most: int | Array, count: int) -> Array:
    """The most that ``op`` can add to each of ``count`` sums if no source gives more than ``most``, of a matrix also
    one value a source: float64."""
    if isinstance(op, QuantConv):
        rows = channel_sums(op.weight) * float(most)
    elif np.ndim(most):
        rows = np.asarray(abs(sparse.csr_array(op.weight)) @ np.asarray(most, np.float64)).reshape(-1)
    else:
        rows = row_sums(op.weight) * float(most)
    return np.asarray(per_row(shifted(rows, op.shift), count))


def overflow(name: str, bound: float, bits: int = 8) -> Diagnostic:
    """The problem of a population whose sums, of weights of ``bits`` bits, may reach ``bound``."""
    narrower = ", or choose weights of fewer bits (int8)" if bits > 8 else ""
    found, limit = f"the sum of its inputs may reach {bound:.3g}", f"an int32 holds {ACCUMULATOR.limit}"
    return Diagnostic("AX401", name, found, limit, f"lower the inputs' peak or the fan-in{narrower}")


def most_of(graph: Graph, name: str) -> int | Array:
    """The largest magnitude of an element of an integer signal in a step: events, or the values that they carry; of
    partial sums one of each digit."""
    signal, node = graph.signals[name], graph[name]
    if signal.kind is Kind.EVENT:
        return signal.peak
    while isinstance(node.op, Delay):
        node = graph[node.inputs[0]]
    if isinstance(node.op, PartialSums):
        return _digits(graph, node)
    if isinstance(node.op, FixedGated):
        return node.op.most
    assert isinstance(signal.format, Fixed)
    return signal.format.limit


def _digits(graph: Graph, node: Node) -> Array:
    """The largest magnitudes of the digits of sums, lower and upper in turn."""
    assert isinstance(node.op, PartialSums)
    bound = np.zeros(node.op.units)
    for name in node.inputs:
        op = graph[name].op
        assert isinstance(op, QuantLinear)
        bound += accumulator_bound(op, most_of(graph, graph[name].inputs[0]), node.op.units)
    low, high = bound.reshape(node.op.shape).T
    carried = np.ceil(low / (1 << DIGIT)) + high
    return np.stack([np.full(carried.shape, 1 << (DIGIT - 1)), carried], axis=1).reshape(-1)


def row_peaks(weight: Matrix) -> Array:
    """max |W| of each row or output channel: (O,) float64."""
    if is_sparse(weight):
        return np.asarray(abs(weight).max(axis=1).todense(), np.float64).reshape(-1)
    dense = np.abs(np.asarray(weight))
    return np.asarray(dense.reshape(len(dense), -1).max(axis=1), np.float64)
