"""``axonc plan`` and `axonc.plan`: the table, JSON, the page, and that training holds what they say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tasks
from click.testing import CliRunner, Result

import axonc
from axonc import ModelError
from axonc.compiler.checkpoint import tally
from axonc.compiler.driver.cli import cli
from axonc.compiler.driver.cli_options import byte_count
from axonc.compiler.driver.planning.page import timeline
from axonc.compiler.driver.planning.text import size


@pytest.fixture
def model(tmp_path: Path) -> Path:
    tasks.lif().save(tmp_path / "model.axg")
    return tmp_path / "model.axg"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_the_plan_of_a_model_is_that_of_its_training() -> None:
    graph = tasks.lif("cuba_lif")
    x, labels = tasks.task(8)
    data = (np.tile(x, (1, 40, 1)), labels)
    found = axonc.plan(graph, 400, batch=4, memory=300_000, input_type="uint8")
    trained = axonc.train(graph, data, epochs=1, batch=4, memory=300_000)
    assert trained.plan is not None
    assert (trained.plan.kind, trained.plan.peak) == (found.chosen.kind, found.chosen.peak)
    assert found.chosen.cost == trained.plan.cost


def test_json(model: Path) -> None:
    arguments = ("plan", model, "--steps", 10_000, "--memory", "700k", "--bandwidth", 1000, "--loops", "--json")
    done = run(*arguments)
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    by_name = {plan["plan"]: plan for plan in said["plans"]}
    assert list(by_name) == [
        "none", "single", "binomial", "optimal", "offload", "single_off", "double", "periodic", "two_level",
    ]  # fmt: skip
    assert said["blocks"] == 625
    chosen = by_name[said["chosen"]]
    assert chosen["loops"]
    assert chosen["peak"] <= 700_000
    assert chosen["time"] == min(plan["time"] for plan in by_name.values() if plan["fits"] and plan["loops"])
    fastest = min(plan["time"] for plan in by_name.values() if plan["fits"])
    assert said["price"] == pytest.approx(chosen["time"] / fastest - 1)
    assert not by_name["none"]["fits"]
    assert by_name["none"]["longest"] < 10_000 <= chosen["longest"]
    assert run(*arguments).output == done.output


def test_seconds_and_forward_steps() -> None:
    graph = tasks.lif()
    unit, seconds = (axonc.plan(graph, 320, forward=forward) for forward in (None, 1e-3))
    assert (unit.unit, seconds.unit) == ("forward steps", "s")
    assert seconds.chosen.time == pytest.approx(1e-3 * unit.chosen.time)
    assert unit.chosen.time == pytest.approx(3 * 320)


def test_the_longest_sequence_fits() -> None:
    graph, memory = tasks.egru(), 400_000
    found = axonc.plan(graph, 3200, memory=memory, input_type="uint8")
    for plan in found.plans:
        most = found.longest(plan)
        assert most is not None
        for steps, fits in ((most, True), (most + 160, False)):
            try:
                plans = axonc.plan(graph, steps, memory=memory, input_type="uint8").plans
            except ModelError:
                plans = ()
            assert any(one.fits for one in plans if one.kind == plan.kind) == fits, (plan.kind, steps)


def test_text_and_page(model: Path, tmp_path: Path) -> None:
    pages = [tmp_path / name for name in ("a.html", "b.html")]
    for page in pages:
        done = run("plan", model, "--steps", 2000, "--memory", "250k", "--input-type", "uint8", "--plot", page)
        assert done.exit_code == 0, done.output
    assert "chosen: " in done.output
    assert pages[0].read_bytes() == pages[1].read_bytes()
    text = pages[0].read_text()
    assert text.count("<svg") == 1
    assert "What is held" in text
    assert "src=" not in text
    found = axonc.plan(tasks.lif(), 2000, memory=250_000, input_type="uint8")
    assert str(found).splitlines()[-1] in done.output


def test_the_timeline_shows_the_peak() -> None:
    found = axonc.plan(tasks.lif(), 2000, memory=250_000, input_type="uint8")
    live = np.array(tally(found.problem, found.chosen.actions(), live=True).live)
    assert (live[:, 1] + live[:, 2]).max() == found.chosen.cost.peak
    assert {entry.text for entry in timeline(found).legend} <= {"states", "tapes", "off chip"}


@pytest.mark.parametrize(("changes", "code"), [
    ({"steps": 0}, "AX821"), ({"batch": 0}, "AX821"), ({"block": 0}, "AX821"), ({"memory": 10}, "AX820"),
    ({"bandwidth": -1.0}, "AX821"), ({"forward": 0.0}, "AX821"), ({"latency": -1.0}, "AX821"),
])  # fmt: skip
def test_what_cannot_be_planned(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(ModelError, match=code):
        axonc.plan(tasks.lif(), **{"steps": 100, **changes})


def test_bytes_as_text() -> None:
    assert [byte_count(text) for text in ("7", "500k", "2.5G", "64Mi", "1MB")] == [
        7, 500_000, 2_500_000_000, 64 << 20, 1_000_000,
    ]  # fmt: skip
    sizes = {0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_960: "1.0 MB", 2_500_000: "2.5 MB"}
    assert [size(count) for count in sizes] == list(sizes.values())
    assert run("plan", "model", "--steps", 3, "--memory", "much").exit_code != 0


def test_training_says_its_plan(model: Path, tmp_path: Path) -> None:
    x, labels = tasks.task(4)
    np.savez(tmp_path / "data.npz", x=np.tile(x, (1, 30, 1)), labels=labels)
    output = tmp_path / "trained.axg"
    done = run("train", model, "--data", tmp_path / "data.npz", "--epochs", 1, "--memory", "160k", "-o", output)
    assert done.exit_code == 0, done.output
    assert done.output.startswith("checkpoints: ")
    assert output.exists()
