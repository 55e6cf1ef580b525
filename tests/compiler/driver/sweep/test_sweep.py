"""``axonc sweep``: points equal evaluations of their own, the front is that of plain loops, bad grids are one line."""

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
from hypothesis import given
from hypothesis import strategies as st

import axonc
from axonc import AxoncError, ModelError
from axonc.compiler.driver.cli import cli
from axonc.compiler.driver.evaluate import evaluate
from axonc.compiler.driver.sweep import Sweep, sweep
from axonc.compiler.driver.sweep.grid import grid_of_texts, make_grid
from axonc.compiler.driver.sweep.points import front

Array = np.ndarray[Any, Any]
GRID = {"state": ["q16", "q32"], "weights": ["int8", "int3"], "slice": [3, {"cell": 2}], "semantics": ["nir,dt=1e-3"]}


@pytest.fixture(scope="module")
def found(x: Array) -> Sweep:
    return sweep(models.recurrent(), x, [1, 0, 1], grid=GRID, target="native", agreement=True, jobs=1)


def test_every_combination_is_a_point(found: Sweep) -> None:
    assert len(found.points) == 8
    assert found.varied == ["state", "weights", "slice_size", "semantics"]
    assert [point.options["state"] for point in found.points] == ["q16"] * 4 + ["q32"] * 4


def test_a_point_equals_an_evaluation_of_its_own(found: Sweep, x: Array) -> None:
    point = next(p for p in found.points if p.options["state"] == "q32" and p.options["slice_size"] == 3)
    graph = axonc.load(models.recurrent(), "nir,dt=1e-3")
    options = {"target": "native", "state": "q32", "slice_size": 3}
    alone = evaluate(graph, x, [1, 0, 1], options=options, stages=["float", "mapped"], jobs=1)
    assert point.found is not None
    assert point.found.to_dict() == alone.to_dict()
    assert point.quality == alone.last.accuracy
    assert point.costs == {
        "cores": alone.last.size.cores,
        "bytes": sum(alone.last.size.core_bytes.values()),
        "operations": (alone.last.synaptic_operations or 0) + alone.last.updates,
    }


def test_a_point_that_does_not_compile_keeps_its_code(found: Sweep) -> None:
    refused = [point for point in found.points if point.found is None]
    assert [point.options["weights"] for point in refused] == ["int3"] * 4
    assert {problem.code for point in refused for problem in point.problems} == {"AX403"}
    assert "weights=int3" in str(found)
    assert found.to_dict()["points"][2]["problems"][0]["code"] == "AX403"


def test_without_labels_agreement_counts(x: Array) -> None:
    found = sweep(models.recurrent(), x, grid={"state": ["q16"]}, dt=1e-3, target="native", jobs=1)
    (point,) = found.points
    assert found.measure == "agreement"
    assert point.quality == point.agreement
    assert 0.9 < (point.agreement or 0) <= 1
    assert point.qualities == (point.agreement, point.decisions)
    alone = evaluate(axonc.load(models.recurrent(), "nir,dt=1e-3"), x, options={"target": "native", "state": "q16"})
    same = alone.stages["float"].decisions == alone.last.decisions
    assert point.decisions == np.mean(same)
    assert "decisions" in str(found)


def test_without_labels_and_events_decisions_count() -> None:
    """The outputs of a readout alone: with few bits they decide otherwise."""
    net = axonc.Graph.builder()
    net.input("in", 12)
    net.population("read", "li", 4, tau=1e-2, r=10.0)
    weight = np.random.default_rng(0).normal(0, 1, (4, 12))
    net.connect("in", "read", weight - weight.mean(axis=1, keepdims=True))  # no class is the usual one
    net.output("out", "read")
    x = (np.random.default_rng(1).random((40, 10, 12)) < 0.3).astype(np.uint8)
    found = sweep(net.graph(), x, grid={"weights": ["int8", "int2"]}, dt=1e-3, target="reference", jobs=1)
    assert found.measure == "decisions"
    fine, coarse = found.points
    assert fine.agreement is None
    assert fine.quality == fine.decisions
    assert (fine.quality or 0) > 0.9
    assert 0.3 < (coarse.quality or 0) < (fine.quality or 0)
    assert found.front == [fine, coarse]


def test_the_float_graph_agrees_with_itself(x: Array) -> None:
    found = sweep(models.recurrent(), x, grid={"weights": ["float32"]}, dt=1e-3, target="reference", jobs=1)
    assert found.points[0].quality == 1.0
    assert found.points[0].costs["cores"] is None


class Fake:
    """A point of given numbers."""

    def __init__(self, quality: float | None, costs: tuple[int | None, ...]) -> None:
        self.quality = quality
        self.qualities = () if quality is None else (quality,)
        self.costs = dict(zip(("cores", "bytes", "operations"), costs, strict=True))


