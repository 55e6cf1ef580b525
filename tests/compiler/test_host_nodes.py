"""What the host runs before and after the cores: which nodes, and that the parts make the whole."""

from __future__ import annotations

import gated
import numpy as np
import pytest
from gated import UNITS, WORDS, embedded, tokens

import axonc
from axonc import ModelError
from axonc.compiler.passes import HostNodes
from axonc.ir import interpret
from axonc.ir.interpret.parts import run_parts
from axonc.ir.ops import FromFixed, Linear, ToFixed

X = tokens()


@pytest.mark.parametrize("kind", gated.LAYERS)
@pytest.mark.parametrize("names", [("auto", "decoder"), ("auto",)])
def test_the_parts_make_the_whole(kind: str, names: tuple[str, ...]) -> None:
    program = axonc.compile(embedded(kind), "reference", weights="int8", calibrate=X, on_host=names)
    in_parts = run_parts(program.graph, X, [f"{kind}1"], interpret)
    assert np.array_equal(in_parts["y"], program.run(X)["y"])
    assert np.array_equal(in_parts[f"{kind}1"], program.run(X, record=f"{kind}1")[f"{kind}1"])
    exact = axonc.interpret(embedded(kind), X)["y"]
    assert np.sqrt(np.mean((program.run(X)["y"] - exact) ** 2)) < 0.1 * np.std(exact)


def test_the_decoder_stays_on_cores_unless_it_is_named() -> None:
    ours = axonc.compile(embedded(), "reference", weights="int8", calibrate=X, on_host=["auto"]).graph
    theirs = axonc.compile(embedded(), "reference", weights="int8", calibrate=X, on_host=["auto", "decoder"]).graph
    assert "decoder.readout" in ours
    assert isinstance(theirs["decoder"].op, Linear)
    assert isinstance(theirs["egru1.values"].op, FromFixed)
    assert theirs["egru1.values"].op.frac == 13


def test_what_the_host_gives_is_rounded_for_its_range() -> None:
    graph = axonc.compile(embedded(), "reference", weights="int8", calibrate=X, on_host=["auto"]).graph
    op = graph["x.fixed"].op
    assert isinstance(op, ToFixed)
    table = np.abs(np.asarray(embedded()["table"].op.value)).max()  # type: ignore[attr-defined]
    assert 2**14 <= table * 2**op.format.frac < 2**15


def test_only_what_has_no_population_on_both_sides_is_the_hosts() -> None:
    graph = embedded()
    nodes = HostNodes(graph, ("auto",))
    assert nodes.before == {"token", "table", "x"}
    assert nodes.after == {"shown", "y"}
    assert HostNodes(graph, ("decoder",)).after == {"decoder", "shown", "y"}
    assert HostNodes(graph, ("egru1.r",)).before == set()


def test_a_name_that_the_host_cannot_run_is_refused() -> None:
    with pytest.raises(ModelError) as caught:
        axonc.compile(embedded(), "reference", weights="int8", on_host=["auto", "egru1", "nothing"])
    assert [(d.code, d.node) for d in caught.value.diagnostics] == [("AX403", "egru1"), ("AX403", "nothing")]


def test_without_the_option_foreign_nodes_are_refused() -> None:
    with pytest.raises(ModelError) as caught:
        axonc.compile(embedded(), "reference", weights="int8")
    assert {d.node for d in caught.value.diagnostics} == {"table", "x", "shown"}
    assert all("--on-host" in d.remedy for d in caught.value.diagnostics)


@pytest.mark.parametrize("target", ["native", "spinnaker2"])
def test_targets_with_cores_equal_the_reference(target: str) -> None:
    program = axonc.compile(embedded(), target, weights="int8", calibrate=X, on_host=["auto", "decoder"], slice_size=3)
    assert program.verify(X).equal
    assert program.run(X[0])["y"].shape == (20, WORDS)
    assert program.manifest["on_host"] == ["auto", "decoder"]


def test_the_placement_says_where_parameters_lie_and_why() -> None:
    program = axonc.compile(embedded(), "native", weights="int8", calibrate=X, on_host=["auto", "decoder"])
    placed = {part["node"]: part for part in program.manifest["placement"]}
    assert {name for name, part in placed.items() if part["place"] == "host"} == {"table", "x", "decoder", "shown"}
    assert {name for name, part in placed.items() if part["place"] == "cores"} == {"egru1.w", "egru1.r"}
    assert placed["decoder"]["bytes"] == 4 * (WORDS * UNITS + WORDS)
    assert placed["x"]["reason"] == "cores have no gather"
    assert "decoder (linear, 324 bytes): host" in program.report()
