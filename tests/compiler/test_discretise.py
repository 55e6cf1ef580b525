"""What the semantics make of each neuron, and what they refuse."""

from __future__ import annotations

from typing import Any

import models
import nir
import numpy as np
import pytest

import axonc
from axonc import Graph, ModelError
from axonc.ir.ops import Neuron


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
