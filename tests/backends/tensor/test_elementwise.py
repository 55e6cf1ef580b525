"""Functions and conversions of every type, natively: the interpreter's bits, special values included."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ml_dtypes
import native_float
import numpy as np
import pytest
from scipy import special
from tensor_cases import values

from axonc.backends.native.tensor.elementwise import runs_map
from axonc.backends.native.tensor.expressions import EXPRESSIONS
from axonc.backends.native.tensor.library import compiled_together
from axonc.backends.native.tensor.types import C_TYPES
from axonc.ir.elements import ELEMENTS, format_of, is_float, limits
from axonc.ir.ops import MAPS, Cast, DequantizeTensor, Map, QuantizeTensor

RNG = np.random.default_rng(0)
Array = np.ndarray[Any, Any]
TYPES = [*C_TYPES]


def test_every_function_of_every_type() -> None:
    graphs, data = [], []
    for function, rule in MAPS.items():
        for dtype in TYPES:
            given = [RNG.permutation(values(dtype)) for _ in range(rule.operands)]
            if function == "select":
                given[0] = RNG.random(60) < 0.5
            if function == "pow" and dtype.kind == "i":
                given[1] = np.abs(given[1] % 7)
            op = Map(native_float.takes(*given), function)
            if runs_map(op):
                graphs.append(native_float.of_op(op))
                data.append(native_float.operands(*given))
    assert len(graphs) > 250
    native_float.assert_equal(graphs, data)


def test_every_function_of_floats_is_there() -> None:
    assert {*EXPRESSIONS["f"]} == {*MAPS}


EXACT: dict[str, Callable[[Array], Array]] = {
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "exp": np.exp,
    "log": lambda x: np.log(np.abs(x)),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "erf": special.erf,
    "sin": np.sin,
    "cos": np.cos,
}


@pytest.mark.parametrize("function", EXACT)
def test_functions_are_within_1e_6(function: str) -> None:
    x = np.concatenate([np.linspace(-20, 20, 100_001), np.geomspace(1e-30, 1, 1000)]).astype(np.float32)
    x = np.abs(x[x != 0]) if function == "log" else x
    graph = native_float.of_op(Map(native_float.takes(x), function))
    exact = EXACT[function](x.astype(np.float64))
    with TemporaryDirectory() as folder:
        (program,) = compiled_together([graph], Path(folder))
        ours = program.run(graph, native_float.operands(x))["y"][0, 0].astype(np.float64)
    relative = function in ("tanh", "exp")
    scale = np.maximum(np.abs(exact), 1e-35 if relative else 1.0)
    assert np.max(np.abs(ours - exact) / scale) < 1e-6


def type_of(name: str) -> np.dtype[Any]:
    return np.dtype(name) if name in ("float32", "float64") else ELEMENTS[name]


def numbers(name: str) -> Array:
    """All numbers of a narrow type; special and random ones of another, that integers hold."""
    dtype = type_of(name)
    if dtype in C_TYPES and dtype.kind != "f":
        return values(dtype)
    if dtype in C_TYPES:
        near = np.concatenate([np.ldexp(RNG.uniform(-2, 2, 900), RNG.integers(-20, 6, 900)), np.arange(-100, 100) / 8])
        return near.astype(dtype)
    if dtype.itemsize == 2:
        return np.arange(0, 2**16, 7, np.uint16).view(dtype)
    bits = {"int2": 2, "uint2": 2, "int4": 4, "uint4": 4, "float4e2m1": 4}.get(name, 8)
    return np.arange(2**bits, dtype=np.uint8).view(dtype)


NAMES = ["float32", "float64", *ELEMENTS]


def _quiet(x: Array, dtype: np.dtype[Any]) -> Array:
    with np.errstate(all="ignore"):
        return x.astype(dtype)


def sensible(x: Array, to: str) -> Array:
    """Of floats that become integers, those that the integers hold: for others there is no one number."""
    if x.dtype in C_TYPES and x.dtype.kind != "f":
        return x
    real = _quiet(x, np.dtype("float64"))
    if (
        is_float(format_of(np.dtype(to) if to.startswith("float3") or to == "float64" else ELEMENTS[to]))
        or to == "bool"
    ):
        return x[~np.isnan(real)] if to == "float4e2m1" else x
    low, high = limits(ELEMENTS[to])
    return x[(real >= low) & (real <= high)]


def test_every_conversion() -> None:
    graphs, data = [], []
    for source in NAMES:
        for target in NAMES:
            x = sensible(numbers(source), target)
            to = format_of(type_of(target))
            for saturate in (True, False) if target.startswith("float8e") and target != "float8e8m0" else (True,):
                if x.size:
                    graphs.append(native_float.of_op(Cast(native_float.takes(x), to, saturate)))
                    data.append(native_float.operands(x))
    assert len(graphs) > 400
    native_float.assert_equal(graphs, data)


@pytest.mark.parametrize("rounding", ["up", "down", "nearest"])
def test_powers_of_two(rounding: str) -> None:
    x = np.ldexp(RNG.uniform(0.51, 0.99, 200), RNG.integers(-120, 120, 200)).astype(np.float32)
    op = Cast(native_float.takes(x), format_of(np.dtype(ml_dtypes.float8_e8m0fnu)), True, rounding)
    native_float.assert_equal([native_float.of_op(op)], [native_float.operands(x)])


def test_quantised_tensors() -> None:
    graphs, data = [], []
    for name in ("int8", "uint8", "int16", "uint16", "int4", "uint4", "int2", "float8e4m3fn", "float4e2m1"):
        x, dtype = RNG.normal(0, 40, (3, 4)).astype(np.float32), ELEMENTS[name]
        for shape in ((), (4,), (3, 4)):
            scale = RNG.uniform(0.2, 2, shape).astype(np.float32)
            zero = [RNG.integers(0, 2, shape).astype(dtype)] if RNG.random() < 0.7 else []
            there = QuantizeTensor(native_float.takes(x, scale, *zero), format_of(dtype), 1)
            stored = RNG.integers(0, 2, (3, 4)).astype(dtype)
            back = DequantizeTensor(native_float.takes(stored, scale, *zero), 1)
            graphs += [native_float.of_op(there), native_float.of_op(back)]
            data += [native_float.operands(x, scale, *zero), native_float.operands(stored, scale, *zero)]
    native_float.assert_equal(graphs, data)
