"""Results as event lists, numbers and files, and NIRData as input."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest

from axonc import Graph, ModelError, Program, Result
from axonc.compiler.driver.data import read_data
from axonc.compiler.driver.export import as_samples, write_result
from axonc.ir import Fixed

Array = np.ndarray[Any, Any]
RECORD = ["cell", "cell:v", "readout:v"]


@pytest.fixture(scope="module")
def result(program: Program, x: Array) -> Result:
    return program.run(x, RECORD)


def test_events_are_the_places_of_spikes(result: Result) -> None:
    events = result.events("cell")
    again = np.zeros_like(result["cell"])
    np.add.at(again, tuple(events.T), 1)
    assert np.array_equal(again, result["cell"])
    assert events.shape == (result.count("cell"), 3)
    assert result.count("cell") > 0


def test_several_spikes_in_a_step_are_several_events() -> None:
    result = Result({"out": np.array([[0, 2], [1, 0]])}, {})
    assert result.events("out").tolist() == [[0, 1], [0, 1], [1, 0]]
    assert (result.count("out"), result.rate("out")) == (3, 0.75)


def test_the_summary_names_everything(result: Result) -> None:
    lines = str(result).splitlines()
    assert [line.split(": ")[0] for line in lines[:4]] == ["output", *RECORD]
    assert f"{result.count('cell')} events" in lines[1]
    assert any(line.startswith("instructions: ") for line in lines)
    assert any("estimated" in line for line in lines)


def test_the_summary_of_nothing() -> None:
    assert Result({}, {}).summary() == ""
    assert "0x3" in Result({"out": np.zeros((0, 3))}, {}, {"out": Fixed(8)}).summary()


@pytest.mark.parametrize("suffix", [".npz", ".csv", ".h5"])
def test_files_are_identical_twice(suffix: str, result: Result, graph: Graph, tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}{suffix}" for name in ("a", "b")]
    for path in paths:
        write_result(path, result, graph)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_npz_holds_the_stored_values(result: Result, graph: Graph, tmp_path: Path) -> None:
    write_result(tmp_path / "out.npz", result, graph)
    with np.load(tmp_path / "out.npz") as file:
        assert set(file.files) == {"output", *RECORD}
        assert all(np.array_equal(file[name], result[name]) for name in file.files)


def test_csv_holds_events_and_values(result: Result, program: Program, tmp_path: Path) -> None:
    program.write(tmp_path / "out.csv", result)
    with (tmp_path / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    events = [[int(row[key]) for key in ("sample", "step", "index")] for row in rows if row["signal"] == "cell"]
    assert events == np.argwhere(result["cell"]).tolist()
    values = [float(row["value"]) for row in rows if row["signal"] == "readout:v"]
    assert values == result.value("readout:v").reshape(-1).tolist()


def test_nir_data_holds_observables(result: Result, program: Program, tmp_path: Path) -> None:
    write_result(tmp_path / "out.h5", result, program.graph)
    data = nir.read_data(tmp_path / "out.h5")
    spikes, v = (data.nodes["cell"].observables[name] for name in ("spikes", "v"))
    assert (spikes.data.dtype, spikes.dt) == (np.dtype(bool), 1e-3)
    assert np.array_equal(spikes.data, result["cell"].astype(bool))
    assert np.array_equal(v.data, result.value("cell:v"))
    assert set(data.nodes) == {"output", "cell", "readout"}


def test_other_suffixes_are_refused(result: Result, graph: Graph, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"AX703.*\.csv"):
        write_result(tmp_path / "out.xls", result, graph)
    assert list(tmp_path.iterdir()) == []


def test_samples_of_any_shape(graph: Graph) -> None:
    assert as_samples(np.zeros((5, 3)), graph, "input").shape == (1, 5, 3)
    assert as_samples(np.zeros((2, 5, 6)), graph, "cell:v").shape == (2, 5, 6)


def write_input(path: Path, data: object, name: str = "spikes") -> Path:
    nir.write_data(path, nir.NIRGraphData({"input": nir.NIRNodeData({name: data})}))
    return path


def test_a_time_grid_is_read(graph: Graph, x: Array, tmp_path: Path) -> None:
    path = write_input(tmp_path / "x.h5", nir.TimeGriddedData(x.astype(bool), 1e-3))
    assert np.array_equal(read_data(path, graph)["input"], x)


def test_events_are_read_on_exact_steps(graph: Graph, x: Array, tmp_path: Path) -> None:
    """Every step k is found at time k dt, where floor(t / dt) alone is often k - 1."""
    events = nir.TimeGriddedData(x.astype(bool), 1e-3).to_event(int(x.sum()))
    path = write_input(tmp_path / "x.hdf5", events, "anything")
    assert np.array_equal(read_data(path, graph)["input"], x)


def test_valued_events_add_up(graph: Graph, tmp_path: Path) -> None:
    index, time = np.array([[1, 1, -1]]), np.array([[2e-3, 2.5e-3, np.inf]])
    data = nir.ValuedEventData(index, time, n_neurons=3, t_max=4e-3, value=np.array([[1.0, 2.0, 9.0]]))
    values = read_data(write_input(tmp_path / "x.h5", data), graph)["input"]
    assert values.shape == (1, 4, 3)
    assert np.argwhere(values).tolist() == [[0, 2, 1]]
    assert values[0, 2, 1] == 3


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (nir.TimeGriddedData(np.zeros((1, 4, 3), bool), 1e-4), "time step"),
        (nir.TimeGriddedData(np.zeros((1, 4, 2), bool), 1e-3), "2 neurons"),
        (nir.EventData(np.array([[5]]), np.array([[0.0]]), 3, 1e-2), "outside"),
        (nir.EventData(np.array([[0]]), np.array([[2e-2]]), 3, 1e-2), "outside"),
        (nir.EventData(np.array([[0]]), np.array([[0.0]]), 3, 1e9), "memory"),
        (nir.EventData(np.array([[0]]), np.array([[0.0]]), 3, np.inf), "memory"),
    ],
)
def test_data_that_do_not_fit_are_refused(data: object, message: str, graph: Graph, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"AX701 input.*{message}"):
        read_data(write_input(tmp_path / "x.h5", data), graph)


def test_what_is_no_nir_data_is_refused(graph: Graph, tmp_path: Path) -> None:
    (tmp_path / "x.h5").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="AX703"):
        read_data(tmp_path / "x.h5", graph)
    nir.write(tmp_path / "model.h5", nir.NIRGraph.from_list(nir.Linear(np.ones((2, 2)))))
    with pytest.raises(ModelError, match="AX703"):
        read_data(tmp_path / "model.h5", graph)
