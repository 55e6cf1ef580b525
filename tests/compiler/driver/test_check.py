"""`axonc check`: a verdict for every node, every problem at once, past the first stage that fails."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import models
import nir
import numpy as np
import pytest
import strategies
from click.testing import CliRunner, Result
from hypothesis import given
from rich.console import Console

import axonc
from axonc import AxoncError, Diagnostic, ModelError
from axonc.compiler.driver.check import OK, REPAIRED, UNJUDGED, UNSUPPORTED, Check, Verdict, check_model
from axonc.compiler.driver.cli import cli
from axonc.compiler.driver.cli_model import _print
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import prepare

DT = "nir,dt=1e-3"


def voltages(tau: float = 5e-3, inputs: int = 3) -> nir.NIRGraph:
    """Two populations that send voltages into weights."""
    nodes = {
        "input": models.source(inputs),
        "fc": models.linear(np.ones((2, inputs))),
        "li": models.neuron("LI", 2),
        "fc2": models.linear(np.ones((2, 2))),
        "lif": models.neuron("LIF", 2, tau=tau),
        "i": models.neuron("I", 2),
        "fc3": models.linear(np.ones((2, 2))),
        "if": models.neuron("IF", 2),
        "output": models.sink(2),
    }
    return models.graph(nodes, "input fc li fc2 lif i fc3 if output")


def found(check: Check) -> dict[str, list[str]]:
    """The codes of every node that has any."""
    return {v.node: [p.code for p in v.problems] for v in check.nodes if v.problems}


def judged(model: Any, target: str = "spinnaker2", semantics: str = DT, **options: Any) -> Check:
    """A model judged."""
    return check_model(model, target, Options(**options), semantics)


def test_a_sound_model_is_judged_node_by_node() -> None:
    check = judged(models.recurrent())
    assert check.ok
    assert [(v.node, v.op, v.verdict) for v in check.nodes][:3] == [
        ("input", "input", OK),
        ("fc", "linear", OK),
        ("cell", "cuba_lif", OK),
    ]
    assert len(check.nodes) == 7
    core = check.fit["cores"][0]
    assert sum(core["bytes"].values()) <= core["sram_bytes"]
    assert 0 < core["cycles"] < check.fit["tick_cycles"]


@pytest.mark.parametrize("target", ["reference", "native", "spinnaker2"])
def test_the_fit_of_every_target(target: str) -> None:
    check = judged(models.recurrent(), target)
    assert check.ok
    assert bool(check.fit) == (target != "reference")


def test_all_sources_of_voltages_are_found_at_once() -> None:
    assert found(judged(voltages())) == {"fc2": ["AX602"], "fc3": ["AX602"]}
    assert judged(voltages(), "reference").ok


def test_a_missing_time_step_hides_nothing() -> None:
    missing = {"li": ["AX201"], "lif": ["AX201"]}
    assert found(judged(voltages(), semantics="nir")) == {**missing, "fc2": ["AX602"], "fc3": ["AX602"]}


def test_semantics_that_are_refused_hide_nothing() -> None:
    check = judged(voltages(tau=1e-4))
    assert found(check) == {"lif": ["AX203"], "fc2": ["AX602"], "fc3": ["AX602"]}
    several = judged(voltages(), semantics=f"{DT},spikes=3")
    assert found(several) == {"lif": ["AX206"], "if": ["AX206"], "fc2": ["AX602"], "fc3": ["AX602"]}


def test_time_constants_and_resets_that_are_missing_hide_nothing(tmp_path: Path) -> None:
    nir.write(tmp_path / "m.nir", voltages())
    with h5py.File(tmp_path / "m.nir", "a") as file:
        del file["node/nodes/lif/v_reset"], file["node/nodes/if/v_reset"]
    codes = {"lif": ["AX205"], "if": ["AX205"], "fc2": ["AX602"], "fc3": ["AX602"]}
    assert found(judged(tmp_path / "m.nir")) == codes


def test_options_that_do_not_exist_hide_nothing() -> None:
    check = judged(voltages(tau=1e-4), state="q64", strategy="none")
    assert [p.code for p in check.problems] == ["AX203", "AX403", "AX403", "AX602", "AX602"]


def test_a_constant_in_a_delay_hides_no_voltages() -> None:
    nodes = {
        "input": models.source(3),
        "fc": models.affine(np.ones((2, 3)), np.ones(2)),
        "late": nir.Delay(np.full(2, 2e-3)),
        "li": models.neuron("LI", 2),
        "fc2": models.linear(np.ones((2, 2))),
        "lif": models.neuron("LIF", 2),
        "output": models.sink(2),
    }
    assert found(judged(models.graph(nodes, "input fc late li fc2 lif output"))) == {
        "late": ["AX601"],
        "fc2": ["AX602"],
    }


def test_voltages_hide_no_overflow_and_no_reset() -> None:
    model = voltages()
    model.nodes["input2"] = models.source(2)
    model.nodes["big"] = models.linear(np.ones((2, 2)))
    model.nodes["sum"] = models.neuron("LIF", 2)
    model.nodes["output2"] = models.sink(2)
    model.edges += [("input2", "big"), ("big", "sum"), ("sum", "output2")]
    check = check_model(model, "spinnaker2", Options(), f"{DT},reset=subtract,spikes=300", inputs="events:100000000")
    assert found(check)["sum"] == ["AX401", "AX601"]
    assert found(check)["fc2"] == ["AX602"]


def test_dense_inputs_are_rounded_and_that_is_said() -> None:
    check = check_model(models.recurrent(), "native", Options(), DT, inputs="dense")
    assert found(check) == {}
    assert any(note.startswith("AX405 input") for note in check.notes), check.notes


def test_misfits_of_all_populations(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text("[clock]\ntick_s = 1e-7\n[router]\nentries = 1\n")
    check = judged(models.recurrent(), machine=tmp_path / "small.toml")
    assert {"cell", "readout"} <= set(found(check))
    assert {p.code for p in check.problems} >= {"AX505"}


def test_options_that_name_nothing_are_found_together() -> None:
    from axonc.ir.target import HostInterface

    host = HostInterface(("nothing", "cell:x"), 0, -1)
    check = judged(models.recurrent(), slice_size={"nobody": 3}, host=host)
    assert [p.code for p in check.problems] == ["AX403", "AX403", "AX403", "AX702", "AX702"]


def test_a_model_that_gives_no_graph_still_lists_its_nodes() -> None:
    model = models.single(models.neuron("LIF", 1))

    class Strange(nir.Scale):
        pass

    model.nodes["cell"] = Strange(np.ones(1))
    check = judged(model)
    assert [(v.node, v.op, v.verdict) for v in check.nodes] == [
        ("input", "Input", UNJUDGED),
        ("fc", "Linear", UNJUDGED),
        ("cell", "Strange", UNSUPPORTED),
        ("output", "Output", UNJUDGED),
    ]
    assert check.fit == {}


def test_an_unknown_target_judges_no_node() -> None:
    check = judged(models.recurrent(), "loihi")
    assert [p.code for p in check.problems] == ["AX603"]
    assert {v.verdict for v in check.nodes} == {UNJUDGED}


def test_repairs_stand_at_their_nodes() -> None:
    model = models.single(models.neuron("LIF", 1))
    model.nodes["cell"].tau = np.array(5e-3)
    check = judged(model)
    assert check.ok
    (line,) = check.repairs
    assert [v.repairs for v in check.nodes if v.verdict == REPAIRED] == [(line,)]


def test_a_graph_in_steps_is_judged_as_it_is() -> None:
    graph = axonc.load(models.recurrent(), dt=1e-3)
    assert check_model(graph, "spinnaker2", Options()).ok


def refusals(step: Callable[[], object]) -> set[Diagnostic]:
    """The problems with which a step fails; none if it does not."""
    try:
        step()
    except AxoncError as error:
        return set(error.diagnostics)
    return set()


@strategies.examples(25)
@given(strategies.cases("q16"))
def test_check_and_compile_agree(case: strategies.Case) -> None:
    """A model is refused by both or by neither, and what the compiler finds is among what check finds."""
    options = Options(**case.options)
    check = check_model(case.model, "spinnaker2", options, case.semantics, inputs=case.inputs)
    refused = refusals(
        lambda: prepare(axonc.load(case.model, case.semantics, inputs=case.inputs), "spinnaker2", options)
    )
    assert refused <= set(check.problems)
    assert check.ok == (not refused)


@pytest.mark.parametrize("semantics", ["nir", DT, f"{DT},spikes=3", "nir,dt=1", "exact,dt=1e-3", "lava,dt=1e-3"])
@pytest.mark.parametrize("make", [voltages, models.recurrent, lambda: models.single(models.neuron("Threshold", 1))])
def test_check_finds_at_least_what_compile_finds(make: Callable[[], Any], semantics: str) -> None:
    check = check_model(make(), "native", Options(), semantics)
    refused = refusals(lambda: prepare(axonc.load(make(), semantics), "native", Options()))
    assert refused <= set(check.problems)
    assert check.ok == (not refused)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    nir.write(tmp_path / "good.nir", models.recurrent())
    nir.write(tmp_path / "bad.nir", voltages())
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


NODE = {"node", "op", "origin", "verdict", "problems", "repairs"}
PROBLEM = {"code", "node", "found", "limit", "remedy"}
TOP = {"precision", "schema", "ok", "target", "semantics", "nodes", "problems", "repairs", "notes", "fit", "ways"}


@pytest.mark.parametrize(("name", "status"), [("good", 0), ("bad", 2)])
def test_the_json_form(name: str, status: int, files: Path) -> None:
    done = run("check", files / f"{name}.nir", "--target", "spinnaker2", "--dt", "1e-3", "--json")
    assert done.exit_code == status
    given_form = json.loads(done.stdout)
    assert set(given_form) == TOP
    assert (given_form["schema"], given_form["ok"]) == (1, status == 0)
    assert all(set(node) == NODE for node in given_form["nodes"])
    problems = [problem for node in given_form["nodes"] for problem in node["problems"]]
    assert all(set(problem) == PROBLEM for problem in problems)
    assert len(problems) == len(given_form["problems"]) == (2 if status else 0)
    assert (given_form["fit"] is None) == bool(status)
    assert (given_form["semantics"] is None) == bool(status)


def test_semantics_of_single_nodes_stand_in_the_json_form(files: Path) -> None:
    (files / "c.toml").write_text('[nodes.cell]\nsemantics = "reset=zero"\n')
    options = ("--target", "native", "--dt", "1e-3", "--config", files / "c.toml", "--json")
    assert json.loads(run("check", files / "good.nir", *options).stdout)["node_semantics"]["cell"].endswith(
        "reset=zero"
    )


def test_files_that_are_no_models(files: Path) -> None:
    (files / "no.nir").write_bytes(b"no")
    for name in ("no.nir", "absent.nir"):
        done = run("check", files / name, "--target", "native", "--json")
        assert done.exit_code == 2
        assert json.loads(done.stdout)["nodes"] == []


def test_a_pipe_gets_plain_lines(files: Path) -> None:
    done = run("check", files / "bad.nir", "--target", "spinnaker2")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert [line[:5] for line in done.stderr.splitlines()] == ["AX201", "AX201", "AX602", "AX602"]


def test_a_terminal_gets_a_table() -> None:
    screen = io.StringIO()
    _print(Console(file=screen, force_terminal=True, width=160, emoji=False), judged(voltages()))
    shown = screen.getvalue()
    assert "unsupported" in shown
    assert "AX602" in shown
    assert all(verdict.node in shown for verdict in judged(voltages()).nodes)


def test_names_are_no_markup() -> None:
    screen = io.StringIO()
    strange = Check("native", (Verdict("[red]x[/red]", "[bold]", "", OK),), judged(voltages(), "loihi").problems)
    _print(Console(file=screen, force_terminal=True, width=160), strange)
    assert "[red]x[/red]" in screen.getvalue()


def test_export_after_any_pass(files: Path) -> None:
    for after in ("model", "discretise", "populations", "quantize"):
        path = files / f"{after}.nir"
        done = run("export", files / "good.nir", "-o", path, "--after", after, "--dt", "1e-3", "--state", "q16")
        assert done.exit_code == 0, done.output
        stage = "model" if after == "model" else "steps"
        assert axonc.compiler.driver.loading.read_model(path).stage == stage
        assert ("AX711" in done.output) == (after != "model")
    shown = run("inspect", files / "quantize.nir").stdout
    assert "fixed16" in shown
    assert run("check", files / "quantize.nir", "--target", "spinnaker2").exit_code == 0


def test_export_of_a_build(files: Path) -> None:
    graph = axonc.load(files / "good.nir", dt=1e-3)
    axonc.compile(graph, target="reference", weights="int8", state="q32").save(files / "build")
    assert run("export", files / "build", "-o", files / "out.nir").exit_code == 0
    assert str(axonc.load(files / "out.nir")) == str(axonc.open(files / "build").graph)


def test_export_refuses(files: Path) -> None:
    for arguments in (("-o", files / "x.onnx"), ("-o", files / "x.nir", "--after", "nothing", "--dt", "1e-3")):
        assert isinstance(run("export", files / "good.nir", *arguments).exception, ModelError)
    assert not list(files.glob("x.*"))


def test_explain_says_what_to_do() -> None:
    done = run("explain", "AX203").stdout.splitlines()
    assert done[0] == "AX203  the time step is too large for the integrator"
    assert "integrator=exponential" in done[1]
    assert "`" not in done[1]
