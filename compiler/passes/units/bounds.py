"""Bounds of signals that hold at every step, whatever the inputs are.

Each bound follows from others that hold at every step, so that all may be narrowed in any order, loops included, and
every state of that is sound. Of float sums the rounding is bounded, too, in any order of the terms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from axonc.ir import Fixed, Graph, Kind, Node, Signal
from axonc.ir.ops import (
    EGRU,
    GRU,
    LSTM,
    Array,
    Conv,
    Delay,
    FixedGated,
    FixedGRU,
    Flatten,
    Linear,
    Neuron,
    Op,
    Pool,
    QuantConv,
    QuantLinear,
    Scale,
    is_sparse,
)
from axonc.ir.ops.linear import shifted

from .images import convolved, of_channels, pooled
from .silence import SILENT, constant_neuron

VAST = 1e200
"""Stands for no bound: products of it with weights are numbers, with 0 they are 0."""

ROUNDING = 2.0**-23
"""Twice the relative error of an operation in float32."""

TINY = 2.0**-148
"""At least the absolute error of a product in float32 that is nearly 0."""


@dataclass(frozen=True)
class Bounds:
    """low <= x <= high for the elements of a signal, flat, in float64."""

    low: Array
    high: Array

    @property
    def zero(self) -> Array:
        """Which elements are 0 at every step."""
        return np.asarray((self.low == 0) & (self.high == 0))

    def within(self, other: Bounds) -> Bounds:
        """Both."""
        return Bounds(np.maximum(self.low, other.low), np.minimum(self.high, other.high))

    def or_else(self, value: Array) -> Bounds:
        """With ``value`` among what may be."""
        return Bounds(np.minimum(self.low, value), np.maximum(self.high, value))

    def or_more(self, constant: Array) -> Bounds:
        """At least 1 where ``constant``."""
        return Bounds(np.where(constant, np.maximum(self.low, 1), self.low), self.high)

    def where(self, silent: Array) -> Bounds:
        """0 where ``silent``."""
        return Bounds(np.where(silent, 0, self.low), np.where(silent, 0, self.high))


def bounds(graph: Graph, silent: Mapping[str, Array]) -> dict[str, Bounds]:
    """The bounds of every node's output. ``silent``: elements of some nodes that are taken to be 0, flat."""
    found = {node.name: _first(node, graph.signals[node.name]) for node in graph}
    found = {name: known.where(silent[name]) if name in silent else known for name, known in found.items()}
    settled = -1
    while settled != (settled := sum(int(np.sum(known.low == known.high)) for known in found.values())):
        for node in graph.order:
            found[node.name] = found[node.name].within(_narrowed(graph, node, found))
    return found


def _first(node: Node, signal: Signal) -> Bounds:
    """What the type of a signal says."""
    count = prod(signal.shape)
    low, high = _range(node.op, signal)
    known = Bounds(np.full(count, float(low)), np.full(count, float(high)))
    return _delay(node.op, known) if isinstance(node.op, Delay) else known


def _range(op: Op, signal: Signal) -> tuple[float, float]:
    if signal.kind is Kind.EVENT:
        return 0, signal.peak
    if isinstance(op, (EGRU, FixedGRU)) and op.threshold is not None and np.all(op.threshold >= 0):
        return 0, op.most if isinstance(op, FixedGRU) else max(1, _largest(op.initial))
    if isinstance(op, FixedGated):
        return -op.most, op.most
    if isinstance(op, LSTM):
        return -1, 1
    if isinstance(op, GRU):
        return -max(1, _largest(op.initial)), max(1, _largest(op.initial))
    if isinstance(signal.format, Fixed):
        return -signal.format.limit, signal.format.limit
    return -VAST, VAST


def _largest(initial: Array | None) -> float:
    """The largest magnitude, in float32, of what a state begins with."""
    return 0.0 if initial is None else float(np.abs(initial.astype(np.float32)).max(initial=0))


def _narrowed(graph: Graph, node: Node, found: Mapping[str, Bounds]) -> Bounds:
    """What the bounds of a node's sources say of its output."""
    known = found[node.name]
    if not node.inputs:
        return known
    entering = _sum([(graph.signals[name], found[name]) for name in node.inputs])
    if type(node.op) in RULES:
        return RULES[type(node.op)](node.op, entering)
    if type(node.op) in ON_IMAGES:
        return ON_IMAGES[type(node.op)](node.op, entering, graph.signals[node.inputs[0]])
    if type(node.op) in SILENT:
        reads = [(found[name].low, found[name].high) for name in node.reads]
        ends = (entering.low, entering.high)
        known = known.where(SILENT[type(node.op)](node.op, ends, *reads))
        return known.or_more(constant_neuron(node.op, ends)) if isinstance(node.op, Neuron) else known
    return known


