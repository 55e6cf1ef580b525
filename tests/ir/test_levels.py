"""Levels of states against the published formulas in decimal arithmetic, and neurons that hold them."""

from __future__ import annotations

from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import models
import numpy as np
import pytest

import axonc
from axonc import ModelError
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import prepare
from axonc.ir.levels import Spacing, nearest_level, state_levels
from axonc.ir.ops import LevelNeuron, Neuron
from axonc.ir.serialize import from_bytes, to_bytes

Array = np.ndarray[Any, Any]
FACTOR = {2: "0.1", 3: "0.3", 4: "0.5", 8: "0.95"}


def published(spacing: Spacing, bits: int, threshold: float) -> list[float]:
    """The levels, summed up step by step with 60 digits."""
    with localcontext() as context:
        context.prec = 60
        theta, count = Decimal(threshold), 2**bits
        low, high = -theta, theta * Decimal("1.2")
        if spacing == "uniform":
            return [float(low + (high - low) * k / (count - 1)) for k in range(count)]
        below = int((count * (theta - low) / (high - low)).to_integral_value("ROUND_FLOOR"))
        steps = [Decimal(FACTOR[bits]) ** j for j in range(count)]
        levels = []
        place = low
        for step in steps[:below]:
            levels.append(place)
            place += step * (theta - low) / sum(steps[:below])
        place, upper = high, []
        for step in steps[: count - below]:
            upper.append(place)
            place -= step * (high - theta) / sum(steps[: count - below])
        return [float(level) for level in levels + upper[::-1]]


@pytest.mark.parametrize("threshold", [1.0, 0.37, 12.5])
@pytest.mark.parametrize("bits", [2, 3, 4, 8])
@pytest.mark.parametrize("spacing", ["uniform", "centred"])
def test_levels_are_the_published_ones(spacing: Spacing, bits: int, threshold: float) -> None:
    levels = state_levels(spacing, bits, threshold)
    assert levels.tolist() == published(spacing, bits, threshold)
    assert np.all(np.diff(levels) > 0)


def test_levels_that_were_seen_in_snntorch() -> None:
    assert np.allclose(state_levels("centred", 2, 1.0), [-1, 0.8018, 0.982, 1.2], atol=5e-5)
    assert np.allclose(state_levels("uniform", 2, 1.0), [-1, -0.26667, 0.46667, 1.2], atol=5e-5)
    for bits, below, above in ((4, 0.999878, 1.0667), (8, 0.999999, 1.0043)):
        levels = state_levels("centred", bits, 1.0)
        assert levels[levels < 1].max() == pytest.approx(below, abs=1e-6)
        assert levels[levels > 1].min() == pytest.approx(above, abs=5e-5)
        assert 1.0 not in levels


def by_hand(neuron: Neuron, levels: Array, x: Array) -> tuple[Array, Array]:
    """v and spikes of a LIF with reset to 0, of summed inputs [T, N]."""

    def nearest(v: Array) -> Array:
        return levels[np.argmin(np.abs(levels - v[:, None]), axis=1)]

    assert neuron.gate is not None
    v, trace, spikes = nearest(np.zeros(x.shape[1])), [], []
    for current in x:
        v = nearest(neuron.membrane.decay * v + neuron.membrane.gain * current + neuron.membrane.constant)
        spikes.append(v > neuron.gate.threshold)
        v = nearest(np.where(spikes[-1], neuron.gate.value, v))
        trace.append(v)
    return np.array(trace), np.array(spikes)


@pytest.mark.parametrize("state", ["uniform3", "centred2", "centred4", "centred8"])
def test_a_population_holds_nothing_but_levels(state: str) -> None:
    rng = np.random.default_rng(2)
    weights = rng.integers(-8, 17, (5, 12)) / 16
    graph = axonc.load(models.single(models.neuron("LIF", 5, r=3.0), weights), "nir,dt=1e-3")
    final, _, _ = prepare(graph, "reference", Options("int8", state))
    op = final["cell"].op
    assert isinstance(op, LevelNeuron)
    x = models.events((120, 12), 0.5)
    result = axonc.interpret(final, x, ["fc", "cell:v"], "float64")
    v, spikes = by_hand(op.neuron, op.levels, result.recorded["fc"].astype(np.float64))
    assert np.array_equal(result.recorded["cell:v"], v)
    assert np.array_equal(result.outputs["output"], spikes)
    assert spikes.any()
    again = from_bytes(to_bytes(final))
    assert np.array_equal(axonc.interpret(again, x).outputs["output"], axonc.interpret(final, x).outputs["output"])


def test_more_levels_come_closer_to_the_float_state() -> None:
    graph = axonc.load(models.recurrent(20), "nir,dt=1e-3")
    x = models.events((4, 100, 3), 0.4)
    exact, *coarse = (
        axonc.interpret(prepare(graph, "reference", Options("int8", state))[0], x, ["cell"]).recorded["cell"]
        for state in ("float32", "uniform2", "uniform8")
    )
    wrong = [np.mean(exact != found) for found in coarse]
    assert wrong[1] < wrong[0] / 2


def test_levels_need_one_threshold() -> None:
    several = axonc.load(models.single(models.neuron("LIF", 2, v_threshold=[1.0, 2.0]), np.eye(2)), "nir,dt=1e-3")
    with pytest.raises(ModelError, match="AX402 cell: thresholds from 1 to 2"):
        prepare(several, "reference", Options("int8", "centred4"))


def test_levels_out_of_order_are_refused() -> None:
    graph = prepare(axonc.load(models.recurrent(), "nir,dt=1e-3"), "reference", Options("int8", "uniform2"))[0]
    op = graph["cell"].op
    assert isinstance(op, LevelNeuron)
    for levels in (op.levels[::-1], op.levels[:1], np.arange(300.0)):
        assert [problem.code for problem in LevelNeuron(op.neuron, levels.copy()).verify(None)] == ["AX306"]


def test_levels_are_exported_evaluated_and_reported(tmp_path: Path) -> None:
    graph = axonc.load(models.recurrent(), "nir,dt=1e-3")
    program = axonc.compile(graph, "reference", weights="int8", state={"*": "centred4", "readout": "q12"})
    assert "16 centred levels" in str(program.graph)
    x = models.events((2, 20, 3), 0.4)
    assert "cell" in program.report(x)
    assert "quantised" in axonc.evaluate(program, x, graph=graph, jobs=1).stages
    notes = axonc.export(program.graph, tmp_path / "levels.nir")
    assert any("a voltage of 16 levels" in str(note) for note in notes)
    assert str(axonc.load(tmp_path / "levels.nir")) == str(program.graph)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_beyond_the_levels_the_last_one_is_the_nearest(dtype: type[np.floating[Any]]) -> None:
    levels = state_levels("uniform", 8, 1e-6).astype(dtype)
    found = nearest_level(levels, np.array([1e9, 1e-6, -1e9, np.inf, -np.inf], dtype))
    assert found[[0, 2, 3, 4]].tolist() == levels[[-1, 0, -1, 0]].tolist()
    assert abs(found[1] - 1e-6) < 1e-8
