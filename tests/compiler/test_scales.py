"""Scales and roundings of weights: least squares against a search, steps of integers, no bias."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from axonc.compiler.passes import scales
from axonc.compiler.passes.scales import integer_step, least_squares, powers_of_two, squared_error
from axonc.compiler.passes.weight_formats import WEIGHT_FORMATS, WeightRules, uniform
from axonc.compiler.passes.weights import fan_in_scale

Array = np.ndarray[Any, Any]


def searched(w: Array, limit: int) -> float:
    """The least squared error of 5,000 scales up to max w / limit."""
    scales = np.linspace(1e-4, 1.0, 5_000) * w.max() / limit
    levels = np.minimum(np.rint(w[:, None] / scales), limit)
    return float(np.square(w[:, None] - scales * levels).sum(axis=0).min())


@strategies.examples(60)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 40), limit=st.sampled_from([1, 3, 7, 127]), tail=st.booleans())
def test_least_squares_beats_every_scale_of_a_grid(seed: int, count: int, limit: int, tail: bool) -> None:
    rng = np.random.default_rng(seed)
    w = np.abs(rng.standard_t(2, count) if tail else rng.normal(size=count)) + 1e-6
    found = squared_error(w, least_squares(w, limit), limit)
    assert found <= searched(w, limit) * (1 + 1e-12)
    assert found <= squared_error(w, w.max() / limit, limit)


def test_a_descent_is_never_worse_and_comes_close(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed, limit in ((0, 1), (1, 7), (2, 127)):
        w = np.abs(np.random.default_rng(seed).standard_t(3, 2000)) + 1e-6
        exact = squared_error(w, least_squares(w, limit), limit)
        with monkeypatch.context() as patched:
            patched.setattr(scales, "MOST_PLACES", 0)
            found = squared_error(w, least_squares(w, limit), limit)
        assert exact <= found <= squared_error(w, w.max() / limit, limit)
        assert found <= exact * 1.2


def test_clipping_an_outlier_pays_with_few_bits() -> None:
    w = np.array([1.0] * 100 + [3.0])
    assert least_squares(w, 1) == pytest.approx(103 / 101)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@given(seed=st.integers(0, 10_000))
def test_integers_times_a_step_are_found_with_their_step(kind: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole = rng.integers(1, 128, 60)
    whole[0] = 1  # so that no larger step divides them all
    step = kind(rng.uniform(1e-4, 2.0))
    found = integer_step((whole.astype(kind) * step).astype(np.float64), 127)
    assert found is not None
    held = (whole.astype(kind) * kind(found)).astype(kind)
    assert np.array_equal(held, whole.astype(kind) * step)


def test_random_numbers_have_no_step() -> None:
    rng = np.random.default_rng(0)
    for count in (4, 10, 1000):
        w = np.abs(rng.normal(size=count))
        assert integer_step(w, 127) is None
        assert integer_step(w.astype(np.float32).astype(np.float64), 127) is None


def test_a_step_that_needs_more_levels_than_the_format_has_is_none() -> None:
    w = np.array([1.0, 2.0, 9.0]) * 0.3
    assert integer_step(w, 127) == pytest.approx(0.3)
    assert integer_step(w, 7) is None


def test_powers_of_two_begin_at_the_scale() -> None:
    assert list(powers_of_two(0.3, 0.1)) == [0.5, 0.25, 0.125, 0.0625]
    assert next(powers_of_two(0.25, 0.25)) == 0.25


WEIGHT = np.random.default_rng(1).normal(size=(6, 50))


def scale_of(weight: Any, number: str, **rules: Any) -> Array:
    """The scales of one matrix."""
    return fan_in_scale([weight], [1.0], WeightRules(**rules), WEIGHT_FORMATS[number])


def integers(weight: Any, number: str, name: str = "fc", **rules: Any) -> tuple[Array, Array]:
    """The integers of one matrix, and what they stand for."""
    how, scale = WeightRules(**rules), scale_of(weight, number, **rules)
    whole = how.integers(name, weight, scale, WEIGHT_FORMATS[number])
    dense = whole.toarray() if sparse.issparse(whole) else np.asarray(whole)
    return dense, dense * (scale[:, None] if scale.ndim else scale)


@pytest.mark.parametrize(("number", "limit"), [("int16", 32767), ("int8", 127), ("int4", 7), ("int2", 1)])
@pytest.mark.parametrize("scope", ["fan_in", "channel"])
def test_every_format_uses_its_range_and_errs_by_half_a_unit(number: str, limit: int, scope: str) -> None:
    whole, held = integers(WEIGHT, number, scope=scope)
    scale = scale_of(WEIGHT, number, scope=scope)
    assert whole.dtype == (np.int16 if number == "int16" else np.int8)
    rows = np.abs(whole).max(axis=1)
    assert rows.max() == limit
    assert scope == "fan_in" or np.all(rows == limit)
    assert np.all(np.abs(held - WEIGHT) <= np.max(scale) / 2 * (1 + 1e-9))


def test_ternary_weights_are_those_of_the_mean_magnitude() -> None:
    mean = np.abs(WEIGHT).mean()
    whole, held = integers(WEIGHT, "ternary")
    assert np.array_equal(whole, np.rint(np.clip(WEIGHT / mean, -1, 1)))
    assert np.allclose(held, np.rint(np.clip(WEIGHT / mean, -1, 1)) * mean)


@pytest.mark.parametrize("number", ["int8", "int4", "int2"])
def test_least_squares_never_lose_on_any_channel(number: str) -> None:
    errors = [
        np.square(integers(WEIGHT, number, scope="channel", scales=how)[1] - WEIGHT).sum(axis=1)
        for how in ("max", "mse")
    ]
    assert np.all(errors[1] <= errors[0])
    assert np.sum(errors[1]) < np.sum(errors[0])


def test_a_power_of_two_is_the_next_one_and_clips_nothing() -> None:
    exact, power = (
        scale_of(WEIGHT, "int8", scope="channel"),
        scale_of(WEIGHT, "int8", scope="channel", power_of_two=True),
    )
    assert np.all(np.frexp(power)[0] == 0.5)
    assert np.all((power >= exact) & (power < 2 * exact))
    assert np.all(np.abs(WEIGHT / power[:, None]) <= 127)


@pytest.mark.parametrize("scales", ["max", "mse"])
@pytest.mark.parametrize("number", list(WEIGHT_FORMATS))
@pytest.mark.parametrize("weight", [np.zeros((2, 3)), sparse.csr_array((2, 3)), np.zeros((2, 0))])
def test_weights_of_zero_have_scale_1(number: str, scales: str, weight: Any) -> None:
    whole, _ = integers(weight, number, scales=scales)
    assert np.all(scale_of(weight, number, scales=scales) == 1)
    assert not np.any(whole)


def test_stochastic_rounding_has_no_bias_and_depends_on_name_and_seed_alone() -> None:
    weight = np.full((1, 40_000), 0.3)
    weight[0, 0] = 1.27  # the scale is 0.01, so 0.3 is 30 units; the last value is 30.25
    weight[0, 1:] = 0.3025
    whole, _ = integers(weight, "int8", rounding="stochastic")
    assert set(whole[0, 1:].tolist()) == {30, 31}
    deviation = np.sqrt(0.25 * 0.75 / 39_999)
    assert abs(whole[0, 1:].mean() - 30.25) < 4 * deviation
    assert np.array_equal(whole, integers(weight, "int8", rounding="stochastic")[0])
    assert not np.array_equal(whole, integers(weight, "int8", "rec", rounding="stochastic")[0])
    assert not np.array_equal(whole, integers(weight, "int8", rounding="stochastic", seed=1)[0])


def test_uniform_numbers_fill_the_unit_interval() -> None:
    values = uniform("key", (100, 100))
    assert 0 <= values.min() < 0.01
    assert 0.99 < values.max() < 1
    assert abs(values.mean() - 0.5) < 4 / np.sqrt(12 * values.size)


def test_channels_with_steps_of_their_own_get_scales_of_their_own() -> None:
    rng = np.random.default_rng(3)
    whole = rng.integers(-100, 101, (4, 30))
    steps = rng.uniform(0.01, 0.1, (4, 1))
    found, held = integers(whole * steps, "int8")
    assert np.array_equal(held.astype(np.float32), (whole * steps).astype(np.float32))
    assert np.array_equal(found, whole)