small = st.integers(0, 3)


@given(st.lists(st.tuples(small, small, small, st.none() | small), min_size=1, max_size=8))
def test_the_front_is_what_nothing_beats(rows: list[tuple[int, int, int, int | None]]) -> None:
    points = [Fake(float(quality), costs) for quality, *costs in rows]  # type: ignore[arg-type]
    counted = [n for n in ("cores", "bytes", "operations") if all(p.costs[n] is not None for p in points)]

    def beats(a: Fake, b: Fake) -> bool:
        no_worse = a.quality >= b.quality and all(a.costs[n] <= b.costs[n] for n in counted)  # type: ignore[operator]
        better = a.quality > b.quality or any(a.costs[n] < b.costs[n] for n in counted)  # type: ignore[operator]
        return no_worse and better

    best = [point for point in points if not any(beats(other, point) for other in points)]
    assert front(points) == best  # type: ignore[arg-type,comparison-overlap]
    assert best


def test_texts_of_a_grid() -> None:
    texts = ("state=q16,q32", "semantics=nir,dt=1e-3", "semantics=norse", "slice=cell=4,8", "dt=1e-3", "state=float32")
    assert grid_of_texts(texts) == {
        "state": ["q16", "q32", "float32"],
        "semantics": ["nir,dt=1e-3", "norse"],
        "slice": [{"cell": 4}, 8],
        "dt": [1e-3],
    }


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "AX403 an empty grid"),
        ({"colour": ["red"]}, "AX403 a grid of 'colour'; known: semantics, dt, target"),
        ({"record": [["cell"]]}, "AX403 a grid of 'record'"),
        ({"state": []}, "AX403 state = []"),
        ({"state": "q16"}, "AX403 state = 'q16'"),
        ({"state": [16]}, "AX403 state = 16; a text"),
        ({"slice": ["many"]}, "AX403 slice_size = 'many'"),
        ({"dt": [-1]}, "AX403 dt = -1"),
        ({"semantics": [3]}, "AX403 semantics = 3"),
        ({"state": [["q16", "q32"]]}, "AX403 state ="),
        ({"slice": [*range(1, 102)], "dt": [*range(1, 102)]}, "AX403 a grid of 10201 points"),
    ],
)
def test_a_bad_grid_is_one_line(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError) as error:
        make_grid(values)
    assert str(error.value).startswith(said)
    assert len(str(error.value).splitlines()) == 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, x: Array) -> Path:
    made = tmp_path_factory.mktemp("sweep")
    nir.write(made / "model.nir", models.recurrent())
    np.savez(made / "data.npz", x=x, y=np.array([1, 0, 1]))
    (made / "grid.toml").write_text('[grid]\nstate = ["q16", "q32"]\nslice_size = [3, { cell = 2 }]\n')
    (made / "bad.toml").write_text("grid = 3\n")
    return made


def invoke(folder: Path, *arguments: str) -> str:
    here = Path.cwd()
    os.chdir(folder)
    try:
        command = ["sweep", "model.nir", "--data", "data.npz", "--dt", "1e-3", "--jobs", "1", *arguments]
        return CliRunner().invoke(cli, command, catch_exceptions=False, standalone_mode=False).output
    finally:
        os.chdir(here)


def test_a_file_and_the_command_line_say_the_same(folder: Path) -> None:
    written = invoke(folder, "--target", "native", "--grid-file", "grid.toml", "--json")
    given = invoke(folder, "--target", "native", "--grid", "state=q16,q32", "--grid", "slice=3,cell=2", "--json")
    assert written == given
    points = json.loads(written)["points"]
    assert len(points) == 4
    assert any(point["front"] for point in points)


def test_the_target_may_vary(folder: Path) -> None:
    shown = invoke(folder, "--grid", "target=native,reference,nowhere", "-o", "page.html")
    assert "2 of 3 points ran" in shown
    assert "target=nowhere: AX603" in shown
    assert "<svg" in (folder / "page.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--target", "native"), "AX403 an empty grid"),
        (("--target", "native", "--grid", "state"), "AX403 --grid 'state'"),
        (("--target", "native", "--grid-file", "bad.toml"), "AX704 bad.toml"),
        (("--target", "native", "--grid-file", "none.toml"), "AX703 none.toml"),
        (("--target", "native", "--state", "q16", "--grid", "state=q16,q32"), "AX403 state in the grid and"),
        (("--target", "native", "--grid", "weights=int5"), "AX403 weights 'int5'"),
        (("--target", "native", "--grid", "semantics=nonsense"), "AX202 the semantics 'nonsense'"),
    ],
)
def test_bad_options_are_one_line(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(AxoncError) as error:
        invoke(folder, *arguments)
    assert str(error.value).startswith(said)
    assert len(str(error.value).splitlines()) == 1
    assert error.value.exit_code == 2
