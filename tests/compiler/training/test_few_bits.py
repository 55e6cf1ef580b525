"""Training for few bits: it rounds as the compiler does, so that what is learned is what is compiled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tasks

import axonc
from axonc import Graph, ModelError
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import prepare
from axonc.compiler.driver.quantisation import parse_quantisation
from axonc.compiler.driver.rounding import fake_quantisation
from axonc.compiler.number_formats import FormatChoice
from axonc.compiler.passes import run_pipeline
from axonc.compiler.passes.prune import Prune
from axonc.compiler.passes.quantize import LEVELS
from axonc.compiler.training import CrossEntropy, FakeQuantisation, network
from axonc.compiler.training.held import Levels
from axonc.ir.levels import nearest_level, state_levels
from axonc.ir.ops import Conv, Linear, QuantConv, QuantLinear, is_sparse
from axonc.ir.precision import precision

Array = np.ndarray[Any, Any]
GRAPHS = {
    "recurrent": tasks.lif(),
    "cuba": tasks.lif("cuba_lif", loops=False),
    "images": tasks.images(),
    "sparse": run_pipeline(tasks.lif(), [Prune(0.8)])[-1][1],
    "egru": tasks.egru(),
}
HOW = [
    ("int8", ""),
    ("int4", "scope=channel"),
    ("int4", "scales=mse"),
    ("int2", "scales=mse"),
    ("ternary", ""),
    ("ternary", "scope=channel"),
    ("int8", "power_of_two=true,rounding=truncate"),
]


def rounded(graph: Graph, weights: str, quantize: str) -> Graph:
    """The graph as the forward run of a training sees it."""
    how = fake_quantisation(graph, weights, None, quantize or None)
    net = network(graph, CrossEntropy(), quantisation=how)
    return net.with_values(net.initial)


def compiled(graph: Graph, weights: str, quantize: str, state: str = "q16") -> Graph:
    options = Options(weights, state, quantize=parse_quantisation(quantize or None))
    return prepare(graph, "reference", options)[0]


def dense(weight: Any) -> Array:
    return np.asarray(weight.toarray() if is_sparse(weight) else weight)


@pytest.mark.parametrize("name", list(GRAPHS))
@pytest.mark.parametrize(("weights", "quantize"), HOW)
def test_training_rounds_to_the_compilers_integers(name: str, weights: str, quantize: str) -> None:
    """Those of the rounded graph are those of the exact one, and nothing more is lost."""
    graph = GRAPHS[name]
    seen = rounded(graph, weights, quantize)
    first, again = compiled(graph, weights, quantize), compiled(seen, weights, quantize)
    for node in first:
        if isinstance(node.op, (QuantLinear, QuantConv)):
            other = again[node.name].op
            assert isinstance(other, type(node.op))
            np.testing.assert_array_equal(dense(node.op.weight), dense(other.weight))
            assert precision(again)["weights"][node.name]["sqnr_db"] is None, "exact"
    for node in seen:
        if isinstance(node.op, (Linear, Conv)):
            before = graph[node.name].op
            assert isinstance(before, (Linear, Conv))
            assert before.weight.shape == node.op.weight.shape
            assert before.weight.dtype == node.op.weight.dtype


def test_trained_integers_compile_exactly_and_do_as_well() -> None:
    data, unseen = tasks.task(256), tasks.task(128, 1)
    done = axonc.train(tasks.lif(), data, weights="int4", optimiser="adam,rate=1e-2", epochs=12, batch=32)
    program = axonc.compile(done.graph, target="reference", weights="int4", state="q16")
    assert {said["sqnr_db"] for said in precision(program.graph)["weights"].values()} == {None}
    assert max(abs(node.op.weight).max() for node in program.graph if isinstance(node.op, QuantLinear)) == 7
    guess = program.run(unseen[0]).value("out").mean(axis=1).argmax(axis=1)
    assert np.mean(guess == unseen[1]) > 0.8
    assert done.graph.properties["trained"] == "12 epochs, cross_entropy, adam, seed 0, weights int4"


@pytest.mark.parametrize("state", ["uniform2", "uniform4", "centred3", "centred8"])
@pytest.mark.parametrize("reset", ["subtract", "zero"])
def test_levels_in_training_are_those_of_the_reference(state: str, reset: str) -> None:
    """Bit for bit, where all sums are exact in float32."""
    graph, (x, _) = tasks.lif(reset=reset), tasks.task(6)
    steps = {n.name: np.rint(32 * n.op.weight) / 32 for n in graph if isinstance(n.op, Linear)}
    whole = graph.with_nodes(
        replace(n, op=replace(n.op, weight=steps[n.name], bias=None)) if isinstance(n.op, Linear) else n for n in graph
    )
    net = network(whole, CrossEntropy(), quantisation=FakeQuantisation("int8", state))
    mine = net.taped.run(net.ops(net.initial), {"in": x.swapaxes(0, 1).astype(np.float32)}, "float32", net.grids)
    program = axonc.compile(whole, target="reference", weights="int8", state=state)
    theirs = program.run(x, record=["hidden", "hidden:m"])
    np.testing.assert_array_equal(mine["hidden:m"].swapaxes(0, 1), theirs.recorded["hidden:m"])
    np.testing.assert_array_equal(mine["hidden"].swapaxes(0, 1), theirs.recorded["hidden"])
    assert len(np.unique(mine["hidden:m"])) <= 1 << int(state[-1])


@pytest.mark.parametrize("state", ["uniform4", "centred4", "q8"])
def test_it_learns_with_few_states(state: str) -> None:
    data = tasks.task(128)
    done = axonc.train(tasks.lif(), data, weights="int8", state=state, epochs=8, optimiser="adam,rate=1e-2")
    assert done.history[-1].loss < 0.7 * done.history[0].loss


def test_single_nodes_have_formats_of_their_own() -> None:
    graph = tasks.lif(loops=False)
    done = axonc.train(
        graph, tasks.task(32), weights={"*": "int8", "o": "int2"}, state={"hidden": "centred2"}, epochs=2
    )
    assert len(np.unique(done.graph["o"].op.weight)) <= 3  # type: ignore[attr-defined]
    assert len(np.unique(done.graph["w"].op.weight)) > 50  # type: ignore[attr-defined]
    assert done.graph.properties["trained"].endswith("weights int8, o:weights=int2, hidden:state=centred2")
    exact = axonc.train(graph, tasks.task(32), weights={"o": "ternary"}, epochs=1).graph
    assert len(np.unique(exact["w"].op.weight)) == exact["w"].op.weight.size  # type: ignore[attr-defined]


def test_weights_that_are_not_trained_are_rounded_too() -> None:
    done = axonc.train(tasks.lif(), tasks.task(32), weights="int2", nodes=["o"], epochs=1).graph
    assert len(np.unique(done["w"].op.weight)) <= 3  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"weights": "int5"}, "AX403"),
        ({"state": "q40"}, "AX403"),
        ({"weights": {"nothing": "int4"}}, "AX410"),
        ({"weights": ["int8", "int4"]}, "AX407"),
        ({"weights": {"w": "int4", "r": "int8"}}, "AX406"),
        ({"weights": "ternary", "quantize": "scales=mse"}, "AX407"),
        ({"weights": "int8", "quantize": "ranges=data"}, "AX407"),
        ({"weights": "int8", "quantize": "scale=mse"}, "AX403"),
    ],
)
def test_what_cannot_be_rounded_to(options: dict[str, Any], code: str) -> None:
    with pytest.raises(ModelError) as caught:
        axonc.train(tasks.lif(), tasks.task(8), epochs=1, **options)
    assert {problem.code for problem in caught.value.diagnostics} == {code}


def test_levels_need_a_threshold() -> None:
    graph = tasks.lif()
    op: Any = graph["hidden"].op
    uneven = replace(op, gate=replace(op.gate, threshold=np.linspace(0.5, 1, 16)))
    graph = graph.with_nodes(replace(n, op=uneven) if n.name == "hidden" else n for n in graph)
    with pytest.raises(ModelError, match="AX402 hidden"):
        axonc.train(graph, tasks.task(8), epochs=1, weights="int8", state="centred4")
    axonc.train(graph, tasks.task(8), epochs=1, weights="int8", state={"*": "centred4", "hidden": "q16"})


def test_its_text_says_what_is_rounded() -> None:
    how = FakeQuantisation("int4", "q8", (FormatChoice("o", "weights", "int2"),))
    assert str(how) == "weights int4, state q8, o:weights=int2"
    assert str(FakeQuantisation()) == ""


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", list(LEVELS))
@pytest.mark.parametrize("threshold", [1.0, 0.3, 1e-3])
def test_levels_are_found_by_their_bounds(name: str, dtype: str, threshold: float) -> None:
    """As the reference finds them, on both sides of every bound, on the levels, and away from them."""
    levels = state_levels(*LEVELS[name], threshold)
    held = Levels(levels)
    near = [bound := held.bounds(np.dtype(dtype)), levels.astype(dtype)]
    for end in (np.inf, -np.inf):
        step = np.nextafter(bound, np.asarray(end, dtype))
        near += [step, np.nextafter(step, np.asarray(end, dtype))]
    spread = np.random.default_rng(0).normal(0, 2 * threshold, 500).astype(dtype)
    v = np.concatenate([*near, spread, np.array([-100.0, 100.0, 0.0], dtype)])
    wanted = nearest_level(levels.astype(dtype), v)
    held.put(v)
    np.testing.assert_array_equal(v, wanted)
