"""One kernel per op: a pure step ``(state, x) -> (state, y)`` over a batch, in a stated precision.

``KERNELS`` maps the op's class to a maker ``(op, precision) -> Kernel``. Arrays carry the batch as first axis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..arithmetic import decay, requantize, saturate
from ..ops import (
    Array,
    Delay,
    ExactNeuron,
    FixedGate,
    FixedMembrane,
    FixedNeuron,
    Flatten,
    Gate,
    Input,
    Linear,
    Neuron,
    Op,
    Output,
    QuantLinear,
    Scale,
    is_sparse,
)
from .base import Kernel, Precision, State, stateless
from .exact import exact_neuron

__all__ = ["KERNELS", "Kernel", "Precision", "State", "stateless"]

GATHER = 4
"""Events are multiplied row by row where fewer than one in so many sources is active."""


def _identity(op: Op, precision: Precision) -> Kernel:
    return stateless(lambda x: x)


def _flatten(op: Flatten, precision: Precision) -> Kernel:
    def step(x: Array) -> Array:
        first, last = op._axes(x.ndim - 1)
        return x.reshape(*x.shape[: first + 1], -1, *x.shape[last + 2 :])

    return stateless(step)


def _scale(op: Scale, precision: Precision) -> Kernel:
    scale = op.scale.astype(precision)
    return stateless(lambda x: scale * x.astype(precision))


def _linear(op: Linear, precision: Precision) -> Kernel:
    """Canonical order: bias, then the columns of the sources that are not zero, ascending, one after the other."""
    dense = op.weight.toarray() if is_sparse(op.weight) else np.asarray(op.weight)
    columns = dense.T.astype(precision)
    bias = np.zeros(columns.shape[1], precision) if op.bias is None else op.bias.astype(precision)

    def step(x: Array) -> Array:
        total = np.tile(bias, (x.shape[0], 1))
        for source in np.flatnonzero(np.any(x != 0, axis=0)):
            total = total + x[:, source, None].astype(precision) * columns[source]
        return total

    return stateless(_unflattened(step, op))


def _quant_linear(op: QuantLinear, precision: Precision) -> Kernel:
    if is_sparse(op.weight):
        wide = op.weight.astype(np.int64)
        return stateless(_unflattened(lambda x: np.ascontiguousarray((wide @ x.T.astype(np.int64)).T), op))
    rows = op.weight.T.astype(np.float64)  # |sums| stay far below 2^53, so that the fast float product is exact

    def product(x: Array) -> Array:
        active = np.flatnonzero(np.any(x != 0, axis=0))
        if active.size < rows.shape[0] // GATHER:
            return np.asarray(x[:, active].astype(np.float64) @ rows[active]).astype(np.int64)
        return np.asarray(x.astype(np.float64) @ rows).astype(np.int64)

    return stateless(_unflattened(product, op))


def _unflattened(function: Callable[[Array], Array], op: Linear | QuantLinear) -> Callable[[Array], Array]:
    """``function`` over flat arrays, as one over arrays of the op's shapes."""
    shape = op.output(None).shape
    return lambda x: function(x.reshape(len(x), -1)).reshape(len(x), *shape)


def _zeros(op: Neuron | FixedNeuron, dtype: str) -> Callable[[int], State]:
    return lambda batch: {name: np.zeros((batch, *op.shape), dtype) for name in op.states()}


def _neuron(op: Neuron, precision: Precision) -> Kernel:
    def cast(value: Array) -> Array:
        return np.asarray(value, precision)

    membrane, constant = op.membrane, cast(op.membrane.constant)
    decay_v, gain_v = cast(membrane.decay), cast(membrane.gain)
    fire = _float_gate(op.gate, precision)

    def current(state: State, x: Array) -> tuple[State, Array]:
        if op.synapse is None:
            return {}, x
        new = (cast(op.synapse.decay) * state["i"] + cast(op.synapse.gain) * x) + cast(op.synapse.offset)
        return {"i": new}, new if membrane.sees == "new" else state["i"]

    def step(state: State, x: Array) -> tuple[State, Array]:
        updated, seen = current(state, x.astype(precision))
        voltage = (decay_v * state["v"] + gain_v * seen) + constant
        voltage, out = fire(state["v"], voltage)
        return {**updated, "v": voltage}, out

    return Kernel(_zeros(op, precision), step)


