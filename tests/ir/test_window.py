"""Windows over an axis: how far they reach, and what meets where."""

from __future__ import annotations

from math import floor

import images
import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

from axonc.ir.ops import Axis


@strategies.examples(200)
@given(st.data(), st.integers(1, 12))
def test_the_extent_is_the_published_one(data: st.DataObject, size: int) -> None:
    """The formula of torch.nn.Conv2d for a padding that is the same on both sides; else, windows are counted."""
    axis = data.draw(images.axes(size))
    same = Axis(axis.kernel, axis.stride, axis.before, axis.before, axis.dilation)
    published = floor((size + 2 * axis.before - axis.dilation * (axis.kernel - 1) - 1) / axis.stride + 1)
    assert same.extent(size) == published
    reach = range(0, axis.kernel * axis.dilation, axis.dilation)
    starts = range(-axis.before, size + axis.after, axis.stride)
    fitting = [start for start in starts if start + reach[-1] < size + axis.after]
    assert axis.extent(size) == len(fitting)


@strategies.examples(200)
@given(st.data(), st.integers(1, 12))
def test_the_taps_are_all_that_meet_inside(data: st.DataObject, size: int) -> None:
    axis = data.draw(images.axes(size))
    expected = sorted(
        [source, target, tap]
        for source in range(size)
        for target in range(axis.extent(size))
        for tap in range(axis.kernel)
        if source == target * axis.stride + tap * axis.dilation - axis.before
    )
    assert axis.taps(size).reshape(-1, 3).tolist() == expected
    assert axis.taps(size).dtype == np.int64


@pytest.mark.parametrize(
    ("axis", "code"),
    [(Axis(0), "AX306"), (Axis(1, 0), "AX306"), (Axis(1, 1, -1), "AX306"), (Axis(2, 1, 0, 0, 5), "AX301")],
)
def test_a_window_that_does_not_fit_is_named(axis: Axis, code: str) -> None:
    assert [problem.code for problem in axis.verify(5)] == [code]
    assert list(Axis(2, 1, 0, 0, 4).verify(5)) == []
