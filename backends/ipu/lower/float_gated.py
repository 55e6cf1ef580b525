"""Gated units in float: EGRU, GRU, LSTM, reset gates."""

from __future__ import annotations

import numpy as np

from axonc.ir.ops import EGRU, GRU, LSTM, ResetGate

from .base import Unit, flag, real, records

GRU_VERTEX = 4 + 6 * 4 + 1 + 6 * 8
LSTM_VERTEX = 4 + 3 * 4 + 5 * 8
RESET_VERTEX = 4 + 3 * 4 + 4 * 8
"""A place in a compute set, words and flags, pointers with sizes."""


def egru(op: EGRU) -> Unit:
    """The vertex `FloatGRU`, with a test."""
    return _gru((op.threshold,), op.shape, op.segment, op.zoneout, True)


def gru(op: GRU) -> Unit:
    """The vertex `FloatGRU`, which gives all of its cell."""
    return _gru((0.0,), op.shape, None, 0.0, False)


def _gru(record: tuple[object, ...], shape: tuple[int, ...], segment: int | None, zoneout: float, tested: bool) -> Unit:
    numbers = f"FloatGru{{{segment or 0}, {real(zoneout)}, {flag(tested)}}}"
    states = 1 if segment is None else 2
    parameters = records(record, shape, "<f4")

    def update(where: str, name: str) -> str:
        return f"updateFloatGru(graph, {where}, {name}, {numbers});"

    return Unit("f4", "f4", "f4", parameters, states, update, GRU_VERTEX)


def lstm(op: LSTM) -> Unit:
    """The vertex `FloatLSTM`."""
    seen = np.zeros((3, op.units)) if op.peephole is None else op.peephole
    update = "updateFloatLstm(graph, {}, {});".format
    return Unit("f4", "f4", "f4", records(tuple(seen), op.shape, "<f4"), 1, update, LSTM_VERTEX)


def reset_gate(op: ResetGate) -> Unit:
    """The vertex `FloatResetGate`."""
    update = "updateFloatResetGate(graph, {}, {});".format
    return Unit("f4", "f4", "f4", records((0.0,), op.shape, "<f4"), 0, update, RESET_VERTEX)
