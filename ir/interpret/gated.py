"""Kernels of GRU and LSTM."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..ops import GRU, LSTM, Array, ResetGate
from .base import Kernel, Precision, State
from .egru import sigmoid


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

    return _from_zero(op, precision, after if op.reset == "after" else before)


def mixed(old: Array, update: Array, candidate: Array) -> tuple[State, Array]:
    """The state of a GRU after a step, and its output, from the sums that enter the two functions."""
    u, g = sigmoid(update), np.tanh(candidate)
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
    peephole = np.zeros((3, op.units)) if op.peephole is None else op.peephole
    p_i, p_o, p_f = peephole.astype(precision)

    def step(state: State, a: Array) -> tuple[State, Array]:
        a_i, a_o, a_f, a_g = np.split(a.astype(precision), 4, axis=1)
        b = state["c"]
        i, f, g = sigmoid(a_i + p_i * b), sigmoid(a_f + p_f * b), np.tanh(a_g)
        c = f * b + i * g
        o, t = sigmoid(a_o + p_o * c), np.tanh(c)
        return {"c": c, "i": i, "o": o, "f": f, "g": g, "t": t, "b": b}, o * t

    return _from_zero(op, precision, step)


def _from_zero(op: GRU | LSTM, precision: Precision, step: Callable[..., tuple[State, Array]]) -> Kernel:
    return Kernel(lambda batch: {"c": np.zeros((batch, *op.shape), precision)}, step)
