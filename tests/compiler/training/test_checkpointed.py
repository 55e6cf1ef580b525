"""Training that holds less than a sequence: the same bits, the bytes that were planned, in the memory that is given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tasks

import axonc
from axonc import Graph, ModelError
from axonc.compiler.checkpoint import KINDS, Plan, make_plan
from axonc.compiler.differentiate import KINDS as KINDS_OF_PARAMETERS
from axonc.compiler.training import CrossEntropy, FakeQuantisation, Loss, MeanSquared, Network, network
from axonc.compiler.training.carry import Carry
from axonc.compiler.training.cells import Memory, blocks
from axonc.compiler.training.checkpointed import Executor, checkpointed_step, forward_blocks
from axonc.compiler.training.footprint import Footprint, footprint
from axonc.compiler.training.network import Step
from axonc.ir import Node
from axonc.ir.ops import Output
from axonc.ir.serialize import to_bytes

Array = np.ndarray[Any, Any]
NETWORKS = {
    "lif": tasks.lif(),
    "cuba_lif": tasks.lif("cuba_lif"),
    "feed_forward": tasks.lif("cuba_lif", loops=False, reset="zero"),
    "egru": tasks.egru(),
}
LOSS = CrossEntropy(over="mean")


def batch(steps: int, samples: int = 3, seed: int = 0) -> tuple[dict[str, Array], Array]:
    """Events [T, B, 12] and labels."""
    rng = np.random.default_rng(seed)
    return {"in": (rng.random((steps, samples, 12)) < 0.3).astype(np.uint8)}, rng.integers(0, 3, samples)


def whole(net: Network, x: dict[str, Array], target: Array) -> Step:
    """A step that holds everything."""
    return net.step(net.initial, {name: array.astype(net.dtype) for name, array in x.items()}, target)


def tight(sizes: Footprint, kind: str) -> Plan:
    """A plan in little more memory than it needs."""
    problem = sizes.problem(None)
    room = {
        "none": problem.steps * problem.tape,
        "single": 4 * int((problem.steps * problem.tape * problem.state) ** 0.5),
    }
    little = problem.base + 2 * problem.tape + max(2 * problem.state, room.get(kind, 0))
    plan = make_plan(kind, replace(problem, memory=little, bandwidth=float(problem.state)))
    assert plan is not None
    assert plan.fits
    return plan


def same(one: Step, other: Step) -> None:
    assert one.loss == other.loss
    for parameter, gradient in one.gradients.items():
        assert np.array_equal(gradient, other.gradients[parameter]), parameter


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("name", list(NETWORKS))
@pytest.mark.parametrize(("steps", "block"), [(1, 16), (13, 1), (37, 3), (61, 16)])
def test_gradients_are_the_same_bits(name: str, kind: str, steps: int, block: int) -> None:
    net = network(NETWORKS[name], LOSS, block=block)
    x, target = batch(steps)
    plan = tight(footprint(net, steps, 3, types={"in": "uint8"}), kind)
    expected = whole(net, x, target)
    assert any(np.any(gradient) for gradient in expected.gradients.values())
    same(expected, checkpointed_step(net, net.initial, x, target, plan.actions()))
    same(expected, checkpointed_step(net, net.initial, x, target, plan.actions(), bits=True))


def every_step(net: Network, x: dict[str, Array], seed: int = 3) -> Array:
    """A target at every step."""
    steps, samples = x["in"].shape[:2]
    return np.random.default_rng(seed).normal(0, 1, (samples, steps, *net.graph.signals[net.output].shape))


def two_outputs() -> Graph:
    """Spikes as an output beside the one that is trained."""
    graph = tasks.lif()
    return graph.with_nodes((*graph, Node("spikes", Output(), ("hidden",))))


CASES: dict[str, tuple[Graph, Loss, dict[str, Any]]] = {
    "images": (tasks.images(), LOSS, {}),
    "every step": (tasks.lif(), MeanSquared(), {}),
    "last": (tasks.lif(), CrossEntropy(over="last"), {}),
    "attached": (tasks.lif(), LOSS, {"attached": True}),
    "all kinds": (tasks.lif("cuba_lif"), LOSS, {"kinds": KINDS_OF_PARAMETERS}),
    "float64": (tasks.lif(), LOSS, {"dtype": "float64"}),
    "grid": (tasks.lif(), LOSS, {"quantisation": FakeQuantisation("int4", "q8")}),
    "levels": (tasks.lif(), LOSS, {"quantisation": FakeQuantisation("ternary", "centred3")}),
    "outputs": (two_outputs(), LOSS, {"output": "out"}),
}


@pytest.mark.parametrize("case", list(CASES))
def test_whatever_is_trained(case: str) -> None:
    graph, loss, options = CASES[case]
    net = network(graph, loss, block=4, **options)
    x, target = batch(30)
    if case == "images":
        x = {"in": (np.random.default_rng(0).random((30, 3, 2, 4, 4)) < 0.4).astype(np.uint8)}
    if case == "every step":
        target = every_step(net, x)
    sizes = footprint(net, 30, 3, types={"in": "uint8"}, every=case == "every step")
    for kind in ("single", "optimal", "double"):
        plan = tight(sizes, kind)
        same(whole(net, x, target), checkpointed_step(net, net.initial, x, target, plan.actions()))
        assert_predicted(net, plan, x, target)


def held(executor: Executor) -> int:
    """The bytes of every array that can be reached from an executor and its two runs, parameters and targets aside."""
    roots = {
        name: value for name, value in vars(executor).items() if name not in ("net", "ops", "backward_ops", "target")
    }
    memories = [executor.net.taped.memory, executor.net.adjoint.memory]
    owners = {id(array): array.nbytes for array in map(owner, reached([roots, memories]))}
    return sum(owners.values())


def reached(thing: object) -> Iterator[Array]:
    if isinstance(thing, np.ndarray):
        yield thing
    elif isinstance(thing, (dict, Carry, Memory)):
        for value in (thing if isinstance(thing, dict) else vars(thing)).values():
            yield from reached(value)
    elif isinstance(thing, (list, tuple)):
        for value in thing:
            yield from reached(value)


def owner(array: Array) -> Array:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def assert_predicted(net: Network, plan: Plan, x: dict[str, Array], target: Array, bits: bool = False) -> None:
    """The peak is what was planned: never more, at least 98 % of it."""
    most = [0]

    def watch(executor: Executor) -> None:
        most[0] = max(most[0], held(executor))

    executor = Executor(replace(net), net.initial, x, target, bits, watch)  # with fresh working memory
    executor.run(plan.actions())
    assert 0.98 * plan.peak <= most[0] <= plan.peak
    assert executor.forwards == plan.cost.forwards


@pytest.mark.parametrize("bits", [False, True])
@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("name", list(NETWORKS))
def test_the_bytes_held_are_those_planned(name: str, kind: str, bits: bool) -> None:
    net = network(NETWORKS[name], LOSS, block=4)
    for steps in (1, 8, 101):
        x, target = batch(steps, 5)
        plan = tight(footprint(net, steps, 5, bits, {"in": "uint8"}), kind)
        assert_predicted(net, plan, x, target, bits)


def test_spikes_take_a_bit_each() -> None:
    net = network(tasks.lif(), LOSS, block=8)
    plain, packed = (footprint(net, 80, 1, bits).tape for bits in (False, True))
    # 16 membranes in float32; spikes of hidden neurons and of the delay behind them
    assert plain == 8 * 16 * 4 + 2 * 8 * 16 * 4
    assert packed == 8 * 16 * 4 + 2 * 8 * 16 // 8


def test_a_sequence_in_blocks() -> None:
    assert blocks(7, 3) == (slice(0, 1), slice(1, 4), slice(4, 7))
    assert blocks(2, 16) == (slice(0, 2),)
    net = network(tasks.lif(), LOSS, block=4)
    x, _ = batch(30)
    expected = net.run(net.initial, {"in": x["in"].astype("float32")}).copy()
    np.testing.assert_array_equal(forward_blocks(net, net.initial, x), expected)


def long_task(samples: int = 12, steps: int = 150) -> tuple[Array, Array]:
    """The task over more steps."""
    x, labels = tasks.task(samples)
    return np.tile(x, (1, steps // x.shape[1], 1)), labels


@pytest.mark.parametrize("name", ["cuba_lif", "egru"])
def test_what_is_learned_does_not_depend_on_the_memory(name: str) -> None:
    data, known = long_task(), long_task(6)
    ways: list[dict[str, Any]] = [{}, {"memory": 200_000}, {"checkpoints": "double"}, {"packed": True}]
    done = [axonc.train(NETWORKS[name], data, validation=known, epochs=2, batch=5, **way) for way in ways]
    assert done[0].plan is None
    for way, other in zip(ways[1:], done[1:], strict=True):
        assert other.plan is not None
        assert to_bytes(other.graph) == to_bytes(done[0].graph), way
        assert other.history == done[0].history
    assert done[1].plan is not None
    assert done[1].plan.peak <= 200_000
    assert done[1].plan.factor > 1


def test_a_training_goes_on_with_another_memory(tmp_path: Path) -> None:
    graph, data, path = tasks.lif(), long_task(), tmp_path / "state.npz"
    expected = axonc.train(graph, data, epochs=2, batch=5)
    axonc.train(graph, data, epochs=2, batch=5, checkpoint=path)
    again = axonc.train(graph, data, epochs=2, batch=5, checkpoint=path, memory=200_000)
    assert to_bytes(again.graph) == to_bytes(expected.graph)
    with pytest.raises(ModelError, match="AX707"):
        axonc.train(graph, data, epochs=2, batch=5, checkpoint=path, block=5)


def test_too_little_memory_and_the_least_that_is_enough() -> None:
    graph, data = tasks.lif(), long_task()
    with pytest.raises(ModelError) as caught:
        axonc.train(graph, data, epochs=1, batch=5, memory=1000)
    (problem,) = caught.value.diagnostics
    assert problem.code == "AX820"
    need = int(problem.found.split("at least ")[1].split(" bytes")[0].replace(",", ""))
    assert f"give {need - 1000:,} bytes more" in problem.remedy
    assert axonc.train(graph, data, epochs=1, batch=5, memory=need).plan is not None
    with pytest.raises(ModelError, match="AX820"):
        axonc.train(graph, data, epochs=1, batch=5, memory=need - 1)


@pytest.mark.parametrize(("options", "code"), [
    ({"checkpoints": "triple"}, "AX822"), ({"block": 0}, "AX403"), ({"memory": -1}, "AX821"),
])  # fmt: skip
def test_options_that_cannot_be(options: dict[str, Any], code: str) -> None:
    with pytest.raises(ModelError, match=code):
        axonc.train(tasks.lif(), tasks.task(6), epochs=1, **options)


def test_values_that_are_not_finite_are_named_as_ever() -> None:
    graph = tasks.lif(loops=False)
    data = long_task()
    said = []
    for way in ({}, {"memory": 300_000}):
        with pytest.raises(ModelError, match="AX812") as caught:
            axonc.train(graph, data, epochs=2, batch=5, optimiser="sgd,rate=1e39", **way)  # type: ignore[arg-type]
        said.append(str(caught.value))
    assert said[0] == said[1]
