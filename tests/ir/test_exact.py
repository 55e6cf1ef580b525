"""Neurons with spike times within the step: closed forms, events one after the other, and the recorded solution."""

from __future__ import annotations

from math import exp, log
from typing import Any

import models
import numpy as np
import pytest
from recorded import recorded

import axonc
from axonc import ModelError
from axonc.ir.ops import ExactNeuron

Array = np.ndarray[Any, Any]
DT, TAU = 1e-3, 5e-3


def run(kind: str, x: Array, semantics: str = "exact", **parameters: float) -> dict[str, Array]:
    """v, t and the output of one neuron behind a weight of 1."""
    model = models.single(models.neuron(kind, 1, **parameters), [[1.0]])
    graph = axonc.load(model, semantics, DT, "dense")
    recorded_names = ["cell", *(f"cell:{state}" for state in graph["cell"].op.states())]
    result = axonc.interpret(graph, x[:, None], recorded_names, "float64")
    return {name.rpartition(":")[2]: trace[:, 0] for name, trace in result.recorded.items()}


def test_the_recorded_exact_solution() -> None:
    x, v, spikes = np.loadtxt(recorded("paper/01_lif/lif_exact.csv"), delimiter=",").T
    graph = axonc.load(recorded("paper/01_lif/lif_norse.nir"), semantics="exact,dt=1e-4")
    result = axonc.interpret(graph, x[:, None], ["1", "1:v", "1:t"], "float64")
    assert np.array_equal(result.recorded["1"][:, 0], spikes)
    assert np.flatnonzero(spikes).tolist() == [460, 510, 710, 760]
    assert np.abs(result.recorded["1:v"][:, 0] - v).max() <= 3e-8 * np.abs(v).max()
    single = axonc.interpret(graph, x[:, None], ["1:v"]).recorded["1:v"][:, 0]
    assert np.abs(single - v).max() <= 2e-6 * np.abs(v).max()
    assert np.allclose(result.recorded["1:t"][[460, 510, 710, 760], 0], [0.8439, 0.8975, 0.9196, 0.9089], atol=1e-4)


def spike_by_spike(x: Array, r: float, leak: float, reset: float | None) -> tuple[list[float], list[float]]:
    """v at the end of every step, and all spike times, of a LIF with threshold 1, one spike after the other."""
    v, voltages, times = 0.0, [], []
    for k, current in enumerate(x):
        now, end, w = k * DT, (k + 1) * DT, leak + r * current
        while w > 1 and now + TAU * log((w - v) / (w - 1)) < end:
            now += TAU * log((w - v) / (w - 1))
            v = 0.0 if reset is None else reset
            times.append(now)
        v = w + (v - w) * exp(-(end - now) / TAU)
        voltages.append(v)
    return voltages, times


@pytest.mark.parametrize(("reset", "value"), [("subtract", None), ("zero", 0.0), ("v_reset", -0.4)])
def test_a_leaky_neuron_spikes_at_its_times(reset: str, value: float | None) -> None:
    x = np.random.default_rng(3).uniform(-4, 12, 60)
    voltages, times = spike_by_spike(x, 2.0, 0.3, value)
    traces = run("LIF", x, f"exact,reset={reset}", tau=TAU, r=2.0, v_leak=0.3, v_reset=-0.4)
    assert np.allclose(traces["v"], voltages, rtol=0, atol=1e-12)
    counts = np.bincount(np.floor(np.array(times) / DT).astype(int), minlength=60)
    assert np.array_equal(traces["cell"], counts)
    assert counts.max() > 1
    last = [max(time for time in times if time < (k + 1) * DT) / DT - k for k in np.flatnonzero(counts)]
    assert np.allclose(traces["t"][counts > 0], last, rtol=0, atol=1e-9)


def test_a_neuron_without_leak_counts_thresholds() -> None:
    x = np.array([0.5, 2.25, -1.0, 3.0, 0.0])
    traces = run("IF", x, "exact,if_event=pulse", r=1 / DT)
    assert traces["cell"].tolist() == [0, 2, 0, 2, 0]
    assert np.allclose(traces["v"], [0.5, 0.75, -0.25, 0.75, 0.75])
    assert traces["t"][1] == pytest.approx(1.5 / 2.25)


