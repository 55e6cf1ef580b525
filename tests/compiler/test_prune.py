"""Magnitude pruning: which weights become 0, how they are stored, and that nothing else changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import strategies
import tasks
from hypothesis import given
from hypothesis import strategies as st
from pruned import names, one, weight
from scipy import sparse

import axonc
from axonc import ModelError
from axonc.compiler.passes import Prune
from axonc.compiler.training import StepwiseCrossEntropy
from axonc.ir.ops import Linear, is_sparse
from axonc.ir.serialize import to_bytes

Array = np.ndarray[Any, Any]


def kept(before: Array, zeros: int) -> Array:
    """Which weights stay, one by one: a weight goes if fewer than ``zeros`` come before it."""
    order = sorted(range(before.size), key=lambda at: (abs(before.flat[at]), at))
    mask = np.ones(before.size, bool)
    mask[order[:zeros]] = False
    return mask.reshape(before.shape)


@strategies.examples(30)
@given(seed=st.integers(0, 10**6), sparsity=st.floats(0, 0.99), held_sparse=st.booleans())
def test_the_smallest_go_first_of_equal_ones_the_first(seed: int, sparsity: float, held_sparse: bool) -> None:
    rng = np.random.default_rng(seed)
    before = rng.integers(-4, 5, (rng.integers(1, 9), rng.integers(1, 9))) / 4  # many equal, some 0
    graph = one(sparse.csr_array(before) if held_sparse else before.copy())
    after = axonc.prune(graph, sparsity)
    np.testing.assert_array_equal(weight(after), before * kept(before, round(sparsity * before.size)))
    np.testing.assert_array_equal(weight(graph), before, "the graph that was given stays")
    assert after["fc"].op.bias is graph["fc"].op.bias  # type: ignore[attr-defined]


def test_gates_have_as_many_zeros_each() -> None:
    graph = tasks.egru(8)
    graph = graph.with_nodes(
        replace(node, op=replace(node.op, weight=weight(graph, "r") * np.repeat([100.0, 1.0, 0.01], 8)[:, None]))
        if node.name == "r"
        else node
        for node in graph
    )
    by_layer, by_gate = (axonc.prune(graph, 0.5, scope) for scope in ("layer", "gate"))  # type: ignore[arg-type]
    zeros = [np.sum(weight(each, "r").reshape(3, -1) == 0, axis=1).tolist() for each in (by_layer, by_gate)]
    assert zeros == [[0, 32, 64], [32, 32, 32]]
    for name in ("w", "r"):
        old, new = (weight(each, name).reshape(3, -1) for each in (graph, by_gate))
        for gate in range(3):
            np.testing.assert_array_equal(new[gate], old[gate] * kept(old[gate], old[gate].size // 2))
    np.testing.assert_array_equal(weight(by_gate, "o"), weight(by_layer, "o"))


def test_all_weights_ranked_together() -> None:
    graph = tasks.egru(8)
    after = axonc.prune(graph, 0.7, "global")
    old, new = (np.concatenate([weight(each, name).ravel() for name in names(graph)]) for each in (graph, after))
    np.testing.assert_array_equal(new, old * kept(old, round(0.7 * old.size)))


@pytest.mark.parametrize("scope", ["layer", "gate", "global"])
def test_only_linear_weights_change(scope: Any) -> None:
    for graph in (tasks.egru(), tasks.images()):
        after = axonc.prune(graph, 0.6, scope)
        assert [node.name for node in after] == [node.name for node in graph]
        for node in graph:
            if not isinstance(node.op, Linear):
                assert after[node.name] is node
        assert after.properties["pipeline"] == f"prune{{sparsity=0.6,scope={scope},score=magnitude,block=1,rates=none}}"


def test_storage_is_the_smaller_one_and_means_the_same() -> None:
    graph, x = tasks.egru(), tasks.task(4)[0]
    few, many = axonc.prune(graph, 0.2), axonc.prune(graph, 0.8)
    assert {is_sparse(few[name].op.weight) for name in names(graph)} == {False}  # type: ignore[attr-defined]
    assert {is_sparse(many[name].op.weight) for name in names(graph)} == {True}  # type: ignore[attr-defined]
    assert len(to_bytes(many)) < len(to_bytes(graph))
    dense = many.with_nodes(
        replace(node, op=replace(node.op, weight=weight(many, node.name))) if node.name in names(many) else node
        for node in many
    )
    np.testing.assert_array_equal(axonc.interpret(many, x)["out"], axonc.interpret(dense, x)["out"])
    again, changed = Prune(0.8).run(many)
    assert not changed
    assert all(new is old for new, old in zip(again, many, strict=True))
    assert all(is_sparse(node.op.weight) for node in Prune(0.0).run(dense)[0] if isinstance(node.op, Linear))


def test_a_training_keeps_the_zeros() -> None:
    x, labels = tasks.task(32)
    pruned = axonc.prune(tasks.egru(), 0.6, "gate")
    wide = np.repeat(labels[:, None], x.shape[1], axis=1)
    done = axonc.train(pruned, (x, wide), loss=StepwiseCrossEntropy(), prune=0.0, epochs=3).graph
    for name in names(pruned):
        old, new = weight(pruned, name), weight(done, name)
        assert np.any(old != new)
        np.testing.assert_array_equal(new[old == 0], 0)


@pytest.mark.parametrize(("sparsity", "scope"), [(1.1, "layer"), (-0.1, "layer"), (float("nan"), "gate"), (0.5, "row")])
def test_options_that_do_not_fit(sparsity: float, scope: Any) -> None:
    with pytest.raises(ModelError, match="AX403"):
        axonc.prune(tasks.egru(), sparsity, scope)
