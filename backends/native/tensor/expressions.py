"""Functions as expressions of C: one for each function and kind of number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .types import F32, DType, c_type, wrapping

LARGER = "{0} > {1} || {0} != {0} ? {0} : {1}"
SMALLER = "{0} < {1} || {0} != {0} ? {0} : {1}"

FLOAT: Mapping[str, str] = {
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul": "{0} * {1}",
    "div": "{0} / {1}",
    "pow": "axonc_pow{f}({0}, {1})",
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
    "log": "axonc_log{f}({0})",
    "sigmoid": "axonc_sigmoid{f}({0})",
    "tanh": "axonc_tanh{f}({0})",
    "relu": "{0} > 0 || {0} != {0} ? {0} : 0",
    "softplus": "axonc_softplus{f}({0})",
    "erf": "axonc_erf{f}({0})",
    "sin": "axonc_sin{f}({0})",
    "cos": "axonc_cos{f}({0})",
    "isnan": "{0} != {0}",
}
"""Of floats; ``{f}`` is the suffix of functions of float."""

_WRAPPING = {
    "add": "({t})(({w}){0} + ({w}){1})",
    "sub": "({t})(({w}){0} - ({w}){1})",
    "mul": "({t})(({w}){0} * ({w}){1})",
    "neg": "({t})(0 - ({w}){0})",
}

SIGNED: Mapping[str, str] = {
    **_WRAPPING,
    "div": "({t})axonc_quotient({0}, {1})",
    "mod": "({t})axonc_modulo({0}, {1})",
    "fmod": "({t})axonc_remainder({0}, {1})",
    "pow": "({t})axonc_power((uint64_t){0}, (uint64_t){1})",
    "max": "{0} > {1} ? {0} : {1}",
    "min": "{0} < {1} ? {0} : {1}",
    "abs": "{0} < 0 ? ({t})(0 - ({w}){0}) : {0}",
    "sign": "({t})(({0} > 0) - ({0} < 0))",
    "relu": "{0} > 0 ? {0} : 0",
}
"""Of signed integers; ``{t}`` is their type, ``{w}`` the unsigned one in which they wrap."""

UNSIGNED: Mapping[str, str] = {
    **_WRAPPING,
    "div": "({1} == 0 ? ({t})0 : ({t})({0} / {1}))",
    "mod": "({1} == 0 ? ({t})0 : ({t})({0} % {1}))",
    "fmod": "({1} == 0 ? ({t})0 : ({t})({0} % {1}))",
    "pow": "({t})axonc_power({0}, {1})",
    "max": "{0} > {1} ? {0} : {1}",
    "min": "{0} < {1} ? {0} : {1}",
    "abs": "{0}",
    "sign": "({t})({0} != 0)",
    "relu": "{0}",
}
"""Of unsigned integers."""

LOGICAL: Mapping[str, str] = {
    **dict.fromkeys(("add", "max", "or"), "{0} || {1}"),
    **dict.fromkeys(("mul", "min", "and"), "{0} && {1}"),
    "xor": "{0} != {1}",
    "not": "!{0}",
}
"""Of bools, as numpy has it."""

ANY: Mapping[str, str] = {
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
    "equal": "{0} == {1}",
    "and": "{0} != 0 && {1} != 0",
    "or": "{0} != 0 || {1} != 0",
    "xor": "({0} != 0) != ({1} != 0)",
    "not": "{0} == 0",
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


def assigned(to: str, function: str, numbers: Sequence[str], types: Sequence[DType]) -> list[str]:
    """``to`` = a function of numbers of these types; those that its expression repeats have names."""
    dtype = types[-1]
    form = EXPRESSIONS[dtype.kind][function]
    lines: list[str] = []
    if any(form.count(f"{{{place}}}") > 1 for place in range(len(numbers))):
        named = list(zip(types, "abc", numbers, strict=False))
        lines = [f"const {c_type(own)} {name} = {number};" for own, name, number in named]
        numbers = [name for _, name, _ in named]
    text = expression(function, numbers, dtype)
    if function in PROMOTED and dtype.kind in "iu" and dtype.itemsize < 4:
        text = f"({c_type(dtype)})({text})"
    return [*lines, f"{to} = {text};"]


PROMOTED = ("max", "min", "select", "relu", "abs")
"""The functions whose expression does not say its type: C computes small integers as int."""
