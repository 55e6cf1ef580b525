"""tanh, sigmoid, exp, log and softplus: near the true values, and the same bits on every processor."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest

from axonc.ir.interpret.functions import CHUNK, exp, log, sigmoid, softplus, tanh
from axonc.ir.ops import Array

GRID = np.concatenate([np.linspace(-20, 20, 200_001), np.ldexp(1.3, np.arange(-126, 1)), [0.0, -0.0]]).astype(
    np.float32
)
BITS = {
    "tanh": "f7ebe3c0ecaf5de4",
    "sigmoid": "392c6d2877c10f0d",
    "exp": "84ec16b458c62f87",
    "log": "9fdcf801cadef619",
    "softplus": "3eeb0b7d20238b12",
}
"""The beginnings of the digests of what they give for the grid."""


def test_tanh_is_within_three_units_in_the_last_place() -> None:
    true = np.tanh(GRID.astype(np.float64))
    unit = np.spacing(np.abs(true).astype(np.float32)).astype(np.float64)
    assert np.max(np.abs(tanh(GRID) - true) / unit) < 3
    assert np.array_equal(np.signbit(tanh(GRID)), np.signbit(GRID))


def test_sigmoid_is_within_two_units_of_a_half() -> None:
    true = 1 / (1 + np.exp(-GRID.astype(np.float64)))
    assert np.max(np.abs(sigmoid(GRID) - true)) < 2 * np.spacing(np.float32(0.5))


def units(found: Array, true: Array) -> Array:
    """How many units in the last place of the true values others are away, where these are finite."""
    finite = np.isfinite(true) & (true != 0)
    return np.abs(found - true)[finite] / np.spacing(np.abs(true[finite]).astype(np.float32)).astype(np.float64)


def test_exp_is_within_two_units_in_the_last_place() -> None:
    """Tiny results, too, of which the last place is that of the least float32."""
    x = np.linspace(-104, 88.7, 400_001).astype(np.float32)
    assert np.max(units(exp(x), np.exp(x.astype(np.float64)))) < 2


def test_log_is_within_two_units_in_the_last_place() -> None:
    x = np.concatenate([np.geomspace(1e-45, 3.4e38, 200_001), np.linspace(0.5, 2, 200_001)]).astype(np.float32)
    assert np.max(units(log(x), np.log(x.astype(np.float64)))) < 2


def test_softplus_is_near() -> None:
    x = np.linspace(-80, 80, 200_001).astype(np.float32)
    wide = x.astype(np.float64)
    np.testing.assert_allclose(softplus(x), np.maximum(wide, 0) + np.log1p(np.exp(-np.abs(wide))), rtol=1e-6)


def test_special_values_of_exp_and_log() -> None:
    with np.errstate(all="ignore"):
        given = np.array([np.inf, -np.inf, np.nan, 89.0, -105.0, 0.0, -0.0], np.float32)
        np.testing.assert_array_equal(exp(given), np.array([np.inf, 0, np.nan, np.inf, 0, 1, 1], np.float32))
        given = np.array([np.inf, -np.inf, np.nan, 1.0, -1.0, 0.0, -0.0], np.float32)
        np.testing.assert_array_equal(
            log(given), np.array([np.inf, np.nan, np.nan, 0, np.nan, -np.inf, -np.inf], np.float32)
        )


def test_special_values() -> None:
    given = np.array([np.inf, -np.inf, np.nan, 88.0, -1e30], np.float32)
    np.testing.assert_array_equal(tanh(given), np.array([1, -1, np.nan, 1, -1], np.float32))
    np.testing.assert_array_equal(sigmoid(given), np.array([1, 0, np.nan, 1, 0], np.float32))
    assert tanh(np.zeros((0, 3), np.float32)).shape == (0, 3)


@pytest.mark.parametrize("function", [tanh, sigmoid, exp, log, softplus])
def test_the_bits_are_those_of_every_processor(function: Callable[[Array], Array]) -> None:
    given = np.abs(GRID[:-2]) if function is log else GRID
    assert hashlib.sha256(function(given).tobytes()).hexdigest()[:16] == BITS[function.__name__]


def test_where_an_element_lies_changes_nothing() -> None:
    x = np.random.default_rng(0).normal(0, 3, (7, CHUNK)).astype(np.float32)
    np.testing.assert_array_equal(tanh(x.T), tanh(x).T)
    np.testing.assert_array_equal(tanh(x[3, 5:9]), tanh(x)[3, 5:9])
    assert tanh(x.astype(np.float64)).dtype == np.float64
