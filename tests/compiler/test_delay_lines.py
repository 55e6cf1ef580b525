"""Delays on every target: what goes into a delay line comes out of it, and a delay on a cycle is the cycle's delay."""

from __future__ import annotations

from typing import Any

import models
import nir
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import DT, examples

import axonc
from axonc import Graph
from axonc.compiler.driver.targets import TARGETS


def delay_line(delays: np.ndarray[Any, np.dtype[np.float64]]) -> Graph:
    """Input, delays in seconds, a threshold that passes events on."""
    shape = delays.shape
    nodes = {
        "input": models.source(*shape),
        "delay": nir.Delay(delay=delays),
        "pass": nir.Threshold(threshold=np.full(shape, 0.5)),
        "output": models.sink(*shape),
    }
    return axonc.load(models.graph(nodes, "input delay pass output"), dt=DT)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("shape", [(40,), (3, 4, 5)])
def test_a_delay_line_reproduces_its_input(target: str, shape: tuple[int, ...]) -> None:
    steps = np.random.default_rng(1).integers(0, 60, shape)
    x = models.events((100, *shape), 0.2, seed=2)
    program = axonc.compile(delay_line(steps * DT), target=target)
    expected = np.zeros_like(x)
    for place in np.ndindex(shape):
        late = steps[place]
        expected[(slice(late, None), *place)] = x[(slice(0, len(x) - late), *place)]
    np.testing.assert_array_equal(program.run(x).outputs["output"], expected)


@examples(30)
@given(whole=st.integers(0, 20), part=st.sampled_from([0.0, 0.49, 0.5, 0.51, 0.99]))
def test_a_delay_between_steps_goes_to_the_nearest(whole: int, part: float) -> None:
    """Halves go up, as the pass says."""
    x = np.zeros((30, 1), np.int8)
    x[0] = 1
    line = delay_line(np.array([(whole + part) * DT]))
    fired = np.flatnonzero(axonc.interpret(line, x).outputs["output"])
    assert fired.tolist() == [whole + (part >= 0.5)]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_delay_on_a_cycle_is_the_delay_of_the_cycle(target: str, steps: int) -> None:
    """One event goes round for ever, a round in as many steps as the delay has."""
    nodes = {
        "input": models.source(1),
        "cell": models.neuron("IF", 1, v_threshold=0.5),
        "back": models.linear([[1.0]]),
        "late": nir.Delay(delay=np.array([steps * DT])),
        "output": models.sink(1),
    }
    graph = axonc.load(models.graph(nodes, "input cell output", "cell late back cell"), dt=DT)
    x = np.zeros((3 * steps + 1, 1), np.int8)
    x[0] = 1
    fired = np.flatnonzero(axonc.compile(graph, target=target).run(x).outputs["output"])
    assert fired.tolist() == [0, steps, 2 * steps, 3 * steps]
