"""Dropout: masks that depend on their place alone, and a training that leaves out what they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tasks

import axonc
from axonc import Graph, ModelError
from axonc.compiler.checkpoint import KINDS, make_plan
from axonc.compiler.training import Dropout, MeanSquared, Network, Options, network, training
from axonc.compiler.training.checkpointed import checkpointed_step
from axonc.compiler.training.footprint import footprint
from axonc.ir.ops import Linear

Array = np.ndarray[Any, Any]
GRAPHS = {"lif": tasks.lif(), "egru": tasks.egru()}
OPTIONS: dict[str, Any] = {"epochs": 2, "batch": 16, "optimiser": "adam,rate=1e-2"}


def dropping(graph: Graph, dropout: Dropout, **options: Any) -> Network:
    return network(graph, MeanSquared(over="mean"), dropout=dropout, seed=3, **options)


def weights(graph: Graph) -> list[Array]:
    return [np.asarray(node.op.weight) for node in graph if isinstance(node.op, Linear)]


def equal(one: Graph, other: Graph) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))


def test_a_part_of_a_mask_is_that_of_the_whole() -> None:
    (mask,) = dropping(tasks.lif(), Dropout(0.3)).drawn(2, 50, 8).values()
    whole = mask[:]
    assert whole.shape == (50, 8, 16)
    for first, last in ((0, 1), (7, 23), (49, 50), (0, 50)):
        np.testing.assert_array_equal(mask[first:last], whole[first:last])


def test_masks_are_of_the_share_and_scaled() -> None:
    (mask,) = dropping(tasks.lif(), Dropout(0.25)).drawn(0, 100, 20).values()
    values = mask[:]
    assert set(np.unique(values)) == {0.0, np.float32(1 / 0.75)}
    assert np.mean(values == 0) == pytest.approx(0.25, abs=5 * np.sqrt(0.25 * 0.75 / values.size))


def test_masks_differ_by_step_of_time_and_of_training_seed_and_sample() -> None:
    net = dropping(tasks.lif(), Dropout(0.5))
    (one,), (next_one,) = net.drawn(0, 4, 3).values(), net.drawn(1, 4, 3).values()
    (other,) = network(tasks.lif(), MeanSquared(), dropout=Dropout(0.5), seed=4).drawn(0, 4, 3).values()
    assert not np.array_equal(one[:], next_one[:])
    assert not np.array_equal(one[:], other[:])
    assert not np.array_equal(one[0:1], one[1:2])
    assert not np.array_equal(one[:][:, 0], one[:][:, 1])


def test_a_mask_of_a_sequence_stays() -> None:
    (mask,) = dropping(tasks.lif(), Dropout(0.5, "sequence")).drawn(0, 5, 3).values()
    np.testing.assert_array_equal(mask[:], np.repeat(mask[3:4], 5, axis=0))


def test_loops_see_everything_and_what_follows_does_not() -> None:
    graph = dropping(tasks.lif(), Dropout(0.5)).graph
    assert graph["o"].inputs == ("hidden.dropped",)
    assert graph["hidden@0.002"].inputs == ("hidden",)


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("per", ["step", "sequence"])
@pytest.mark.parametrize("name", list(GRAPHS))
def test_gradients_are_the_same_bits_with_every_plan(name: str, per: Any, kind: str) -> None:
    net = dropping(GRAPHS[name], Dropout(0.4, per), block=3)
    rng, steps = np.random.default_rng(0), 31
    x: dict[str, Any] = {"in": (rng.random((steps, 3, 12)) < 0.3).astype(np.uint8)}
    target, masks = rng.normal(size=(3, 3)).astype(np.float32), net.drawn(5, steps, 3)
    whole = {name: np.ascontiguousarray(array[:], "float32") for name, array in {**x, **masks}.items()}
    expected = net.step(net.initial, whole, target)
    problem = footprint(net, steps, 3, types={"in": "uint8"}).problem(None)
    room = problem.steps * problem.tape if kind == "none" else 4 * max(problem.tape, problem.state)
    plan = make_plan(kind, replace(problem, memory=problem.base + room, bandwidth=float(problem.state)))
    assert plan is not None
    found = checkpointed_step(net, net.initial, {**x, **masks}, target, plan.actions())
    assert found.loss == expected.loss
    assert all(np.array_equal(found.gradients[key], value) for key, value in expected.gradients.items())


def test_gradients_are_those_of_finite_differences() -> None:
    """Of the weights behind the masks, on which the loss depends smoothly."""
    net = dropping(tasks.lif(), Dropout(0.4), dtype="float64")
    rng = np.random.default_rng(1)
    x = {"in": (rng.random((12, 3, 12)) < 0.4).astype(np.float64)}
    x |= {name: mask[:].astype(np.float64) for name, mask in net.drawn(0, 12, 3).items()}
    target = rng.normal(size=(3, 3))
    (parameter,) = (p for p in net.parameters if p.node == "o" and p.field == "weight")
    gradient = net.step(net.initial, x, target).gradients[parameter]
    assert np.count_nonzero(gradient) > 10
    for place in zip(*np.nonzero(gradient), strict=True):
        losses = []
        for change in (1e-5, -1e-5):
            moved = net.initial[parameter].copy()
            moved[place] += change
            losses.append(net.step({**net.initial, parameter: moved}, x, target).loss)
        assert (losses[0] - losses[1]) / 2e-5 == pytest.approx(gradient[place], rel=1e-5, abs=1e-9)


def test_a_trained_graph_has_no_trace_of_it() -> None:
    graph = tasks.lif()
    plain = axonc.train(graph, tasks.task(40), **OPTIONS)
    dropped = axonc.train(graph, tasks.task(40), dropout=0.4, **OPTIONS)
    assert [node.name for node in dropped.graph] == [node.name for node in graph]
    assert not equal(plain.graph, dropped.graph)
    assert "dropout 0.4 a step" in dropped.graph.properties["trained"]


def test_a_training_goes_on_where_it_was(tmp_path: Path) -> None:
    """Masks depend on the number of the step, and not on how often something was drawn."""
    options = Options(dropout=Dropout(0.4, "sequence"), epochs=2, batch=16, save_every=2)
    whole = training(tasks.lif(), tasks.task(40), options)

    def stop(done: int, steps: int, epochs: object) -> None:
        if done == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        training(tasks.lif(), tasks.task(40), options, None, tmp_path / "kept", stop)
    again = training(tasks.lif(), tasks.task(40), options, None, tmp_path / "kept")
    assert equal(again.graph, whole.graph)


@pytest.mark.parametrize("given", ["1.0", "-0.1", "x", "0.2,per=never", "0.2,nodes=a", Dropout(0.2, nodes=("read",))])
def test_what_cannot_be_is_said(given: Any) -> None:
    with pytest.raises(ModelError, match="AX403"):
        axonc.train(tasks.lif(), tasks.task(20), dropout=given, **OPTIONS)
