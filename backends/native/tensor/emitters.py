"""What the native target runs in float: one emitter per op."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from axonc.ir import Node
from axonc.ir.ops import (
    EGRU,
    GRU,
    LSTM,
    Broadcast,
    Cast,
    Concat,
    Constant,
    Conv,
    Convolve,
    Delay,
    DequantizeTensor,
    ExactNeuron,
    Flatten,
    Gather,
    Input,
    Linear,
    Map,
    MatMul,
    Neuron,
    Op,
    Output,
    Pool,
    QuantizeTensor,
    Reduce,
    ResetGate,
    Reshape,
    Scale,
    Slice,
    Transpose,
    Window,
)

from .elementwise import constant, map_, scale
from .emission import Emission
from .exact_neuron import exact_neuron
from .gated import egru, gru, lstm, reset_gate
from .layout import broadcast, concat, flatten, gather, input_, reshape, same, slice_, transpose
from .neurons import delay, neuron
from .numbers import cast, dequantize_tensor, quantize_tensor
from .products import conv, convolve, linear, matmul
from .reductions import reduce_
from .values import Value
from .windows import pool, window

Emitter = Callable[[Any, Node, Emission], Value]
"""(op, node, emission) -> where its output lies, once the lines are emitted."""

EMITTERS: Mapping[type[Op], Emitter] = {
    Input: input_,
    Delay: delay,
    Output: same,
    Flatten: flatten,
    Scale: scale,
    Linear: linear,
    Conv: conv,
    Pool: pool,
    Neuron: neuron,
    ExactNeuron: exact_neuron,
    EGRU: egru,
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
}
"""Every op that has one. `Delay` also takes its input at the end of a step (`neurons.delay_taken`)."""
