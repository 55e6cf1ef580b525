"""``axonc evaluate``: what it prints and writes, and what it refuses."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import models
import nir
import numpy as np
import pytest
from click.testing import CliRunner

import axonc
from axonc import AxoncError, Graph, ModelError, Program
from axonc.compiler.driver.cli import cli
from axonc.compiler.driver.evaluate import Evaluation, evaluate

Array = np.ndarray[Any, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, x: Array) -> Path:
    """A model, a build of it, and data."""
    made = tmp_path_factory.mktemp("evaluate")
    nir.write(made / "model.nir", models.recurrent())
    graph = axonc.load(made / "model.nir", semantics="nir,dt=1e-3")
    axonc.compile(graph, target="native", slice_size=3, strategy="spread").save(made / "build")
    np.savez(made / "data.npz", x=x, y=np.array([1, 0, 1]))
    np.savez(made / "x.npz", input=x)
    np.save(made / "y.npy", np.array([1, 0, 1]))
    return made


def invoke(folder: Path, *arguments: str) -> str:
    """The standard output of a command that succeeds; its errors are raised."""
    here = Path.cwd()
    os.chdir(folder)
    try:
        return CliRunner().invoke(cli, arguments, catch_exceptions=False, standalone_mode=False).output
    finally:
        os.chdir(here)


MODEL = ("evaluate", "model.nir", "--dt", "1e-3", "--target", "native", "--slice", "3", "--strategy", "spread")


def test_a_build_and_its_model_give_the_same(folder: Path) -> None:
    compiled = invoke(folder, *MODEL, "--data", "data.npz", "--json")
    built = invoke(folder, "evaluate", "build", "--model", "model.nir", "--data", "data.npz", "--json")
    assert compiled == built
    found = json.loads(built)
    assert list(found["stages"]) == ["float", "quantised", "mapped"]
    assert found["comparisons"][1]["equal"]


def test_labels_in_a_file_of_their_own(folder: Path) -> None:
    together = invoke(folder, "evaluate", "build", "--data", "data.npz")
    assert invoke(folder, "evaluate", "build", "--data", "x.npz", "--labels", "y.npy") == together
    assert "accuracy" in together
    assert "every event, state and output is equal" in together


def test_a_page_is_self_contained_and_the_same_each_time(folder: Path) -> None:
    for name in ("one.html", "two.html"):
        invoke(folder, "evaluate", "build", "--model", "model.nir", "--data", "data.npz", "-o", name)
    page = (folder / "one.html").read_text()
    assert page == (folder / "two.html").read_text()
    assert "<svg" in page
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("evaluate", "build", "--data", "data.npz", "--target", "native"), "AX403 build: options of a compilation"),
        (("evaluate", "build", "--data", "data.npz", "--stage", "float"), "AX403 no stage 'float'"),
        (("evaluate", "build", "--data", "data.npz", "--jobs", "0"), "AX403 0 jobs"),
        (("evaluate", "build", "--data", "data.npz", "--chunk", "0"), "AX403 chunks of 0 samples"),
        (("evaluate", "build", "--data", "data.npz", "--jobs", "2", "--scheduler", "a"), "AX403 jobs and scheduler"),
        (("evaluate", "build", "--data", "data.npz", "--class-output", "nothing"), "AX702 nothing"),
        (("evaluate", "build", "--data", "none.npz"), "AX703 none.npz"),
        (("evaluate", "build", "--data", "data.npz", "-o", "nowhere/page.html"), "AX703 nowhere/page.html"),
        (("evaluate", "nothing", "--data", "data.npz", "--target", "native"), "AX703 nothing"),
        ((*MODEL, "--model", "model.nir", "--data", "data.npz"), "AX403 model.nir: --model with a model"),
    ],
)
def test_bad_options_are_one_line(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(AxoncError) as error:
        invoke(folder, *arguments)
    assert str(error.value).startswith(said)
    assert len(str(error.value).splitlines()) == 1
    assert error.value.exit_code == 2
    assert not (folder / "nowhere").exists()


X = np.zeros((3, 4, 3), np.uint8)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"x": np.zeros((3, 4, 5))}, "AX701 input: data of shape (3, 4, 5)"),
        ({"y": np.zeros(3)}, "AX701 input: data of shape (3,)"),
        ({"x": X, "z": X}, "AX701 data for ['x', 'z']"),
        ({"x": np.full((3, 4, 3), np.nan)}, "AX701 input: data with NaN"),
        ({"x": np.full((3, 4, 3), 2)}, "AX701 input: values from 2 to 2"),
        ({"x": X[:0]}, "AX701 0 samples of 4 steps"),
        ({"x": X[:, :0]}, "AX701 3 samples of 0 steps"),
        ({"x": X, "y": np.zeros(2)}, "AX705 labels of shape (2,)"),
        ({"x": X, "y": np.zeros((3, 1))}, "AX705 labels of shape (3, 1)"),
        ({"x": X, "y": np.array([0, 1, 2])}, "AX705 labels from 0 to 2"),
        ({"x": X, "y": np.array([0, 1, -1])}, "AX705 labels from -1 to 1"),
        ({"x": X, "y": np.array([0, 1, 0.5])}, "AX705 labels of type float64"),
        ({"x": X, "y": np.array([0, 1, np.nan])}, "AX705 labels of type float64"),
        ({"x": X, "y": np.array(["0", "1", "1"])}, "AX705 labels of type <U1"),
        ({"x": X, "y": np.zeros(3), "labels": np.zeros(3)}, "AX705 bad.npz: arrays y and labels"),
    ],
)
def test_bad_data_are_one_line(folder: Path, arrays: dict[str, Array], said: str) -> None:
    np.savez(folder / "bad.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(ModelError) as error:
        invoke(folder, "evaluate", "build", "--data", "bad.npz", "--jobs", "1")
    assert str(error.value).startswith(said)
    assert len(str(error.value).splitlines()) == 1


def test_a_single_sample_needs_no_batch_axis(native: Program, x: Array) -> None:
    assert evaluate(native, x[0], [1], jobs=1).to_dict() == evaluate(native, x[:1], [1], jobs=1).to_dict()


def test_another_model_is_refused(folder: Path) -> None:
    nir.write(folder / "other.nir", models.recurrent(seed=1))
    with pytest.raises(ModelError, match=r"AX706 other\.nir: this is another model"):
        invoke(folder, "evaluate", "build", "--model", "other.nir", "--data", "data.npz")


def test_another_graph_is_refused(native: Program, x: Array) -> None:
    other: Graph = axonc.load(models.recurrent(channels=4), dt=1e-3)
    with pytest.raises(ModelError, match="AX706"):
        evaluate(native, x, graph=other, jobs=1)


def test_semantics_of_single_nodes_come_back(folder: Path, x: Array) -> None:
    (folder / "config.toml").write_text('dt = 1e-3\n[nodes.cell]\nsemantics = "reset=zero,compare=ge"\n')
    graph = axonc.load(folder / "model.nir", config=folder / "config.toml")
    axonc.compile(graph, target="native").save(folder / "other")
    found = invoke(folder, "evaluate", "other", "--model", "model.nir", "--data", "data.npz", "--json")
    expected: Evaluation = evaluate(
        axonc.open(folder / "other"), np.load(folder / "x.npz")["input"], graph=graph, jobs=1
    )
    assert json.loads(found)["comparisons"] == expected.to_dict()["comparisons"]
