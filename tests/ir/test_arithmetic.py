"""The integer arithmetic against exact rational numbers."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

from axonc.ir.arithmetic import (
    MAX_SHIFT,
    SIGMOID,
    TANH,
    Int64,
    decay,
    decay_factor,
    interpolate,
    multiplier_and_shift,
    requantize,
    saturate,
    sigmoid,
    tanh,
)


def whole(limit: int) -> st.SearchStrategy[int]:
    """Integers to ``limit`` in magnitude, the limits often."""
    return st.integers(-limit, limit) | st.sampled_from([-limit, limit, 0, 1, -1])


@strategies.examples(300)
@given(x=whole(1 << 32), factor=st.integers(0, 1 << 30) | st.sampled_from([0, 1, (1 << 30) - 1, 1 << 30]))
def test_decay_rounds_toward_zero(x: int, factor: int) -> None:
    assert int(decay(np.int64(x), np.int64(factor))) == int(Fraction(x * factor, 1 << 30))


@strategies.examples(300)
@given(x=whole((1 << 31) - 1), multiplier=whole((1 << 31) - 1), shift=st.integers(0, MAX_SHIFT))
def test_requantize_rounds_halves_up(x: int, multiplier: int, shift: int) -> None:
    exact = floor(Fraction(x * multiplier, 1 << shift) + Fraction(1, 2))
    assert int(requantize(np.int64(x), np.int64(multiplier), np.int64(shift))) == exact


@strategies.examples(100)
@given(x=whole(1 << 62), limit=st.integers(1, 1 << 31))
def test_saturation_is_symmetric(x: int, limit: int) -> None:
    assert int(saturate(np.int64(x), limit)) == max(-limit, min(limit, x)) == -int(saturate(np.int64(-x), limit))


@strategies.examples(200)
@given(ratio=st.floats(1e-9, 2**30.9) | st.sampled_from([0.5, 1.0, 2.0, 1 - 2**-53, 2.0**30]))
def test_a_multiplier_and_shift_are_a_ratio_to_31_bits(ratio: float) -> None:
    for signed in (ratio, -ratio):
        multiplier, shift = (int(part) for part in multiplier_and_shift(np.float64(signed)))
        assert 1 << 30 <= abs(multiplier) < 1 << 31
        assert 0 <= shift <= MAX_SHIFT
        assert abs(Fraction(multiplier, 1 << shift) / Fraction(signed) - 1) <= Fraction(1, 1 << 31)


def test_ratios_out_of_range_vanish_or_are_refused() -> None:
    assert [int(part) for part in multiplier_and_shift(np.float64(2.0**-33))] == [0, 0]
    assert [int(part) for part in multiplier_and_shift(np.float64(0.0))] == [0, 0]
    with pytest.raises(ValueError, match="2\\^31"):
        multiplier_and_shift(np.float64(2.0**31))


def test_a_decay_of_one_is_exact() -> None:
    assert int(decay_factor(np.float64(1.0))) == 1 << 30
    assert int(decay(np.int64(-12345), decay_factor(np.float64(1.0)))) == -12345


@pytest.mark.parametrize("table", [SIGMOID, TANH])
@strategies.examples(200)
@given(x=whole((1 << 15) - 1))
def test_a_table_is_read_between_its_entries(table: Int64, x: int) -> None:
    place, rest = divmod(x + (1 << 15), 128)
    low, high = int(table[place]), int(table[place + 1])
    assert int(interpolate(table, np.int64(x))) == low + floor(Fraction((high - low) * rest, 128) + Fraction(1, 2))


def test_tables_are_close_to_their_functions_and_rise() -> None:
    x = np.arange(-(1 << 15), 1 << 15)
    for ours, exact, limit in ((sigmoid(x), 1 / (1 + np.exp(-x / 4096)), 1.3), (tanh(x), np.tanh(x / 4096), 4.0)):
        assert np.abs(ours - exact * (1 << 15)).max() < limit
        assert np.all(np.diff(ours) >= 0)
