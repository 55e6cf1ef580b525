"""What training computes over whole sequences equals the interpreter of the same graphs, to rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import strategies
import tasks
from float_graphs import graphs
from hypothesis import given
from relaxed import gradients

import axonc
from axonc import Graph
from axonc.compiler.differentiate import KINDS, differentiate
from axonc.compiler.training import CrossEntropy, FakeQuantisation, network
from axonc.compiler.training.held import Grid
from axonc.compiler.training.sequence import Sequence
from axonc.ir import Node, Signal
from axonc.ir.ops import Input, Output, SuperSpike

Array = np.ndarray[Any, Any]


def compare(graph: Graph, x: dict[str, Array], attached: bool = False) -> None:
    """Outputs, what is kept, and all gradients, in float64."""
    rng = np.random.default_rng(1)
    backward = differentiate(graph, KINDS, surrogate=SuperSpike(3.0), attached=attached, inputs=True)
    batch, steps = next(iter(x.values())).shape[:2]
    seeds = {node.name: rng.normal(0, 1, (batch, steps, *graph.signals[node.name].shape)) for node in graph.outputs}
    ours, into = gradients(graph, backward, x, seeds)
    tape = tuple(backward.tape.values())
    first = {name: np.ascontiguousarray(array.swapaxes(0, 1), float) for name, array in x.items()}
    values = Sequence(graph, tape).run({node.name: node.op for node in graph}, first, "float64")
    interpreted = axonc.interpret(graph, x, tape, "float64")
    for name in (*tape, *interpreted.outputs):
        np.testing.assert_allclose(values[name].swapaxes(0, 1), interpreted[name], rtol=1e-9, atol=1e-9)
    data = {name: values[reference] for name, reference in backward.tape.items()}
    data.update({name: seeds[output].swapaxes(0, 1) for output, name in backward.seeds.items()})
    done = Sequence(backward.graph, backwards=True).run(
        backward.ops({node.name: node.op for node in graph}), data, "float64"
    )
    for name, parameter in backward.gradients.items():
        np.testing.assert_allclose(done[name], ours[parameter], rtol=1e-9, atol=1e-9, err_msg=str(parameter))
    for name, source in backward.inputs.items():
        np.testing.assert_allclose(done[name].swapaxes(0, 1), into[source], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("attached", [False, True])
@pytest.mark.parametrize(
    "graph",
    [tasks.lif(), tasks.lif("cuba_lif"), tasks.lif(loops=False, reset="zero"), tasks.lif(reset="none"), tasks.egru()],
    ids=["lif", "cuba_lif", "value", "none", "egru"],
)
def test_networks(graph: Graph, attached: bool) -> None:
    compare(graph, {"in": tasks.task(5)[0]}, attached)


@pytest.mark.parametrize("graph", [tasks.gated("gru"), tasks.gated("lstm"), tasks.gru_before()], ids=lambda g: g.name)
def test_gated_cells(graph: Graph) -> None:
    compare(graph, {"in": tasks.task(5)[0]})


@pytest.mark.parametrize("sparsity", [0.7, 0.98], ids=["multiplied densely", "multiplied sparsely"])
def test_sparse_networks(sparsity: float) -> None:
    compare(axonc.prune(tasks.egru(16), sparsity), {"in": tasks.task(5)[0]})


def test_images() -> None:
    x = (np.random.default_rng(2).random((3, 8, 2, 4, 4)) < 0.4).astype(np.uint8)
    compare(tasks.images(), {"in": x})


@strategies.examples(15)
@given(case=graphs())
def test_random_graphs(case: tuple[Graph, Any, np.random.Generator]) -> None:
    graph, _, rng = case
    compare(graph, {node.name: rng.normal(0, 1, (2, 6, *graph.signals[node.name].shape)) for node in graph.inputs})


def test_float32_events_are_the_interpreters() -> None:
    """The neuron's own arithmetic is the canonical one; only sums of several terms run in another order."""
    graph = Graph(
        "g",
        (
            Node("in", Input(Signal((3,)))),
            Node("cell", tasks.lif(hidden=3)["hidden"].op, ("in",)),
            Node("out", Output(), ("cell",)),
        ),
        "steps",
    )
    x = np.random.default_rng(0).normal(0.3, 1, (4, 50, 3)).astype(np.float32)
    ours = Sequence(graph, ("cell:v",)).run({n.name: n.op for n in graph}, {"in": x.swapaxes(0, 1)})
    theirs = axonc.interpret(graph, x, ["cell:v"])
    np.testing.assert_array_equal(ours["out"].swapaxes(0, 1), theirs["out"])
    np.testing.assert_array_equal(ours["cell:v"].swapaxes(0, 1), theirs["cell:v"])


def test_states_on_a_grid() -> None:
    graph, (x, _) = tasks.lif(), tasks.task(4)
    net = network(graph, CrossEntropy(), quantisation=FakeQuantisation(state="q8", reach=4.0))
    grids = net.quantisation.grids(graph)
    assert grids["hidden"] == Grid(4 / 127, 127)
    data = {"in": np.ascontiguousarray(x.swapaxes(0, 1), "float32")}
    values = Sequence(graph, ("hidden:m",)).run({n.name: n.op for n in graph}, data, "float32", grids)
    units = values["hidden:m"] / (4 / 127)
    np.testing.assert_allclose(units, np.rint(units), atol=1e-4)
    assert np.abs(units).max() <= 127.01
    assert len(np.unique(np.rint(units))) > 5
