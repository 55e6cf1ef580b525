"""What users see of builds with gated units, graded events and parts that the host runs: counted from the runs."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import gated
import models
import nir
import numpy as np
import pytest
from benchmarks.language_model import language_model
from click.testing import CliRunner

import axonc
from axonc import Graph, Program, Result
from axonc.backends.spinnaker2.counts import received_events
from axonc.compiler.driver.check import check_model
from axonc.compiler.driver.cli import cli
from axonc.compiler.driver.data import read_data
from axonc.compiler.driver.evaluate import evaluate
from axonc.compiler.driver.evaluate.costs import synapses
from axonc.compiler.driver.evaluate.source import source_graph
from axonc.compiler.driver.export import write_result
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.report.activity import traffic_matrix
from axonc.compiler.driver.report.facts import facts_of
from axonc.compiler.driver.units import called, counted
from axonc.ir import Node, Signal
from axonc.ir.mapping import Mapping as CoreMapping
from axonc.ir.network import SharedKernel, network
from axonc.ir.ops import Input

Array = np.ndarray[Any, Any]
SIZES = (12, 24, 24, 12)
LAYERS = ["egru1", "egru2", "egru3"]
X = 2 * np.random.default_rng(5).normal(size=(3, 40, SIZES[0]))
TOKENS = gated.tokens()
EVENTS = models.events((4, 30, 6), density=0.3)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return language_model(SIZES)


@pytest.fixture(scope="module")
def program(graph: Graph) -> Program:
    return axonc.compile(graph, "native", weights="int8", calibrate=X, slice_size=8, strategy="spread")


@pytest.fixture(scope="module")
def run(program: Program) -> Result:
    return program.run(X, record=["egru1", "egru1:c"])


@pytest.fixture(scope="module")
def hosted() -> Program:
    return axonc.compile(
        axonc.load(gated.embedded()), "native", weights="int8", calibrate=TOKENS, on_host=["auto", "decoder"]
    )


@pytest.fixture(scope="module")
def mixed() -> Program:
    return axonc.compile(gated.hybrid(), "spinnaker2", weights="int8", calibrate=EVENTS)


def test_graded_events_are_values_other_than_0(run: Result) -> None:
    trace = run["egru1"]
    places = [place for place in np.ndindex(trace.shape) if trace[place] != 0]
    assert run.events("egru1").tolist() == [list(place) for place in places]
    assert run.count("egru1") == len(places) > 100
    assert run.rate("egru1") == len(places) / trace.size
    assert run.graded == {"egru1", "output"}
    line = run.summary().splitlines()[1]
    assert f", graded: {len(places)} events" in line
    assert "graded" not in run.summary().splitlines()[2]


def test_the_summary_says_packets_where_it_counts_packets(run: Result) -> None:
    counters = {line.split(":")[0]: line for line in run.summary().splitlines()[3:]}
    assert counters["packets"].startswith(f"packets: {int(run.stats['events_sent'].sum())} sent by cores")
    assert counters["weights added"].endswith(f" {int(run.stats['macs'].sum())}")


def test_a_table_has_a_row_for_each_graded_event(run: Result, program: Program, tmp_path: Path) -> None:
    write_result(tmp_path / "y.csv", run, program.graph)
    with (tmp_path / "y.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["signal"] == "egru1"]
    again = np.zeros(run["egru1"].shape)
    for row in rows:
        again[int(row["sample"]), int(row["step"]), int(row["index"])] = float(row["value"])
    assert len(rows) == run.count("egru1")
    assert np.array_equal(again, run.value("egru1"))


def test_nir_data_hold_time_index_and_value(run: Result, program: Program, tmp_path: Path) -> None:
    write_result(tmp_path / "y.h5", run, program.graph)
    nodes = nir.read_data(tmp_path / "y.h5").nodes
    events = nodes["egru1"].observables["spikes"]
    assert isinstance(events, nir.ValuedEventData)
    assert np.array_equal(events.to_time_gridded(1.0).data, run.value("egru1"))
    assert set(nodes["egru1"].observables) == {"spikes", "c"}
    again = read_data(tmp_path / "y.h5", Graph("x", (Node("egru1", Input(Signal((24,)))),), "steps"))
    assert np.array_equal(again["egru1"], run.value("egru1"))


def test_operations_are_events_times_synapses(graph: Graph, program: Program) -> None:
    found = evaluate(program, X, graph=graph, jobs=1)
    reference = axonc.interpret(program.graph, X, [*LAYERS, "embedding.fixed"])
    traces = {"embedding": reference["embedding.fixed"], **{name: reference[name] for name in LAYERS}}
    sent = {name: np.count_nonzero(trace, axis=(0, 1)) for name, trace in traces.items()}
    for stage in ("quantised", "mapped"):
        assert found.stages[stage].events == {name: counts.sum() for name, counts in sent.items()}
    fan_out = {name: np.zeros(len(counts), np.int64) for name, counts in sent.items()}
    for projection in network(program.graph).projections:
        assert not isinstance(projection.weight, SharedKernel)
        fan_out[projection.source] += np.count_nonzero(projection.weight.toarray(), axis=0)
    operations = sum(int(counts @ fan_out[name]) for name, counts in sent.items())
    assert found.last.synaptic_operations == operations
    assert found.last.updates == 60 * 3 * 40
    assert found.stages["float"].synaptic_operations is None


def test_cores_count_the_operations_of_what_arrives(program: Program) -> None:
    x = X[0]
    counts = program.run(x).stats["macs"].sum()
    reference = axonc.interpret(program.graph, x, [*LAYERS, "embedding.fixed"])
    traces = {"embedding": reference["embedding.fixed"], **{name: reference[name] for name in LAYERS}}
    mapping = facts_of(program, None, (), None).mapping
    assert isinstance(mapping, CoreMapping)
    fan_out = synapses(program.graph)
    assert fan_out is not None
    arrived = received_events(mapping, traces, frozenset(traces))
    assert counts == sum(int(events @ fan_out[name]) for name, events in arrived.items())


@pytest.mark.parametrize("kind", gated.LAYERS)
def test_float_and_quantised_are_compared_by_event_and_by_value(kind: str) -> None:
    graph, x = gated.cells([kind], 5, 8), np.random.default_rng(3).normal(size=(2, 20, 5))
    built = axonc.compile(graph, "native", weights="int8", calibrate=x)
    found = evaluate(built, x, graph=graph, jobs=1)
    name = f"{kind}1"
    ours, theirs = built.run(x, record=name), axonc.interpret(graph, x, name)
    quantised = found.comparisons["quantised"]
    layer = next(layer for layer in quantised.layers if layer.name == name)
    assert layer.equal == np.sum((ours[name] != 0) == (theirs[name] != 0))
    assert (layer.events, layer.events_before) == (np.count_nonzero(ours[name]), np.count_nonzero(theirs[name]))
    assert quantised.sqnr[name].noise == pytest.approx(np.sum((ours.value(name) - theirs.value(name)) ** 2))
    assert not quantised.equal
    assert found.comparisons["mapped"].equal
    assert f"{name}:c" in quantised.sqnr


def test_what_the_host_gives_is_counted(hosted: Program) -> None:
    graph = gated.embedded()
    found = evaluate(hosted, TOKENS, graph=graph, jobs=1)
    reference = axonc.interpret(hosted.graph, TOKENS, ["x.fixed", "egru1"])
    counts = {"x": np.count_nonzero(reference["x.fixed"]), "egru1": np.count_nonzero(reference["egru1"])}
    assert found.last.events == counts
    assert found.comparisons["mapped"].equal
    facts = facts_of(hosted, TOKENS, (), None)
    assert facts.mapping is not None
    matrix = traffic_matrix(facts.mapping, facts.activity)
    assert matrix[:, 0].tolist() == list(counts.values())


def test_the_model_of_a_build_may_have_inputs_of_any_type(hosted: Program, tmp_path: Path) -> None:
    gated.embedded().save(tmp_path / "m.axg")
    assert source_graph(hosted, tmp_path / "m.axg")["token"].op.name == "input"


def test_the_page_shows_gated_units(program: Program, hosted: Program, mixed: Program) -> None:
    page = program.report(X, ["egru1:c"])
    assert re.search(r"<b>60</b><span>units</span>", page)
    assert "24 · EGRU" in page
    assert "3×24×12 int8" in page
    assert page.count('class="edge graded"') == 4
    assert page.count('class="edge graded late"') == 3
    assert "Events of egru1" in page
    assert "<th>Hz" not in page
    assert "Hz" in (spiking := mixed.report(EVENTS))
    assert "8 · EGRU" in spiking
    assert "3 · membrane" in spiking
    assert 'class="node host round"' in hosted.report(TOKENS)


def test_the_page_counts_graded_events(program: Program, run: Result) -> None:
    row = re.search(r"<td>egru1</td>(.*?)</tr>", program.report(X))
    assert row is not None
    kind, units, events, rate = re.findall(r"<td[^>]*>(.*?)</td>", row[1])[:4]
    assert (kind, units, int(events), rate) == ("graded", "24", run.count("egru1"), f"{run.rate('egru1'):.4f}")


@pytest.mark.parametrize(
    ("kind", "name"), [("egru", "EGRU"), ("gru", "GRU"), ("gru_before", "reset gate"), ("lstm", "LSTM")]
)
def test_units_have_the_same_names_in_float_and_in_integers(kind: str, name: str) -> None:
    graph = gated.cells([kind], 5, 8)
    for weights in ("float32", "int8"):
        built = axonc.compile(graph, "reference", weights=weights)
        assert f"8 · {name}<" in built.report()
        assert counted(built.graph) == (16 if kind == "gru_before" else 8)
        assert called(built.graph) == "units"


def test_golden_outputs_of_parts_on_the_host(hosted: Program, tmp_path: Path) -> None:
    hosted.save(tmp_path / "build")
    np.savez(tmp_path / "x.npz", token=TOKENS)
    runner = CliRunner()
    for arguments in (
        ["verify", "build", "--input", "x.npz", "--shuffle"],
        ["golden", "record", "build", "--input", "x.npz"],
        ["golden", "check", "build"],
    ):
        given = [str(tmp_path / part) if part in ("build", "x.npz") else part for part in arguments]
        done = runner.invoke(cli, given)
        assert done.exit_code == 0, done.output


def test_spikes_and_graded_events_side_by_side(mixed: Program) -> None:
    found = evaluate(mixed, EVENTS, graph=gated.hybrid(), jobs=1)
    ours = mixed.run(EVENTS, ["lif", "egru"])
    assert (ours.graded, ours.is_events("lif")) == ({"egru"}, True)
    assert found.last.events == {"x": EVENTS.sum(), "lif": ours["lif"].sum(), "egru": np.count_nonzero(ours["egru"])}
    assert list(found.comparisons["mapped"].sqnr) == ["egru", "lif:v", "egru:c", "readout:v", "y"]


def test_a_check_names_what_cores_lack_once_and_nothing_else() -> None:
    found = check_model(gated.embedded(), "spinnaker2", Options(weights="int8"))
    assert [(problem.code, problem.node) for problem in found.problems] == [
        ("AX601", name) for name in ("table", "x", "shown")
    ]
