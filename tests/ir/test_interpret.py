"""The interpreter against closed forms."""

from __future__ import annotations

from typing import Any

import models
import numpy as np
import pytest

import axonc
from axonc import ModelError

Array = np.ndarray[Any, Any]


def run(node: Any, x: list[float], semantics: str = "nir", inputs: str = "dense") -> tuple[Array, Array]:
    """Spikes and voltages of one neuron with weight 1 at dt = 1 ms."""
    graph = axonc.load(models.single(node), semantics=f"{semantics},dt=1e-3", inputs=inputs)
    result = axonc.interpret(graph, np.array(x)[:, None], ["cell", "cell:v"], "float64")
    return result.recorded["cell"][:, 0], result.recorded["cell:v"][:, 0]


def test_a_driven_integrator_settles_at_leak_plus_r_times_input() -> None:
    _, v = run(models.neuron("LI", 1, tau=5e-3, r=3.0, v_leak=0.5), [2.0] * 400)
    assert v[-1] == pytest.approx(0.5 + 3.0 * 2.0, rel=1e-12)


@pytest.mark.parametrize(("integrator", "decay"), [("euler", 0.8), ("exponential", np.exp(-0.2))])
def test_a_voltage_decays_geometrically(integrator: str, decay: float) -> None:
    _, v = run(models.neuron("LI", 1, tau=5e-3), [1.0] + [0.0] * 20, f"nir,integrator={integrator}")
    assert np.allclose(v, (1 - decay) * decay ** np.arange(21), rtol=1e-12)


def test_a_current_drives_the_voltage_as_two_exponentials_do() -> None:
    _, v = run(models.neuron("CubaLI", 1, tau_syn=4e-3, tau_mem=8e-3), [1.0] + [0.0] * 30)
    a, b, k = 0.75, 0.875, np.arange(31)
    assert np.allclose(v, 0.25 * 0.125 * (b ** (k + 1) - a ** (k + 1)) / (b - a), rtol=1e-12)


def test_an_old_current_acts_one_step_later() -> None:
    node = models.neuron("CubaLI", 1)
    _, new = run(node, [1.0] + [0.0] * 10)
    _, old = run(node, [1.0] + [0.0] * 10, "nir,sees=old")
    assert old[0] == 0
    assert np.array_equal(old[1:], new[:-1])


RESETS = {
    "zero": ([0, 0, 1, 0, 0, 1], [0.4, 0.8, 0.0, 0.4, 0.8, 0.0]),
    "v_reset": ([0, 0, 1, 0, 1, 0], [0.4, 0.8, 0.3, 0.7, 0.3, 0.7]),
    "subtract": ([0, 0, 1, 0, 1, 0], [0.4, 0.8, 0.2, 0.6, 0.0, 0.4]),
    "none": ([0, 0, 1, 1, 1, 1], [0.4, 0.8, 1.2, 1.6, 2.0, 2.4]),
}


@pytest.mark.parametrize("reset", RESETS)
def test_each_reset_does_what_it_says(reset: str) -> None:
    node = models.neuron("IF", 1, v_threshold=0.9, v_reset=0.3)
    if reset == "subtract":
        node = models.neuron("IF", 1, v_threshold=1.0, v_reset=0.3)
    spikes, v = run(node, [0.4] * 6, f"nir,reset={reset}" + ",compare=ge" * (reset == "subtract"))
    assert spikes.tolist() == RESETS[reset][0]
    assert np.allclose(v, RESETS[reset][1], atol=1e-12)


def test_the_guard_lets_a_neuron_that_stays_above_threshold_spike_every_other_step() -> None:
    node = models.neuron("IF", 1)
    guarded, v = run(node, [2.5, 0, 0, 0], "nir,reset=subtract_guarded")
    plain, _ = run(node, [2.5, 0, 0, 0], "nir,reset=subtract")
    assert plain.tolist() == [1, 1, 0, 0]
    assert guarded.tolist() == [1, 0, 0, 0]
    assert v.tolist() == [1.5, 1.5, 1.5, 1.5]


@pytest.mark.parametrize(("compare", "spikes"), [("gt", 0), ("ge", 1)])
def test_a_voltage_at_the_threshold_spikes_only_with_ge(compare: str, spikes: int) -> None:
    assert run(models.neuron("IF", 1), [1.0], f"nir,compare={compare}")[0].tolist() == [spikes]


def test_states_start_anew_for_every_sample() -> None:
    graph = axonc.load(models.recurrent(), semantics="nir,dt=1e-3")
    x = models.events((3, 15, 3))
    together = axonc.interpret(graph, x, ["cell:v"])
    for sample in range(3):
        alone = axonc.interpret(graph, x[sample], ["cell:v"])
        assert np.array_equal(alone.recorded["cell:v"], together.recorded["cell:v"][sample])


def test_an_empty_sequence_gives_empty_results() -> None:
    graph = axonc.load(models.recurrent(), semantics="nir,dt=1e-3")
    result = axonc.interpret(graph, np.zeros((0, 3)), ["cell", "cell:v"])
    assert result.outputs["output"].shape == (0, 2)
    assert result.recorded["cell:v"].shape == (0, 6)
    batch = axonc.interpret(graph, np.zeros((2, 0, 3)), ["cell"])
    assert batch.recorded["cell"].shape == (2, 0, 6)


@pytest.mark.parametrize(
    "x",
    [
        np.zeros((5, 4)),
        np.zeros(5),
        np.zeros((1, 1, 5, 3)),
        np.full((5, 3), np.nan),
        np.full((5, 3), -1.0),
        np.full((5, 3), 0.5),
        np.full((5, 3), 2),
        np.full((5, 3), "1"),
        np.full((5, 3), None),
        np.zeros((5, 3), complex) + 1j,
        np.zeros((5, 3), "datetime64[s]"),
        {},
        {"other": np.zeros((5, 3))},
        {"input": np.zeros((5, 3)), "other": np.zeros((5, 3))},
        [[1, 2], [3]],
    ],
)
def test_data_that_do_not_fit_are_refused(x: Any) -> None:
    graph = axonc.load(models.recurrent(), semantics="nir,dt=1e-3")
    with pytest.raises(ModelError) as caught:
        axonc.interpret(graph, x)
    assert [problem.code for problem in caught.value.diagnostics] == ["AX701"]


@pytest.mark.parametrize("name", ["absent", "cell:w", "fc:v", "", ":", "cell:"])
def test_only_what_exists_can_be_recorded(name: str) -> None:
    graph = axonc.load(models.recurrent(), semantics="nir,dt=1e-3")
    with pytest.raises(ModelError, match="AX702"):
        axonc.interpret(graph, np.zeros((2, 3)), [name])
