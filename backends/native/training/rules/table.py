"""The table of rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from axonc.ir import Node
from axonc.ir.ops import (
    EGRU,
    GRU,
    LSTM,
    Conv,
    ConvAdjoint,
    Delay,
    EGRUAdjoint,
    EGRUGatesAdjoint,
    EGRUReadAdjoint,
    Flatten,
    FlattenAdjoint,
    GRUAdjoint,
    GRUGatesAdjoint,
    Input,
    KernelTotal,
    Linear,
    LSTMAdjoint,
    Map,
    Neuron,
    NeuronAdjoint,
    Op,
    OuterTotal,
    Output,
    PeepholeAdjoint,
    Pool,
    PoolAdjoint,
    ResetGate,
    ResetGateAdjoint,
    ResetGateReadAdjoint,
    Scale,
    StoredTotal,
    Total,
)

from ..draft import Draft, Side
from .event_units import cell_adjoint, egru, gates_adjoint, read_adjoint
from .gated import (
    gru,
    gru_adjoint,
    gru_gates_adjoint,
    lstm,
    lstm_adjoint,
    peephole_adjoint,
    reset_gate,
    reset_gate_adjoint,
    reset_gate_read_adjoint,
)
from .maps import delay, enters, passed, product, scale, total
from .matrices import linear, outer_total
from .neurons import neuron, neuron_adjoint
from .stored import pool, pool_adjoint, stored_adjoint, stored_map, stored_total

Rule = Callable[[Draft, Side, Node], None]

RULES: Mapping[type[Op], Rule] = {
    Input: enters,
    Output: passed,
    Flatten: passed,
    FlattenAdjoint: passed,
    Delay: delay,
    Scale: scale,
    Map: product,
    Linear: linear,
    Conv: stored_map,
    ConvAdjoint: stored_adjoint,
    Pool: pool,
    PoolAdjoint: pool_adjoint,
    OuterTotal: outer_total,
    StoredTotal: stored_total,
    KernelTotal: stored_total,
    Total: total,
    Neuron: neuron,
    NeuronAdjoint: neuron_adjoint,
    EGRU: egru,
    EGRUAdjoint: cell_adjoint,
    EGRUGatesAdjoint: gates_adjoint,
    EGRUReadAdjoint: read_adjoint,
    GRU: gru,
    GRUAdjoint: gru_adjoint,
    GRUGatesAdjoint: gru_gates_adjoint,
    ResetGate: reset_gate,
    ResetGateAdjoint: reset_gate_adjoint,
    ResetGateReadAdjoint: reset_gate_read_adjoint,
    LSTM: lstm,
    LSTMAdjoint: lstm_adjoint,
    PeepholeAdjoint: peephole_adjoint,
}
"""What a node of either graph is in C: a forward op leaves a tape, an adjoint takes it."""
