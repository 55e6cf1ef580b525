"""How C holds the numbers of each element type.

Types that C has are themselves. Narrower ones are carried: floats of 16 bits and fewer as ``float``, integers of 4 bits
and fewer as 8 bits; whoever makes such a number rounds it to its type (`rounding`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

DType = np.dtype[Any]

C_TYPES: Mapping[DType, str] = {
    np.dtype("float32"): "float",
    np.dtype("float64"): "double",
    np.dtype("bool"): "bool",
    **{np.dtype(f"{sign}int{bits}"): f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
"""The types of C."""

F32, F64, BOOL = np.dtype("float32"), np.dtype("float64"), np.dtype("bool")
I64, U32 = np.dtype("int64"), np.dtype("uint32")


def carrier(dtype: DType) -> DType:
    """The numpy form of the C type that carries numbers of a type."""
    if dtype in C_TYPES:
        return dtype
    if "float" in dtype.name:
        return F32
    return np.dtype("uint8" if dtype.name.startswith("uint") else "int8")


def narrow(dtype: DType) -> bool:
    """Whether C has no such type."""
    return dtype not in C_TYPES


def kind(dtype: DType) -> str:
    """``f`` float, ``i`` signed, ``u`` unsigned, ``b`` bool, of a type of C."""
    return dtype.kind


def c_type(dtype: DType) -> str:
    """The name of a type in C."""
    return C_TYPES[dtype]


def wrapping(dtype: DType) -> str:
    """The unsigned type of C in which integers of ``dtype`` add and multiply without overflow."""
    return "uint64_t" if dtype.itemsize == 8 else "uint32_t"


def literal(value: Any, dtype: DType) -> str:
    """A number as C has it, exactly."""
    if dtype == BOOL:
        return "true" if value else "false"
    if dtype.kind == "f":
        return _float_literal(value, dtype)
    number = int(value)
    if dtype == I64:
        return "INT64_MIN" if number == -(2**63) else f"INT64_C({number})"
    if dtype == np.uint64:
        return f"UINT64_C({number})"
    if number == -(2**31):
        return "INT32_MIN"
    return f"{number}{'u' if dtype == U32 else ''}"


def _float_literal(value: Any, dtype: DType) -> str:
    suffix = "f" if dtype == F32 else ""
    number = dtype.type(value)
    if np.isnan(number):
        return f"({c_type(dtype)})NAN"
    if np.isinf(number):
        return f"({c_type(dtype)}){'-' if number < 0 else ''}INFINITY"
    digits = str(number)
    return f"{digits}{suffix}" if "." in digits or "e" in digits else f"{digits}.0{suffix}"
