"""The host's side of a program: faults that stop it, recording on the cores, listed inputs, samples back to back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import models
import numpy as np
import pytest
from click.testing import CliRunner

import axonc
from axonc.backends.spinnaker2.schema import STATUS
from axonc.ir import ModelError, ToolError

TARGETS = ("native", "spinnaker2")
STEPS = 30


def load(kind: str = "CubaLIF", semantics: str = "nir") -> axonc.Graph:
    return axonc.load(models.recurrent(40, 5, kind), semantics, 1e-3)


def data(samples: int = 2) -> np.ndarray[Any, Any]:
    return models.events((samples, STEPS, 5), 0.5)


def slowed(folder: Path) -> axonc.Program:
    """A program that was made for another clock than the 1 MHz of its machine."""
    program = axonc.compile(load()).save(folder / "build")
    path = program.directory / "mapping.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "clock_hz": 1e6}))
    return program


def test_a_tick_over_budget_stops_the_run(tmp_path: Path) -> None:
    program = slowed(tmp_path)
    pattern = r"AX902 core 0: core 0, slot \d+: \d+ cycles \(estimated\); a tick has 1000; raise tick_s, or use smaller"
    with pytest.raises(ToolError, match=pattern):
        program.run(data())
    counted = program.run(data(), keep_going=True)
    over = counted.stats["cycles"] > 1000
    np.testing.assert_array_equal(counted.stats["overruns"], over.sum(axis=1))
    assert over.any()
    np.testing.assert_array_equal(counted.outputs["output"], program.run(data(), engine="reference").outputs["output"])
    assert "ticks over budget" in counted.summary()


def test_the_command_line_can_keep_going(tmp_path: Path) -> None:
    from axonc.compiler.driver.cli import cli

    slowed(tmp_path)
    np.save(tmp_path / "x.npy", data())
    command = ["run", str(tmp_path / "build"), "--input", str(tmp_path / "x.npy")]
    assert isinstance(CliRunner().invoke(cli, command).exception, ToolError)
    assert "ticks over budget" in CliRunner().invoke(cli, [*command, "--keep-going"]).output


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("kind", "state"), [("CubaLIF", "q16"), ("LIF", "q32"), ("CubaLIF", "float32")])
def test_cores_record_what_probes_see(kind: str, state: str, target: str) -> None:
    probed = axonc.compile(load(kind), target, state=state, slice_size=13)
    names = [
        name for name in ("cell", "cell:v", "cell:i", "readout", "readout:v") if kind == "CubaLIF" or name != "cell:i"
    ]
    program = axonc.compile(load(kind), target, state=state, slice_size=13, record=names, record_steps=STEPS)
    ours, theirs = program.run(data(), names), probed.run(data(), names)
    for name in names:
        np.testing.assert_array_equal(ours.recorded[name], theirs.recorded[name])
    np.testing.assert_array_equal(ours.outputs["output"], theirs.outputs["output"])
    assert ours.recorded["cell"].any()


@pytest.mark.parametrize("target", TARGETS)
def test_cores_count_several_spikes_a_step(target: str) -> None:
    graph = load("LIF", "sinabs,spikes=3")
    program = axonc.compile(graph, target, record=["cell"], record_steps=2 * STEPS)
    counts = program.run(data(), ["cell"], back_to_back=True).recorded["cell"]
    np.testing.assert_array_equal(counts, program.run(data(), ["cell"], engine="reference").recorded["cell"])
    assert counts.max() > 1


def test_recording_is_counted_and_described() -> None:
    plain, recording = (
        axonc.compile(load(), "native", record=record, record_steps=100) for record in ((), ("cell", "cell:v"))
    )
    reports = [json.loads((p.directory / "report.json").read_text())["cores"][0] for p in (plain, recording)]
    word = 4 * 40  # q32
    assert reports[0]["bytes"]["recording"] == 0
    assert reports[1]["bytes"]["recording"] == 100 * 8 + 100 * word
    host = json.loads((recording.directory / "mapping.json").read_text())["host"]
    assert [buffer["names"] for buffer in host["recording"]["buffers"]] == [["cell"], ["cell:v"]]
    assert host["inputs"]["mode"] == "live"
    assert {place["name"]: place["at"] for place in host["status"]}["overruns"] == STATUS.offset("overruns")
    assert recording.manifest["record_steps"] == 100


def test_recording_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ModelError, match=r"AX501 cell: neuron 0 alone needs .*recording \d+.*record fewer steps"):
        axonc.compile(load(), "spinnaker2", record=["cell:v"], record_steps=100_000)
    with pytest.raises(ModelError, match="AX403 1 recorded signals for 0 steps"):
        axonc.compile(load(), "native", record=["cell:v"])
    with pytest.raises(ModelError, match="AX702 fc: this cannot be recorded"):
        axonc.compile(load(), "native", record=["fc"], record_steps=10)
    program = axonc.compile(load(), "native", record=["cell"], record_steps=STEPS - 1)
    with pytest.raises(ModelError, match=r"1 sample\(s\) of 30 steps in one run; the recording buffers hold 29 steps"):
        program.run(data(), ["cell"])


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("strategy", ["fewest-cores", "spread"])
def test_listed_inputs_equal_live_ones(strategy: str, target: str) -> None:
    x = data()
    most = int(x.sum(axis=(1, 2)).max())
    live = axonc.compile(load(), target, strategy=strategy)
    listed = axonc.compile(load(), target, strategy=strategy, input_events=most)
    assert (listed.manifest["cores"] > live.manifest["cores"]) == (strategy == "spread")
    for back_to_back in (False, True)[: 1 + (x.sum() <= most)]:
        ours = listed.run(x, ["cell:v"], back_to_back=back_to_back)
        np.testing.assert_array_equal(ours.recorded["cell:v"], live.run(x, ["cell:v"]).recorded["cell:v"])
    core = json.loads((listed.directory / "report.json").read_text())["cores"][0]
    assert core["bytes"]["lists"] == 16 + -(-8 * most // 16) * 16
    assert listed.verify(x, shuffle=True).equal


def test_too_many_input_events_are_refused() -> None:
    program = axonc.compile(load(), "native", input_events=10)
    with pytest.raises(ModelError, match=r"AX701 core 0: \d+ input events; its list holds 10; compile with longer"):
        program.run(data())
    with pytest.raises(ModelError, match=r"AX501 input: its input list alone needs .* lists \d+"):
        axonc.compile(load(), "spinnaker2", input_events=100_000)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("semantics", ["nir", "spinnaker2", "snntorch"])
@pytest.mark.parametrize("recorded", [False, True])
def test_samples_back_to_back(recorded: bool, semantics: str, target: str) -> None:
    """No state and no late event of a sample reaches the next one."""
    names = ["cell", "cell:v", "readout:v"]
    options = {"record": names, "record_steps": 4 * STEPS} if recorded else {}
    program = axonc.compile(load(semantics=semantics), target, slice_size=11, strategy="spread", **options)
    x = data(4)
    ours, reference = program.run(x, names, back_to_back=True), program.run(x, names, engine="reference")
    for name in names:
        np.testing.assert_array_equal(ours.recorded[name], reference.recorded[name])
    assert ours.stats["events_sent"].shape[0] == 1
    assert ours.stats["slots"] < 4 * program.run(x).stats["slots"] + 4
