"""Kernels of neurons: synapse, membrane and gate, in float and in fixed point."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..arithmetic import decay, requantize, saturate
from ..levels import nearest_level
from ..ops import Array, FixedGate, FixedMembrane, FixedNeuron, Gate, LevelNeuron, Neuron
from .base import Kernel, Precision, State


def _zeros(op: Neuron | FixedNeuron, dtype: str) -> Callable[[int], State]:
    return lambda batch: {name: np.zeros((batch, *op.shape), dtype) for name in op.states()}


def neuron(op: Neuron, precision: Precision) -> Kernel:
    """A neuron in float arithmetic."""
    return _neuron(op, precision, lambda v: v)


def level_neuron(op: LevelNeuron, precision: Precision) -> Kernel:
    """A neuron whose voltage is the nearest level of a table; the lower one of two that are as near."""
    levels = op.levels.astype(precision)

    def nearest(v: Array) -> Array:
        return nearest_level(levels, v)

    kernel = _neuron(op.neuron, precision, nearest)

    def initial(batch: int) -> State:
        state = kernel.initial(batch)
        return {**state, "v": nearest(state["v"])}

    return Kernel(initial, kernel.step)


def _neuron(op: Neuron, precision: Precision, held: Callable[[Array], Array]) -> Kernel:
    """A neuron of which v is ``held`` after the update and after the reset."""

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
        voltage = held((decay_v * state["v"] + gain_v * seen) + constant)
        after, out = fire(state["v"], voltage)
        return {**updated, "v": held(after), **({} if op.gate is None else {"m": voltage})}, out

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


def fixed_neuron(op: FixedNeuron, precision: Precision) -> Kernel:
    """A neuron in the integers of `ir.arithmetic`."""
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
        voltage = _fixed_voltage(op.membrane, state["v"], seen)
        after, out = fire(state["v"], voltage)
        return {**updated, "v": after, "m": voltage}, out

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
