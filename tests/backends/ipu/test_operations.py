"""popops and poplin: compared with numpy."""

from __future__ import annotations

from collections.abc import Callable

import ipu_programs
import numpy as np
import pytest

F = np.float32
A = np.array([[1.5, -2, 3], [0.25, 5, -6]], F)
B = np.array([2, 4, -0.5], F)
I = np.array([7, -7, 2147483520, 0], np.int32)  # noqa: E741
J = np.array([2, 2, 200, 5], np.int32)
CUBE = ((np.arange(120) * 37) % 11 - 4).astype(F).reshape(4, 5, 6)
TABLE = np.arange(20, dtype=F).reshape(5, 4)


def _changed() -> np.ndarray:
    changed = np.arange(1, 7, dtype=F).reshape(2, 3) + B
    changed[1] *= 2
    return changed + A * F(0.5)


def _updated() -> np.ndarray:
    updated = TABLE.copy()
    updated[1:3, 2:4] = [[-1, -2], [-3, -4]]
    updated[4] += 40
    updated[0] += 20
    return updated


EXPECTED: dict[str, np.ndarray] = {
    "add": A + B,
    "sub": A - F(1.5),
    "mul": A.T * B[:, None],
    "div": B / A,
    "max": np.maximum(A, B),
    "pow": B * B,
    "exp": np.exp(B),
    "tanh": np.tanh(A),
    "sigmoid": 1 / (1 + np.exp(-A)),
    "sqrt": np.sqrt(np.abs(A)),
    "less": A < B,
    "select": np.where(A > B, A, B),
    "clamp": np.clip(A, -1, 2),
    "expression": (A + B * 2) / (np.abs(A) + 1),
    "integer_div": np.trunc(I / J),
    "integer_rem": np.fmod(I, J),
    "wrapped": I + J,
    "shifted": (I << 3) ^ J,
    "to_int": np.trunc(A),
    "to_half": (A * F(0.1)).astype(np.float16),
    "half_add": np.array([2048, 2050, 0.1], np.float16) + np.array([1, 1, 0.2], np.float16),
    "changed": _changed(),
    "filled": np.array([2.5, 0, 0, 2.5, 2.5]),
    "reduce_all": CUBE.sum(),
    "reduce_mid": CUBE.max(axis=1),
    "reduce_out": (CUBE**2).sum(axis=(0, 2)),
    "reduce_int": I.min(),
    "reduce_update": 1 + 0.5 * CUBE.sum(axis=(0, 1)),
    "reduce_sets": CUBE.min(axis=2),
    "reduce_first": CUBE[0].sum(axis=0),
    "reduce_second": CUBE[1].sum(axis=1),
    "dynamic": TABLE[3:5],
    "dynamic_two": TABLE[1:3, 2:4],
    "multi": TABLE[[4, 0, 4]],
    "updated": _updated(),
}


@pytest.fixture(scope="module")
def popops() -> dict[str, np.ndarray]:
    return ipu_programs.values(ipu_programs.run("popops"))


@pytest.mark.parametrize("name", EXPECTED)
def test_an_operation_of_popops(popops: dict[str, np.ndarray], name: str) -> None:
    expected = EXPECTED[name].ravel()
    np.testing.assert_allclose(popops[name], expected.astype(float), rtol=2e-7)


def _filled(shape: tuple[int, ...], step: int) -> np.ndarray:
    return ((np.arange(np.prod(shape)) * step) % 7 - 3).astype(F).reshape(shape)


def _product(m: int, k: int, n: int) -> np.ndarray:
    return _filled((m, k), 3) @ _filled((k, n), 5)


PRODUCTS: dict[str, Callable[[], np.ndarray]] = {
    "square": lambda: _product(8, 8, 8),
    "odd": lambda: _product(5, 7, 3),
    "vector": lambda: _product(1, 33, 4),
    "column": lambda: _product(9, 2, 1),
    "grouped": lambda: _filled((2, 3, 4), 3) @ _filled((2, 4, 2), 5),
    "accumulated": lambda: _filled((3, 2), 2) + 0.5 * _filled((2, 3, 4), 3)[0] @ _filled((2, 4, 2), 5)[0],
}


@pytest.fixture(scope="module")
def mat_mul() -> dict[str, np.ndarray]:
    return ipu_programs.values(ipu_programs.run("mat_mul"))


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_matrix_product(mat_mul: dict[str, np.ndarray], name: str) -> None:
    np.testing.assert_array_equal(mat_mul[name], PRODUCTS[name]().ravel())
