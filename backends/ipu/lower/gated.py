"""Gated units in fixed point: GRU and event-based GRU, LSTM, reset gates."""

from __future__ import annotations

import numpy as np

from axonc.ir.ops import Array, FixedGated, FixedGRU, FixedLSTM, FixedResetGate

from .base import Unit, flag

GRU_VERTEX = 4 + 7 * 4 + 1 + 7 * 8
LSTM_VERTEX = 4 + 5 * 4 + 6 * 8
RESET_VERTEX = 4 + 3 * 4 + 4 * 8
"""A place in a compute set, words and flags, pointers with sizes."""


def _scales(op: FixedGated, *more: Array | int) -> Array:
    """Multiplier, shift and bias of every lane, then ``more``, for each unit."""
    gates = op.gates
    parts = [np.broadcast_to(part, (len(part), op.units)) for part in (gates.multiplier, gates.shift, gates.bias)]
    lanes = np.stack(parts, axis=1).reshape(-1, op.units)
    rest = [np.broadcast_to(np.asarray(value), (1, op.units)) for value in more]
    return np.concatenate([lanes, *rest]).T.astype("<i4")


def fixed_gru(op: FixedGRU) -> Unit:
    """The vertex `FixedGRU`."""
    threshold = 0 if op.threshold is None else op.threshold
    numbers = f"Gru{{{op.state.frac}, {op.segment or 0}, {op.zoneout}, {flag(op.threshold is not None)}}}"
    return Unit(
        "i4",
        "i4",
        "i4",
        _scales(op, threshold),
        1 if op.segment is None else 2,
        lambda where, name: f"updateGru(graph, {where}, {name}, {numbers});",
        GRU_VERTEX,
    )


def fixed_lstm(op: FixedLSTM) -> Unit:
    """The vertex `FixedLSTM`."""
    numbers = f"{op.state.frac}, {op.cell.frac}"
    update = f"updateLstm(graph, {{}}, {{}}, {numbers});".format
    return Unit("i4", "i4", "i4", _scales(op), 1, update, LSTM_VERTEX)


def fixed_reset_gate(op: FixedResetGate) -> Unit:
    """The vertex `FixedResetGate`."""
    update = "updateResetGate(graph, {}, {});".format
    return Unit("i4", "i4", "i4", _scales(op), 0, update, RESET_VERTEX)
