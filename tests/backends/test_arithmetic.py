"""The C arithmetic equals the integer specification, on every value that it is specified for."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from axonc.backends.spinnaker2.tables import c_tables
from axonc.backends.spinnaker2.toolchain import RUNTIME, TABLES_HEADER, build_shared
from axonc.ir import arithmetic

Int64 = npt.NDArray[np.int64]

SOURCE = """
#include "arithmetic.h"

/* Applies the functions to whole arrays. */
void decay(const int64_t *x, const int64_t *factor, int64_t *out, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        out[i] = axonc_decay(x[i], factor[i]);
    }
}

/* As above. */
void requantize(const int64_t *x, const int64_t *multiplier, const int64_t *shift, int64_t *out,
                int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        out[i] = axonc_requantize(x[i], multiplier[i], (uint32_t)shift[i]);
    }
}

/* As above. */
void decay_narrow(const int64_t *x, const int64_t *factor, int64_t *out, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        out[i] = axonc_decay_narrow((int32_t)x[i], (int32_t)factor[i]);
    }
}

/* As above; INT64_MAX where words do not do. */
void requantize_narrow(const int64_t *x, const int64_t *multiplier, const int64_t *shift,
                       int64_t *out, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        int32_t result;
        const bool done = axonc_requantize_narrow((int32_t)x[i], (int32_t)multiplier[i],
                                                  (uint32_t)shift[i], &result);

        out[i] = done ? result : INT64_MAX;
    }
}

/* As above. */
void saturate(const int64_t *x, const int64_t *limit, int64_t *out, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        out[i] = axonc_saturate(x[i], limit[i]);
    }
}

/* As above. */
void requantize_word(const int64_t *x, const int64_t *multiplier, const int64_t *shift, int64_t *out,
                     int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        out[i] = axonc_requantize_word((int32_t)x[i], (int32_t)multiplier[i], (uint32_t)shift[i]);
    }
}

/* As above. */
void shift_to_word(const int64_t *x, const int64_t *shift, int64_t *out, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        out[i] = axonc_shift_to_word(x[i], (uint32_t)shift[i]);
    }
}

/* As above. */
void sigmoid(const int64_t *x, int64_t *out, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        out[i] = axonc_sigmoid((int32_t)x[i]);
    }
}

/* As above. */
void tanh_of(const int64_t *x, int64_t *out, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        out[i] = axonc_tanh((int32_t)x[i]);
    }
}
"""


def integers(low: int, high: int) -> st.SearchStrategy[int]:
    """Integers of a range, its ends and the neighbourhood of zero more often."""
    corners = [v for v in (low, low + 1, -1, 0, 1, high - 1, high) if low <= v <= high]
    return st.one_of(st.sampled_from(corners), st.integers(low, high))


WORDS = integers(-(2**31) + 1, 2**31 - 1)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder: Path = tmp_path_factory.mktemp("arithmetic")
    (folder / "arithmetic.h").write_bytes((RUNTIME / "arithmetic.h").read_bytes())
    (folder / TABLES_HEADER).write_text(c_tables())
    (folder / "batch.c").write_text(SOURCE)
    build_shared(folder, ["batch.c"], "batch.so", ["."])
    return ctypes.CDLL(str(folder / "batch.so"))


def call(function: Any, *columns: Int64) -> Int64:
    out = np.zeros(len(columns[0]), np.int64)
    pointers = [ctypes.c_void_p(column.ctypes.data) for column in (*columns, out)]
    function(*pointers, ctypes.c_int64(len(out)))
    return out


def columns(rows: Sequence[tuple[int, ...]]) -> list[Int64]:
    return [np.array(column, np.int64) for column in zip(*rows, strict=True)]


@settings(deadline=None)
@given(rows=st.lists(st.tuples(integers(-(2**32), 2**32), integers(0, 2**30)), min_size=1, max_size=50))
def test_decay(library: ctypes.CDLL, rows: list[tuple[int, int]]) -> None:
    x, factor = columns(rows)
    np.testing.assert_array_equal(call(library.decay, x, factor), arithmetic.decay(x, factor))


@settings(deadline=None)
@given(rows=st.lists(st.tuples(WORDS, WORDS, integers(0, 62)), min_size=1, max_size=50))
def test_requantize(library: ctypes.CDLL, rows: list[tuple[int, int, int]]) -> None:
    x, multiplier, shift = columns(rows)
    expected = arithmetic.requantize(x, multiplier, shift)
    np.testing.assert_array_equal(call(library.requantize, x, multiplier, shift), expected)


@settings(deadline=None)
@given(rows=st.lists(st.tuples(WORDS, integers(0, 2**30)), min_size=1, max_size=50))
def test_decay_of_words(library: ctypes.CDLL, rows: list[tuple[int, int]]) -> None:
    x, factor = columns(rows)
    np.testing.assert_array_equal(call(library.decay_narrow, x, factor), arithmetic.decay(x, factor))


@settings(deadline=None)
@given(rows=st.lists(st.tuples(WORDS, WORDS, integers(3, 62)), min_size=1, max_size=50))
def test_requantize_in_words(library: ctypes.CDLL, rows: list[tuple[int, int, int]]) -> None:
    """Equal wherever words do; and they do for every x below 2^(shift - 2)."""
    x, multiplier, shift = columns(rows)
    narrow = call(library.requantize_narrow, x, multiplier, shift)
    done = narrow != 2**63 - 1
    assert np.all(done | (np.abs(x) >= np.int64(1) << np.minimum(shift - 2, 31)))
    np.testing.assert_array_equal(narrow[done], arithmetic.requantize(x, multiplier, shift)[done])


@settings(deadline=None)
@given(rows=st.lists(st.tuples(WORDS, WORDS, integers(33, 62)), min_size=1, max_size=50))
def test_requantize_by_the_upper_word(library: ctypes.CDLL, rows: list[tuple[int, int, int]]) -> None:
    x, multiplier, shift = columns(rows)
    expected = arithmetic.requantize(x, multiplier, shift)
    np.testing.assert_array_equal(call(library.requantize_word, x, multiplier, shift), expected)


@settings(deadline=None)
@given(rows=st.lists(st.tuples(integers(-(2**31), 2**31 - 1), integers(1, 31), integers(0, 2**31 - 1)), min_size=1))
def test_shift_to_a_word(library: ctypes.CDLL, rows: list[tuple[int, int, int]]) -> None:
    high, shift, rest = columns(rows)
    x = (high << shift) + (rest & ((1 << shift) - 1))
    np.testing.assert_array_equal(call(library.shift_to_word, x, shift), high)


@pytest.mark.parametrize(("function", "meaning"), [("sigmoid", arithmetic.sigmoid), ("tanh_of", arithmetic.tanh)])
def test_tables(library: ctypes.CDLL, function: str, meaning: Callable[[Int64], Int64]) -> None:
    """Every argument that there is."""
    x = np.arange(-(1 << 15), 1 << 15)
    np.testing.assert_array_equal(call(getattr(library, function), x), meaning(x))


@settings(deadline=None)
@given(x=st.lists(integers(-(2**62), 2**62), min_size=1, max_size=50), limit=st.sampled_from([127, 32767, 2**31 - 1]))
def test_saturate(library: ctypes.CDLL, x: list[int], limit: int) -> None:
    values = np.array(x, np.int64)
    out = call(library.saturate, values, np.full_like(values, limit))
    np.testing.assert_array_equal(out, arithmetic.saturate(values, limit))
