"""Loihi's integers: Lava's bit-accurate neurons written out in Python, the recorded chip, and what does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import models
import nir
import numpy as np
import pytest
from recorded import recorded
from scipy import sparse

import axonc
from axonc import Graph, ModelError
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import compile_graph
from axonc.compiler.driver.program import fill
from axonc.compiler.passes import QuantizeLoihi, ToPopulations, run_pipeline
from axonc.compiler.passes.loihi import LIMIT_24, loihi_weights, weight_exponent
from axonc.ir.ops import FixedNeuron, QuantLinear

Array = np.ndarray[Any, Any]
DT, TAU, TAU_SYN = 1e-3, 7e-3, 3e-3


def on_loihi(model: nir.NIRGraph | Graph, semantics: str = "lava", inputs: str = "events") -> Graph:
    """A model after the pass."""
    graph = axonc.load(model, semantics, DT, inputs)
    return run_pipeline(graph, [ToPopulations(), QuantizeLoihi()])[-1][1]


def decayed(state: int, d: int) -> int:
    """Lava's decay: rounded toward zero."""
    return (abs(state) * (4096 - d) >> 12) * (1 if state >= 0 else -1)


def lava(activations: Array, dv: int, vth: int, du: int = 4095, bias: int = 0) -> tuple[list[int], list[int]]:
    """Voltages and spikes of one neuron, as Lava's bit-accurate LIF computes them from a_in."""
    u = v = 0
    voltages, spikes = [], []
    for a in activations:
        u = decayed(u, du + 1) + (int(a) << 6)
        v = max(min(decayed(v, dv) + u + bias, LIMIT_24), -LIMIT_24)
        spikes.append(int(v > vth << 6))
        v = 0 if spikes[-1] else v
        voltages.append(v)
    return voltages, spikes


def test_the_chips_recorded_trace(tmp_path: Path) -> None:
    """Every spike, and v in all steps but those of the spikes, where the chip reports 128 and Lava's model 0."""
    x, v, spikes = np.loadtxt(recorded("paper/01_lif/lif_lava_loihi_fixed.csv"), delimiter=",").T
    graph = axonc.load(recorded("paper/01_lif/lif_norse.nir"), semantics="lava,dt=1e-4")
    for target in ("reference", "native", "spinnaker2"):
        (tmp_path / target).mkdir()
        fill(compile_graph(graph, target, Options(weights="int8", state="loihi")), tmp_path / target)
        result = axonc.open(tmp_path / target).run(x[:, None].astype(np.int64), ["1", "1:v"])
        assert np.array_equal(result.recorded["1"][:, 0], spikes)
        ours = result.recorded["1:v"][:, 0]
        assert np.flatnonzero(ours != v).tolist() == np.flatnonzero(spikes).tolist() == [461, 511, 711, 761]
        assert ours[spikes == 1].tolist() == [0, 0, 0, 0]
        assert v[spikes == 1].tolist() == [128, 128, 128, 128]


def test_float_lava_spikes_as_the_chip_does() -> None:
    x, v, spikes = np.loadtxt(recorded("paper/01_lif/lif_lava_loihi_fixed.csv"), delimiter=",").T
    graph = axonc.load(recorded("paper/01_lif/lif_norse.nir"), semantics="lava,dt=1e-4")
    result = axonc.interpret(graph, x[:, None], ["1", "1:v"])
    assert np.array_equal(result.recorded["1"][:, 0], spikes)
    difference = np.abs(result.recorded["1:v"][:, 0] - v * 2.0**-14)[spikes == 0]
    assert 0.002 < difference.max() < 0.003


def test_lif_is_lavas() -> None:
    model = models.single(models.neuron("LIF", 1, tau=TAU, r=4.0, v_leak=0.25), [[0.7]])
    x = models.events((80, 1), 0.6)
    weight = int(0.7 * DT / TAU * 4.0 * 256)
    late = np.concatenate([[0], x[:-1, 0]]) * weight
    dv = int(DT / TAU * 4095)
    voltages, spikes = lava(late, dv, 131071 >> 9, bias=round(DT / TAU * 0.25 * 2**14))
    result = axonc.interpret(on_loihi(model), x, ["cell", "cell:v"])
    assert result.recorded["cell"][:, 0].tolist() == spikes
    assert result.recorded["cell:v"][:, 0].tolist() == voltages
    assert 0 < sum(spikes) < 80


