"""Kernels of the EGRU and of its adjoints."""

from __future__ import annotations

import numpy as np

from ..ops import EGRU, Array, EGRUAdjoint, EGRUGatesAdjoint, EGRUReadAdjoint, EGRUThresholdAdjoint, FixedGRU
from .base import Kernel, Precision, State, beginning, stateless
from .functions import sigmoid, tanh


def egru(op: EGRU, precision: Precision) -> Kernel:
    """The kernel of `EGRU`."""
    threshold, zoneout = (np.asarray(value, precision) for value in (op.threshold, op.zoneout))

    def step(state: State, a: Array, h: Array) -> tuple[State, Array]:
        (a_u, a_r, a_g), (h_u, h_r, h_g) = (np.split(part.astype(precision), 3, axis=1) for part in (a, h))
        u, r = zoneout + (1 - zoneout) * sigmoid(a_u + h_u), sigmoid(a_r + h_r)
        g = tanh(a_g + r * h_g)
        (old, carried), count = _continued(op, state, u)
        m = u * old + (1 - u) * g
        o = (m > threshold).astype(precision)
        made = {"c": m - o * threshold, "m": m, "o": o, "u": u, "r": r, "g": g, "d": old - g, "e": carried}
        return {**made, **count}, o * m

    return Kernel(lambda batch: {"c": beginning(op.initial, batch, op.shape, precision), **first_step(op, batch)}, step)


def first_step(op: EGRU | FixedGRU, batch: int) -> State:
    """Of a cell with segments, the number of the next step within its segment: that of every sample."""
    return {} if op.segment is None else {"k": np.zeros(batch, np.int64)}


def next_step(op: EGRU | FixedGRU, state: State) -> tuple[Array | None, State]:
    """Where, [B, 1], a segment begins, None without segments; and the number of the step after this one."""
    if op.segment is None:
        return None, {}
    return state["k"][:, None] == 0, {"k": (state["k"] + 1) % op.segment}


def _continued(op: EGRU, state: State, u: Array) -> tuple[tuple[Array, Array], State]:
    """c[k-1] and how m depends on it, both 0 where a segment begins; and the number of the next step, if it counts."""
    begins, count = next_step(op, state)
    if begins is None:
        return (state["c"], u), {}
    zero = u.dtype.type(0)
    return (np.where(begins, zero, state["c"]), np.where(begins, zero, u)), count


def egru_adjoint(op: EGRUAdjoint, precision: Precision) -> Kernel:
    """The kernel of `EGRUAdjoint`."""

    def step(state: State, y: Array, m: Array, o: Array, e: Array) -> tuple[State, Array]:
        _, fired, slope = _events(op, y, state["c"], m, precision)
        membrane = o * y + state["c"] + slope * fired
        return {"c": e * membrane}, membrane

    return Kernel(lambda batch: {"c": np.zeros((batch, *op.shape), precision)}, step)


def egru_threshold_adjoint(op: EGRUThresholdAdjoint, precision: Precision) -> Kernel:
    """The kernel of `EGRUThresholdAdjoint`."""

    def step(y: Array, m: Array, o: Array, e: Array, membrane: Array) -> Array:
        cell = e * membrane
        _, fired, slope = _events(op, y, cell, m, precision)
        return np.asarray(-slope * fired - o * cell)

    return stateless(step)


def _events(op: EGRUAdjoint, y: Array, cell: Array, m: Array, precision: Precision) -> tuple[Array, Array, Array]:
    """The threshold, the derivative with respect to the events o, and the surrogate."""
    threshold = np.asarray(op.threshold, precision)
    fired = y * m - threshold * cell if op.attached else y * m
    return threshold, fired, op.surrogate.derivative(m - threshold)


def egru_gates_adjoint(op: EGRUGatesAdjoint, precision: Precision) -> Kernel:
    """The kernel of `EGRUGatesAdjoint`."""
    zoneout = np.asarray(op.zoneout, precision)

    def step(m: Array, u: Array, r: Array, g: Array, d: Array, h: Array) -> Array:
        candidate = m * (1 - u) * (1 - g * g)
        reset = candidate * h[:, 2 * op.units :] * (r * (1 - r))
        return np.concatenate([m * d * ((u - zoneout) * (1 - u) / (1 - zoneout)), reset, candidate], axis=1)

    return stateless(step)


def egru_read_adjoint(op: EGRUReadAdjoint, precision: Precision) -> Kernel:
    """The kernel of `EGRUReadAdjoint`."""

    def step(a: Array, r: Array) -> Array:
        update, reset, candidate = np.split(a, 3, axis=1)
        return np.concatenate([update, reset, r * candidate], axis=1)

    return stateless(step)
