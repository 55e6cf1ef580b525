"""Graphs of the nir package in memory: the same as their files, whatever their fields hold."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import models
import nir
import numpy as np
import pytest
import strategies
from hypothesis import given

from axonc import Graph, ModelError
from axonc.compiler.frontends import import_nir, read_nir
from axonc.ir.ops import LIF, Conv, Linear, arrays


class Tensor:
    """What a tensor of a deep-learning library looks like from outside; ``bare`` ones have no ``__array__``."""

    def __init__(self, values: Any, grad: bool = False) -> None:
        self.values, self.grad = np.asarray(values), grad

    def detach(self) -> Tensor:
        return Tensor(self.values)

    def cpu(self) -> Tensor:
        return self

    def numpy(self) -> Any:
        assert not self.grad, "call detach first"
        return self.values

    @property
    def shape(self) -> Any:
        return self.values.shape


class Arrayed(Tensor):
    """A tensor with ``__array__``."""

    def detach(self) -> Tensor:
        return Arrayed(self.values)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.asarray(self.numpy(), dtype)


def described(graph: Graph) -> list[Any]:
    """Everything that a graph says but its properties."""
    return [
        (n.name, n.inputs, n.origin, str(graph.signals[n.name]), [(k, a.tolist()) for k, a in arrays(n.op)])
        for n in graph
    ]


def with_fields(node: Any, **fields: Any) -> Any:
    """The node, its fields set unchecked."""
    for name, value in fields.items():
        setattr(node, name, value)
    return node


@strategies.examples(20)
@given(model=strategies.graphs())
def test_a_graph_and_its_file_are_the_same(tmp_path_factory: pytest.TempPathFactory, model: nir.NIRGraph) -> None:
    path = tmp_path_factory.mktemp("m") / "m.nir"
    nir.write(str(path), model)
    assert described(import_nir(model)) == described(read_nir(path))


@pytest.mark.parametrize("made", [list, Tensor, Arrayed, lambda v: Arrayed(v, grad=True), tuple])
def test_fields_may_be_lists_or_tensors(made: Any) -> None:
    cell = with_fields(models.neuron("LIF", 2), tau=made([0.01, 0.02]), r=1.0, v_leak=np.float32(0))
    fc = with_fields(models.linear(np.ones((2, 2))), weight=made([[1.0, 2.0], [3.0, 4.0]]))
    nodes = {"input": models.source(2), "fc": fc, "cell": cell, "output": models.sink(2)}
    graph = import_nir(models.graph(nodes, "input fc cell output"))
    op, weights = graph["cell"].op, graph["fc"].op
    assert isinstance(op, LIF)
    assert isinstance(weights, Linear)
    assert (op.tau.tolist(), op.r.tolist()) == ([0.01, 0.02], [1.0, 1.0])
    assert weights.weight.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert graph.properties["repairs"] == "AX113 cell: r, v_leak of shape (); spread to (2,)"


@pytest.mark.parametrize("value", ["text", object(), [[1.0], [2.0, 3.0]], {"a": 1}, [None], b"bytes", np.array(["x"])])
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(ModelError, match="AX103 cell: tau holds"):
        import_nir(models.single(with_fields(models.neuron("LIF", 1), tau=value)))


def test_shapes_may_be_none() -> None:
    conv = nir.Conv2d(None, np.ones((3, 2, 3, 3)), 1, 0, 1, 1, None)
    nodes = {
        "input": nir.Input({"input": None}),
        "fc": models.linear(np.ones((50, 4))),
        "flat": nir.Flatten({"input": None}, 0, -1),
        "output": nir.Output({"output": None}),
    }
    graph = import_nir(models.graph(nodes, "input fc flat output"))
    assert graph.signals["output"].shape == (50,)
    nodes = {"input": models.source(2, 5, 6), "conv": conv, "output": nir.Output({"output": None})}
    graph = import_nir(models.graph(nodes, "input conv output"))
    assert graph.signals["conv"].shape == (3, 3, 4)
    op = graph["conv"].op
    assert isinstance(op, Conv)
    assert op.bias is None


def test_a_graph_does_not_change_with_the_model() -> None:
    model = models.single(models.neuron("LIF", 1), [[2.0]])
    graph = import_nir(model)
    model.nodes["fc"].weight[:] = 7.0
    assert dict(arrays(graph["fc"].op))["weight"].tolist() == [[2.0]]


def test_a_graph_that_contains_itself_is_refused() -> None:
    model = models.single(models.neuron("LIF", 1))
    model.nodes["again"] = model
    with pytest.raises(ModelError, match="AX105"):
        import_nir(model)


def test_deep_nesting_is_refused() -> None:
    model = models.single(models.neuron("LIF", 1))
    for _ in range(5000):
        model = models.graph({"input": models.source(1), "net": model, "output": models.sink(1)}, "input net output")
    with pytest.raises(ModelError, match="AX105"):
        import_nir(model)


@pytest.mark.parametrize("model", [None, 7, models.neuron("LIF", 1), object()])
def test_what_is_no_graph_is_refused(model: Any) -> None:
    with pytest.raises(ModelError, match="AX101"):
        import_nir(model)


@pytest.mark.parametrize("edges", [None, [("a",)], [1], "abc", [("input", "cell", "x")]])
def test_edges_that_are_none_are_refused(edges: Any) -> None:
    model = models.single(models.neuron("LIF", 1))
    model.edges = edges
    with pytest.raises(ModelError, match="AX104"):
        import_nir(model)


def test_a_node_of_an_unknown_class_is_refused() -> None:
    model = models.single(models.neuron("LIF", 1))
    model.nodes["cell"] = object()
    with pytest.raises(ModelError, match="AX102 cell: the node type 'object'"):
        import_nir(model)


def test_an_identity_passes_on() -> None:
    from nir.ir.graph import Identity

    nodes = {"input": models.source(2), "same": Identity({}), "cell": models.neuron("LIF", 2), "output": models.sink(2)}
    graph = import_nir(models.graph(nodes, "input same cell output"))
    assert [(node.name, node.inputs) for node in graph] == [("input", ()), ("cell", ("input",)), ("output", ("cell",))]


def test_a_loop_from_a_neuron_to_itself_is_legal() -> None:
    nodes = {"input": models.source(2), "cell": models.neuron("LIF", 2), "output": models.sink(2)}
    assert import_nir(models.graph(nodes, "input cell cell output"))["cell"].inputs == ("input", "cell")


def test_several_affines_into_one_neuron_all_count() -> None:
    nodes: dict[str, Any] = {"input": models.source(2), "cell": models.neuron("LIF", 2), "output": models.sink(2)}
    names = ["a", "b", "c"]
    nodes |= {name: models.affine(np.eye(2), np.ones(2)) for name in names}
    graph = import_nir(models.graph(nodes, *(f"input {name} cell" for name in names), "cell output"))
    assert sorted(graph["cell"].inputs) == names


def test_metadata_of_any_kind_is_kept_as_text(tmp_path: Path) -> None:
    model = models.single(models.neuron("LIF", 1))
    model.metadata = {
        "author": "me",
        "ok": True,
        "few": np.arange(3),
        "many": np.zeros(1000),
        "deep": {"a": {"b": 1.5}},
    }
    model.nodes["cell"].metadata = {"layer": "lif"}
    shown = import_nir(model).properties["nir_metadata"]
    assert shown == (
        '{"": {"author": "me", "ok": true, "few": [0, 1, 2], "many": "ndarray (1000,)", "deep": {"a": {"b": 1.5}}}, '
        '"cell": {"layer": "lif"}}'
    )
    nir.write(str(tmp_path / "m.nir"), model)
    assert '"author": "me"' in read_nir(tmp_path / "m.nir").properties["nir_metadata"]
    model.metadata = {"text": "\n\x1b" * 10000, "odd": object(), "nan": float("nan"), "none": None}
    shown = import_nir(model).properties["nir_metadata"]
    assert len(shown) < 500
    assert shown.isprintable()


def test_a_long_chain_does_not_exhaust_the_stack() -> None:
    names = [f"n{index}" for index in range(3000)]
    nodes = {name: models.neuron("LIF", 1) for name in names}
    model = nir.NIRGraph({**nodes}, list(pairwise(names)), type_check=False)
    assert len(import_nir(model).nodes) == 3002
