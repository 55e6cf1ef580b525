"""One kernel per op: a pure step ``(state, x) -> (state, y)`` over a batch, in a stated precision.

``KERNELS`` maps the op's class to a maker ``(op, precision) -> Kernel``. Arrays carry the batch as first axis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..ops import (
    EGRU,
    GRU,
    LSTM,
    Array,
    Broadcast,
    Cast,
    Concat,
    Constant,
    Conv,
    ConvAdjoint,
    Convolve,
    Delay,
    DequantizeTensor,
    EGRUAdjoint,
    EGRUGatesAdjoint,
    EGRUReadAdjoint,
    EGRUThresholdAdjoint,
    ExactNeuron,
    FixedGRU,
    FixedLSTM,
    FixedNeuron,
    FixedResetGate,
    Flatten,
    FlattenAdjoint,
    FromFixed,
    Gather,
    GRUAdjoint,
    GRUGatesAdjoint,
    Input,
    KernelTotal,
    LevelNeuron,
    Limit,
    Linear,
    LSTMAdjoint,
    Map,
    MatMul,
    Neuron,
    NeuronAdjoint,
    Op,
    OuterTotal,
    Output,
    PartialSums,
    PeepholeAdjoint,
    Pool,
    PoolAdjoint,
    QuantConv,
    QuantizeTensor,
    QuantLinear,
    Reduce,
    ResetGate,
    ResetGateAdjoint,
    ResetGateReadAdjoint,
    Reshape,
    Scale,
    Slice,
    StoredTotal,
    ThresholdAdjoint,
    ToFixed,
    Total,
    Transpose,
    Window,
)
from .adjoint import conv_adjoint, flatten_adjoint, neuron_adjoint, pool_adjoint, threshold_adjoint
from .base import Kernel, Precision, State, stateless
from .conv import conv, pool, quant_conv
from .egru import egru, egru_adjoint, egru_gates_adjoint, egru_read_adjoint, egru_threshold_adjoint
from .exact import exact_neuron
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
from .gated_fixed import fixed_gru, fixed_lstm, fixed_reset_gate, from_fixed, partial_sums, to_fixed
from .layout import broadcast, concat, convolve, gather, reshape, slice_, transpose, window
from .linear import linear, quant_linear, scale
from .neuron import fixed_neuron, level_neuron, neuron
from .tensor import cast, constant, dequantize_tensor, map_, matmul, quantize_tensor, reduce_
from .totals import kernel_total, outer_total, stored_total, total

__all__ = ["KERNELS", "Kernel", "Precision", "State", "stateless"]


def _identity(op: Op, precision: Precision) -> Kernel:
    return stateless(lambda x: x)


def _limit(op: Limit, precision: Precision) -> Kernel:
    def step(x: Array) -> Array:
        passes = np.cumsum(x.reshape(len(x), -1) != 0, axis=1) <= op.capacity
        return np.asarray(np.where(passes.reshape(x.shape), x, x.dtype.type(0)))

    return stateless(step)


def _flatten(op: Flatten, precision: Precision) -> Kernel:
    def step(x: Array) -> Array:
        first, last = op._axes(x.ndim - 1)
        return x.reshape(*x.shape[: first + 1], -1, *x.shape[last + 2 :])

    return stateless(step)


KERNELS: Mapping[type[Op], Callable[[Any, Precision], Kernel]] = {
    Input: _identity,
    Output: _identity,
    Flatten: _flatten,
    Limit: _limit,
    Scale: scale,
    Linear: linear,
    QuantLinear: quant_linear,
    Conv: conv,
    QuantConv: quant_conv,
    Pool: pool,
    Neuron: neuron,
    FixedNeuron: fixed_neuron,
    LevelNeuron: level_neuron,
    ExactNeuron: exact_neuron,
    EGRU: egru,
    ToFixed: to_fixed,
    FromFixed: from_fixed,
    FixedGRU: fixed_gru,
    FixedResetGate: fixed_reset_gate,
    FixedLSTM: fixed_lstm,
    PartialSums: partial_sums,
    GRU: gru,
    ResetGate: reset_gate,
    LSTM: lstm,
    Constant: constant,
    Map: map_,
    Cast: cast,
    MatMul: matmul,
    Reduce: reduce_,
    Convolve: convolve,
    Window: window,
    QuantizeTensor: quantize_tensor,
    DequantizeTensor: dequantize_tensor,
    Reshape: reshape,
    Transpose: transpose,
    Slice: slice_,
    Concat: concat,
    Gather: gather,
    Broadcast: broadcast,
    FlattenAdjoint: flatten_adjoint,
    ConvAdjoint: conv_adjoint,
    PoolAdjoint: pool_adjoint,
    NeuronAdjoint: neuron_adjoint,
    ThresholdAdjoint: threshold_adjoint,
    EGRUAdjoint: egru_adjoint,
    EGRUThresholdAdjoint: egru_threshold_adjoint,
    EGRUGatesAdjoint: egru_gates_adjoint,
    EGRUReadAdjoint: egru_read_adjoint,
    GRUAdjoint: gru_adjoint,
    GRUGatesAdjoint: gru_gates_adjoint,
    ResetGateAdjoint: reset_gate_adjoint,
    ResetGateReadAdjoint: reset_gate_read_adjoint,
    LSTMAdjoint: lstm_adjoint,
    PeepholeAdjoint: peephole_adjoint,
    Total: total,
    OuterTotal: outer_total,
    StoredTotal: stored_total,
    KernelTotal: kernel_total,
}
"""The meaning of every op in steps, but `Delay`, whose buffers the run itself holds."""

assert Delay not in KERNELS
