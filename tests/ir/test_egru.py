"""EGRUs equal their equations, written out here with zoneout and segments as EvNN computes and trains them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import axonc
from axonc import Graph
from axonc.ir import Node, Signal
from axonc.ir.ops import EGRU, Delay, Input, Linear, Output

Array = np.ndarray[Any, Any]
N, H, STEPS = 3, 5, 40
RNG = np.random.default_rng(2)
W, R = RNG.normal(0, 1, (3 * H, N)), RNG.normal(0, 1, (3 * H, H))
B, C, THRESHOLD = RNG.normal(0, 0.3, 3 * H), RNG.normal(0, 0.3, 3 * H), RNG.uniform(0.02, 0.2, H)
X = RNG.normal(0, 1, (STEPS, N))


def graph(**how: Any) -> Graph:
    nodes = (
        Node("x", Input(Signal((N,)))),
        Node("w", Linear(W, B), ("x",)),
        Node("cell", EGRU(H, THRESHOLD, **how), ("w",), reads=("r",)),
        Node("late", Delay(1), ("cell",)),
        Node("r", Linear(R, C), ("late",)),
        Node("y", Output(), ("cell",)),
    )
    return Graph("g", nodes, "steps")


def equations(zoneout: float = 0.0, segment: int = STEPS) -> tuple[Array, Array]:
    """y and c of every step; the cell is updated first, then mixed with what it was, and cut at every segment."""
    y, seen = np.zeros(H), []
    for k, x in enumerate(X):
        c = np.zeros(H) if k % segment == 0 else seen[-1][1]
        a, h = (W @ x + B).reshape(3, H), (R @ y + C).reshape(3, H)
        u, r = 1 / (1 + np.exp(-a[0] - h[0])), 1 / (1 + np.exp(-a[1] - h[1]))
        m = zoneout * c + (1 - zoneout) * (u * c + (1 - u) * np.tanh(a[2] + r * h[2]))
        o = m > THRESHOLD
        y = np.where(o, m, 0)
        seen.append((y, m - o * THRESHOLD))
    ys, cs = zip(*seen, strict=True)
    return np.array(ys), np.array(cs)


@pytest.mark.parametrize("how", [{}, {"zoneout": 0.2319}, {"segment": 7}, {"zoneout": 0.5, "segment": 1}], ids=str)
def test_a_cell(how: dict[str, Any]) -> None:
    result = axonc.interpret(graph(**how), X, "cell:c", "float64")
    y, c = equations(**how)
    np.testing.assert_allclose(result["y"], y, atol=1e-12)
    np.testing.assert_allclose(result["cell:c"], c, atol=1e-12)
    assert 0.1 < np.mean(y != 0) < 0.9


def test_a_segment_as_long_as_the_sequence_changes_nothing_and_a_shorter_one_does() -> None:
    whole, same, cut = (axonc.interpret(graph(segment=n), X)["y"] for n in (None, STEPS, STEPS // 2))
    np.testing.assert_array_equal(whole, same)
    np.testing.assert_array_equal(whole[: STEPS // 2], cut[: STEPS // 2])
    assert not np.allclose(whole, cut)


@pytest.mark.parametrize("how", [{"zoneout": 1.0}, {"zoneout": -0.1}, {"segment": 0}, {"units": 0}], ids=str)
def test_what_is_wrong_with_a_cell(how: dict[str, Any]) -> None:
    op = EGRU(**{"units": H, "threshold": np.asarray(0.1), **how})
    assert [problem.code for problem in op.verify(None)] == ["AX306"]