@pytest.mark.parametrize("sign", [1, -1])
def test_cuba_lif_is_lavas(sign: int) -> None:
    """Weights of both signs lose their lowest bit, downward; the current decays by one unit more than asked."""
    model = models.single(
        models.neuron("CubaLIF", 1, tau_syn=TAU_SYN, tau_mem=TAU, r=9.0, w_in=2.0), [[0.37, -0.121 * sign]]
    )
    x = models.events((90, 2), 0.5)
    gain = DT / TAU_SYN * 2.0 * DT / TAU * 9.0
    q = np.trunc(np.array([0.37, -0.121 * sign]) * gain * 256).astype(int)
    q = (q >> 1) << 1 if sign > 0 else q
    late = np.concatenate([[0], x[:-1] @ q])
    voltages, spikes = lava(late, int(DT / TAU * 4095), 131071 >> 9, int(DT / TAU_SYN * 4095))
    result = axonc.interpret(on_loihi(model), x, ["cell", "cell:v"])
    assert result.recorded["cell"][:, 0].tolist() == spikes
    assert result.recorded["cell:v"][:, 0].tolist() == voltages
    assert sum(spikes) > 0


def test_v_is_bounded_below_as_on_the_chip() -> None:
    model = models.single(models.neuron("IF", 1), [[-100.0]])
    graph = on_loihi(model)
    result = axonc.interpret(graph, np.ones((12, 1), np.int64), ["cell:v"])
    voltages, _ = lava(np.array([0] + [-100 * 256] * 11), 0, 131071 >> 9)
    assert result.recorded["cell:v"][:, 0].tolist() == voltages
    assert voltages[-1] == -LIMIT_24
    assert "notes" not in graph.properties


def test_what_the_chip_would_clip_or_wrap_is_noted() -> None:
    model = models.single(
        models.neuron("CubaLIF", 2, tau_syn=4e-2, tau_mem=4e-2, r=40.0, w_in=40.0), np.full((2, 5), 99.0)
    )
    notes = on_loihi(model, "lava,reset=subtract").properties["notes"].splitlines()
    assert [note.split(";")[0] for note in notes] == [
        f"AX402 cell: {state} may pass the chip's limit of 512" for state in ("i", "v")
    ]


@pytest.mark.parametrize(
    ("weights", "exponent", "expected"),
    [
        ([0.04], 0, [10]),
        ([0.999, 0.0], 0, [255, 0]),
        ([1.0], 1, [128]),
        ([-0.5, -0.01], 0, [-128, -2]),
        ([0.05, -0.05], 0, [12, -12]),
        ([0.05, -0.051], 0, [12, -14]),
        ([100.0, 1.0], 7, [200, 2]),
        ([0.0], 0, [0]),
    ],
)
def test_weights_share_an_exponent_and_mixed_signs_cost_a_bit(
    weights: list[float], exponent: int, expected: list[int]
) -> None:
    matrix = np.array([weights])
    assert weight_exponent(float(np.abs(matrix).max())) == exponent
    assert loihi_weights(matrix, exponent).tolist() == [expected]
    held = loihi_weights(sparse.csr_array(matrix), exponent)
    assert held.toarray().tolist() == [expected]  # type: ignore[union-attr]


def test_rows_beyond_int8_are_halved_and_enter_doubled() -> None:
    graph = on_loihi(models.single(models.neuron("IF", 2), [[200 / 256], [100 / 256]]))
    linear, cell = graph["fc"].op, graph["cell"].op
    assert isinstance(linear, QuantLinear)
    assert isinstance(cell, FixedNeuron)
    assert np.asarray(linear.weight).tolist() == [[100], [100]]
    entering = cell.membrane.multiplier / 2.0**cell.membrane.shift
    assert entering.tolist() == [128, 64]


@pytest.mark.parametrize(
    ("kind", "parameters", "weight"),
    [
        ("IF", {}, 128.0),
        ("LIF", {"v_threshold": -0.1}, 0.1),
        ("LIF", {"v_threshold": 512.0}, 0.1),
        ("LIF", {"r": 1e5}, 1.0),
    ],
)
def test_what_loihi_does_not_hold_is_refused(kind: str, parameters: dict[str, float], weight: float) -> None:
    with pytest.raises(ModelError) as refused:
        on_loihi(models.single(models.neuron(kind, 1, **parameters), [[weight]]))
    assert [(problem.code, problem.node) for problem in refused.value.diagnostics] == [("AX306", "cell")]


def test_a_threshold_and_a_readout_have_no_memory() -> None:
    nodes = {
        "input": models.source(1),
        "fc": models.linear([[0.75]]),
        "cell": models.neuron("Threshold", 1, threshold=0.5),
        "out": models.linear([[0.5]]),
        "output": models.sink(1),
    }
    x = np.array([[1], [0], [1], [0], [0]])
    result = axonc.interpret(on_loihi(models.graph(nodes, "input fc cell out output")), x, ["cell"])
    assert result.recorded["cell"][:, 0].tolist() == [0, 1, 0, 1, 0]
    assert result.value("output")[:, 0].tolist() == [0, 0.5, 0, 0.5, 0]