def _sum(parts: Sequence[tuple[Signal, Bounds]]) -> Bounds:
    lows, highs = [part.low for _, part in parts], [part.high for _, part in parts]
    low, high = np.sum(lows, axis=0), np.sum(highs, axis=0)
    if len(parts) == 1 or all(signal.kind is Kind.EVENT or isinstance(signal.format, Fixed) for signal, _ in parts):
        return Bounds(low, high)
    return _rounded(low, high, np.sum(np.abs(lows), axis=0), np.sum(np.abs(highs), axis=0), len(parts))


def _linear(op: Linear, x: Bounds) -> Bounds:
    bias = _bias(op, op.weight.shape[0])
    exact, sizes = _products(op, x), _products(op, x, np.abs)
    known = _rounded(exact.low + bias.low, exact.high + bias.high, sizes.low, sizes.high, int(op.weight.shape[1]) + 4)
    return Bounds(np.maximum(known.low, -VAST), np.minimum(known.high, VAST))


def _bias(op: Linear | Conv, count: int) -> Bounds:
    """The bias of each of ``count`` sums, in float64 and in float32."""
    bias = of_channels(np.zeros(1) if op.bias is None else op.bias.astype(np.float64), count)
    single = bias.astype(np.float32).astype(np.float64)
    return Bounds(np.minimum(bias, single), np.maximum(bias, single))


def _rounded(low: Array, high: Array, low_size: Array, high_size: Array, terms: int) -> Bounds:
    """The bounds of a sum in float32, in any order. It rises with each term, so that the sum of the least terms and
    that of the largest bound it, and these err by as much as the sums of their magnitudes, the sizes, say."""
    low_error = np.where(low_size > 0, terms * (ROUNDING * (low_size + np.abs(low)) + TINY), 0)
    high_error = np.where(high_size > 0, terms * (ROUNDING * (high_size + np.abs(high)) + TINY), 0)
    return Bounds(low - low_error, high + high_error)


def _products(op: Linear | QuantLinear, x: Bounds, of: Callable[[Any], Any] = lambda term: term) -> Bounds:
    """The sums of the least and of the largest terms of W x, or ``of`` them."""
    weight: Any = op.weight.astype(np.float64) if is_sparse(op.weight) else np.asarray(op.weight, np.float64)
    positive, negative = of((weight + abs(weight)) / 2), of((weight - abs(weight)) / 2)
    low, high = of(x.low), of(x.high)
    return Bounds(np.asarray(positive @ low + negative @ high), np.asarray(positive @ high + negative @ low))


def _quantised_products(op: QuantLinear, x: Bounds) -> Bounds:
    bounds = _products(op, x)
    return Bounds(shifted(bounds.low, op.shift), shifted(bounds.high, op.shift))


def _delay(op: Delay, x: Bounds) -> Bounds:
    return x.or_else(np.zeros(1) if op.initial is None else op.initial.reshape(-1))


def _scale(op: Scale, x: Bounds) -> Bounds:
    ends = np.array([op.scale.reshape(-1) * x.low, op.scale.reshape(-1) * x.high])
    slack = np.where(np.any(ends, axis=0), 2 * ROUNDING * np.abs(ends).max(axis=0) + TINY, 0)
    return Bounds(ends.min(axis=0) - slack, ends.max(axis=0) + slack)


def _conv(op: Conv, x: Bounds, source: Signal) -> Bounds:
    exact, sizes = (Bounds(*convolved(op, (x.low, x.high), source.shape, magnitudes)) for magnitudes in (False, True))
    bias = _bias(op, exact.low.size)
    known = _rounded(exact.low + bias.low, exact.high + bias.high, sizes.low, sizes.high, prod(op.weight.shape[1:]) + 4)
    return Bounds(np.maximum(known.low, -VAST), np.minimum(known.high, VAST))


def _quant_conv(op: QuantConv, x: Bounds, source: Signal) -> Bounds:
    low, high = convolved(op, (x.low, x.high), source.shape)
    shift = None if op.shift is None else of_channels(op.shift, low.size)
    return Bounds(shifted(low, shift), shifted(high, shift))


def _pool(op: Pool, x: Bounds, source: Signal) -> Bounds:
    exact = Bounds(pooled(op, x.low, source.shape), pooled(op, x.high, source.shape))
    if source.kind is Kind.EVENT and not op.average:
        return exact
    sizes = Bounds(pooled(op, np.abs(x.low), source.shape), pooled(op, np.abs(x.high), source.shape))
    known, share = _rounded(exact.low, exact.high, sizes.low, sizes.high, op.taps + 4), 1 / op.taps
    return Bounds(known.low * share, known.high * share) if op.average else known


ON_IMAGES: Mapping[type[Op], Callable[..., Bounds]] = {Conv: _conv, QuantConv: _quant_conv, Pool: _pool}
"""(op, the bounds of its summed input, the signal that they are of) -> those of its output."""


RULES: Mapping[type[Op], Callable[..., Bounds]] = {
    Linear: _linear,
    QuantLinear: _quantised_products,
    Delay: _delay,
    Flatten: lambda op, x: x,
    Scale: _scale,
}
"""(op, the bounds of its summed input) -> those of its output. Of others, the type of the output says all, and
`SILENT` which elements stay 0."""
