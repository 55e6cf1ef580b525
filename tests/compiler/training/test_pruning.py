"""Pruning in training: how many weights are 0 when, which ones, and that a stopped training ends with the same bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tasks

import axonc
from axonc import Graph, ModelError
from axonc.compiler.differentiate import Parameter, parameters
from axonc.compiler.training import Cubic, Once, Options, Pruning, RigL, training
from axonc.compiler.training.pruning import masked, weight_sizes
from axonc.compiler.training.quantisation import FakeQuantisation

Array = np.ndarray[Any, Any]
FC = Parameter("fc", "weight", "weights")


def shares(graph: Graph) -> list[float]:
    return [float(np.mean(p.of(graph[p.node].op) == 0)) for p in parameters(graph) if p.field == "weight"]


def test_once_keeps_zeros_and_drops_the_smallest() -> None:
    weight = np.array([[0.0, -0.1, 2.0], [0.3, -4.0, 0.2]])
    assert Once(0.5).initial({FC: weight}, {FC: 6})[FC].tolist() == [[False, False, True], [True, True, False]]
    assert Once().initial({FC: weight}, {FC: 6})[FC].sum() == 5
    ties = np.ones((2, 3))
    assert Once(0.5).initial({FC: ties}, {FC: 6})[FC].tolist() == [[False] * 3, [True] * 3], "of equal ones the first"
    assert not Once(0.5).initial({FC: 0 * ties}, {FC: 6})[FC].any()


def test_places_that_a_sparse_matrix_does_not_store_count() -> None:
    stored = np.array([0.5, -0.1, 0.2, 3.0])  # of 10 weights
    assert Once(0.5).initial({FC: stored}, {FC: 10})[FC].all()
    assert Once(0.8).initial({FC: stored}, {FC: 10})[FC].tolist() == [True, False, False, True]
    graph = axonc.prune(tasks.lif(), 0.8)
    done = axonc.train(graph, tasks.task(32), prune=0.9, epochs=1).graph
    for parameter in parameters(done, ("weights",)):
        op: Any = done[parameter.node].op
        assert np.count_nonzero(parameter.of(op)) == op.weight.shape[0] * op.weight.shape[1] - round(
            0.9 * op.weight.shape[0] * op.weight.shape[1]
        )


def test_cubic_follows_its_formula_and_never_gives_back() -> None:
    """Weights that keep changing between, 20 steps of which the masks change in 2 to 9, every third and the last."""
    rng, how = np.random.default_rng(0), Cubic(0.9, begin=0.1, end=0.5, every=3)
    values = {FC: rng.normal(0, 1, (20, 50))}
    masks, seen = how.initial(values, {FC: 1000}), []
    for step in range(20):
        values = masked({FC: values[FC] + rng.normal(0, 0.3, (20, 50))}, masks)
        before = masks[FC]
        masks = how.moved(masks, values, values, {FC: 1000}, step, 20)
        assert not np.any(masks[FC] & ~before)
        seen.append(1000 - int(masks[FC].sum()))
    done = [0, 0] + [(min(s, 9) - 2) / 7 for s in (2, 2, 2, 5, 5, 5, 8, 9)]
    assert seen == [round(1000 * 0.9 * (1 - (1 - p) ** 3)) for p in done] + [900] * 10


def test_rigl_moves_the_weights_that_are_used() -> None:
    """The smallest in use go, the steepest of the others come; with no exchange left the masks stay."""
    how = RigL(0.5, end=1.0, every=1, exchange=0.5)
    weight = np.array([0.1, 4.0, 3.0, 2.0, 0.0, 0.0, 0.0, 0.0])
    masks = {FC: weight != 0}
    gradient = np.array([9.0, 9.0, 9.0, 9.0, 0.1, -0.7, 0.2, 0.6])
    first = how.moved(masks, {FC: weight}, {FC: gradient}, {FC: 8}, 0, 5)[FC]
    assert np.flatnonzero(first).tolist() == [1, 2, 5, 7]
    last = how.moved(masks, {FC: weight}, {FC: gradient}, {FC: 8}, 4, 5)[FC]
    assert np.array_equal(last, masks[FC])


@pytest.mark.parametrize("kind", ["once", "cubic,every=2", "rigl,every=2", "cubic,begin=0.9,end=1"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_training_ends_with_that_share(kind: str, share: float) -> None:
    name, _, rest = kind.partition(",")
    text = ",".join(filter(None, (name, f"share={share}", rest)))
    data = tasks.task(128)
    done = axonc.train(tasks.lif(), data, prune=text, epochs=6, optimiser="adam,rate=1e-2,decay=0.1", batch=32)
    for found, size in zip(shares(done.graph), (16 * 12, 16 * 16, 3 * 16), strict=True):
        assert round(share * size) <= round(found * size)
        assert name == "rigl" or round(found * size) == round(share * size)
    assert done.history[-1].loss < done.history[0].loss
    assert done.graph.properties["trained"].endswith(f"prune {name},share={share}")


def test_a_share_of_nothing_changes_nothing() -> None:
    data = tasks.task(32)
    plain, zero = (axonc.train(tasks.lif(), data, prune=p, epochs=2).graph for p in (None, 0.0))
    assert all(np.array_equal(p.of(plain[p.node].op), p.of(zero[p.node].op)) for p in parameters(plain))


@pytest.mark.parametrize("how", [Once(0.7), Cubic(0.8, end=0.9, every=2), RigL(0.7, every=2)], ids=lambda how: how.name)
def test_a_stopped_training_ends_with_the_same_bits(how: Pruning, tmp_path: Path) -> None:
    """Stopped after each step in turn; with few bits, whose exact weights are in the checkpoint alone."""
    options = Options(epochs=3, save_every=1, batch=32, prune=how, quantisation=FakeQuantisation("int4", "centred3"))
    whole = training(tasks.lif(), tasks.task(), options).graph
    stops: list[int] = []

    def stop(done: int, steps: int, epochs: Any) -> None:
        if done == len(stops) + 1 < steps:
            stops.append(done)
            raise KeyboardInterrupt

    for _ in range(9):
        try:
            finished = training(tasks.lif(), tasks.task(), options, None, tmp_path / "state.npz", stop).graph
        except KeyboardInterrupt:
            continue
    assert len(stops) == 8
    assert all(np.array_equal(p.of(whole[p.node].op), p.of(finished[p.node].op)) for p in parameters(whole))


def test_only_matrices_and_kernels_are_pruned() -> None:
    graph = tasks.images()
    assert {str(p): size for p, size in weight_sizes(graph, parameters(graph)).items()} == {
        "conv.weight": 24,
        "fc.weight": 24,
    }


@pytest.mark.parametrize(
    "text",
    [
        "1.1",
        "-0.1",
        "nan",
        "cubic,share=2",
        "cubic,share=0.5,begin=0.6",
        "cubic,share=0.5,every=0",
        "cubic,share=0.5,every=1.5",
        "cubic,share=0.5,end=2",
        "rigl,share=0.5,exchange=2",
        "often,share=0.5",
        "once,part=0.5",
    ],
)
def test_schedules_that_cannot_be(text: str) -> None:
    with pytest.raises(ModelError, match="AX403"):
        axonc.train(tasks.lif(), tasks.task(8), epochs=1, prune=text)
