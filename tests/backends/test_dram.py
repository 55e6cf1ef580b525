"""Rows in DRAM: fetched event by event, they add up to the same sums; what is fetched is predicted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import core_images
import gated
import gated_graphs
import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

import axonc
from axonc import Graph, ModelError
from axonc.backends.spinnaker2.counts import predicted_fetches, received_events
from axonc.backends.spinnaker2.graded_inputs import rounded
from axonc.backends.spinnaker2.lower import plan_cores
from axonc.backends.spinnaker2.traces import recordable
from axonc.compiler.driver.check import check_model
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.placement import in_dram
from axonc.ir.network import network
from axonc.ir.ops import QuantLinear
from axonc.ir.target import HostInterface

Array = np.ndarray[Any, Any]


def matrices(graph: Graph) -> list[str]:
    """The names of a graph's matrices that may lie in DRAM."""
    return [node.name for node in graph if isinstance(node.op, QuantLinear) and node.op.bits <= 8]


@pytest.mark.parametrize("kind", ["native", "emulated"])
@strategies.examples(5)
@given(
    data=st.data(), case=gated_graphs.cases().filter(lambda case: bool(matrices(case.graph))), seed=st.integers(0, 9)
)
def test_rows_may_lie_in_dram(kind: str, data: st.DataObject, case: gated_graphs.Case, seed: int) -> None:
    """Whatever of the matrices does: results are the interpreter's, rows and bytes are those that were predicted."""
    chosen = data.draw(st.lists(st.sampled_from(matrices(case.graph)), min_size=1, unique=True))
    graph, x = in_dram(case.graph, chosen), case.data[:1]
    net, names = network(graph), recordable(graph)
    mapping = data.draw(core_images.mappings(net, ["readout"]))
    listed = HostInterface((), 0, 200 * (mapping.of("in")[0].core is not None))
    ours = core_images.run(graph, mapping, x, kind, names, seed, listed)
    expected = axonc.interpret(graph, x, names)
    for name in (*names, "out"):
        np.testing.assert_array_equal(ours[name], expected[name], name)
    populations = [p.name for p in net.populations if p.peak and p.name != "in"]
    graded = frozenset(p.name for p in net.populations if p.graded)
    given_in = rounded(graph, "in", x)[0] if "in" in graded else x[0]
    traces = {"in": given_in, **{name: axonc.interpret(graph, x, populations)[name][0] for name in populations}}
    plans = plan_cores(net, mapping, listed, core_images.machine(kind, seed).synapses)
    predicted = predicted_fetches(plans, received_events(mapping, traces, graded))
    np.testing.assert_array_equal(ours.stats["fetches"][0], predicted[0])
    np.testing.assert_array_equal(ours.stats["fetched"][0], predicted[1])
    assert not np.any(ours.stats["fetched"] % 16)


def test_an_embedding_in_dram_leaves_a_buffer_in_the_core() -> None:
    """What is in DRAM is in no core, but for a row; the manifest and the report say so."""
    graph, x = gated.cells(["egru"], 300, 24), np.random.default_rng(0).normal(size=(6, 300))
    near = axonc.compile(graph, "spinnaker2", weights="int8", calibrate=x)
    far = axonc.compile(graph, "spinnaker2", weights="int8", calibrate=x, in_dram=["egru1.w"])
    assert far.verify(x).equal
    sizes = [json.loads((made.directory / "report.json").read_text())["cores"] for made in (near, far)]
    (before,), (after,) = sizes
    assert before["bytes"]["fetching"] == before["dram_bytes"] == 0
    assert after["dram_bytes"] == 300 * 72 == (far.directory / "data" / "dram_000.bin").stat().st_size
    assert after["bytes"]["fetching"] == 80  # a row of 72 bytes, from the multiple of 16 before it to the one behind
    assert before["bytes"]["weights"] - after["bytes"]["weights"] == 300 * 72
    assert after["cycles"] > before["cycles"]
    (placed,) = (entry for entry in far.manifest["placement"] if entry["place"] == "dram")
    assert placed["node"] == "egru1.w"
    stats = far.run(x).stats
    assert stats["cycles"].sum() > near.run(x).stats["cycles"].sum()
    assert "rows fetched from DRAM: " in far.run(x).summary()


def test_waiting_takes_what_the_machine_says(tmp_path: Path) -> None:
    """30 cycles a row and 24 for 1024 bytes, or a latency that is 100 times as long; instructions stay the same."""
    graph, x = gated.cells(["egru"], 40, 24), np.random.default_rng(0).normal(size=(6, 40))
    slow = tmp_path / "slow.toml"
    slow.write_text("[dram]\nlatency_s = 20e-6\n")
    made = [
        axonc.compile(graph, "spinnaker2", weights="int8", calibrate=x, in_dram=["egru1.w"], machine=machine)
        for machine in (None, slow)
    ]
    usual, late = (program.run(x).stats for program in made)
    assert np.array_equal(usual["instructions"], late["instructions"])
    assert np.array_equal(late["cycles"].sum() - usual["cycles"].sum(), (3000 - 30) * usual["fetches"].sum())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"in_dram": ["egru1"]},
            "AX403 egru1: it cannot lie in DRAM; matrices of up to 8 bits that cores hold: egru1.w, egru1.r",
        ),
        (
            {"in_dram": ["egru1.w"], "weights": "int16"},
            "AX403 egru1.w: it cannot lie in DRAM; matrices of up to 8 bits that cores hold: none",
        ),
        ({"in_dram": ["egru1.w"], "target": "reference"}, "AX403 matrices in DRAM for target reference"),
        ({"in_dram": ["egru1.w"], "machine": "small"}, "AX501 chip 0: 2880 bytes of rows in DRAM; a chip has 1000"),
    ],
)
def test_what_cannot_lie_there_is_refused(options: dict[str, Any], said: str, tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text("[dram]\nbytes = 1000\n")
    if "machine" in options:
        options = {**options, "machine": tmp_path / "small.toml"}
    with pytest.raises(ModelError) as caught:
        axonc.compile(gated.cells(["egru"], 40, 24), **{"target": "spinnaker2", "weights": "int8", **options})
    assert said in str(caught.value)


@pytest.mark.parametrize(("name", "told"), [("egru1.w", set()), ("elsewhere", {("AX403", "elsewhere")})])
def test_a_check_judges_it_as_a_compilation_does(name: str, told: set[tuple[str, str]]) -> None:
    options = Options(weights="int8", in_dram=(name,))
    checked = check_model(gated.cells(["egru"], 40, 24), "spinnaker2", options=options)
    assert {(problem.code, problem.node) for problem in checked.problems} == told
    fetching = any(core["bytes"]["fetching"] for core in checked.fit.get("cores", ()))
    assert fetching == (not told)
