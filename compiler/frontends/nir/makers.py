"""How each NIR node type becomes an op: one maker a type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

import numpy as np
from scipy import sparse

from axonc.ir import Shape
from axonc.ir.ops import (
    IF,
    LI,
    LIF,
    Array,
    Conv,
    CubaLI,
    CubaLIF,
    Flatten,
    I,
    Linear,
    Matrix,
    Op,
    Output,
    Pool,
    Scale,
    Threshold,
    TimeDelay,
)

from .fields import FieldError, Fields, shape_field
from .windows import conv_axes, pool_axes

Maker = Callable[[Fields], Op]


def _linear(fields: Fields) -> Op:
    return _matrix(fields, None)


def _affine(fields: Fields) -> Op:
    weight = fields.number("weight")
    return _matrix(fields, _bias(fields, weight.shape[:-1]) if weight.ndim > 1 else None)


def _matrix(fields: Fields, bias: Array | None) -> Op:
    """y = W x + b; a weight of shape (*B, O, I) is one matrix an element of B: it takes (*B, I), gives (*B, O)."""
    weight = fields.number("weight")
    if weight.ndim < 2:
        raise FieldError(f"the weight has {weight.ndim} dimensions", "at least 2")
    if weight.ndim == 2:
        return Linear(weight, bias)
    *batch, rows, columns = weight.shape
    return Linear(_block_diagonal(weight), bias, (*batch, columns), (*batch, rows))


def _bias(fields: Fields, shape: Shape) -> Array:
    """The bias, one value a row: NIR has (O,) for every weight."""
    bias = fields.number("bias")
    if bias.shape == shape[-1:]:
        return np.broadcast_to(bias, shape).reshape(-1)
    if bias.ndim == 1 and bias.size > 1:
        raise FieldError(f"the bias has shape {bias.shape}", f"the weight has {shape[-1]} rows", "AX301")
    return fields.spread("bias", bias, shape).reshape(-1)


def _block_diagonal(weight: Array) -> Matrix:
    """All matrices of ``weight`` along one diagonal, as CSR."""
    *batch, rows, columns = weight.shape
    count = prod(batch)
    first = np.repeat(np.arange(count) * columns, rows * columns)
    indices = first + np.tile(np.arange(columns), count * rows)
    starts = np.arange(count * rows + 1) * columns
    return sparse.csr_array((weight.reshape(-1), indices, starts), shape=(count * rows, count * columns))


def _conv(axes: int) -> Maker:
    """torch's cross-correlation over ``axes`` axes; see `Conv`."""

    def make(fields: Fields) -> Op:
        weight = fields.number("weight")
        if weight.ndim != axes + 2:
            raise FieldError(f"the weight has {weight.ndim} dimensions", f"{axes + 2}: (O, I/groups, kernel)")
        (groups,) = fields.whole("groups", 1)
        windows = conv_axes(fields, weight.shape[2:])
        if "bias" in fields:
            return Conv(weight, _bias(fields, weight.shape[:1]), windows, groups)
        fields.report.repair("AX114", fields.name, "it has no bias", "0 taken")
        return Conv(weight, None, windows, groups)

    return make


def _scale(fields: Fields) -> Op:
    return Scale(fields.parameters(("scale",))["scale"])


def _flatten(fields: Fields) -> Op:
    (start,), (end,) = fields.whole("start_dim", 1, 1), fields.whole("end_dim", 1, -1)
    return Flatten(start, end)


def _neuron(op: Callable[..., Op], kind: str, **defaults: float) -> Maker:
    """A population. ``v_reset`` stays None where the file has none; other optional parameters take NIR's default."""
    names = PARAMETERS[kind]
    optional = ("v_reset",) if "v_threshold" in names else ()

    def make(fields: Fields) -> Op:
        present = tuple(name for name in (*optional, *defaults) if name in fields)
        missing = {name: value for name, value in defaults.items() if name not in fields}
        return op(**fields.parameters((*names, *present), **missing))

    return make


PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "Scale": ("scale",),
    "Delay": ("delay",),
    "Threshold": ("threshold",),
    "I": ("r",),
    "LI": ("tau", "r", "v_leak"),
    "IF": ("r", "v_threshold"),
    "LIF": ("tau", "r", "v_leak", "v_threshold"),
    "CubaLI": ("tau_syn", "tau_mem", "r", "v_leak"),
    "CubaLIF": ("tau_syn", "tau_mem", "r", "v_leak", "v_threshold"),
}
"""The parameters, one value a neuron, that every node of a type must have."""

MAKERS: Mapping[str, Maker] = {
    "Output": lambda fields: Output(shape_field(fields.fields) if "shape" in fields else None),
    "Affine": _affine,
    "Linear": _linear,
    "Conv1d": _conv(1),
    "Conv2d": _conv(2),
    "SumPool2d": lambda fields: Pool(pool_axes(fields)),
    "AvgPool2d": lambda fields: Pool(pool_axes(fields), average=True),
    "Scale": _scale,
    "Flatten": _flatten,
    "Delay": lambda fields: TimeDelay(**fields.parameters(PARAMETERS["Delay"])),
    "Threshold": _neuron(Threshold, "Threshold"),
    "I": _neuron(I, "I"),
    "LI": _neuron(LI, "LI"),
    "IF": _neuron(IF, "IF"),
    "LIF": _neuron(LIF, "LIF"),
    "CubaLI": _neuron(CubaLI, "CubaLI", w_in=1.0),
    "CubaLIF": _neuron(CubaLIF, "CubaLIF", w_in=1.0),
}
"""How each NIR node type becomes an op. An `AvgPool2d` divides by all taps of a window: padding counts, as it does by
default in torch (NIR leaves it open)."""

TYPES = ("Input", *MAKERS)
"""Every node type that is read; an `Identity` and a `NIRGraph` are resolved before."""
