"""import -> export -> import keeps the meaning exactly, at every stage; the `nir` package reads what is written."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import core_images
import models
import nir
import numpy as np
import pytest
import strategies
from graphs import differences
from hypothesis import given
from hypothesis import strategies as st
from recorded import files
from scipy import sparse

import axonc
from axonc import Graph, ModelError
from axonc.compiler.driver.loading import load, read_model
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import stages
from axonc.compiler.exports import export_nir
from axonc.compiler.frontends import import_nir, read_nir
from axonc.ir import Fixed, Kind, Node, Signal
from axonc.ir.ops import Axis, Conv, Delay, Flatten, Input, Linear, Output, Pool, Scale


def exported(graph: Graph) -> nir.NIRGraph:
    """What the `nir` package reads of an export, which is the same twice."""
    content = export_nir(graph).content
    assert content == export_nir(graph).content
    return nir.read(io.BytesIO(content), type_check=False)


def assert_survives(graph: Graph) -> nir.NIRGraph:
    """The graph comes back, read by the `nir` package and written again by it, too."""
    model = exported(graph)
    assert differences(graph, import_nir(model)) == []
    again = io.BytesIO()
    nir.write(again, model)
    assert differences(graph, import_nir(nir.read(again, type_check=False))) == []
    return model


def all_stages(model: nir.NIRGraph, semantics: str, inputs: str, state: str) -> Iterator[Graph]:
    """The graph as imported and after every pass."""
    yield read_model(model, inputs)
    stepped = load(model, semantics, inputs=inputs)
    yield stepped
    yield from (graph for _, graph in stages(stepped, "spinnaker2", Options(state=state)))


@strategies.examples(12)
@given(st.data())
def test_random_graphs_survive_at_every_stage(data: st.DataObject) -> None:
    state = data.draw(st.sampled_from(["q16", "q32", "float32"]))
    case = data.draw(strategies.cases(state))
    for graph in all_stages(case.model, case.semantics, case.inputs, state):
        back = import_nir(assert_survives(graph))
    ours, theirs = (axonc.interpret(g, case.data) for g in (graph, back))
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours.names)


@strategies.examples(15)
@given(core_images.models())
def test_quantised_images_survive(model: core_images.Model) -> None:
    if not model.values:
        assert_survives(model.graph)
        return
    with pytest.raises(ModelError) as caught:  # NIR has no rounding of inputs
        export_nir(model.graph)
    assert [(found.code, found.node) for found in caught.value.diagnostics] == [("AX714", "rounded")]


FOLDERS = ("history", "malformed", "paper/01_lif", "paper/02_cnn", "paper/03_rnn")


@pytest.mark.parametrize("path", files(*FOLDERS), ids=lambda path: path.name)
def test_recorded_models_survive(path: Path) -> None:
    try:
        graph = read_nir(path)
    except ModelError:
        pytest.skip("not readable")
    assert_survives(graph)


@pytest.mark.parametrize("kind", sorted(models.FIELDS))
@pytest.mark.parametrize("semantics", ["nir", "sinabs", "rockpool", "norse", "spyx", "exact", "lava,state=q32"])
def test_every_neuron_survives(kind: str, semantics: str) -> None:
    if semantics == "exact" and kind.startswith("Cuba"):
        pytest.skip("not defined")
    model = models.single(models.neuron(kind, 2), np.ones((2, 3)), np.ones(2))
    assert_survives(read_model(model))
    assert_survives(load(model, semantics, 1e-3))


def test_loihi_survives() -> None:
    stepped = load(models.recurrent(), "lava", 1e-3)
    for _, graph in stages(stepped, "spinnaker2", Options()):
        assert_survives(graph)


def image_graph(*ops: Any, shape: tuple[int, ...] = (2, 7, 5)) -> Graph:
    """A chain of ops over an image, at stage ``steps``."""
    nodes = [Node("in", Input(Signal(shape, Kind.EVENT)))]
    for index, op in enumerate(ops):
        nodes.append(Node(f"op{index}", op, (nodes[-1].name,)))
    return Graph("images", (*nodes, Node("out", Output(), (nodes[-1].name,))), "steps", 1e-3)


def windows(*axes: tuple[int, ...]) -> tuple[Any, ...]:
    return tuple(Axis(*axis) for axis in axes)


RNG = np.random.default_rng(0)
WINDOWS = {
    "square": windows((3, 1, 1, 1, 1), (3, 1, 1, 1, 1)),
    "oblong": windows((3, 2, 0, 0, 1), (2, 1, 1, 1, 1)),
    "more behind": windows((2, 1, 0, 1, 1), (4, 1, 1, 2, 1)),
    "more before": windows((2, 1, 2, 0, 1), (3, 2, 2, 1, 1)),
    "apart": windows((2, 1, 0, 1, 2), (2, 1, 3, 0, 3)),
    "apart by parts": windows((2, 1, 0, 2, 2), (2, 2, 4, 0, 2)),
}


@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("groups", [1, 2])
def test_convolutions_mean_the_same_without_metadata(name: str, groups: int) -> None:
    axes = WINDOWS[name]
    weight = RNG.normal(0, 1, (4, 2 // groups, *(axis.kernel for axis in axes)))
    same_without_metadata(image_graph(Conv(weight, RNG.normal(0, 1, 4), axes, groups)))


@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("average", [False, True])
def test_pools_mean_the_same_without_metadata(name: str, average: bool) -> None:
    same_without_metadata(image_graph(Pool(WINDOWS[name], average)))


def test_one_axis_means_the_same_without_metadata() -> None:
    axes = windows((2, 1, 0, 1, 1))
    graph = image_graph(Conv(RNG.normal(0, 1, (3, 2, 2)), None, axes), Pool(axes, True), Pool(axes), shape=(2, 6))
    same_without_metadata(graph)


def test_matrices_of_images_mean_the_same_without_metadata() -> None:
    takes = Linear(RNG.normal(0, 1, (3, 70)), RNG.normal(0, 1, 3), (2, 7, 5))
    same_without_metadata(image_graph(Scale(RNG.normal(0, 1, (2, 7, 5))), takes))
    same_without_metadata(image_graph(Flatten(1, 2), Flatten(0, -1)))


def same_without_metadata(graph: Graph) -> None:
    """A reader that knows nothing of axonc's metadata computes the same."""
    model = assert_survives(graph)
    x = models.events((3, *graph.signals["in"].shape))
    ours = axonc.interpret(graph, x, precision="float64")["out"]
    theirs = axonc.interpret(load(plain(model), dt=1e-3), x, precision="float64")["out"]
    assert np.allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def plain(model: nir.NIRGraph) -> nir.NIRGraph:
    """The model without any metadata."""
    for node in (model, *model.nodes.values()):
        node.metadata = {}
    return model


