"""Element types: how numpy holds the numbers of each format. Narrow floats and integers are those of ml_dtypes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ml_dtypes
import numpy as np

from .signal import Element, Fixed, Float, Format

ELEMENTS: Mapping[str, np.dtype[Any]] = {
    **{name: np.dtype(name) for name in ("bool", "int8", "int16", "int32", "int64", "float16")},
    **{name: np.dtype(name) for name in ("uint8", "uint16", "uint32", "uint64")},
    **{name: np.dtype(getattr(ml_dtypes, name)) for name in ("int2", "int4", "uint2", "uint4", "bfloat16")},
    "float8e4m3fn": np.dtype(ml_dtypes.float8_e4m3fn),
    "float8e4m3fnuz": np.dtype(ml_dtypes.float8_e4m3fnuz),
    "float8e5m2": np.dtype(ml_dtypes.float8_e5m2),
    "float8e5m2fnuz": np.dtype(ml_dtypes.float8_e5m2fnuz),
    "float8e8m0": np.dtype(ml_dtypes.float8_e8m0fnu),
    "float4e2m1": np.dtype(ml_dtypes.float4_e2m1fn),
}
"""The element types beside float32 and float64, by name; the names are those of ONNX."""

_NAMES = {dtype: name for name, dtype in ELEMENTS.items()}


def format_of(dtype: np.dtype[Any]) -> Format:
    """The format of numbers of a numpy type; `KeyError` where there is none."""
    if dtype in (np.float32, np.float64):
        return Float(dtype.itemsize * 8)
    return Element(_NAMES[dtype])


def dtype_of(format: Format, precision: str = "float32") -> np.dtype[Any]:
    """How numpy holds numbers of a format: float32 in ``precision``, fixed point as int64, others as they are."""
    if isinstance(format, Element):
        return ELEMENTS[format.name]
    if isinstance(format, Fixed):
        return np.dtype(np.int64)
    return np.dtype(precision if format.bits == 32 else f"float{format.bits}")


def is_float(format: Format) -> bool:
    """Whether numbers of a format have a fraction."""
    return isinstance(format, Float) or (isinstance(format, Element) and "float" in format.name)


def limits(dtype: np.dtype[Any]) -> tuple[float, float]:
    """The least and the largest finite number of a type."""
    if dtype.kind in "iu":
        return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    if "int" in dtype.name:
        info = ml_dtypes.iinfo(dtype)  # type: ignore[no-untyped-call]
        return int(info.min), int(info.max)
    real = ml_dtypes.finfo(dtype)  # type: ignore[no-untyped-call]
    return float(real.min), float(real.max)