Over = Callable[[Array], Array]
Fire = Callable[[Array, Array], tuple[Array, Array]]
"""(stored v, new v) -> (v after reset, events)."""


def _float_gate(gate: Gate | None, precision: Precision) -> Fire:
    if gate is None:
        return lambda old, new: (new, new)
    threshold, value = np.asarray(gate.threshold, precision), np.asarray(gate.value, precision)
    compare = np.greater if gate.compare == "gt" else np.greater_equal
    lowest = None if gate.v_min is None else np.asarray(gate.v_min, precision)
    return _gate(gate, lambda v: compare(v, threshold), threshold, value, lowest, lambda v: v)


def _gate(gate: Gate | FixedGate, above: Over, step: Array, value: Array, lowest: Array | None, clip: Over) -> Fire:
    """Test and reset, the same in float and in integers: ``step`` is what a subtractive reset takes away."""

    def fire(old: Array, new: Array) -> tuple[Array, Array]:
        pending = np.where(above(old), step, np.zeros_like(step)) if gate.reset.endswith(("guarded", "next")) else None
        if gate.reset == "subtract_next":
            new = clip(new - pending)
        spike = above(new - pending) if gate.reset == "subtract_guarded" else above(new)
        events, after = spike.astype(np.int64), np.where(spike, reset(new), new)
        for _ in range(gate.spikes - 1):
            again = above(after)
            if not np.any(again):
                break
            events, after = events + again, np.where(again, reset(after), after)
        return after if lowest is None else np.maximum(after, lowest), events

    def reset(v: Array) -> Array:
        if gate.reset == "value":
            return np.broadcast_to(value, v.shape)
        return clip(v - step) if gate.reset in ("subtract", "subtract_guarded") else v

    return fire


def _fixed_neuron(op: FixedNeuron, precision: Precision) -> Kernel:
    fire = _fixed_gate(op)

    def current(state: State, x: Array) -> tuple[State, Array]:
        synapse = op.synapse
        if synapse is None:
            return {}, x
        wide = decay(state["i"], synapse.decay) + requantize(x, synapse.multiplier, synapse.shift) + synapse.offset
        new = saturate(wide, synapse.format.limit)
        return {"i": new}, new if op.membrane.sees == "new" else state["i"]

    def step(state: State, x: Array) -> tuple[State, Array]:
        updated, seen = current(state, x)
        voltage, out = fire(state["v"], _fixed_voltage(op.membrane, state["v"], seen))
        return {**updated, "v": voltage}, out

    return Kernel(_zeros(op, "int64"), step)


def _fixed_voltage(membrane: FixedMembrane, old: Array, seen: Array) -> Array:
    wide = (
        membrane.leak
        + decay(old - membrane.leak, membrane.decay)
        + requantize(seen, membrane.multiplier, membrane.shift)
        + membrane.offset
    )
    return saturate(wide, membrane.format.limit)


def _fixed_gate(op: FixedNeuron) -> Fire:
    gate, limit = op.gate, op.membrane.format.limit
    if gate is None:
        return lambda old, new: (new, new)
    threshold = gate.threshold
    return _gate(gate, lambda v: v > threshold, gate.value, gate.value, gate.v_min, lambda v: saturate(v, limit))


KERNELS: Mapping[type[Op], Callable[[Any, Precision], Kernel]] = {
    Input: _identity,
    Output: _identity,
    Flatten: _flatten,
    Scale: _scale,
    Linear: _linear,
    QuantLinear: _quant_linear,
    Neuron: _neuron,
    FixedNeuron: _fixed_neuron,
    ExactNeuron: exact_neuron,
}
"""The meaning of every op in steps, but `Delay`, whose buffers the run itself holds."""

assert Delay not in KERNELS
