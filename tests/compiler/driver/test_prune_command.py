"""``axonc prune``: its tables are what the cores count, its comparison what both graphs do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tasks
from click.testing import CliRunner, Result
from pruned import weight

import axonc
from axonc import Graph, ModelError
from axonc.backends.spinnaker2.counts import received_events
from axonc.backends.spinnaker2.lower import plan_cores
from axonc.compiler.driver.cli import cli
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import prepare
from axonc.compiler.driver.pruning.activity import counts
from axonc.compiler.driver.pruning.costs import column_nonzeros, matrix_costs, total
from axonc.compiler.driver.pruning.effect import effect
from axonc.compiler.driver.pruning.methods import parse_pruning
from axonc.compiler.passes.tune_thresholds import threshold_of
from axonc.ir.network import network

Array = np.ndarray[Any, Any]


@pytest.fixture(scope="module")
def graph() -> Graph:
    return tasks.lif(hidden=32)


@pytest.fixture
def files(graph: Graph, tmp_path: Path) -> Path:
    x, y = tasks.task(24)
    graph.save(tmp_path / "model.axg")
    np.savez(tmp_path / "data.npz", **{"in": x}, y=y)
    return tmp_path


def invoke(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["prune", str(folder / "model.axg"), "-o", str(folder / "out.axg"), *arguments])


def test_a_matrix_costs_what_loops_count(graph: Graph) -> None:
    """Operations, weight by weight and step by step."""
    x = tasks.task(5)[0]
    pruned = axonc.prune(graph, 0.7)
    sent = axonc.interpret(pruned, x, record=["hidden", "hidden@0.002"]).recorded
    costs = {cost.name: cost for cost in matrix_costs(pruned, x)}
    for name, trace in (("w", x), ("r", sent["hidden@0.002"]), ("o", sent["hidden"])):
        kept, cost = weight(pruned, name) != 0, costs[name]
        assert cost.operations == sum(int(kept[:, source].sum()) for *_, source in np.argwhere(trace))
        assert (cost.nonzeros, cost.weights, cost.events) == (kept.sum(), kept.size, trace.sum())
        assert (cost.density, cost.activity) == (kept.mean(), trace.mean())
        assert cost.product == pytest.approx(kept.mean() * trace.mean())
        assert cost.weighted == cost.operations / kept.size / 50
    assert total(list(costs.values())).operations == sum(cost.operations for cost in costs.values())


@pytest.mark.parametrize("how", ["0.9", "0.9,score=activity"])
def test_operations_are_what_running_cores_count(graph: Graph, how: str) -> None:
    """Of sparse rows, the weights that cores add are the events times the nonzeros of their columns."""
    x = tasks.task(4, seed=3)[0][0]
    final, mapping, machine = prepare(
        graph, "spinnaker2", Options("int8", "q16", prune=parse_pruning(how), calibrate=x)
    )
    assert mapping is not None
    assert machine is not None
    plans = plan_cores(network(final), mapping, synapses=machine.synapses)
    assert "dense" not in {rows.format for plan in plans for rows in plan.rows}, "dense rows count zeros, too"
    program = axonc.compile(graph, prune=how, state="q16", calibrate=x)
    for engine in ("emulator", "native"):
        ran = program.run(x, record=["hidden"], engine=engine)
        received = received_events(mapping, {"in": x, "hidden": ran.recorded["hidden"], "read": x}, frozenset())
        operations = sum(
            int(received[source] @ column_nonzeros(final[name].op))  # type: ignore[arg-type]
            for name, source in (("w", "in"), ("r", "hidden"), ("o", "hidden"))
        )
        assert int(ran.stats["macs"].sum()) == operations > 0


def test_removing_units_takes_no_operation_that_counts(graph: Graph) -> None:
    """The same sums for the units that stay; fewer weights are added for those that went."""
    x = tasks.task(4)[0]
    whole, cut = (axonc.compile(graph, target="native", prune=how, state="q16") for how in (["0.9"], ["0.9", "units"]))
    before, after = (program.run(x) for program in (whole, cut))
    np.testing.assert_array_equal(before["out"], after["out"])
    assert after.stats["macs"].sum() < before.stats["macs"].sum()
    operations = [total(matrix_costs(program.graph, x)).operations for program in (whole, cut)]
    assert operations[1] < operations[0]


def test_the_effect_on_outputs(graph: Graph) -> None:
    x, y = tasks.task(24)
    after = axonc.prune(graph, 0.8)
    found = effect(graph, after, x, y)
    outs = [axonc.interpret(each, x)["out"].astype(np.float64) for each in (graph, after)]
    classes = [out.sum(axis=1).argmax(axis=1) for out in outs]
    assert found.accuracy == (np.mean(classes[0] == y), np.mean(classes[1] == y))
    assert found.agreement == np.mean(classes[0] == classes[1])
    (shown,) = found.outputs
    assert shown.equal == np.mean(outs[0] == outs[1])
    assert shown.sqnr is not None
    noise = np.sum((outs[1] - outs[0]) ** 2)
    assert shown.sqnr.signal / shown.sqnr.noise == pytest.approx(np.sum(outs[0] ** 2) / noise)
    same = effect(graph, graph, x)
    assert (same.agreement, same.accuracy) == (1.0, None)
    assert str(same.outputs[0]) == "out: 100.0000% of values equal, SQNR exact"


def test_the_command_writes_what_python_makes(files: Path, graph: Graph) -> None:
    x = tasks.task(24)[0]
    data = str(files / "data.npz")
    done = invoke(files, "--prune", "0.6,score=cost", "--prune", "units", "--calibrate", data, "--data", data)
    assert done.exit_code == 0, done.output
    ours = axonc.prune(axonc.load(files / "model.axg"), ["0.6,score=cost", "units"], calibrate=x)
    assert str(axonc.load(files / "out.axg")) == str(ours)
    assert "accuracy " in done.output
    assert "density d" in done.output


def test_the_command_in_json(files: Path) -> None:
    data = str(files / "data.npz")
    found = json.loads(invoke(files, "--prune", "0.5", "--data", data, "--json").stdout)
    assert found["pipeline"] == ["prune{sparsity=0.5,scope=layer,score=magnitude,block=1,rates=none}"]
    assert [cost["density"] for cost in found["after"]] == [0.5, 0.5, 0.5]
    assert [cost["density"] for cost in found["before"]] == [1.0, 1.0, 1.0]
    without = json.loads(invoke(files, "--prune", "0.5", "--json").stdout)
    assert "agreement" not in without
    assert without["after"][0]["nonzeros"] == found["after"][0]["nonzeros"]


def test_a_configuration_says_it(files: Path) -> None:
    (files / "axonc.toml").write_text('prune = 0.25\ncalibrate = "data.npz"\n')
    done = invoke(files, "--config", str(files / "axonc.toml"))
    assert done.exit_code == 0, done.output
    assert "prune{sparsity=0.25" in axonc.load(files / "out.axg").properties["pipeline"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "AX403 no --prune"),
        (["--prune", "x"], "AX403 prune: the method 'x'"),
        (["--prune", "0.5", "--data", "absent.npz"], "AX703"),
        (["--prune", "0.5", "--class-output", "top", "--data", "DATA"], "AX702 top"),
        (["--prune", "silent"], "AX407"),
    ],
)
def test_nothing_is_written_where_something_is_wrong(files: Path, arguments: list[str], said: str) -> None:
    done = invoke(files, *(str(files / "data.npz") if part == "DATA" else part for part in arguments))
    assert isinstance(done.exception, ModelError)
    assert said in str(done.exception)
    assert not (files / "out.axg").exists()


@pytest.mark.parametrize("by", ["layer", "unit"])
@pytest.mark.parametrize("make", [tasks.lif, tasks.egru])
def test_thresholds_reach_a_rate(make: Any, by: str) -> None:
    """Up or down; the note says what came out; counted again here."""
    graph, x = make(), tasks.task(60)[0]
    name = "hidden" if "hidden" in graph else "cell"
    start = counts(graph, [name], x).rates.of[name]
    for target in (0.5 * start.mean(), 1.3 * start.mean()):
        after = axonc.prune(graph, f"thresholds,rate={target},by={by}", calibrate=x)
        reached = counts(after, [name], x).rates.of[name]
        if by == "layer":
            assert abs(reached.mean() - target) < 0.02 * target
        else:  # a unit of threshold 0 cannot be busier
            short = (threshold_of(after[name].op) < 1e-3) & (reached < target)
            assert np.all(short | (abs(reached - target) < 0.06 * target))
            assert np.count_nonzero(short) <= reached.size / 2
        assert f"AX413 {name}: {reached.mean():.3g} events of a unit in a step over the given data, " in str(
            after.properties["notes"]
        )


def test_thresholds_stay_within_bounds() -> None:
    """No rate that cannot be reached is claimed: as near as thresholds from 0, of an EGRU to 1, allow."""
    graph, x = tasks.egru(8), tasks.task(20)[0]
    for rate in ("0", "1"):
        after = axonc.prune(graph, f"thresholds,rate={rate}", calibrate=x)
        threshold = after["cell"].op.threshold  # type: ignore[attr-defined]
        assert 0 <= threshold.min() <= threshold.max() <= 1
    quiet = axonc.prune(graph, "thresholds,rate=0", calibrate=x)
    assert counts(quiet, ["cell"], x).of["cell"].sum() == 0


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("thresholds", "AX403 prune thresholds without rate"),
        ("thresholds,rate=-1", "AX403 rate=-1"),
        ("thresholds,rate=inf", "AX403 rate=inf"),
        ("thresholds,rate=0.1,by=all", "AX403 prune thresholds: by='all'"),
        ("thresholds,rate=0.1", "AX407 thresholds for a rate without data"),
        ("thresholds,rate=0.1,nodes=w", "AX411 w: no neurons of that name that send events; known: hidden"),
    ],
)
def test_thresholds_that_cannot_be(graph: Graph, how: str, said: str) -> None:
    with pytest.raises(ModelError) as caught:
        axonc.prune(graph, how)
    assert any(str(problem).startswith(said) for problem in caught.value.diagnostics), str(caught.value)


def test_a_sweep_tries_several(graph: Graph) -> None:
    x, y = tasks.task(8)
    grid = {"prune": [0.5, "0.9,score=activity"], "weights": ["int8"]}
    found = axonc.sweep(graph, x, y, grid=grid, target="reference", options={"calibrate": x}, jobs=1)
    costs = [point.costs["operations"] for point in found.points]
    assert costs[0] > costs[1]
    assert [point.text for point in found.points] == [
        "prune=weights,sparsity=0.5, weights=int8",
        "prune=weights,sparsity=0.9,score=activity, weights=int8",
    ]
    assert json.dumps(found.to_dict())


def test_stages_of_unequal_layers_are_compared_where_they_are_equal(graph: Graph) -> None:
    x = tasks.task(8)[0]
    found = axonc.evaluate(graph, x, options={"target": "native", "prune": ["0.9", "units"], "weights": "int8"}, jobs=1)
    assert [layer.name for layer in found.comparisons["quantised"].layers] == []
    assert [layer.name for layer in found.comparisons["mapped"].layers] == ["hidden"]
    assert "no layer of events has the same neurons in both" in str(found)
