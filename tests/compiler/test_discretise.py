"""What the semantics make of each neuron, and what they refuse."""

from __future__ import annotations

from typing import Any

import models
import nir
import numpy as np
import pytest

import axonc
from axonc import Graph, ModelError
from axonc.ir.ops import Conv, Neuron


def cell(kind: str, semantics: str, **parameters: float) -> Neuron:
    """One neuron in steps of 1 ms."""
    graph = axonc.load(models.single(models.neuron(kind, 1, **parameters)), semantics=f"{semantics},dt=1e-3")
    op = graph["cell"].op
    assert isinstance(op, Neuron)
    return op


def numbers(part: Any, *names: str) -> list[float]:
    """Fields of a part of a neuron."""
    return [float(np.asarray(getattr(part, name)).reshape(-1)[0]) for name in names]


E = float(np.exp(-0.2))


@pytest.mark.parametrize(
    ("semantics", "decay", "gain"),
    [
        ("nir", 0.8, 0.2 * 3),
        ("nir,integrator=exponential", E, (1 - E) * 3),
        ("nir,leaky_event=dirac", 0.8, 3 / 5e-3),
        ("nir,leaky_r=ignored", 0.8, 0.2),
    ],
)
def test_a_leaky_neuron(semantics: str, decay: float, gain: float) -> None:
    op = cell("LIF", semantics, tau=5e-3, r=3.0, v_leak=0.5)
    assert op.synapse is None
    assert numbers(op.membrane, "decay", "gain", "leak") == pytest.approx([decay, gain, 0.5])


@pytest.mark.parametrize(("semantics", "gain"), [("nir", 3.0), ("nir,if_event=pulse", 3e-3)])
def test_a_neuron_without_leak(semantics: str, gain: float) -> None:
    assert numbers(cell("IF", semantics, r=3.0).membrane, "decay", "gain") == pytest.approx([1.0, gain])


def test_a_neuron_with_synapse() -> None:
    op = cell("CubaLIF", "nir", tau_syn=4e-3, tau_mem=8e-3, r=3.0, w_in=2.0)
    assert numbers(op.synapse, "decay", "gain", "offset") == pytest.approx([0.75, 0.5, 0.0])
    assert numbers(op.membrane, "decay", "gain") == pytest.approx([0.875, 0.375])


def test_a_threshold_keeps_nothing() -> None:
    op = cell("Threshold", "nir", threshold=0.7)
    assert numbers(op.membrane, "decay", "gain") == [0.0, 1.0]
    assert op.gate is not None
    assert op.gate.reset == "none"


def test_a_bias_as_offset_has_the_same_steady_state() -> None:
    model = models.single(models.neuron("CubaLI", 1, tau_syn=4e-3, tau_mem=8e-3, r=3.0, w_in=2.0), bias=[0.5])
    x = np.zeros((400, 1))
    through = axonc.interpret(axonc.load(model, "nir,dt=1e-3"), x, (), "float64").outputs["output"]
    offset = axonc.interpret(axonc.load(model, "nir,dt=1e-3,bias=offset"), x, (), "float64").outputs["output"]
    assert through[-1, 0] == pytest.approx(offset[-1, 0]) == pytest.approx(3.0)
    assert offset[0, 0] > through[0, 0]


@pytest.mark.parametrize("shape", [(2, 3, 4), (24,), (2, 12)])
def test_the_bias_of_a_convolution_becomes_an_offset_a_channel(shape: tuple[int, ...]) -> None:
    """In whatever shape the population has it; gain / (1 - decay) of the synapse, then the membrane's gain."""
    bias = np.array([0.5, -2.0])
    net = Graph.builder()
    net.input("in", (3, 3, 4))
    net.population("cell", "cuba_li", shape, tau_syn=4e-3, tau_mem=8e-3, r=3.0, w_in=2.0)
    net.conv("in", "cell", np.ones((2, 3, 1, 1)), bias=bias, name="conv")
    net.output("y", "cell")
    graph = axonc.load(net.graph(), "nir,dt=1e-3,bias=offset")
    cell, conv = graph["cell"].op, graph["conv"].op
    assert isinstance(cell, Neuron)
    assert isinstance(conv, Conv)
    assert conv.bias is None
    assert cell.synapse is not None
    assert np.all(cell.synapse.offset == 0)
    assert np.allclose(cell.membrane.offset, np.repeat(bias * 0.375 * 2.0, 12).reshape(shape), rtol=1e-15)


