"""The time step that a model's parameters tell, and what is done with it."""

from __future__ import annotations

from typing import Any

import models
import nir
import numpy as np
import pytest
from recorded import recorded

from axonc import ModelError, load
from axonc.compiler.frontends import import_nir, read_nir, recovered_dt, seen_time_steps


def lif(tau: Any, dt: float, form: str = "plain") -> nir.NIRNode:
    """Two neurons whose r tells ``dt``, as snnTorch or as Rockpool writes it."""
    tau = np.asarray(tau, np.float64)
    r = (tau / dt) * (np.exp(-dt / tau) if form == "decayed" else 1.0)
    zero, one = np.zeros(tau.shape), np.ones(tau.shape)
    parameters = {"tau": tau, "r": r, "v_leak": zero, "v_threshold": one, "v_reset": zero}
    return nir.LIF(**{name: value.astype(np.float32) for name, value in parameters.items()})


def two(first: nir.NIRNode, second: nir.NIRNode) -> nir.NIRGraph:
    """input -> first -> second -> output."""
    nodes = {"input": models.source(2), "one": first, "two": second, "output": models.sink(2)}
    return models.graph(nodes, "input one two output")


@pytest.mark.parametrize("name", ["braille_noDelay_bias_zero", "braille_noDelay_noBias_subtract"])
def test_the_braille_networks_tell_their_time_step(name: str) -> None:
    found = recovered_dt(read_nir(recorded(f"paper/03_rnn/{name}.nir")))
    assert found == (1e-4, "r = tau_mem / dt and w_in = tau_syn / dt in lif1.lif, lif2")


def test_rockpool_tells_its_time_step() -> None:
    found = recovered_dt(read_nir(recorded("paper/01_lif/lif_rockpool.nir")))
    assert found == (1e-4, "r = tau / dt exp(-dt / tau) in 1_LIFNeuronTorch")


@pytest.mark.parametrize(
    "name",
    [
        "paper/01_lif/lif_norse",
        "paper/01_lif/two_lif_neurons",
        "paper/02_cnn/cnn_sinabs",
        "history/braille_subgraph.77b4a802",
    ],
)
def test_other_files_tell_none(name: str) -> None:
    assert recovered_dt(read_nir(recorded(f"{name}.nir"))) is None


@pytest.mark.parametrize("form", ["plain", "decayed"])
@pytest.mark.parametrize("dt", [1e-4, 3.7e-4, 1.0])
def test_two_time_constants_that_agree(form: str, dt: float) -> None:
    found = recovered_dt(import_nir(two(lif([20 * dt] * 2, dt, form), lif([20 * dt, 50 * dt], dt, form))))
    assert found is not None
    assert found[0] == pytest.approx(dt, rel=1e-6)


@pytest.mark.parametrize(
    "model",
    [
        two(lif([0.01] * 2, 1e-3), lif([0.01] * 2, 1e-3)),  # one time constant: any r tells something
        two(lif([0.01] * 2, 1.23e-3, "decayed"), lif([0.01] * 2, 1.23e-3, "decayed")),
        two(lif([0.01, 0.02], 1e-3), lif([0.01, 0.03], 2e-3)),
        two(lif([0.01, 0.02], 1e-3), models.neuron("LIF", 2)),
        two(models.neuron("LIF", 2), models.neuron("LIF", 2, tau=0.02)),
        two(models.neuron("LIF", 2, r=-1.0), models.neuron("LIF", 2, r=0.0)),
        two(models.neuron("IF", 2), models.neuron("I", 2)),
    ],
)
def test_chance_and_disagreement_tell_none(model: nir.NIRGraph) -> None:
    assert recovered_dt(import_nir(model)) is None


def test_it_is_used_and_said_where_none_is_given() -> None:
    graph = load(two(lif([0.01, 0.02], 1e-3), lif([0.02, 0.04], 1e-3)))
    assert graph.dt == 1e-3
    assert graph.properties["semantics"] == "nir,dt=0.001"
    said = "AX118 dt = 0.001, recovered from the model; r = tau / dt in one, two"
    assert graph.properties["time_step"] == said
    assert f"  # {said}\n" in str(graph)


def test_a_given_one_wins_and_the_difference_is_said() -> None:
    model = two(lif([0.01, 0.02], 1e-3), lif([0.02, 0.04], 1e-3))
    assert "time_step" not in load(model, dt=1e-3).properties
    graph = load(model, "nir,dt=2e-3")
    assert graph.dt == 2e-3
    assert graph.properties["time_step"].startswith("AX119 dt = 0.002 is given, the model's parameters tell 0.001; ")


def test_a_disagreement_is_told_with_the_error() -> None:
    model = two(lif([0.01, 0.02], 1e-3), lif([0.01, 0.03], 2e-3))
    with pytest.raises(ModelError) as caught:
        load(model)
    assert [problem.code for problem in caught.value.diagnostics] == ["AX201", "AX201"]
    assert all("one tau / r = 0.001, two tau / r = 0.002" in str(problem) for problem in caught.value.diagnostics)
    assert "two tau / r = 0.002" in str(caught.value)


def test_nothing_is_told_of_a_single_time_constant() -> None:
    graph = import_nir(models.single(models.neuron("LIF", 1, tau=0.01, r=4.0)))
    assert (recovered_dt(graph), seen_time_steps(graph)) == (None, "")
