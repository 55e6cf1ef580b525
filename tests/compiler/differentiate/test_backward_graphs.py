"""Backward graphs are graphs: they verify, print, are saved and read back; what has no derivative is refused."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tasks

import axonc
from axonc import Graph, ModelError
from axonc.compiler.differentiate import KINDS, differentiate
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import prepare
from axonc.ir import Node, verify
from axonc.ir.ops import EGRU, Linear, Neuron, StraightThrough, SuperSpike, Total
from axonc.ir.serialize import from_bytes, to_bytes


def lif(semantics: str = "nir,reset=subtract,dt=1e-3", model: str = "lif") -> Graph:
    """in -> LIF with a loop of two steps -> LI."""
    taus = {"tau_syn": 5e-3, "tau_mem": 1e-2} if model == "cuba_lif" else {"tau": 1e-2}
    net = Graph.builder()
    net.input("in", 3)
    net.population("cell", model, 4, **taus)
    net.connect("in", "cell", np.arange(12.0).reshape(4, 3), bias=np.ones(4), name="fc")
    net.connect("cell", "cell", np.eye(4), delay=2e-3, name="loop")
    net.population("read", "li", 2, tau=1e-2)
    net.connect("cell", "read", np.ones((2, 4)), name="o")
    net.output("out", "read")
    return axonc.load(net.graph(), semantics=semantics)


def code_of(graph: Graph, **options: Any) -> list[tuple[str, str]]:
    with pytest.raises(ModelError) as caught:
        differentiate(graph, **options)
    return [(problem.code, problem.node) for problem in caught.value.diagnostics]


def test_the_text_form_to_the_letter() -> None:
    lines = str(differentiate(lif(), ("weights",), nodes=["fc", "loop"], surrogate=SuperSpike(10.0)).graph).splitlines()
    heads = [line.split(" = ")[1].split(";")[0] for line in lines[1:-1]]
    assert lines[0] == 'graph "model backwards" steps dt=0.001 {'
    assert sorted(heads) == sorted(
        [
            *["input()  # out", "input()  # cell", "input()  # in", "input()  # cell@0.002"],
            *["delay(d(loop)", "neuron(d(out)", "scale(d(read:v)", "linear(d(read)", "scale(d(cell:v)"],
            *["neuron_adjoint(d(cell@0.002) + d(o)", "outer_total(d(cell)", "outer_total(d(cell)", "linear(d(cell)"],
            *["output(sum(fc.weight))  # fc", "output(sum(loop.weight))  # loop"],
        ]
    )
    adjoint = next(line for line in lines if "neuron_adjoint" in line)
    assert "; reads tape(cell:m); shape=(4,), decay=0.9 (4), gate=Gate(threshold=1 (4), reset=subtract" in adjoint
    assert adjoint.endswith("surrogate=SuperSpike(below=inf, beta=10.0), attached=False)  # cell")


@pytest.mark.parametrize(
    "graph",
    [lif(), lif(model="cuba_lif"), tasks.images(), tasks.egru(), tasks.lif(reset="zero")],
    ids=["lif", "cuba_lif", "images", "egru", "value"],
)
def test_a_backward_graph_read_back_is_the_same(graph: Graph, tmp_path: Path) -> None:
    backward = differentiate(graph, KINDS, surrogate=StraightThrough(), inputs=True)
    data = to_bytes(backward.graph)
    again = from_bytes(data)
    assert to_bytes(again) == data
    assert str(again) == str(backward.graph)
    assert verify(again) == []
    backward.graph.save(tmp_path / "backward.axg")
    names = {node.name: 0.1 * np.ones((5, *again.signals[node.name].shape)) for node in again.inputs}
    ours, theirs = (axonc.interpret(each, names).outputs for each in (again, backward.graph))
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_graphs_that_read_nothing_are_stored_as_before(tmp_path: Path) -> None:
    lif().save(tmp_path / "g.axg")
    with zipfile.ZipFile(tmp_path / "g.axg") as file:
        nodes = json.loads(file.read("graph.json"))["nodes"]
    assert all(set(node) == {"name", "inputs", "origin", "op"} for node in nodes)


def test_what_a_backward_graph_does_not_need_is_not_in_it() -> None:
    names = {node.name for node in differentiate(lif(), ("biases",), nodes=["fc"]).graph}
    assert "d(fc)" not in names
    assert "tape(in)" not in names
    assert "grad(o.weight)" not in names


def test_several_outputs_and_nodes_that_lead_nowhere() -> None:
    graph = lif()
    more = (
        Node("spikes", graph.outputs[0].op.__class__(), ("cell",)),
        Node("dead", Linear(np.ones((1, 4))), ("cell",)),
    )
    backward = differentiate(graph.with_nodes((*graph, *more)))
    assert set(backward.seeds) == {"out", "spikes"}
    assert not [parameter for parameter in backward.gradients.values() if parameter.node == "dead"]


@pytest.mark.parametrize(
    ("graph", "options", "problems"),
    [
        (lif(), {"surrogate": None}, [("AX811", "cell")]),
        (lif(), {"surrogate": {"cell": None}}, [("AX811", "cell")]),
        (lif(), {"surrogate": {"read": SuperSpike()}}, [("AX811", "read")]),
        (lif("snntorch,reset=subtract_guarded,dt=1e-3"), {}, [("AX811", "cell")]),
        (lif("nir,reset=subtract,spikes=3,dt=1e-3"), {}, [("AX811", "cell")]),
    ],
)
def test_gates_without_derivative(graph: Graph, options: dict[str, Any], problems: list[tuple[str, str]]) -> None:
    assert code_of(graph, **options) == problems


def test_integers_and_continuous_time_have_no_derivative() -> None:
    net = Graph.builder()
    net.input("in", 1)
    net.output("out", "in")
    assert code_of(net.graph()) == [("AX305", "")]
    final = prepare(lif(), "native", Options(state="q16"))[0]
    assert {code for code, _ in code_of(final)} == {"AX810"}


def egru(reads: tuple[str, ...] = ("r",), rows: int = 6) -> Graph:
    """Two units."""
    base = lif()
    nodes = (
        base["in"],
        Node("w", Linear(np.ones((6, 3))), ("in",)),
        Node("cell", EGRU(2, np.asarray(0.1)), ("w",), reads=reads),
        Node("late", base["cell@0.002"].op, ("cell",)),
        Node("r", Linear(np.ones((rows, 2))), ("late",)),
        replace(base["out"], inputs=("cell",)),
    )
    return Graph("e", nodes, "steps", 1e-3)


@pytest.mark.parametrize(
    ("graph", "problem"),
    [
        (egru(()), ("AX304", "cell")),
        (egru(("nowhere",)), ("AX304", "cell")),
        (egru(("r", "r")), ("AX304", "cell")),
        (egru(rows=5), ("AX301", "cell")),
        (egru(("cell",)), ("AX303", "cell")),
    ],
)
def test_what_is_read_is_verified(graph: Graph, problem: tuple[str, str]) -> None:
    assert [(found.code, found.node) for found in verify(graph)] == [problem]


@pytest.mark.parametrize("target", ["native", "spinnaker2"])
def test_mapped_targets_refuse_backward_graphs(target: str) -> None:
    with pytest.raises(ModelError) as caught:
        axonc.compile(differentiate(lif()).graph, target=target)
    assert {problem.code for problem in caught.value.diagnostics} == {"AX601"}


def test_the_reference_runs_an_egru() -> None:
    assert verify(egru()) == []
    program = axonc.compile(egru(), target="reference")
    x = np.ones((4, 3), np.uint8)
    np.testing.assert_array_equal(program.run(x, ["cell:c"])["cell:c"], axonc.interpret(egru(), x, "cell:c")["cell:c"])


def test_internals_can_be_recorded_and_reads_follow_the_op() -> None:
    result = axonc.interpret(lif(), np.ones((5, 3), int), ["cell", "cell:m", "cell:v"])
    np.testing.assert_allclose(result["cell:v"], result["cell:m"] - result["cell"], rtol=1e-6)
    cell = lif()["cell"].op
    assert isinstance(cell, Neuron)
    assert cell.read_shapes() == ()
    assert Total((), (3,), 2).read_shapes() == ((3,), (3,))
