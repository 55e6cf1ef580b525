"""Folding a graph into populations changes no result, and nothing but populations and weights is left."""

from __future__ import annotations

import models
import nir
import numpy as np
import strategies
from hypothesis import given

import axonc
from axonc.compiler.passes import ToPopulations
from axonc.ir import Graph, verify
from axonc.ir.ops import Delay, Flatten, Input, Linear, Neuron, Output


def folded(graph: Graph) -> Graph:
    """The graph after the pass."""
    after, _ = ToPopulations().run(graph)
    assert verify(after) == []
    return after


def voltages(graph: Graph) -> list[str]:
    """The voltages of all neurons."""
    return [f"{node.name}:v" for node in graph if isinstance(node.op, Neuron)]


@strategies.examples(80)
@given(case=strategies.cases("q32"))
def test_the_folded_graph_means_the_same(case: strategies.Case) -> None:
    graph = axonc.load(case.model, semantics=case.semantics, inputs=case.inputs)
    after = folded(graph)
    names = voltages(graph)
    before = axonc.interpret(graph, case.data, names, "float64")
    now = axonc.interpret(after, case.data, names, "float64")
    for name in names:
        scale = max(1.0, float(np.abs(before.recorded[name]).max(initial=0)))
        assert np.allclose(now.recorded[name], before.recorded[name], rtol=0, atol=1e-9 * scale), name
    for name, trace in before.outputs.items():
        assert now.outputs[name].shape == trace.shape


@strategies.examples(40)
@given(case=strategies.cases("q32"))
def test_only_populations_and_single_weights_are_left(case: strategies.Case) -> None:
    after = folded(axonc.load(case.model, semantics=case.semantics, inputs=case.inputs))
    for node in after:
        assert isinstance(node.op, (Input, Output, Neuron, Linear, Delay, Flatten))
        if isinstance(node.op, Linear):
            assert node.op.bias is None
            assert len(node.inputs) == 1
            assert isinstance(after[node.inputs[0]].op, (Input, Neuron, Delay))
        if isinstance(node.op, Neuron):
            assert all(isinstance(after[name].op, Linear) for name in node.inputs)


def test_parallel_weights_are_added_and_chains_multiplied() -> None:
    nodes = {
        "input": models.source(2),
        "a": models.affine([[1, 2]], [1]),
        "b": models.linear([[10, 20]]),
        "twice": nir.Scale(scale=np.array([2.0])),
        "cell": models.neuron("LI", 1, tau=1.0),
        "output": models.sink(1),
    }
    graph = models.graph(nodes, "input a twice cell output", "input b cell")
    after = folded(axonc.load(graph, semantics="nir,dt=0.5"))
    (linear,) = (node for node in after if isinstance(node.op, Linear))
    assert np.asarray(
        linear.op.weight.toarray() if hasattr(linear.op.weight, "toarray") else linear.op.weight
    ).tolist() == [[12.0, 24.0]]
    membrane = after["cell"].op.membrane
    assert float(membrane.offset[0]) == 2.0 * 0.5  # the bias behind the scale, times the gain h


def test_an_output_of_weights_gets_a_readout() -> None:
    nodes = {"input": models.source(2), "fc": models.affine([[1, 2]], [3]), "output": models.sink(1)}
    after = folded(axonc.load(models.graph(nodes, "input fc output"), semantics="nir"))
    result = axonc.interpret(after, np.array([[0, 0], [1, 0], [1, 1]]))
    assert result.outputs["output"].tolist() == [[3.0], [4.0], [6.0]]


def test_populations_of_several_axes_keep_their_shape() -> None:
    node = nir.IF(r=np.ones((2, 3)), v_threshold=np.full((2, 3), 0.5), v_reset=np.zeros((2, 3)))
    model = models.graph({"input": models.source(2, 3), "cell": node, "output": models.sink(2, 3)}, "input cell output")
    after = folded(axonc.load(model, semantics="nir"))
    x = models.events((4, 2, 3))
    assert np.array_equal(axonc.interpret(after, x).outputs["output"], x)
