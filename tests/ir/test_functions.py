"""tanh and sigmoid: near the true values, and the same bits on every processor."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest

from axonc.ir.interpret.functions import CHUNK, sigmoid, tanh
from axonc.ir.ops import Array

GRID = np.concatenate([np.linspace(-20, 20, 200_001), np.ldexp(1.3, np.arange(-126, 1)), [0.0, -0.0]]).astype(
    np.float32
)
BITS = {"tanh": "f7ebe3c0ecaf5de4", "sigmoid": "392c6d2877c10f0d"}
"""The beginnings of the digests of what they give for the grid."""


def test_tanh_is_within_three_units_in_the_last_place() -> None:
    true = np.tanh(GRID.astype(np.float64))
    unit = np.spacing(np.abs(true).astype(np.float32)).astype(np.float64)
    assert np.max(np.abs(tanh(GRID) - true) / unit) < 3
    assert np.array_equal(np.signbit(tanh(GRID)), np.signbit(GRID))


def test_sigmoid_is_within_two_units_of_a_half() -> None:
    true = 1 / (1 + np.exp(-GRID.astype(np.float64)))
    assert np.max(np.abs(sigmoid(GRID) - true)) < 2 * np.spacing(np.float32(0.5))


def test_special_values() -> None:
    given = np.array([np.inf, -np.inf, np.nan, 88.0, -1e30], np.float32)
    np.testing.assert_array_equal(tanh(given), np.array([1, -1, np.nan, 1, -1], np.float32))
    np.testing.assert_array_equal(sigmoid(given), np.array([1, 0, np.nan, 1, 0], np.float32))
    assert tanh(np.zeros((0, 3), np.float32)).shape == (0, 3)


@pytest.mark.parametrize("function", [tanh, sigmoid])
def test_the_bits_are_those_of_every_processor(function: Callable[[Array], Array]) -> None:
    assert hashlib.sha256(function(GRID).tobytes()).hexdigest()[:16] == BITS[function.__name__]


def test_where_an_element_lies_changes_nothing() -> None:
    x = np.random.default_rng(0).normal(0, 3, (7, CHUNK)).astype(np.float32)
    np.testing.assert_array_equal(tanh(x.T), tanh(x).T)
    np.testing.assert_array_equal(tanh(x[3, 5:9]), tanh(x)[3, 5:9])
    assert tanh(x.astype(np.float64)).dtype == np.float64
