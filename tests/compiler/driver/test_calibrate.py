"""Cores are filled for the activity that the user's data cause."""

from __future__ import annotations

import json
from pathlib import Path

import models
import numpy as np
import pytest
from benchmarks.networks import events, recurrent
from click.testing import CliRunner

import axonc
from axonc import Graph, ModelError
from axonc.compiler.driver.cli import cli
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import prepare

BUSY = events(20, 40, 0.9)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return recurrent(40, 400, 5)


def test_the_busiest_step_is_measured(graph: Graph) -> None:
    program = axonc.compile(graph, calibrate=BUSY, machine=None)
    hidden = axonc.interpret(program.graph, BUSY, record=["h"]).recorded["h"]
    assert program.manifest["activity"] == {"in": BUSY.sum(axis=1).max() / 40, "h": hidden.sum(axis=1).max() / 400}


def test_more_activity_takes_more_cores(graph: Graph) -> None:
    """Without data 5 % of the sources are taken to be active: here far more are."""
    used = [axonc.compile(graph, calibrate=data).manifest["cores"] for data in (None, BUSY)]
    assert used[0] < used[1]
    assert axonc.compile(graph, calibrate=BUSY).verify(BUSY).equal


def test_a_program_for_busy_data_is_never_late_on_them(graph: Graph) -> None:
    stats = axonc.compile(graph, calibrate=BUSY).run(BUSY).stats
    assert stats["cycles"].max() <= 150_000
    assert not np.any(stats["overruns"])


def test_silence_is_an_activity_too(graph: Graph) -> None:
    assert axonc.compile(graph, calibrate=np.zeros((5, 40), np.int8)).manifest["activity"]["in"] == 0


def test_data_that_do_not_fit_are_refused(graph: Graph) -> None:
    with pytest.raises(ModelError, match="AX701"):
        prepare(graph, "spinnaker2", Options(calibrate=np.zeros((5, 41))))
    with pytest.raises(ModelError, match="AX703"):
        prepare(graph, "spinnaker2", Options(calibrate=Path("absent.npz")))


def test_on_the_command_line_and_in_a_file(tmp_path: Path) -> None:
    model, data, config = tmp_path / "model.axg", tmp_path / "x.npy", tmp_path / "axonc.toml"
    axonc.load(models.single(models.neuron("LIF", 3), np.eye(3)), dt=1e-3).save(model)
    np.save(data, models.events((10, 3), 1.0, seed=1))
    config.write_text('calibrate = "x.npy"\n')
    common = ["compile", str(model), "--target", "spinnaker2", "-o"]
    for index, option in enumerate((["--calibrate", str(data)], ["--config", str(config)])):
        build = tmp_path / f"build{index}"
        result = CliRunner().invoke(cli, [*common, str(build), *option])
        assert result.exit_code == 0, result.output
        assert json.loads((build / "manifest.json").read_text())["activity"]["input"] == 1.0
