"""Kernels of gated units in fixed point."""

from __future__ import annotations

import numpy as np

from ..arithmetic import UNIT, requantize, saturate, sigmoid, tanh
from ..ops import Array, FixedGated, FixedGRU, FixedLSTM, FixedResetGate, FromFixed, PartialSums, ToFixed
from ..ops.gated_fixed import DIGIT, GATE_LIMIT
from .base import Kernel, Precision, State, beginning, stateless
from .egru import first_step, next_step

HALF = UNIT // 2


def _first(op: FixedGRU | FixedLSTM, batch: int) -> State:
    return {"c": beginning(op.initial, batch, op.shape, np.int64)}


def _arguments(op: FixedGated, accumulator: Array) -> Array:
    """The lanes in Q3.12: [lanes, batch, H]."""
    gates = op.gates
    lanes = np.moveaxis(accumulator.reshape(len(accumulator), op.lanes, op.units), 1, 0)[: len(gates.multiplier)]
    multiplier, shift, bias = (np.asarray(part)[:, None] for part in (gates.multiplier, gates.shift, gates.bias))
    return saturate(requantize(lanes, multiplier, shift) + bias, GATE_LIMIT)


def _sum(a: Array, b: Array) -> Array:
    return saturate(a + b, GATE_LIMIT)


def _scaled(factor: Array, x: Array | int) -> Array:
    """floor(factor x / 2^15 + 1/2)."""
    wide: Array = factor * x + HALF
    return wide >> 15


def _mix(p: Array, x: Array, q: Array, g: Array, frac: int) -> Array:
    """floor(2^(F-30) (p x 2^(15-F) + q g) + 1/2)."""
    return np.asarray(((p * x << (15 - frac)) + q * g + (1 << (29 - frac))) >> (30 - frac))


def fixed_gru(op: FixedGRU, precision: Precision) -> Kernel:
    """The kernel of `FixedGRU`."""

    def gates(accumulator: Array) -> tuple[Array, Array]:
        lanes = _arguments(op, accumulator)
        if op.reset == "before":
            return sigmoid(lanes[0]), tanh(lanes[1])
        a_u, a_r, a_g, h_u, h_r, h_g = lanes
        reset = sigmoid(_sum(a_r, h_r))
        return sigmoid(_sum(a_u, h_u)), tanh(_sum(a_g, _scaled(reset, h_g)))

    def step(state: State, accumulator: Array) -> tuple[State, Array]:
        u, g = gates(accumulator)
        if op.zoneout:
            u = op.zoneout + _scaled(u, UNIT - op.zoneout)
        old, count = _continued(op, state)
        m = _mix(u, old, UNIT - u, g, op.state.frac)
        if op.threshold is None:
            return {"c": m, **count}, m
        fired = m > op.threshold
        after = saturate(m - op.threshold, GATE_LIMIT)
        return {"c": np.where(fired, after, m), **count}, np.where(fired, m, 0)

    return Kernel(lambda batch: {**_first(op, batch), **first_step(op, batch)}, step)


def _continued(op: FixedGRU, state: State) -> tuple[Array, State]:
    """c[k-1], or 0 where a segment begins; and the number of the next step, if it counts."""
    begins, count = next_step(op, state)
    return state["c"] if begins is None else np.where(begins, 0, state["c"]), count


def fixed_reset_gate(op: FixedResetGate, precision: Precision) -> Kernel:
    """The kernel of `FixedResetGate`."""

    def step(accumulator: Array) -> Array:
        (argument,) = _arguments(op, accumulator)
        return _scaled(sigmoid(argument), accumulator[:, op.units :])

    return stateless(step)


def partial_sums(op: PartialSums, precision: Precision) -> Kernel:
    """The kernel of `PartialSums`."""

    def step(accumulator: Array) -> Array:
        digits = accumulator.reshape(-1, *op.shape)
        total = digits[..., 0] + (digits[..., 1] << DIGIT)
        high = (total + (1 << (DIGIT - 1))) >> DIGIT
        return np.stack([total - (high << DIGIT), high], axis=-1)

    return stateless(step)


def fixed_lstm(op: FixedLSTM, precision: Precision) -> Kernel:
    """The kernel of `FixedLSTM`."""
    rest = 30 - op.state.frac

    def step(state: State, accumulator: Array) -> tuple[State, Array]:
        a_i, a_o, a_f, a_g = _arguments(op, accumulator)
        wide = _mix(sigmoid(a_f), state["c"], sigmoid(a_i), tanh(a_g), op.cell.frac)
        cell = saturate(wide, op.cell.limit)
        shown = tanh(saturate(cell << (12 - op.cell.frac), GATE_LIMIT))
        return {"c": cell}, (sigmoid(a_o) * shown + (1 << (rest - 1))) >> rest

    return Kernel(lambda batch: _first(op, batch), step)


def to_fixed(op: ToFixed, precision: Precision) -> Kernel:
    """The kernel of `ToFixed`."""

    def step(x: Array) -> Array:
        return saturate(np.rint(x.astype(np.float64) / op.format.scale).astype(np.int64), op.format.limit)

    return stateless(step)


def from_fixed(op: FromFixed, precision: Precision) -> Kernel:
    """The kernel of `FromFixed`."""
    return stateless(lambda x: np.ldexp(x.astype(precision), -op.frac))
