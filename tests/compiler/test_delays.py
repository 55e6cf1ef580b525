"""Which edges carry a delay: a rule of the graph's shape, whatever the names and the order of its nodes."""

from __future__ import annotations

from itertools import permutations

import models
import numpy as np
import pytest

import axonc
from axonc.ir import Graph
from axonc.ir.ops import Delay


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
