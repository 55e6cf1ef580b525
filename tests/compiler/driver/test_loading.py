"""What the command line says of a model that was repaired or tells its time step, and NIRData through ``axonc run``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import models
import nir
import numpy as np
import pytest
from click.testing import CliRunner, Result

from axonc import ModelError, compile, load
from axonc.compiler.driver.cli import cli

Array = np.ndarray[Any, Any]
SPREAD = "AX113 cell: r of shape (); spread to (2,)"
RECOVERED = "AX118 dt = 0.001, recovered from the model; "


def axonc(*arguments: object) -> Result:
    """A command's outcome."""
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A file that tells dt = 1e-3, and whose r of one population is a scalar."""
    cell = models.neuron("LIF", 2, tau=0.02)
    cell.r = np.float64(20.0)
    nodes = {
        "input": models.source(3),
        "fc": models.linear(np.ones((2, 3))),
        "cell": cell,
        "out": models.neuron("LI", 2, tau=0.05, r=50.0),
        "output": models.sink(2),
    }
    graph = models.graph(nodes, "input fc cell out output")
    graph.metadata = {"exporter": "by hand"}
    nir.write(str(tmp_path / "m.nir"), graph, compression=None)
    return tmp_path / "m.nir"


def test_repairs_and_the_recovered_step_are_said_on_standard_error(model: Path) -> None:
    done = axonc("check", model, "--target", "reference")
    assert done.exit_code == 0
    assert done.stderr.startswith(f"{SPREAD}\n{RECOVERED}")
    assert SPREAD not in done.stdout


def test_they_are_in_the_manifest(model: Path, tmp_path: Path) -> None:
    done = axonc("compile", model, "--target", "reference", "-o", tmp_path / "build")
    assert done.stderr.startswith(SPREAD)
    manifest = json.loads((tmp_path / "build" / "manifest.json").read_text())
    assert [line.split()[0] for line in manifest["repairs"]] == ["AX113", "AX118"]
    assert (manifest["dt"], manifest["semantics"]) == (1e-3, "nir,dt=0.001")
    assert f"  # {SPREAD}\n" in axonc("inspect", tmp_path / "build").stdout


def test_json_holds_them_and_nothing_else_is_printed(model: Path) -> None:
    done = axonc("check", model, "--target", "reference", "--json")
    assert json.loads(done.output)["repairs"][0] == SPREAD


def test_inspect_shows_repairs_version_and_writer(model: Path) -> None:
    done = axonc("inspect", model)
    assert f"  # {SPREAD}\n" in done.stdout
    assert f"nir_version={nir.version}" in done.stdout
    assert 'nir_metadata={"": {"exporter": "by hand"}}' in done.stdout


def test_the_table_of_semantics_takes_the_recovered_step(model: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", models.events((20, 3)))
    done = axonc("semantics", model, "--input", tmp_path / "x.npz")
    assert done.exit_code == 0
    assert "AX201" not in done.output


def test_a_given_step_wins(model: Path) -> None:
    assert "AX119 dt = 0.002 is given" in axonc("check", model, "--target", "reference", "--dt", "2e-3").stderr


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three neurons that spike one step for every input event."""
    folder = tmp_path_factory.mktemp("build")
    nir.write(str(folder / "m.nir"), models.single(models.neuron("IF", 3, r=2.0), np.eye(3)))
    done = axonc("compile", folder / "m.nir", "--target", "reference", "--dt", "1e-3", "-o", folder / "build")
    assert done.exit_code == 0
    return folder / "build"


def given(path: Path, data: object) -> Path:
    """NIRData for the input."""
    nir.write_data(path, nir.NIRGraphData({"input": nir.NIRNodeData({"spikes": data})}))
    return path


def outputs(build: Path, data: Path) -> Array:
    """What the program makes of it."""
    out = data.with_suffix(".npz")
    done = axonc("run", build, "--input", data, "-o", out)
    assert done.exit_code == 0, done.output
    with np.load(out) as file:
        return np.asarray(file["output"])


def test_a_time_grid_and_its_padded_events_give_the_same(build: Path, tmp_path: Path) -> None:
    x = models.events((2, 9, 3), 0.4)
    x[1, 3:] = 0  # the second sample has fewer events: the rest is padded with -1 and inf
    grid = nir.TimeGriddedData(x.astype(bool), 1e-3)
    events = grid.to_event(int(x[0].sum()))
    assert (events.idx[1, -1], events.time[1, -1]) == (-1, np.inf)
    results = [outputs(build, given(tmp_path / f"{type(data).__name__}.h5", data)) for data in (grid, events)]
    np.testing.assert_array_equal(results[0].reshape(x.shape), x)
    np.testing.assert_array_equal(*results)


def test_float_indices_are_whole_or_refused(build: Path, tmp_path: Path) -> None:
    whole = nir.EventData(np.array([[1.0, -1.0]]), np.array([[2e-3, np.inf]]), 3, 4e-3)
    assert np.argwhere(outputs(build, given(tmp_path / "a.h5", whole)).reshape(4, 3)).tolist() == [[2, 1]]
    half = nir.EventData(np.array([[1.5]]), np.array([[2e-3]]), 3, 4e-3)
    done = axonc("run", build, "--input", given(tmp_path / "b.h5", half))
    assert isinstance(done.exception, ModelError)
    assert "AX701 input" in str(done.exception)


def test_another_time_step_is_refused(build: Path, tmp_path: Path) -> None:
    path = given(tmp_path / "x.h5", nir.TimeGriddedData(np.zeros((1, 4, 3), bool), 1e-4))
    done = axonc("run", build, "--input", path)
    assert isinstance(done.exception, ModelError)
    assert "a time step of 0.0001; the program's is 0.001" in str(done.exception)


def test_repairs_survive_compilation_in_python(model: Path) -> None:
    assert load(model).properties["repairs"] == SPREAD


def test_what_is_compiled_was_loaded(model: Path) -> None:
    with pytest.raises(TypeError, match=r"axonc.load gives it, not PosixPath"):
        compile(model)  # type: ignore[arg-type]
