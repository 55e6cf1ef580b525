"""Recorded runs of other platforms, replayed: no bin of the rasters differs."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from recorded import recorded

import axonc
from axonc import Program
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import compile_graph
from axonc.compiler.driver.program import fill

ZERO = "paper/03_rnn/braille_noDelay_bias_zero.nir"
SUBTRACT = "paper/03_rnn/braille_noDelay_noBias_subtract.nir"
SAMPLE = "paper/03_rnn/braille_ds_test0_T256xC12.npy"
HIDDEN = "lif1.lif"


def built(directory: Path, model: str, semantics: str, target: str, **options: object) -> Program:
    """A recorded model's program."""
    graph = axonc.load(recorded(model), semantics=semantics)
    fill(compile_graph(graph, target, Options(**options)), directory)  # type: ignore[arg-type]
    return Program(directory)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_interpreter_spikes_as_snntorch_did(precision: Literal["float32", "float64"]) -> None:
    graph = axonc.load(recorded(ZERO), semantics="snntorch,dt=1e-4")
    result = axonc.interpret(graph, np.load(recorded(SAMPLE)), [HIDDEN], precision)
    theirs = np.load(recorded("paper/03_rnn/snntorch_activity_noDelay_bias_zero.npy")).reshape(256, 38)
    assert theirs.sum() == 119
    assert np.array_equal(result.recorded[HIDDEN], theirs)
    assert result.outputs["output"].sum(axis=0).tolist() == [10, 160, 112, 113, 103, 68, 121]


def test_emulated_cores_spike_as_the_chip_did(tmp_path: Path) -> None:
    options = {"slice_size": 10, "strategy": "spread"}
    program = built(tmp_path, ZERO, "spinnaker2,dt=1e-4", "spinnaker2", **options)
    result = program.run(np.load(recorded(SAMPLE)), [HIDDEN])
    theirs = np.load(recorded("paper/03_rnn/s2_activity_noDelay_bias_zero.npy")).reshape(256, 38)
    assert program.manifest["cores"] == 5
    assert np.array_equal(result.recorded[HIDDEN], theirs)


@pytest.mark.parametrize(("preset", "scale"), [("norse", 1.0), ("snntorch", 0.04)])
def test_one_neuron_follows_the_recorded_trace(preset: str, scale: float) -> None:
    """snnTorch holds v in units of one input, h r = 0.04."""
    x, v, spikes = np.loadtxt(recorded(f"paper/01_lif/lif_{preset}.csv"), delimiter=",").T
    graph = axonc.load(recorded("paper/01_lif/lif_norse.nir"), semantics=f"{preset},dt=1e-4,reset=zero")
    cell = next(node.name for node in graph if node.op.states())
    result = axonc.interpret(graph, x[:, None], [cell, f"{cell}:v"], "float64")
    assert np.array_equal(result.recorded[cell][:, 0], spikes)
    assert np.flatnonzero(spikes).tolist() == [460, 510, 710, 760]
    ours = result.recorded[f"{cell}:v"][:, 0]
    assert np.abs(ours - v * scale).max() <= 1e-6 * np.abs(v * scale).max()


@pytest.mark.parametrize("target", ["native", "spinnaker2"])
@pytest.mark.parametrize("scope", ["fan_in", "channel"])
@pytest.mark.parametrize("state", ["q16", "q32"])
@pytest.mark.parametrize(("model", "reset"), [(ZERO, "zero"), (SUBTRACT, "subtract"), (SUBTRACT, "subtract_guarded")])
def test_fixed_point_is_the_same_everywhere(
    tmp_path: Path, model: str, reset: str, state: str, scope: str, target: str
) -> None:
    semantics = f"nir,dt=1e-4,reset={reset},weight_scope={scope}"
    program = built(tmp_path, model, semantics, target, state=state, slice_size=13)
    x = np.load(recorded(SAMPLE))
    for seed, shuffle in [(0, False), (1, True), (2, True)]:
        verification = program.verify(x, seed=seed, shuffle=shuffle)
        assert verification.equal, str(verification.divergence)
    assert verification.steps == 256
    assert verification.result.outputs["output"].any()
