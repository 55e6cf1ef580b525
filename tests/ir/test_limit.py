"""A limit lets the first events of a step pass."""

from __future__ import annotations

import numpy as np
import pytest
from images import spiking

import axonc
from axonc import Graph
from axonc.ir import Kind, ModelError, Node, Signal, verify
from axonc.ir.ops import Input, Limit, Linear, Output
from axonc.ir.serialize import from_bytes, to_bytes


def limited(capacity: int, signal: Signal) -> Graph:
    nodes = (Node("x", Input(signal)), Node("few", Limit(capacity), ("x",)), Node("y", Output(), ("few",)))
    return from_bytes(to_bytes(Graph("limited", nodes, "steps", 1e-3)))


def test_events_count_once_whatever_they_carry_and_every_step_begins_anew() -> None:
    graph = limited(2, Signal((2, 3), Kind.EVENT, peak=5))
    x = np.array([[[0, 3, 0], [1, 5, 1]], [[1, 1, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 4]]])
    expected = np.array([[[0, 3, 0], [1, 0, 0]], [[1, 1, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 4]]])
    np.testing.assert_array_equal(axonc.interpret(graph, x)["y"], expected)
    np.testing.assert_array_equal(axonc.interpret(graph, np.stack([x, x[::-1]]))["y"][0], expected)


def test_values_of_any_sign_count() -> None:
    graph = limited(1, Signal((3,)))
    x = np.array([[0.0, -2.0, 1.0], [-0.0, 0.0, 0.5]])
    np.testing.assert_array_equal(axonc.interpret(graph, x)["y"], np.array([[0, -2, 0], [0, 0, 0.5]], np.float32))


def test_a_limit_of_nothing_is_a_problem() -> None:
    nodes = (Node("x", Input(Signal((3,)))), Node("none", Limit(0), ("x",)), Node("y", Output(), ("none",)))
    assert [problem.code for problem in verify(Graph("g", nodes, "steps", 1e-3))] == ["AX306"]


def test_a_limit_is_not_folded() -> None:
    nodes = (
        Node("x", Input(Signal((3,), Kind.EVENT))),
        Node("few", Limit(1), ("x",)),
        Node("w", Linear(np.ones((2, 3), np.float32)), ("few",)),
        Node("cell", spiking((2,), np.asarray(1.0)), ("w",)),
        Node("y", Output(), ("cell",)),
    )
    with pytest.raises(ModelError) as caught:
        axonc.compile(Graph("limited", nodes, "steps", 1e-3), target="native")
    assert [(found.code, found.node) for found in caught.value.diagnostics] == [("AX601", "few")]
