"""What a verification says of the first difference: the earliest step, whatever the shape of a signal."""

from __future__ import annotations

import core_images as images
import numpy as np
import pytest

from axonc.compiler.driver import pipeline
from axonc.compiler.driver.program import build
from axonc.compiler.driver.verify import compare
from axonc.ir import Result
from axonc.ir.ops import Axis, QuantConv

SHAPE = (2, 5, 7)


def results(batched: bool) -> tuple[Result, Result]:
    """Two runs of images over 4 steps: ``a`` differs late in its first sample, ``b`` earlier and in all."""
    lead = (3, 4) if batched else (4,)
    ours, theirs = (Result({name: np.zeros((*lead, *SHAPE), np.int32) for name in "ab"}, {}) for _ in range(2))
    late, early = (np.s_[0, 3], np.s_[:, 1]) if batched else (np.s_[3], np.s_[1])
    ours.outputs["a"][late] = 1
    ours.outputs["b"][early] = 2
    return ours, theirs


@pytest.mark.parametrize("batched", [False, True])
def test_the_earliest_difference_comes_first(batched: bool) -> None:
    found = compare(*results(batched), (), batched=batched)
    assert found.steps == 4
    assert found.divergence is not None
    assert (found.divergence.name, found.divergence.index[1 if batched else 0]) == ("output b", 1)


@pytest.mark.parametrize("batch", [(), (1,), (2,)])
def test_steps_are_counted_for_images(batch: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "passes_for", lambda *_: [])
    layer = images.Layer((), QuantConv(np.ones((2, 2, 1, 1), np.int8), np.asarray(1.0), (Axis(1), Axis(1))), 0, 5)
    graph = images.Model(SHAPE, (layer,), np.zeros((1, *SHAPE), np.int64)).graph
    program = build(pipeline.compile_graph(graph, "native", pipeline.Options()))
    assert program.verify(np.ones((*batch, 3, *SHAPE), np.int64)).steps == 3