SAME = [
    "nir,dt=1e-3",
    "nir,dt=1e-3,integrator=exponential",
    "nir,dt=1e-3,integrator=exponential_euler",
    "nir,dt=1e-3,leaky_event=dirac",
    "nir,dt=1e-3,if_event=pulse",
]


@pytest.mark.parametrize("semantics", SAME)
@pytest.mark.parametrize("kind", ["CubaLIF", "LIF", "IF", "Threshold"])
@pytest.mark.parametrize("state", [None, "float32", "q32"])
def test_a_reader_recovers_the_behaviour(semantics: str, kind: str, state: str | None) -> None:
    """Populations and their biases, quantised or not, mean the same to a reader under the same semantics."""
    reset = ",reset=zero"
    alone = models.single(models.neuron(kind, 2), RNG.normal(0, 2, (2, 3)), RNG.normal(0, 0.2, 2))
    graph = load(alone if kind == "Threshold" else models.recurrent(kind=kind, count=5), semantics + reset)
    if state is not None:
        graph = stages(graph, "spinnaker2", Options(state=state))[-1][1]
    again = load(plain(exported(graph)), semantics + reset)
    x = models.events((40, 3), 0.4)
    ours, theirs = (axonc.interpret(g, x, precision="float64") for g in (graph, again))
    scale = np.max(np.abs(ours.value("output"))) or 1.0
    assert np.allclose(ours.value("output"), theirs.value("output"), atol=(1e-3 if state == "q32" else 1e-9) * scale)


@pytest.mark.parametrize("state", ["float32", "q32"])
def test_weights_stand_as_the_numbers_that_they_mean(state: str) -> None:
    graph = stages(load(models.recurrent(), dt=1e-3), "spinnaker2", Options(state=state))[-1][1]
    model = exported(graph)
    for name in ("fc", "rec", "out"):
        assert np.array_equal(model.nodes[name].weight, graph[name].op.weight * graph[name].op.scale)


def test_nir_checks_what_it_can_check() -> None:
    graph = load(models.recurrent(), dt=1e-3)
    for stage in (graph, *(after for _, after in stages(graph, "spinnaker2", Options()))):
        nir.read(io.BytesIO(export_nir(stage).content), type_check=True)
    square = Conv(np.ones((3, 2, 3, 3)), None, WINDOWS["square"])
    content = export_nir(image_graph(square, Pool(windows((2, 2), (2, 2))), Flatten())).content
    nir.read(io.BytesIO(content), type_check=True)


def test_a_source_twice_is_added_twice() -> None:
    nodes = (
        Node("in", Input(Signal((2,), Kind.EVENT))),
        Node("late", Delay(2), ("in", "in")),
        Node("out", Output(), ("late", "in", "late")),
    )
    same_without_metadata(Graph("twice", nodes, "steps", 1e-3))


def test_numbers_of_every_kind_survive() -> None:
    for weight in (
        np.ones((2, 3), np.float32),
        np.asfortranarray(RNG.normal(0, 1, (2, 3))),
        sparse.csr_array((2, 3), dtype=np.float32),
        sparse.csr_array(np.array([[0, 1.0, 0], [2, 0, 0]])),
    ):
        assert_survives(image_graph(Linear(weight, None, (3, 1), (1, 2)), shape=(3, 1)))
    nodes = (Node("in", Input(Signal((2, 1), Kind.DENSE, Fixed(16, 3)))), Node("out", Output(), ("in",)))
    assert_survives(Graph("n\0am\ud800e", nodes, "model", None, {"any": "\0\ntext"}))