@pytest.mark.parametrize(("compare", "spikes", "t"), [("gt", [0, 1, 0], 0.0), ("ge", [1, 0, 0], 1.0)])
def test_a_crossing_at_the_end_of_a_step(compare: str, spikes: list[int], t: float) -> None:
    traces = run("IF", np.array([1.0, 0.5, 0.0]), f"exact,if_event=pulse,compare={compare}", r=1 / DT)
    assert traces["cell"].tolist() == spikes
    assert traces["t"][1] == t


def test_an_impulse_acts_at_the_beginning_of_its_step() -> None:
    traces = run("LIF", np.array([1.0, 0.0]), "exact,leaky_event=dirac", tau=TAU, r=3 * TAU)
    assert traces["cell"].tolist() == [2, 0]
    assert traces["t"][0] == 0
    assert traces["v"][1] == pytest.approx(exp(-2 * DT / TAU))
    assert run("IF", np.array([3.5]), "exact,spikes=2")["v"].tolist() == [1.5]


def test_a_voltage_as_output_is_the_exact_one() -> None:
    x = np.array([1.0, 0.0, -2.0, 0.5])
    exact, stepped = (run("LI", x, text, tau=TAU, r=3.0, v_leak=0.2) for text in ("exact", "nengo"))
    assert np.allclose(exact["v"], stepped["v"], rtol=0, atol=1e-12)
    assert exact["cell"].tolist() == exact["v"].tolist()
    assert run("I", np.array([1.0, 2.0]), r=0.5)["v"].tolist() == [0.5, 1.5]


def test_small_steps_come_to_the_exact_times() -> None:
    """Forward Euler's spike counts approach those of the exact solution as its steps shrink."""
    model = models.single(models.neuron("LIF", 1, tau=TAU, r=1.0), [[3.0]])
    x = np.ones((40, 1), np.int64)
    exact = axonc.interpret(axonc.load(model, "exact", DT), x).outputs["output"].sum()
    fine = axonc.interpret(axonc.load(model, "nir,reset=zero", DT / 100), np.repeat(x, 100, axis=0)).outputs["output"]
    assert exact == 19
    assert abs(fine.sum() - exact) <= 1


@pytest.mark.parametrize(
    "text",
    [
        "exact,integrator=euler",
        "exact,gain=unit",
        "exact,test=old",
        "exact,reset=none",
        "exact,reset=subtract_guarded",
        "exact,v_min=zero",
        "nir,spike_time=substep",
    ],
)
def test_combinations_without_a_meaning_are_refused(text: str) -> None:
    with pytest.raises(ModelError) as refused:
        axonc.load(models.single(models.neuron("LIF", 1)), text, DT)
    assert {problem.code for problem in refused.value.diagnostics} == {"AX206"}


def test_a_synaptic_current_is_refused() -> None:
    with pytest.raises(ModelError, match="AX206 cell"):
        axonc.load(models.single(models.neuron("CubaLIF", 1)), "exact", DT)


@pytest.mark.parametrize(("target", "weights"), [("native", None), ("spinnaker2", None), ("reference", "int8")])
def test_only_the_interpreter_runs_it(target: str, weights: str | None) -> None:
    graph = axonc.load(models.single(models.neuron("LIF", 1)), "exact", DT)
    with pytest.raises(ModelError) as refused:
        axonc.compile(graph, target, weights=weights)
    assert [(problem.code, problem.node) for problem in refused.value.diagnostics] == [("AX601", "cell")]


def test_a_build_for_the_reference_runs_it() -> None:
    graph = axonc.load(models.single(models.neuron("LIF", 1, r=20.0)), "exact", DT)
    assert isinstance(graph["cell"].op, ExactNeuron)
    program = axonc.compile(graph, "reference")
    x = np.ones((9, 1), np.int64)
    assert np.array_equal(program.run(x).outputs["output"], axonc.interpret(graph, x).outputs["output"])
