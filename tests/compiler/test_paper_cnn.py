"""The NIR paper's convolutional network (8,970 neurons) on the interpreter, on native code and on emulated cores."""

from __future__ import annotations

import numpy as np
import pytest
from recorded import recorded

import axonc
from axonc import Graph

STATES = [f"{name}{state}" for name in ("1", "3", "6", "10", "12") for state in ("", ":v")]


@pytest.fixture(scope="module")
def cnn() -> Graph:
    return axonc.load(recorded("paper/02_cnn/cnn_sinabs.nir"), semantics="sinabs,dt=1e-3")


def spikes(steps: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
    """5 % of the pixels of both polarities."""
    return (np.random.default_rng(0).random((steps, 2, 34, 34)) < 0.05).astype(np.int8)


def test_native_equals_the_interpreter_over_2000_steps(cnn: Graph) -> None:
    """Its neurons have no leak: some states reach the end of their range, and stay there alike."""
    verification = axonc.compile(cnn, target="native").verify(spikes(2000))
    assert verification.equal, str(verification.divergence)
    assert set(STATES) <= set(verification.result.recorded)


def test_emulated_cores_equal_the_interpreter_within_their_ticks(cnn: Graph) -> None:
    x = spikes(100)
    program = axonc.compile(cnn, target="spinnaker2", calibrate=x)
    verification = program.verify(x)
    assert verification.equal, str(verification.divergence)
    assert set(STATES) <= set(verification.result.recorded)
    assert not np.any(verification.result.stats["overruns"])
    assert program.manifest["cores"] < 40