def test_a_bias_moves_through_a_flattening() -> None:
    nodes = {
        "input": models.source(2),
        "fc": nir.Affine(np.ones((6, 2)), np.arange(6.0)),
        "flat": models.flat(6),
        "cell": models.neuron("CubaLI", 6, tau_syn=4e-3, tau_mem=8e-3, r=3.0, w_in=2.0),
        "output": models.sink(6),
    }
    graph = axonc.load(models.graph(nodes, "input fc flat cell output"), "nir,dt=1e-3,bias=offset")
    assert np.allclose(graph["cell"].op.membrane.offset, np.arange(6.0) * 0.75)  # type: ignore[attr-defined]
    assert graph["fc"].op.bias is None  # type: ignore[attr-defined]


def test_a_bias_that_others_read_stays() -> None:
    """A reader without a synapse needs it where it is."""
    nodes = {
        "input": models.source(1),
        "fc": models.affine([[1.0]], [0.5]),
        "cell": models.neuron("CubaLI", 1),
        "other": models.neuron("LI", 1),
        "output": models.sink(1),
        "shown": models.sink(1),
    }
    graph = axonc.load(models.graph(nodes, "input fc cell output", "fc other shown"), "nir,dt=1e-3,bias=offset")
    assert graph["fc"].op.bias.tolist() == [0.5]  # type: ignore[attr-defined]
    assert np.all(graph["cell"].op.membrane.offset == 0)  # type: ignore[attr-defined]


def problems(model: nir.NIRGraph | Graph, semantics: str) -> list[str]:
    """The codes of what is refused."""
    with pytest.raises(ModelError) as caught:
        axonc.load(model, semantics=semantics)
    return [problem.code for problem in caught.value.diagnostics]


def test_there_is_no_default_time_step() -> None:
    assert problems(models.recurrent(), "nir") == ["AX201", "AX201"]
    axonc.load(models.single(models.neuron("IF", 1)), semantics="nir")


def test_a_time_step_above_a_time_constant_is_refused_for_euler_only() -> None:
    assert problems(models.recurrent(), "nir,dt=4.5e-3") == ["AX203"]
    axonc.load(models.recurrent(), semantics="nir,dt=4.5e-3,integrator=exponential")


def test_a_file_without_v_reset_needs_a_choice() -> None:
    node = models.neuron("LIF", 1)
    node.v_reset = None
    assert problems(models.single(node), "nir,dt=1e-3") == ["AX205"]
    axonc.load(models.single(node), semantics="nir,dt=1e-3,reset=subtract")


def test_parameters_that_overflow_are_the_models_fault() -> None:
    assert problems(models.single(models.neuron("LIF", 1, r=1e38)), "nir,dt=1e-3,leaky_event=dirac") == ["AX302"]


def test_a_cycle_without_state_is_refused() -> None:
    nodes = {"input": models.source(1), "a": models.linear([[1.0]]), "b": models.linear([[1.0]]), "out": models.sink(1)}
    assert problems(models.graph(nodes, "input a b a", "b out"), "nir") == ["AX303"]


def test_doubled_and_dangling_edges_are_refused_together() -> None:
    model = models.single(models.neuron("IF", 1))
    model.edges = [*model.edges, ("input", "fc"), ("fc", "nowhere")]
    assert sorted(problems(model, "nir")) == ["AX104", "AX104"]
