"""Semantics of single nodes: which fields they may have, what they change, and how a graph keeps them."""

from __future__ import annotations

from dataclasses import fields

import models
import nir
import numpy as np
import pytest
import strategies
from hypothesis import given

import axonc
from axonc import Diagnostic, Graph, ModelError, Semantics
from axonc.compiler.driver.config import Config
from axonc.compiler.driver.loading import discretise, read_model
from axonc.compiler.node_semantics import SCOPE, NodeChoice, node_choice, node_texts, semantics_of
from axonc.compiler.semantics import parse_semantics
from axonc.ir.ops import Delay, Neuron


def two_layers() -> nir.NIRGraph:
    """Two LIF populations, one behind the other, whose names have dots."""
    nodes = {
        "input": models.source(2),
        "fc1": models.linear([[3.0, 1.0], [2.0, 2.0]]),
        "lif1.lif": models.neuron("LIF", 2, tau=3e-3),
        "fc2": models.linear([[2.0, 1.0]]),
        "lif2.lif": models.neuron("LIF", 1, tau=3e-3, v_reset=0.1),
        "output": models.sink(1),
    }
    return models.graph(nodes, "input fc1 lif1.lif fc2 lif2.lif output")


def choice(pattern: str, **settings: str) -> NodeChoice:
    problems: list[Diagnostic] = []
    made = node_choice(pattern, list(settings.items()), problems)
    assert not problems
    return made


def stepped(*choices: NodeChoice, semantics: str = "nir,dt=1e-3") -> Graph:
    return axonc.load(two_layers(), semantics, config=Config(nodes=choices))


def resets(graph: Graph) -> dict[str, str]:
    gates = {node.name: node.op.gate for node in graph if isinstance(node.op, Neuron)}
    return {name: gate.reset for name, gate in gates.items() if gate is not None}


def test_every_field_has_a_scope() -> None:
    assert set(SCOPE) == {field.name for field in fields(Semantics)} - {"preset"}


def test_a_choice_changes_its_nodes_and_no_others() -> None:
    assert resets(stepped()) == {"lif1.lif": "value", "lif2.lif": "value"}
    assert resets(stepped(choice("lif1.lif", reset="subtract"))) == {"lif1.lif": "subtract", "lif2.lif": "value"}
    assert resets(stepped(choice("lif*", reset="subtract"))) == {"lif1.lif": "subtract", "lif2.lif": "subtract"}


def test_later_choices_win_field_by_field() -> None:
    graph = stepped(choice("*", reset="subtract", compare="ge"), choice("lif2*", reset="none"))
    assert resets(graph) == {"lif1.lif": "subtract", "lif2.lif": "none"}
    assert semantics_of(graph, "lif2.lif") == parse_semantics("nir,dt=1e-3,compare=ge,reset=none")


def test_a_name_that_looks_like_a_pattern_names_itself() -> None:
    nodes = {"input": models.source(1), "fc": models.linear([[1.0]]), "a[0]": models.neuron("IF", 1)}
    model = models.graph({**nodes, "output": models.sink(1)}, "input fc a[0] output")
    graph = axonc.load(model, "nir", config=Config(nodes=(choice("a[0]", reset="none"),)))
    assert resets(graph) == {"a[0]": "none"}


def test_a_test_of_the_old_voltage_delays_that_neurons_edges_only() -> None:
    graph = stepped(choice("lif1.lif", test="old", reset="subtract"))
    assert [node.name for node in graph if isinstance(node.op, Delay)] == ["lif1.lif+1"]


def test_the_graph_keeps_the_text_of_nodes_that_differ() -> None:
    assert "node_semantics" not in stepped().properties
    assert "node_semantics" not in stepped(choice("lif1*", reset="v_reset")).properties
    graph = stepped(choice("lif*", compare="ge"), choice("lif2*", compare="gt"))
    assert node_texts(graph.properties) == {"lif1.lif": "nir,dt=0.001,compare=ge"}
    assert semantics_of(graph, "lif2.lif") == parse_semantics("nir,dt=1e-3")
    assert "nodes=[lif*:compare=ge; lif2*:compare=gt]" in graph.properties["pipeline"]
    assert stepped().properties["pipeline"] == "discretise{semantics=nir,dt=0.001}"


@pytest.mark.parametrize(
    ("settings", "codes"),
    [
        ({"dt": "1e-3"}, ["AX208"]),
        ({"forward_delay": "1", "feedback": "target", "state": "q16"}, ["AX208"] * 3),
        ({"colour": "blue", "reset": "maybe", "bias": "offset"}, ["AX202", "AX202", "AX208"]),
        ({"preset": "norse"}, ["AX202"]),
    ],
)
def test_what_a_node_cannot_have_is_refused(settings: dict[str, str], codes: list[str]) -> None:
    problems: list[Diagnostic] = []
    node_choice("lif1*", list(settings.items()), problems)
    assert [problem.code for problem in problems] == codes
    assert {problem.node for problem in problems} == {"lif1*"}


def test_all_problems_of_patterns_and_nodes_are_told_at_once() -> None:
    with pytest.raises(ModelError) as refused:
        stepped(choice("lif3", compare="ge"), choice("fc*", compare="ge"))
    assert [(problem.code, problem.node) for problem in refused.value.diagnostics] == [
        ("AX207", "lif3"),
        ("AX207", "fc*"),
    ]
    with pytest.raises(ModelError, match="AX206 lif1"):
        stepped(choice("lif1*", spikes="3"))


@strategies.examples(50)
@given(text=strategies.semantics())
def test_a_choice_for_all_nodes_is_a_choice_for_the_graph(text: str) -> None:
    """A preset's neuron fields, chosen for every node of a graph under ``nir``, give the preset's neurons."""
    wanted = parse_semantics(text)
    chosen = {name: str(getattr(wanted, name)) for name, scope in SCOPE.items() if scope == "node"}
    ours = {name: getattr(wanted, name) for name, scope in SCOPE.items() if scope == "graph"}
    base = Semantics("nir", **ours)
    graph = discretise(continuous(), base, config=Config(nodes=(choice("*", **chosen),)))
    direct = discretise(continuous(), wanted)
    x = models.events((20, 2), 0.5)
    assert np.array_equal(axonc.interpret(graph, x).outputs["output"], axonc.interpret(direct, x).outputs["output"])
    assert [str(node) for node in graph] == [str(node) for node in direct]


def continuous() -> Graph:
    """`two_layers` in continuous time."""
    return read_model(two_layers())
