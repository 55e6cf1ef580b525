"""The presets against recorded runs and against their simulators' own update rules, written out step by step."""

from __future__ import annotations

from typing import Any

import models
import numpy as np
import pytest
from recorded import recorded

import axonc
from axonc import ModelError
from axonc.compiler.driver.semantics_table import run_presets, shown_signals, table_rows
from axonc.compiler.semantics import PRESETS, parse_semantics

Array = np.ndarray[Any, Any]
SAMPLE = "paper/03_rnn/braille_ds_test0_T256xC12.npy"
ZERO, SUBTRACT = (f"paper/03_rnn/braille_noDelay_{name}.nir" for name in ("bias_zero", "noBias_subtract"))
TAU, TAU_SYN, DT = 5e-3, 4e-3, 1e-3


def test_spyx_is_its_recorded_raster() -> None:
    """Spyx shows a spike one step late: its raster is that of the delay behind the population."""
    graph = axonc.load(recorded(SUBTRACT), semantics="spyx,dt=1e-4")
    result = axonc.interpret(graph, np.load(recorded(SAMPLE)), ["lif1.lif+1"])
    theirs = np.load(recorded("paper/03_rnn/spyx_activity_noDelay_noBias_subtract.npy")).reshape(256, 40)
    assert theirs.sum() == 120
    assert np.array_equal(result.recorded["lif1.lif+1"], theirs)


def test_spyx_follows_its_recorded_trace() -> None:
    x, v, spikes = np.loadtxt(recorded("paper/01_lif/lif_spyx.csv"), delimiter=",").T
    graph = axonc.load(recorded("paper/01_lif/lif_norse.nir"), semantics="spyx,dt=1e-4")
    result = axonc.interpret(graph, x[:, None], ["1:v"], "float64")
    assert np.array_equal(result.outputs["output"][:, 0], spikes)
    assert np.abs(result.recorded["1:v"][:, 0] - v).max() <= 1e-6 * np.abs(v).max()


@pytest.mark.parametrize(
    ("preset", "model", "spikes"),
    [("norse", ZERO, 118), ("norse", SUBTRACT, 103), ("snntorch,reset=subtract_guarded", SUBTRACT, 118)],
)
def test_hidden_spike_counts_are_the_recorded_ones(preset: str, model: str, spikes: int) -> None:
    graph = axonc.load(recorded(model), semantics=f"{preset},dt=1e-4")
    result = axonc.interpret(graph, np.load(recorded(SAMPLE)), ["lif1.lif"])
    assert result.recorded["lif1.lif"].sum() == spikes


def lif_run(semantics: str, kind: str = "LIF", **parameters: float) -> tuple[Array, Array, Array]:
    """Input current, voltages and spikes of one neuron behind a weight of 0.7."""
    model = models.single(models.neuron(kind, 1, **parameters), [[0.7]])
    x = models.events((60, 1), 0.6, peak=3)
    result = axonc.interpret(axonc.load(model, semantics, DT, "events:3"), x, ["cell:v", "cell"], "float64")
    return 0.7 * x[:, 0], result.recorded["cell:v"][:, 0], result.recorded["cell"][:, 0]


def test_sinabs_adds_input_as_it_is_and_spikes_several_times() -> None:
    current, voltages, spikes = lif_run("sinabs", tau=TAU, r=3.0, v_threshold=0.9)
    v = 0.0
    for x, voltage, count in zip(current, voltages, spikes, strict=True):
        v = np.exp(-DT / TAU) * v + x
        z = max(np.floor(v / 0.9), 0)
        v -= z * 0.9
        assert (count, voltage) == (z, pytest.approx(v))
    assert spikes.max() > 1


def test_sinabs_bounds_an_integrator_from_below() -> None:
    model = models.single(models.neuron("IF", 1), [[-0.7]])
    x = np.ones((10, 1), int)
    result = axonc.interpret(axonc.load(model, "sinabs", DT), x, ["cell:v"], "float64")
    assert np.allclose(result.recorded["cell:v"][:, 0], np.maximum(-0.7 * np.arange(1, 11), -1.0))


