"""One kernel per op: a pure step ``(state, x) -> (state, y)`` over a batch, in a stated precision.

``KERNELS`` maps the op's class to a maker ``(op, precision) -> Kernel``. Arrays carry the batch as first axis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..ops import (
    Array,
    Conv,
    Delay,
    ExactNeuron,
    FixedNeuron,
    Flatten,
    Input,
    Linear,
    Neuron,
    Op,
    Output,
    Pool,
    QuantConv,
    QuantLinear,
    Scale,
)
from .base import Kernel, Precision, State, stateless
from .conv import conv, pool, quant_conv
from .exact import exact_neuron
from .linear import linear, quant_linear, scale
from .neuron import fixed_neuron, neuron

__all__ = ["KERNELS", "Kernel", "Precision", "State", "stateless"]


def _identity(op: Op, precision: Precision) -> Kernel:
    return stateless(lambda x: x)


def _flatten(op: Flatten, precision: Precision) -> Kernel:
    def step(x: Array) -> Array:
        first, last = op._axes(x.ndim - 1)
        return x.reshape(*x.shape[: first + 1], -1, *x.shape[last + 2 :])

    return stateless(step)


KERNELS: Mapping[type[Op], Callable[[Any, Precision], Kernel]] = {
    Input: _identity,
    Output: _identity,
    Flatten: _flatten,
    Scale: scale,
    Linear: linear,
    QuantLinear: quant_linear,
    Conv: conv,
    QuantConv: quant_conv,
    Pool: pool,
    Neuron: neuron,
    FixedNeuron: fixed_neuron,
    ExactNeuron: exact_neuron,
}
"""The meaning of every op in steps, but `Delay`, whose buffers the run itself holds."""

assert Delay not in KERNELS
