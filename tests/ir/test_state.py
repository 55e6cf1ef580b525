"""The state of a graph: what it consists of, that a sequence in parts is the sequence, what is refused."""

from __future__ import annotations

from typing import Any

import gated
import numpy as np
import pytest

import axonc
from axonc import Graph, ModelError
from axonc.compiler.differentiate import differentiate
from axonc.ir import Fixed, Kind, Node, Signal
from axonc.ir.interpret.run import initial_state
from axonc.ir.ops import Delay, FixedMembrane, FixedNeuron, Gate, Input, Membrane, Neuron, Output, Synapse
from axonc.ir.state import carried

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(5)
ONE, ZERO = np.asarray(1.0), np.asarray(0.0)


def neurons(delay: int = 3) -> Graph:
    """Events -> neurons with a current -> a delay that also closes a loop."""
    op = Neuron((4,), Synapse(0.5 * ONE, ONE, ZERO), Membrane(0.9 * ONE, ONE, ZERO, ZERO), Gate(ONE, "subtract", ZERO))
    nodes = (
        Node("x", Input(Signal((4,), Kind.EVENT, peak=2))),
        Node("late", Delay(delay), ("n",)),
        Node("n", op, ("x", "late")),
        Node("y", Output(), ("late",)),
    )
    return Graph("loop", nodes, "steps")


def segmented() -> Graph:
    """EGRUs whose cells begin anew every 4 steps."""
    made = gated.Cells(6)
    made.egru("egru", 5, segment=4, zoneout=0.1)
    return made.graph()


def delay_line() -> Graph:
    """Values that leave 3 steps after they came, and other ones before that."""
    initial = RNG.normal(size=6)
    nodes = (Node("x", Input(Signal((6,)))), Node("late", Delay(3, initial), ("x",)), Node("y", Output(), ("late",)))
    return Graph("line", nodes, "steps")


GRAPHS = {
    "neurons": neurons(),
    "segments": segmented(),
    "line": delay_line(),
    "cells": gated.cells(list(gated.LAYERS), 6, 5),
    "hybrid": gated.hybrid(),
    "backward": differentiate(gated.cells(["egru"], 6, 5)).graph,
}


def data(graph: Graph, steps: int) -> dict[str, Array]:
    """Two samples for every input."""
    return {
        node.name: RNG.integers(0, 2, (2, steps, *node.op.signal.shape))  # type: ignore[attr-defined]
        if graph.signals[node.name].kind is Kind.EVENT
        else RNG.normal(size=(2, steps, *graph.signals[node.name].shape))
        for node in graph.inputs
    }


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_sequence_in_parts_is_the_sequence(name: str, precision: Any) -> None:
    graph, x = GRAPHS[name], data(GRAPHS[name], 11)
    names = [f"{node.name}:{state}" for node in graph for state in node.op.states()]
    whole = axonc.interpret(graph, x, names, precision)
    state, parts = initial_state(graph, 2, precision), []
    for first, last in ((0, 2), (2, 2), (2, 7), (7, 11)):
        parts.append(axonc.interpret(graph, {n: a[:, first:last] for n, a in x.items()}, names, precision, state))
        state = parts[-1].state
    for signal in whole.names:
        np.testing.assert_array_equal(np.concatenate([part[signal] for part in parts], 1), whole[signal], signal)
    assert list(state) == list(whole.state) == list(carried(graph))
    for part, array in state.items():
        assert array.dtype == whole.state[part].dtype
        np.testing.assert_array_equal(array, whole.state[part])


def test_each_sample_has_a_state_and_one_without_an_axis_of_samples_is_that_of_all() -> None:
    graph, x = segmented(), RNG.normal(size=(2, 9, 6))
    one = axonc.interpret(graph, x[0, :3]).state
    assert one["egru:k"] == 3
    assert one["egru.late:line"].shape == (1, 5)
    both = axonc.interpret(graph, x[:, 3:], state=one).outputs["y"]
    for sample in range(2):
        alone = axonc.interpret(graph, x[sample, 3:], state=one).outputs["y"]
        np.testing.assert_array_equal(both[sample], alone)
    turned = {**axonc.interpret(graph, x[:, :3]).state, "egru:k": np.array([0, 3])}
    ended = axonc.interpret(graph, x[:, 3:], state=turned)
    np.testing.assert_array_equal(ended.state["egru:k"], [2, 1])


def test_the_line_of_a_delay_is_the_oldest_first() -> None:
    x = np.arange(30.0).reshape(5, 6)
    left = axonc.interpret(delay_line(), x).state["late:line"]
    np.testing.assert_array_equal(left, x[2:])
    assert axonc.interpret(neurons(), np.zeros((1, 4), int), state=initial_state(neurons())).state["n:i"].shape == (4,)


def fixed() -> Graph:
    """Neurons in 8 bits behind an input."""
    whole = {name: np.asarray(0) for name in ("decay", "leak", "offset")}
    membrane = FixedMembrane(Fixed(8), multiplier=np.asarray(1 << 30), shift=np.asarray(30), **whole)
    nodes = (
        Node("x", Input(Signal((2,), Kind.EVENT))),
        Node("n", FixedNeuron((2,), None, membrane, None), ("x",)),
        Node("y", Output(), ("n",)),
    )
    return Graph("fixed", nodes, "steps")


@pytest.mark.parametrize(
    ("graph", "changes", "said"),
    [
        (neurons(), {"n:v": None}, "AX708 n:v: the state has no such part"),
        (neurons(), {"m:v": np.zeros(4)}, "AX708 m:v: the model has no such state"),
        (neurons(), {"n:v": np.zeros(3)}, "AX708 n:v: a state of shape (3,); (4,), or (1, 4) for 1 sample(s)"),
        (neurons(), {"late:line": np.zeros((2, 4), int)}, "AX708 late:line: a state of shape (2, 4)"),
        (neurons(), {"late:line": np.full((3, 4), 2)}, "AX708 late:line: values from 2 to 2; from 0 to 1"),
        (neurons(), {"late:line": np.zeros((3, 4))}, "AX708 late:line: a state of type float64"),
        (neurons(), {"n:i": np.array(["a"] * 4)}, "AX708 n:i: a state of type <U1"),
        (segmented(), {"egru:k": np.asarray(4)}, "AX708 egru:k: values from 4 to 4; from 0 to 3"),
        (fixed(), {"n:v": np.array([0, 128])}, "AX708 n:v: values from 0 to 128; from -127 to 127"),
        (fixed(), {"n:v": np.zeros(2)}, "AX708 n:v: a state of type float64"),
    ],
)
def test_what_does_not_fit_is_refused(graph: Graph, changes: dict[str, Any], said: str) -> None:
    changed = {**initial_state(graph), **changes}
    state = {name: array for name, array in changed.items() if array is not None}
    x = np.zeros((1, *graph.signals["x"].shape), int)
    with pytest.raises(ModelError) as caught:
        axonc.interpret(graph, x, state=state)
    assert said in str(caught.value)
    assert len(caught.value.diagnostics) == 1


def test_everything_that_does_not_fit_is_said_at_once() -> None:
    with pytest.raises(ModelError) as caught:
        axonc.interpret(neurons(), np.zeros((1, 4), int), state={"n:v": np.zeros(9), "z:v": np.zeros(1)})
    assert {d.node for d in caught.value.diagnostics} == {"n:v", "n:i", "z:v", "late:line"}
