"""Configuration files: what they say, what wins over them, and files that are none."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
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
from axonc import ModelError
from axonc.compiler.driver.cli import cli, main
from axonc.compiler.driver.config import COMPILATION, MAX_BYTES, MEANING, read_config
from axonc.compiler.driver.loading import chosen_semantics
from axonc.compiler.driver.options import merged_options
from axonc.compiler.driver.quantisation import Quantisation
from axonc.compiler.semantics import parse_semantics
from axonc.ir.precision import precision

FULL = """
target = "native"
semantics = { preset = "snntorch", reset = "subtract", spikes = 3 }
dt = 1e-3
inputs = "events:2"
weights = "int8"
state = "q16"
slice_size = { cell = 2 }
strategy = "spread"
partitioner = "naive"
machine = "machine.toml"
calibrate = "x.npy"
record = ["cell"]
record_steps = 20
input_events = 40
on_host = ["auto"]
quantize = { scales = "mse", seed = 3 }
prune = [0.25, "groups,keep=1,of=2"]

[nodes."ce*"]
semantics = "compare=ge, spikes=1"

[nodes.readout]
semantics = { leaky_r = "ignored" }
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a configuration file beside a machine file."""
    (tmp_path / "machine.toml").write_text("[clock]\ntick_s = 1.0\n")
    np.save(tmp_path / "x.npy", np.ones((3, 3), np.int8))

    def file(text: str) -> Path:
        (tmp_path / "config.toml").write_text(text)
        return tmp_path / "config.toml"

    return file


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A recurrent model's file."""
    nir.write(tmp_path / "model.nir", models.recurrent())
    return tmp_path / "model.nir"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The exit status of a command."""
    monkeypatch.setattr(sys, "argv", ["axonc", *map(str, arguments)])
    try:
        main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def problems(path: Path) -> list[tuple[str, str]]:
    """Codes and findings of a file."""
    with pytest.raises(ModelError) as refused:
        read_config(path).require()
    return [(problem.code, problem.found) for problem in refused.value.diagnostics]


def test_a_file_holds_every_option(write: Write, tmp_path: Path) -> None:
    config = read_config(write('in_dram = ["w"]\ncapacity = {h = 9}\noverflow = "drop"\n' + FULL))
    config.require()
    assert set(config.compilation) == set(COMPILATION)
    assert {"semantics", "dt", "inputs", "nodes", "ops"} == set(MEANING)
    assert chosen_semantics(None, None, config) == parse_semantics("snntorch,dt=1e-3,reset=subtract,spikes=3")
    options = merged_options(config)
    assert (options.weights, options.state, options.strategy) == ("int8", "q16", "spread")
    assert (options.slice_size, options.on_host) == ({"cell": 2}, ("auto",))
    assert options.quantize == Quantisation(scales="mse", seed=3)
    assert (options.capacity, options.overflow) == ({"h": 9}, "drop")
    assert (options.machine, options.calibrate) == (tmp_path / "machine.toml", tmp_path / "x.npy")
    assert (options.host.record, options.host.record_steps, options.host.input_events) == (("cell",), 20, 40)


def test_what_is_given_wins_over_the_file(write: Write) -> None:
    config = read_config(write(FULL))
    assert chosen_semantics("norse", None, config) == parse_semantics("norse,dt=1e-3")
    assert chosen_semantics("norse,dt=5e-4", None, config).dt == 5e-4
    assert chosen_semantics("norse,dt=5e-4", 2e-4, config).dt == 2e-4
    options = merged_options(config, state="q32", strategy=None, record=(), record_steps=0, slice_size=5)
    assert (options.state, options.strategy, options.slice_size) == ("q32", "spread", 5)
    assert (options.host.record, options.host.record_steps) == (("cell",), 0)


def test_the_time_step_of_the_files_semantics_stays(write: Write) -> None:
    config = read_config(write('semantics = "snntorch,dt=2e-3"'))
    assert chosen_semantics(None, None, config).dt == chosen_semantics("norse", None, config).dt == 2e-3
    assert read_config(write('dt = 1\nsemantics = "snntorch,dt=2e-3"')).dt == 1.0


def test_python_and_the_command_line_read_the_same(
    write: Write, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write(FULL)
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "compile", "model.nir", "--config", "config.toml", "-o", "build") == 0
    shown = capsys.readouterr().out
    own = "snntorch,dt=0.001,compare=ge,reset=subtract"
    assert f"semantics of cell: {own}\n" in shown
    manifest = json.loads((tmp_path / "build" / "manifest.json").read_text())
    assert manifest["node_semantics"]["cell"] == own
    assert manifest["semantics"] == "snntorch,dt=0.001,spikes=3,reset=subtract"
    program = axonc.compile(axonc.load(model, config=config), config=config)
    assert program.manifest == manifest
    assert program.manifest["target"] == "native"


def test_builds_that_differ_in_a_node_differ_visibly(write: Write, model: Path) -> None:
    manifests = []
    for text in ("", '[nodes.cell]\nsemantics = {compare="ge"}', '[nodes.cell]\nsemantics = {reset="none"}'):
        graph = axonc.load(model, "snntorch", 1e-3, config=write(text))
        manifests.append(axonc.compile(graph, "reference").manifest)
    assert "node_semantics" not in manifests[0]
    assert len({json.dumps(manifest) for manifest in manifests}) == 3
    again = axonc.compile(axonc.load(model, "snntorch", 1e-3, config=write(text)), "reference")
    assert again.manifest == manifests[2]


def test_the_command_line_wins(
    write: Write, model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["check", model, "--config", write(FULL), "--target", "reference", "--semantics", "norse", "--json"]
    assert run(monkeypatch, *arguments, "--weights", "float32", "--state", "float32") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["semantics"] == "norse,dt=0.001"
    assert shown["fit"] == {}


def test_inspect_and_semantics_read_it(
    write: Write, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write(FULL.replace("input_events = 40", ""))
    assert run(monkeypatch, "inspect", model, "--config", config, "--after", "quantize") == 0
    assert "event[3, up to 2]" in capsys.readouterr().out
    data = tmp_path / "x.csv"
    data.write_text("1,0,2\n" * 9)
    assert run(monkeypatch, "semantics", model, "--config", config, "--input", data) == 0
    assert "differs: from snntorch" in capsys.readouterr().out


def test_no_target_anywhere_is_told(
    write: Write, model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "compile", model, "--config", write("dt = 1e-3")) == 2
    assert "Missing option '--target'" in capsys.readouterr().err


def test_all_mistakes_are_told_at_once(write: Write, model: Path) -> None:
    path = write(
        """
        colour = "blue"
        dt = 0
        semantics = { preset = "nir", reset = "maybe" }
        record_steps = true
        [nodes.lif9]
        semantics = { compare = "ge" }
        [nodes.cell]
        semantics = { dt = 1.0, leaky = 1 }
        extra = 3
        """
    )
    with pytest.raises(ModelError) as refused:
        axonc.load(model, config=path)
    assert sorted(problem.code for problem in refused.value.diagnostics) == [
        *("AX202", "AX202", "AX207"),
        *("AX208", "AX704", "AX704", "AX704", "AX704"),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("dt = nan", "dt = nan"),
        ("dt = -1e-3", "dt = -0.001"),
        ("dt = true", "dt = True"),
        ('dt = "1e-3"', 'dt = "1e-3"'),
        ("dt = 1" + "0" * 400, "dt = 1" + "0" * 56 + "..."),
        ("record_steps = 0x" + "f" * 9000, "record_steps = a number of thousands of digits"),
        ("record_steps = -1", "record_steps = -1"),
        ("slice_size = 1.5", "slice_size = 1.5"),
        ('slice_size = {cell = "many"}', "slice_size = {'cell': 'many'}"),
        ("record = [1]", "record = [1]"),
        ('record = "cell"', 'record = "cell"'),
        ("target = 3", "target = 3"),
        ("machine = []", "machine = []"),
        ("inputs = 1979-05-27", "inputs = 1979-05-27"),
        ("semantics = 3", "semantics = 3"),
        ("nodes = 3", "nodes = 3"),
        ("nodes.cell = 3", "nodes.cell = 3"),
        ("[nodes.cell]\nsemantics = 3", "semantics of cell = 3"),
        ("[nodes.lif1.lif]\nsemantics = {}", "in nodes.lif1, the entry 'lif'"),
        ("a" * 100 + " = 1", "the option '" + "a" * 57 + "...'"),
    ],
)
def test_values_of_another_kind_are_refused(write: Write, text: str, found: str) -> None:
    assert problems(write(text)) == [("AX704", found)]


def test_semantics_of_another_kind_are_refused(write: Write) -> None:
    text = "semantics = { preset = 3 }\n[nodes.a]\nsemantics = { reset = [], spikes = 0x" + "f" * 9000 + " }"
    assert [code for code, _ in problems(write(text))] == ["AX202"] * 3
    assert max(len(found) for _, found in problems(write(f'semantics = "{"x" * 5000}"'))) < 100


@pytest.mark.parametrize(
    "content", [b"not toml", b"\xff\xfe\x00", b"a = " + b"[" * 5000, b"dt = 1\ndt = 2", b"\x00", b"x = 1" + b"0" * 5000]
)
def test_files_that_are_not_toml_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    with pytest.raises(ModelError) as refused:
        read_config(path)
    assert [problem.code for problem in refused.value.diagnostics] == ["AX704"]
    assert len(str(refused.value)) < 300


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * (MAX_BYTES + 1))
    os.mkfifo(tmp_path / "pipe")
    for path, code in (
        (tmp_path, "AX703"),
        (tmp_path / "none", "AX703"),
        (tmp_path / "pipe", "AX703"),
        (large, "AX704"),
    ):
        with pytest.raises(ModelError) as refused:
            read_config(path)
        assert [problem.code for problem in refused.value.diagnostics] == [code]


@given(
    st.dictionaries(
        st.sampled_from([*MEANING, *COMPILATION, "other"]),
        st.recursive(
            st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.sampled_from(["nir", "q16", "cell", ""]),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["cell", "semantics"]), inner),
        ),
    )
)
def test_no_table_breaks_the_reader(table: dict[str, Any]) -> None:
    """Whatever TOML may hold becomes a configuration or diagnostics."""
    from axonc.compiler.driver import config as module

    read = module._toml
    module._toml = lambda path: table
    try:
        config = read_config(Path("config.toml"))
    finally:
        module._toml = read
    assert {problem.code for problem in config.problems} <= {"AX202", "AX208", "AX704"}


def test_a_graph_in_steps_takes_no_more_semantics(write: Write, model: Path) -> None:
    graph = axonc.load(model, "nir", 1e-3)
    assert axonc.load(graph, config=write('target = "native"')) is not None
    for text in ("dt = 1e-3", '[nodes.cell]\nsemantics = {reset="none"}', 'semantics = "nir"'):
        with pytest.raises(ModelError, match="AX202"):
            axonc.load(graph, config=write(text))


FORMATS = """
weights = "int16"
[ops.linear]
weights = "int4"
[nodes.cell]
weights = "int8"
semantics = "reset=zero"
[nodes."read*"]
state = "q12"
"""


def test_single_nodes_have_number_formats_of_their_own(write: Write, model: Path) -> None:
    config = read_config(write(FORMATS))
    assert [str(choice) for choice in merged_options(config).formats] == [
        "op linear:weights=int4",
        "cell:weights=int8",
        "read*:state=q12",
    ]
    assert [choice.pattern for choice in config.nodes] == ["cell"]
    graph = axonc.load(model, dt=1e-3, config=config)
    program = axonc.compile(graph, "reference", state={"*": "q16"}, config=config)
    said = precision(program.graph)
    assert {name: found["format"] for name, found in said["weights"].items()} == {
        "fc": "int8",
        "rec": "int8",
        "out": "int4",
    }
    formats = {name: found["format"].partition(".")[0] for name, found in said["states"].items()}
    assert formats == {"cell:i": "fixed16", "cell:v": "fixed16", "readout:v": "fixed12"}


def test_the_command_line_chooses_for_single_nodes(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--dt", "1e-3", "--target", "reference", "--weights", "int8", "--weights", "out=int4"]
    options += ["--state", "q16", "--state", "readout=q9", "--quantize", "scales=mse"]
    result = CliRunner().invoke(cli, ["compile", str(model), "-o", str(model.parent / "build"), *options])
    assert result.exit_code == 0, result.output
    said = json.loads((model.parent / "build" / "report.json").read_text())["precision"]
    assert said["weights"]["out"]["format"] == "int4"
    assert said["states"]["readout:v"]["format"].startswith("fixed9")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ops = 3", "ops = 3"),
        ("[ops.linear]\nstates = 'q8'", "in ops.linear, the entry 'states'"),
        ("[nodes.fc]\nweights = 8", "weights of fc = 8"),
        ("quantize = 8", "quantize = 8"),
        ("quantize = 'scales=least'", 'quantize = "scales=least"'),
        ("[quantize]\nmargin = 0.5\ncolour = 1", "quantize = {'margin': 0.5, 'colour': 1}"),
    ],
)
def test_number_formats_that_mean_nothing_are_refused(write: Write, text: str, found: str) -> None:
    assert ("AX704", found) in problems(write(text))
