"""pow, sin, cos and erf: near the true values, with the special values of C, and the same bits on every processor."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest
from scipy import special

from axonc.ir.interpret.wide import cos, erf, power, sin
from axonc.ir.ops import Array

RNG = np.random.default_rng(0)
ANGLES = np.concatenate([np.linspace(-1000, 1000, 200_001), np.linspace(-1e6, 1e6, 50_001)]).astype(np.float32)
NEAR = np.concatenate([np.linspace(-6, 6, 200_001), np.geomspace(1e-30, 5, 50_000)]).astype(np.float32)
BITS = {"sin": "4acd3d3008856d00", "cos": "b53ae39f72b4ddbd", "erf": "27b05c52cb43af0c"}
"""The beginnings of the digests of what they give."""
SPECIAL = np.float32(
    [0, -0.0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, np.inf, -np.inf, np.nan, 1e-40, -1e-40, 2.5, -2.5, 1e30, -1e30, 4, -4]
)


def units(found: Array, true: Array) -> float:
    """How many units in the last place of the true values others are away."""
    return float(np.max(np.abs(found - true) / np.spacing(np.abs(true).astype(np.float32)).astype(np.float64)))


@pytest.mark.parametrize(("function", "true"), [(sin, np.sin), (cos, np.cos)])
def test_sin_and_cos_are_within_a_unit(function: Callable[[Array], Array], true: Callable[[Array], Array]) -> None:
    assert units(function(ANGLES), true(ANGLES.astype(np.float64))) < 1


def test_erf_is_within_two_units() -> None:
    assert units(erf(NEAR), special.erf(NEAR.astype(np.float64))) < 2


def test_pow_is_within_a_unit() -> None:
    base = np.exp(RNG.normal(0, 3, 100_000)).astype(np.float32)
    exponent = RNG.normal(0, 3, base.shape).astype(np.float32)
    assert units(power(base, exponent), np.power(base.astype(np.float64), exponent.astype(np.float64))) < 1


def test_special_values() -> None:
    x, y = np.meshgrid(SPECIAL, SPECIAL)
    with np.errstate(all="ignore"):
        true = np.power(x.astype(np.float64), y.astype(np.float64)).astype(np.float32)
        np.testing.assert_array_equal(power(x, y), true)
        known = ~np.isnan(true)
        np.testing.assert_array_equal(np.signbit(power(x, y)[known]), np.signbit(true[known]))
        given = np.float32([0, -0.0, np.inf, -np.inf, np.nan])
        for function, expected in ((sin, np.sin), (cos, np.cos), (erf, special.erf)):
            found, right = function(given), expected(given)
            np.testing.assert_array_equal(found, right)
            np.testing.assert_array_equal(np.signbit(found[:2]), np.signbit(right[:2]))


@pytest.mark.parametrize("function", [sin, cos, erf])
def test_the_bits_are_those_of_every_processor(function: Callable[[Array], Array]) -> None:
    given = NEAR if function is erf else ANGLES
    assert hashlib.sha256(function(given).tobytes()).hexdigest()[:16] == BITS[function.__name__]
