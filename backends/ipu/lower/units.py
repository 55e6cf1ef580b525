"""The table of ops whose nodes are populations on tiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from axonc.ir.ops import (
    EGRU,
    GRU,
    LSTM,
    Conv,
    ExactNeuron,
    FixedGRU,
    FixedLSTM,
    FixedNeuron,
    FixedResetGate,
    LevelNeuron,
    Linear,
    Neuron,
    Op,
    Pool,
    ResetGate,
)

from ..operations.operation import Operation, operation
from .base import Unit
from .exact_neuron import exact_neuron
from .fixed_neuron import fixed_neuron
from .float_gated import egru, gru, lstm, reset_gate
from .float_neuron import float_neuron, level_neuron
from .gated import fixed_gru, fixed_lstm, fixed_reset_gate
from .pool import pool, weights

UNITS: Mapping[type[Any], Callable[[Any], Unit]] = {
    FixedNeuron: fixed_neuron,
    Neuron: float_neuron,
    LevelNeuron: level_neuron,
    FixedGRU: fixed_gru,
    FixedLSTM: fixed_lstm,
    FixedResetGate: fixed_reset_gate,
    EGRU: egru,
    GRU: gru,
    LSTM: lstm,
    ResetGate: reset_gate,
    ExactNeuron: exact_neuron,
    Pool: pool,
    Linear: weights,
    Conv: weights,
    Operation: operation,
}


def unit_of(op: Op) -> Unit:
    """How an op's neurons run on tiles."""
    return UNITS[type(op)](op)
