"""Kernels of GRU and LSTM, and of their adjoints."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..ops import (
    GRU,
    LSTM,
    Array,
    GRUAdjoint,
    GRUGatesAdjoint,
    LSTMAdjoint,
    PeepholeAdjoint,
    ResetGate,
    ResetGateAdjoint,
    ResetGateReadAdjoint,
)
from .base import Kernel, Precision, State, beginning, stateless
from .functions import sigmoid, tanh


def gru(op: GRU, precision: Precision) -> Kernel:
    """The kernel of `GRU`."""

    def after(state: State, a: Array, h: Array) -> tuple[State, Array]:
        (a_u, a_r, a_g), (h_u, h_r, h_g) = (np.split(part.astype(precision), 3, axis=1) for part in (a, h))
        r = sigmoid(a_r + h_r)
        new, c = mixed(state["c"], a_u + h_u, a_g + r * h_g)
        return {**new, "r": r}, c

    def before(state: State, a: Array) -> tuple[State, Array]:
        a_u, a_g = np.split(a.astype(precision), 2, axis=1)
        return mixed(state["c"], a_u, a_g)

    return _cell(op, precision, after if op.reset == "after" else before)


def mixed(old: Array, update: Array, candidate: Array) -> tuple[State, Array]:
    """The state of a GRU after a step, and its output, from the sums that enter the two functions."""
    u, g = sigmoid(update), tanh(candidate)
    c = u * old + (1 - u) * g
    return {"c": c, "u": u, "g": g, "d": old - g}, c


def reset_gate(op: ResetGate, precision: Precision) -> Kernel:
    """The kernel of `ResetGate`."""

    def step(state: State, a: Array, y: Array) -> tuple[State, Array]:
        r = sigmoid(a.astype(precision))
        return {"r": r}, r * y.astype(precision)

    return Kernel(lambda batch: {}, step)


def lstm(op: LSTM, precision: Precision) -> Kernel:
    """The kernel of `LSTM`."""
    p_i, p_o, p_f = _peepholes(op, precision)

    def step(state: State, a: Array) -> tuple[State, Array]:
        a_i, a_o, a_f, a_g = np.split(a.astype(precision), 4, axis=1)
        last = state["c"]
        i, f, g = sigmoid(a_i + p_i * last), sigmoid(a_f + p_f * last), tanh(a_g)
        c = f * last + i * g
        o, t = sigmoid(a_o + p_o * c), tanh(c)
        return {"c": c, "i": i, "o": o, "f": f, "g": g, "t": t, "last": last}, o * t

    return _cell(op, precision, step)


def _peepholes(op: LSTM | LSTMAdjoint, precision: Precision) -> Array:
    return (np.zeros((3, op.units)) if op.peephole is None else op.peephole).astype(precision)


def _cell(op: GRU | LSTM, precision: Precision, step: Callable[..., tuple[State, Array]]) -> Kernel:
    return Kernel(lambda batch: {"c": beginning(op.initial, batch, op.shape, precision)}, step)


def gru_adjoint(op: GRUAdjoint, precision: Precision) -> Kernel:
    """The kernel of `GRUAdjoint`."""

    def step(state: State, y: Array, u: Array) -> tuple[State, Array]:
        cell = y + state["c"]
        return {"c": u * cell}, cell

    return Kernel(lambda batch: {"c": np.zeros((batch, *op.shape), precision)}, step)


def gru_gates_adjoint(op: GRUGatesAdjoint, precision: Precision) -> Kernel:
    """The kernel of `GRUGatesAdjoint`."""

    def step(c: Array, u: Array, g: Array, d: Array) -> Array:
        return np.concatenate([c * d * (u * (1 - u)), c * (1 - u) * (1 - g * g)], axis=1)

    return stateless(step)


def reset_gate_adjoint(op: ResetGateAdjoint, precision: Precision) -> Kernel:
    """The kernel of `ResetGateAdjoint`."""
    return stateless(lambda q, r, y: q * y * (r * (1 - r)))


def reset_gate_read_adjoint(op: ResetGateReadAdjoint, precision: Precision) -> Kernel:
    """The kernel of `ResetGateReadAdjoint`."""
    return stateless(lambda q, r: q * r)


def lstm_adjoint(op: LSTMAdjoint, precision: Precision) -> Kernel:
    """The kernel of `LSTMAdjoint`."""
    p_i, p_o, p_f = _peepholes(op, precision)

    def step(
        state: State, y: Array, i: Array, o: Array, f: Array, g: Array, t: Array, last: Array
    ) -> tuple[State, Array]:
        a_o = y * t * (o * (1 - o))
        cell = y * o * (1 - t * t) + p_o * a_o + state["c"]
        a_i, a_f = cell * g * (i * (1 - i)), cell * last * (f * (1 - f))
        a_g = cell * i * (1 - g * g)
        return {"c": f * cell + p_i * a_i + p_f * a_f}, np.concatenate([a_i, a_o, a_f, a_g], axis=1)

    return Kernel(lambda batch: {"c": np.zeros((batch, op.units), precision)}, step)


def peephole_adjoint(op: PeepholeAdjoint, precision: Precision) -> Kernel:
    """The kernel of `PeepholeAdjoint`."""

    def step(a: Array, last: Array, c: Array) -> Array:
        a_i, a_o, a_f, _ = np.split(a, 4, axis=1)
        return np.stack([a_i * last, a_o * c, a_f * last], axis=1)

    return stateless(step)
