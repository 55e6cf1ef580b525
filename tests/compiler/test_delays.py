"""Which edges carry a delay: a rule of the graph's shape, whatever the names and the order of its nodes."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import models
import numpy as np
import pytest

import axonc
from axonc.compiler.driver.loading import discretise
from axonc.compiler.passes import ToPopulations
from axonc.ir import Graph, Kind, Node, Signal, verify
from axonc.ir.ops import LI, Axis, Conv, Delay, Input, Neuron, Output, TimeDelay


def delayed(graph: Graph) -> set[tuple[str, str]]:
    """The edges that carry a delay."""
    return {
        (graph[source].inputs[0], node.name)
        for node in graph
        for source in node.inputs
        if isinstance(graph[source].op, Delay)
    }


def loop(names: tuple[str, str, str, str]) -> Graph:
    """input -> fc -> a -> ab -> b -> ba -> a, with other names."""
    a, b, ab, ba = names
    nodes = {
        ba: models.linear(np.eye(2)),
        b: models.neuron("LIF", 2),
        "input": models.source(2),
        ab: models.linear(np.eye(2)),
        a: models.neuron("LIF", 2),
        "fc": models.linear(np.eye(2)),
        "output": models.sink(2),
    }
    return axonc.load(models.graph(nodes, f"input fc {a} {ab} {b} {ba} {a}", f"{b} output"), semantics="nir,dt=1e-3")


@pytest.mark.parametrize("names", list(permutations(["n1", "n2", "n3", "n4"])))
def test_a_loop_is_delayed_behind_each_stateful_node(names: tuple[str, str, str, str]) -> None:
    a, b, ab, ba = names
    assert delayed(loop(names)) == {(a, ab), (b, ba)}


def test_a_threshold_in_a_loop_adds_no_delay() -> None:
    nodes = {
        "input": models.source(1),
        "cell": models.neuron("LIF", 1),
        "gate": models.neuron("Threshold", 1, threshold=0.5),
        "back": models.linear([[1.0]]),
        "output": models.sink(1),
    }
    graph = axonc.load(models.graph(nodes, "input cell gate back cell output"), semantics="nir,dt=1e-3")
    assert delayed(graph) == {("cell", "gate")}


def test_forward_edges_are_delayed_if_the_semantics_say_so() -> None:
    model = models.single(models.neuron("LIF", 1))
    assert delayed(axonc.load(model, semantics="nir,dt=1e-3")) == set()
    assert delayed(axonc.load(model, semantics="nir,dt=1e-3,forward_delay=1")) == {("input", "fc")}


def test_a_self_loop_acts_one_step_later() -> None:
    nodes = {"input": models.source(1), "cell": models.neuron("IF", 1, v_threshold=0.5), "output": models.sink(1)}
    graph = axonc.load(models.graph(nodes, "input cell cell output"), semantics="nir")
    x = np.array([[0], [1], [0], [0]])
    assert axonc.interpret(graph, x).outputs["output"].ravel().tolist() == [0, 1, 1, 1]


def test_flattening_before_an_output_costs_no_step() -> None:
    nodes = {
        "input": models.source(2),
        "fc": models.linear([[2.0, 0.0], [0.0, 2.0]]),
        "cell": models.neuron("IF", 2),
        "flat": models.flat(2),
        "shown": models.sink(2),
        "direct": models.sink(2),
    }
    model = models.graph(nodes, "input fc cell flat shown", "cell direct")
    result = axonc.interpret(axonc.load(model, "spinnaker2", 1e-3), models.events((8, 2)))
    assert result.outputs["direct"].any()
    assert np.array_equal(result.outputs["shown"], result.outputs["direct"])


def pictures(**options: float) -> Graph:
    """in -> conv -> a -> pool, conv -> b -> conv -> a, and an output of what b sends pooled."""
    net = Graph.builder()
    net.input("in", (2, 4, 4))
    net.population("a", "if", (3, 4, 4))
    net.population("b", "if", (2, 2, 2))
    net.conv("in", "a", np.ones((3, 2, 3, 3)), padding=1, name="entry")
    net.conv("a", "b", np.ones((2, 3, 1, 1)), pool=2, name="down", **options)
    net.conv("b", "a", np.ones((3, 2, 1, 1)), stride=1, padding=((1, 1), (1, 1)), name="up")
    net.output("y", "b")
    return net.graph()


def test_maps_of_images_carry_no_delay_of_their_own() -> None:
    graph = axonc.load(pictures(), "nir,dt=1e-3")
    assert delayed(graph) == {("a", "a.pool2x2"), ("b", "up")}
    forward = axonc.load(pictures(), "nir,dt=1e-3,forward_delay=1")
    assert delayed(forward) == {("in", "entry"), ("a", "a.pool2x2"), ("b", "up")}
    target = axonc.load(pictures(), "nir,dt=1e-3,feedback=target")
    assert delayed(target) == {("down", "b"), ("up", "a")}


@pytest.mark.parametrize("semantics", ["nir", "spinnaker2", "nir,feedback=target", "spyx"])
def test_delays_between_images_end_up_beside_their_source(semantics: str) -> None:
    """Wherever the semantics put them, the folded graph means the same, and no pool is late."""
    graph = axonc.load(pictures(delay=2e-3), f"{semantics},dt=1e-3")
    after, _ = ToPopulations().run(graph)
    assert verify(after) == []
    for node in after:
        if isinstance(node.op, Delay):
            assert isinstance(after[node.inputs[0]].op, (Input, Neuron))
    x = np.random.default_rng(0).integers(0, 2, (20, 2, 4, 4)) * (np.arange(20) % 3 == 0)[:, None, None, None]
    names = ["a", "b"]
    before, now = (axonc.interpret(each, x, names, "float64").recorded for each in (graph, after))
    for name in names:
        assert np.array_equal(before[name], now[name])
    assert before["b"].sum() > 3


def test_delays_of_single_places_become_masks() -> None:
    """Each place of an image late by its own time: one matrix a number of steps, the kernel where all are alike."""
    times = np.random.default_rng(0).integers(0, 3, (1, 4, 5))
    conv = Conv(np.random.default_rng(1).normal(0, 1, (2, 1, 3, 3)), None, (Axis(3, 1, 1, 1),) * 2)
    nodes = (
        Node("in", Input(Signal((1, 4, 5), Kind.EVENT))),
        Node("late", TimeDelay(times * 1e-3), ("in",)),
        Node("conv", conv, ("late",)),
        Node("cell", LI(*(np.full((2, 4, 5), value) for value in (5e-3, 1.0, 0.0))), ("conv",)),
        Node("y", Output(), ("cell",)),
    )
    graph = discretise(Graph("g", nodes), "nir", 1e-3)
    after, _ = ToPopulations().run(graph)
    x = np.random.default_rng(2).integers(0, 2, (9, 1, 4, 5))
    before, now = (axonc.interpret(each, x, (), "float64").outputs["y"] for each in (graph, after))
    assert np.allclose(before, now, rtol=0, atol=1e-12)
    shifted = np.zeros_like(x)
    for place in np.ndindex(1, 4, 5):
        late = int(times[place])
        shifted[late:, *place] = x[: 9 - late, *place]
    straight = discretise(Graph("g", (nodes[0], replace(nodes[2], inputs=("in",)), *nodes[3:])), "nir", 1e-3)
    assert np.allclose(before, axonc.interpret(straight, shifted, (), "float64").outputs["y"], rtol=0, atol=1e-12)
    assert sorted(type(node.op).__name__ for node in after if node.inputs and node.name in after["cell"].inputs) == (
        ["Linear"] * 3
    )