def test_rockpool_decays_the_current_in_the_step_in_which_it_enters() -> None:
    current, voltages, spikes = lif_run("rockpool", "CubaLIF", tau_syn=TAU_SYN, tau_mem=TAU, r=9.0, w_in=9.0)
    i = v = 0.0
    for x, voltage, count in zip(current, voltages, spikes, strict=True):
        i = (i + x) * np.exp(-DT / TAU_SYN)
        v = v * np.exp(-DT / TAU) + i
        z = max(np.floor(v), 0)
        v -= z
        assert (count, voltage) == (z, pytest.approx(v))
    assert spikes.max() > 1


def test_nengo_moves_toward_its_input_exponentially() -> None:
    current, voltages, spikes = lif_run("nengo", tau=TAU, r=2.0)
    v = 0.0
    for x, voltage, spike in zip(current, voltages, spikes, strict=True):
        v += (2.0 * x - v) * -np.expm1(-DT / TAU)
        fired = v > 1
        v = 0.0 if fired else v
        assert (spike, voltage) == (fired, pytest.approx(v))
    assert spikes.any()


def test_norse_ignores_r_without_synapse_and_leaks_the_current_to_v_leak() -> None:
    current, voltages, _ = lif_run("norse", tau=TAU, r=7.0, v_threshold=100.0)
    v = 0.0
    for x, voltage in zip(current, voltages, strict=True):
        v += DT / TAU * (x - v)
        assert voltage == pytest.approx(v)
    current, voltages, _ = lif_run("norse", "CubaLIF", tau_syn=TAU_SYN, tau_mem=TAU, v_leak=0.3, v_threshold=100.0)
    i = v = 0.0
    for x, voltage in zip(current, voltages, strict=True):
        i += DT / TAU_SYN * (0.3 - i + x)
        v += DT / TAU * (0.3 - v + i)
        assert voltage == pytest.approx(v)


def test_norse_has_no_bias_on_the_way_back_at_first() -> None:
    """The recurrent bias acts from step 1 on where the delay lies behind it, and from step 0 where it lies before."""
    nodes = {
        "input": models.source(1),
        "fc": models.linear([[0.0]]),
        "cell": models.neuron("LIF", 1, v_threshold=100.0),
        "rec": models.affine([[1.0]], [0.5]),
        "output": models.sink(1),
    }
    model = models.graph(nodes, "input fc cell output", "cell rec cell")
    x = np.zeros((3, 1), int)
    first = {
        preset: axonc.interpret(axonc.load(model, preset, DT), x, ["cell:v"]).recorded["cell:v"][0, 0]
        for preset in ("norse", "snntorch")
    }
    assert first["norse"] == 0
    assert first["snntorch"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    "text", ["spyx,reset=zero", "sinabs,reset=zero", "nir,spikes=2", "spyx,spikes=2", "sinabs,spikes=0", "nir,spikes=x"]
)
def test_combinations_without_a_meaning_are_refused(text: str) -> None:
    with pytest.raises(ModelError) as refused:
        axonc.load(models.recurrent(), text, DT)
    assert {problem.code for problem in refused.value.diagnostics} <= {"AX202", "AX206"}


def test_all_presets_are_tabulated() -> None:
    graph = axonc.Graph.builder()
    graph.input("in", 3)
    graph.population("cell", "cuba_lif", 4, tau_syn=2e-3, tau_mem=4e-3, r=4.0)
    graph.connect("in", "cell", np.full((4, 3), 2.0))
    graph.output("out", "cell")
    runs = run_presets(graph.graph(), models.events((30, 3)), parse_semantics("snntorch,dt=1e-3"))
    rows = table_rows(runs, "snntorch")
    assert [row[0] for row in rows] == list(PRESETS)
    differing = {row[0]: row[5].partition(" ")[0] for row in rows}
    assert differing["snntorch"] == differing["spinnaker2"] == differing["lava"] == "0"
    assert {row[0]: row[4] for row in rows if row[4] not in ("0", "")} == {"spyx": "1", "lava": "1", "spinnaker2": "1"}
    assert "AX206" in next(row[1] for row in rows if row[0] == "exact")


@pytest.mark.parametrize(
    ("text", "late"), [("spyx", True), ("spyx,test=new,forward_delay=1", False), ("nir,test=old,reset=none", True)]
)
def test_a_population_is_shown_as_its_platform_shows_it(text: str, late: bool) -> None:
    graph = axonc.load(models.recurrent(), text, DT)
    assert shown_signals(graph)["cell"] == ("cell+1" if late else "cell")
