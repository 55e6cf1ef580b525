"""Elementwise operators: most of them are one function of `Map`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce

import numpy as np

from axonc.ir.ops import Cast
from axonc.ir.signal import Format

from ..call import Call, Made, format_from
from ..draft import OperatorError, Value, known

ONE_TO_ONE: Mapping[str, str] = {
    "Abs": "abs",
    "Add": "add",
    "And": "and",
    "Ceil": "ceil",
    "Cos": "cos",
    "Div": "div",
    "Equal": "equal",
    "Erf": "erf",
    "Exp": "exp",
    "Floor": "floor",
    "Greater": "greater",
    "GreaterOrEqual": "greater_equal",
    "IsNaN": "isnan",
    "Less": "less",
    "LessOrEqual": "less_equal",
    "Log": "log",
    "Mul": "mul",
    "Neg": "neg",
    "Not": "not",
    "Or": "or",
    "Reciprocal": "reciprocal",
    "Relu": "relu",
    "Round": "round",
    "Sigmoid": "sigmoid",
    "Sign": "sign",
    "Sin": "sin",
    "Softplus": "softplus",
    "Sqrt": "sqrt",
    "Sub": "sub",
    "Tanh": "tanh",
    "Where": "select",
    "Xor": "xor",
}
"""Operators that are one function of `Map`."""

SERIES: Mapping[str, str] = {"Max": "max", "Min": "min", "Sum": "add"}
"""Operators over any number of operands, two at a time."""


def _map(function: str) -> Callable[[Call], Made]:
    return lambda call: call.draft.map(function, *call.tensors)


def _series(function: str) -> Callable[[Call], Made]:
    return lambda call: reduce(lambda a, b: call.draft.map(function, a, b), call.tensors)


def _mean(call: Call) -> Made:
    total = reduce(lambda a, b: call.draft.map("add", a, b), call.tensors)
    return call.draft.map("div", total, call.number(len(call.inputs), total))


def _pow(call: Call) -> Made:
    base, power = call.tensors
    return call.draft.map("pow", base, call.draft.cast(power, base.signal.format))


def _mod(call: Call) -> Made:
    return call.draft.map("fmod" if call.get("fmod", 0) else "mod", *call.tensors)


def _clip(call: Call) -> Made:
    """min(max(x, low), high); either may be left out."""
    x = call[0]
    bounds = (call.get("min"), call.get("max")) if call.version < 11 else (call.optional(1), call.optional(2))
    for function, bound in zip(("max", "min"), bounds, strict=True):
        if bound is not None:
            limit = bound if isinstance(bound, Value) else call.number(float(bound), x)
            x = call.draft.map(function, x, call.draft.reshape(limit, ()))
    return x


def _prelu(call: Call) -> Made:
    x, slope = call.tensors
    below = call.draft.map("less", x, call.number(0, x))
    return call.draft.map("select", below, call.draft.map("mul", slope, x), x)


def _leaky_relu(call: Call) -> Made:
    x = call[0]
    slope = call.number(call.get("alpha", 0.01), x)
    below = call.draft.map("less", x, call.number(0, x))
    return call.draft.map("select", below, call.draft.map("mul", slope, x), x)


def _cast(call: Call) -> Made:
    return _cast_to(call, format_from(call.get("to")))


def _cast_like(call: Call) -> Made:
    return _cast_to(call, call[1].signal.format)


def _cast_to(call: Call, to: Format) -> Made:
    x, saturate = call[0], bool(call.get("saturate", 1))
    if x.signal.format == to:
        return x
    return call.draft.emit(Cast((x.signal,), to, saturate, call.get("round_mode", "up")), x)


def _identity(call: Call) -> Made:
    item = call.inputs[0]
    if item is None:
        raise OperatorError("input 0 is missing", "a tensor or a sequence")
    return item


def _dropout(call: Call) -> Made:
    """Nothing is dropped in inference; the mask is all true."""
    if call.has(2) and bool(call.known(2).any()):
        raise OperatorError("it drops at random", "inference drops nothing", "AX131", "export in evaluation mode")
    mask = known(np.ones(call[0].shape, bool))
    return [call[0], mask] if call.wants(1) else call[0]


def _constant(call: Call) -> Made:
    """One of its attributes holds the value."""
    name, value = next(iter(call.attributes.items()), ("", None))
    types = {"value_float": np.float32, "value_floats": np.float32, "value_int": np.int64, "value_ints": np.int64}
    if name == "value":
        return known(np.asarray(value))
    if name in types:
        return known(np.asarray(value, types[name]))
    raise OperatorError(f"a constant of {name or 'nothing'}", "tensors and numbers", "AX131")


def _hard_sigmoid(call: Call) -> Made:
    x = call[0]
    scaled = call.draft.map("mul", x, call.number(call.get("alpha", 0.2), x))
    raised = call.draft.map("add", scaled, call.number(call.get("beta", 0.5), x))
    return call.draft.map("max", call.draft.map("min", raised, call.number(1, x)), call.number(0, x))


def _thresholded_relu(call: Call) -> Made:
    """x where it is above alpha, else 0."""
    x = call[0]
    above = call.draft.map("greater", x, call.number(call.get("alpha", 1.0), x))
    return call.draft.map("select", above, x, call.number(0, x))


ELEMENTWISE: Mapping[str, Callable[[Call], Made]] = {
    **{operator: _map(function) for operator, function in ONE_TO_ONE.items()},
    **{operator: _series(function) for operator, function in SERIES.items()},
    "Cast": _cast,
    "CastLike": _cast_like,
    "Clip": _clip,
    "Constant": _constant,
    "Dropout": _dropout,
    "HardSigmoid": _hard_sigmoid,
    "Identity": _identity,
    "LeakyRelu": _leaky_relu,
    "Mean": _mean,
    "Mod": _mod,
    "PRelu": _prelu,
    "Pow": _pow,
    "ThresholdedRelu": _thresholded_relu,
}
