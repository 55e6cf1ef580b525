"""Elementwise operations: one expression of C for each function and kind of number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from axonc.ir import Node
from axonc.ir.elements import dtype_of
from axonc.ir.ops import Constant, Map, Scale

from .emission import Emission, converted
from .loops import nest
from .types import BOOL, F32, DType, c_type, carrier, narrow, wrapping
from .values import Value

LARGER = "{0} > {1} || {0} != {0} ? {0} : {1}"
SMALLER = "{0} < {1} || {0} != {0} ? {0} : {1}"

FLOAT: Mapping[str, str] = {
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul": "{0} * {1}",
    "div": "{0} / {1}",
    "pow": "pow{f}({0}, {1})",
    "max": LARGER,
    "min": SMALLER,
    "mod": "axonc_mod{f}({0}, {1})",
    "fmod": "fmod{f}({0}, {1})",
    "neg": "-{0}",
    "abs": "fabs{f}({0})",
    "sign": "{0} > 0 ? 1 : {0} < 0 ? -1 : {0} != {0} ? {0} : 0",
    "floor": "floor{f}({0})",
    "ceil": "ceil{f}({0})",
    "round": "rint{f}({0})",
    "reciprocal": "1 / {0}",
    "sqrt": "sqrt{f}({0})",
    "exp": "axonc_exp{f}({0})",
    "log": "log{f}({0})",
    "sigmoid": "axonc_sigmoid{f}({0})",
    "tanh": "axonc_tanh{f}({0})",
    "relu": "{0} > 0 || {0} != {0} ? {0} : 0",
    "softplus": "axonc_softplus{f}({0})",
    "erf": "erf{f}({0})",
    "sin": "sin{f}({0})",
    "cos": "cos{f}({0})",
    "isnan": "{0} != {0}",
}
"""Of floats; ``{f}`` is the suffix of functions of float."""

_WRAPPING = {
    "add": "({t})(({w}){0} + ({w}){1})",
    "sub": "({t})(({w}){0} - ({w}){1})",
    "mul": "({t})(({w}){0} * ({w}){1})",
    "neg": "({t})(0 - ({w}){0})",
}
_WHOLE = dict.fromkeys(("floor", "ceil", "round"), "{0}")

SIGNED: Mapping[str, str] = {
    **_WRAPPING,
    **_WHOLE,
    "div": "({t})axonc_quotient({0}, {1})",
    "mod": "({t})axonc_modulo({0}, {1})",
    "fmod": "({t})axonc_remainder({0}, {1})",
    "pow": "({t})axonc_power({0}, {1})",
    "max": "{0} > {1} ? {0} : {1}",
    "min": "{0} < {1} ? {0} : {1}",
    "abs": "{0} < 0 ? ({t})(0 - ({w}){0}) : {0}",
    "sign": "({t})(({0} > 0) - ({0} < 0))",
    "relu": "{0} > 0 ? {0} : 0",
}
"""Of signed integers; ``{t}`` is their type, ``{w}`` the unsigned one in which they wrap."""

UNSIGNED: Mapping[str, str] = {
    **_WRAPPING,
    **_WHOLE,
    "div": "({1} == 0 ? ({t})0 : ({t})({0} / {1}))",
    "mod": "({1} == 0 ? ({t})0 : ({t})({0} % {1}))",
    "fmod": "({1} == 0 ? ({t})0 : ({t})({0} % {1}))",
    "pow": "({t})axonc_power((int64_t){0}, (int64_t){1})",
    "max": "{0} > {1} ? {0} : {1}",
    "min": "{0} < {1} ? {0} : {1}",
    "abs": "{0}",
    "sign": "({t})({0} != 0)",
    "relu": "{0}",
}
"""Of unsigned integers."""

LOGICAL: Mapping[str, str] = {"add": "{0} || {1}", "mul": "{0} && {1}", "max": "{0} || {1}", "min": "{0} && {1}"}
"""Of bools, as numpy has it."""

ANY: Mapping[str, str] = {
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
    "equal": "{0} == {1}",
    "and": "{0} && {1}",
    "or": "{0} || {1}",
    "xor": "!{0} != !{1}",
    "not": "!{0}",
    "isnan": "false",
    "select": "{0} ? {1} : {2}",
}
"""Of every kind."""

EXPRESSIONS: Mapping[str, Mapping[str, str]] = {
    "f": {**ANY, **FLOAT},
    "i": {**ANY, **SIGNED},
    "u": {**ANY, **UNSIGNED},
    "b": {**ANY, **LOGICAL},
}
"""By the kind of a type and the function."""


def expression(function: str, operands: Sequence[str], dtype: DType) -> str:
    """A function of operands of a type of C."""
    form = EXPRESSIONS[dtype.kind][function]
    suffix = "f" if dtype == F32 else ""
    return form.format(*operands, f=suffix, t=c_type(dtype), w=wrapping(dtype))


def runs_map(op: Map) -> bool:
    """Whether there is an expression for it."""
    dtype = dtype_of(op.takes[-1].format)
    return not narrow(dtype) and op.function in EXPRESSIONS[dtype.kind]


def map_(op: Map, node: Node, e: Emission) -> Value:
    """One loop."""
    given = e.operands(node)
    wanted = [carrier(dtype_of(signal.format)) for signal in op.takes]
    result = e.new(node.name, op.result().shape, dtype_of(op.result().format))
    form = EXPRESSIONS[wanted[-1].kind][op.function]

    def body(to: str, *elements: str) -> list[str]:
        numbers = [converted(x, v.dtype, dtype) for x, v, dtype in zip(elements, given, wanted, strict=True)]
        lines, names = _named(form, numbers, wanted)
        return [*lines, f"{to} = {_narrowed(expression(op.function, names, wanted[-1]), op, wanted[-1])};"]

    e.emit(nest(result.shape, [result, *given], body))
    return result


def _narrowed(text: str, op: Map, dtype: DType) -> str:
    """C computes small integers as int."""
    small = op.function in ("max", "min", "select", "relu", "abs") and dtype.kind in "iu" and dtype.itemsize < 4
    return f"({c_type(dtype)})({text})" if small else text


def _named(form: str, numbers: Sequence[str], types: Sequence[DType]) -> tuple[list[str], list[str]]:
    """Operands that an expression repeats have names."""
    if all(form.count(f"{{{place}}}") <= 1 for place in range(len(numbers))):
        return [], list(numbers)
    names = ["a", "b", "c"][: len(numbers)]
    declared = zip(types, names, numbers, strict=True)
    return [f"const {c_type(dtype)} {name} = {number};" for dtype, name, number in declared], names


def scale(op: Scale, node: Node, e: Emission) -> Value:
    """Elementwise products."""
    (x,) = e.operands(node)
    factor = e.constant(f"{node.name}_scale", op.scale, F32)
    result = e.new(node.name, x.shape, F32)
    e.emit(nest(x.shape, [result, factor, x], lambda y, s, v: [f"{y} = {s} * {converted(v, x.dtype, F32)};"]))
    return result


def constant(op: Constant, node: Node, e: Emission) -> Value:
    """Numbers in the constants, or one in the text."""
    return e.constant(node.name, op.value, dtype_of(op.output(None).format))


__all__ = ["BOOL", "EXPRESSIONS", "constant", "expression", "map_", "runs_map", "scale"]
