"""Reverse mode equals central differences, in float64, wherever the forward graph is smooth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import strategies
from float_graphs import SURROGATES, graphs, neuron
from hypothesis import assume, currently_in_test_context, given
from relaxed import gradients, relaxed

import axonc
from axonc import Graph
from axonc.compiler.differentiate import KINDS, differentiate
from axonc.ir import Node, Signal, require_valid
from axonc.ir.ops import (
    EGRU,
    GRU,
    LSTM,
    Axis,
    Conv,
    Delay,
    Flatten,
    Input,
    Linear,
    Op,
    Output,
    Pool,
    ResetGate,
    SuperSpike,
    Surrogate,
    Triangle,
)

Array = np.ndarray[Any, Any]
STEP, TOLERANCE, STEPS = 1e-5, 1e-6, 7
STEEP = 1e4
"""Beyond this, loops grow so fast that differences say nothing."""


def loss(graph: Graph, x: Mapping[str, Array], seeds: Mapping[str, Array]) -> float:
    """A loss whose derivative with respect to the outputs is ``seeds``."""
    outputs = axonc.interpret(graph, x, precision="float64").outputs
    return float(sum(np.sum(outputs[name] * seed) for name, seed in seeds.items()))


def check(graph: Graph, surrogates: Mapping[str, Surrogate], rng: np.random.Generator, batch: int = 2) -> None:
    """Every gradient in random directions, and the derivatives of the inputs."""
    require_valid(graph)
    x = {node.name: rng.normal(0, 1, (batch, STEPS, *graph.signals[node.name].shape)) for node in graph.inputs}
    seeds = {node.name: rng.normal(0, 1, (batch, STEPS, *graph.signals[node.name].shape)) for node in graph.outputs}
    smooth = relaxed(graph, surrogates)
    backward = differentiate(graph, KINDS, surrogate=dict(surrogates), attached=True, inputs=True)
    found, into = gradients(smooth, backward, x, seeds)
    assert found
    for parameter, gradient in found.items():
        value = parameter.of(smooth[parameter.node].op).astype(np.float64)
        direction = rng.normal(0, 1, value.shape)

        def moved(size: float, parameter: Any = parameter, value: Array = value, way: Array = direction) -> Graph:
            op = parameter.put(smooth[parameter.node].op, value + size * way)
            return smooth.with_nodes(replace(n, op=op) if n.name == parameter.node else n for n in smooth)

        assert gradient.shape == value.shape
        central = slope(lambda size, moved=moved: loss(moved(size), x, seeds))  # type: ignore[misc]
        close(float(np.sum(gradient * direction)), central, str(parameter))
    for name, derivative in into.items():
        direction = rng.normal(0, 1, x[name].shape)

        def shifted(size: float, name: str = name, way: Array = direction) -> float:
            return loss(smooth, {**x, name: x[name] + size * way}, seeds)

        close(float(np.sum(derivative * direction)), slope(shifted), name)


def slope(function: Callable[[float], float]) -> float:
    """Central differences of two widths, extrapolated to the fourth order (Richardson)."""
    narrow, wide = ((function(size) - function(-size)) / (2 * size) for size in (STEP, 2 * STEP))
    return (4 * narrow - wide) / 3


def close(ours: float, central: float, name: str) -> None:
    if currently_in_test_context():  # in a random graph
        assume(abs(central) < STEEP)
    assert abs(ours - central) <= TOLERANCE * max(1.0, abs(central)), (name, ours, central)


def graph_of(*nodes: tuple[str, Op, tuple[str, ...]] | Node) -> Graph:
    return Graph("g", tuple(node if isinstance(node, Node) else Node(*node) for node in nodes), "steps", 1e-3)


def dense(*shape: int) -> Input:
    return Input(Signal(shape))


FORMS = [
    {"synapse": synapse, "sees": sees, "reset": reset, "shared": shared}
    for synapse, sees in ((False, "new"), (True, "new"), (True, "old"))
    for reset in (None, "none", "value", "subtract")
    for shared in (False, True)
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: "-".join(map(str, form.values())))
@pytest.mark.parametrize("surrogate", SURROGATES, ids=lambda surrogate: surrogate.name)
def test_every_form_of_a_neuron(form: dict[str, Any], surrogate: Surrogate) -> None:
    rng = np.random.default_rng(3)
    graph = graph_of(
        ("in", dense(3), ()),
        ("fc", Linear(rng.normal(0, 0.5, (4, 3)), rng.normal(0, 0.2, 4)), ("in",)),
        ("cell", neuron(rng, (4,), **form), ("fc", "back")),
        ("late", Delay(2), ("cell",)),
        ("back", Linear(rng.normal(0, 0.3, (4, 4))), ("late",)),
        ("out", Output(), ("cell",)),
    )
    check(graph, {"cell": surrogate} if form["reset"] else {}, rng)


@pytest.mark.parametrize("reset", ["none", "value", "subtract"])
def test_a_lower_bound_of_v(reset: str) -> None:
    rng = np.random.default_rng(1)
    cell = neuron(rng, (4,), reset=reset, v_min=True)
    graph = graph_of(("in", dense(4), ()), ("cell", cell, ("in",)), ("out", Output(), ("cell",)))
    check(graph, {"cell": SuperSpike(2.0)}, rng)


@pytest.mark.parametrize("sizes", [(1, 1), (1, 2), (2, 1)])
def test_images(sizes: tuple[int, int]) -> None:
    """Convolution with groups, strides, padding on one side, dilation; pools that overlap; reshaping."""
    rng, (groups, spatial) = np.random.default_rng(2), sizes
    windows = (Axis(3, 2, 1, 0), Axis(2, 1, 0, 1, 2))[:spatial]
    shape, kernel = (2, 6, 7)[: 1 + spatial], tuple(axis.kernel for axis in windows)
    conv = Conv(rng.normal(0, 0.5, (4, 2 // groups, *kernel)), rng.normal(0, 0.2, 4), windows, groups)
    image = conv.output(Signal(shape)).shape
    pools = [Pool((Axis(2, 1),) * spatial, average) for average in (False, True)]
    pooled = pools[0].output(Signal(image)).shape
    count = int(np.prod(pooled))
    graph = graph_of(
        ("in", dense(*shape), ()),
        ("conv", conv, ("in",)),
        ("cell", neuron(rng, image, reset="subtract"), ("conv",)),
        ("sum", pools[0], ("cell",)),
        ("mean", pools[1], ("cell",)),
        ("flat", Flatten(), ("sum", "mean")),
        ("fc", Linear(rng.normal(0, 0.5, (3, count))), ("flat",)),
        ("out", Output(), ("fc",)),
        ("image", Output(), ("cell",)),
    )
    check(graph, {"cell": Triangle(0.8, 0.2)}, rng)


def test_a_convolution_of_another_shape_and_a_matrix_of_images() -> None:
    rng = np.random.default_rng(4)
    conv = Conv(rng.normal(0, 0.5, (2, 1, 2)), None, (Axis(2),), 1, (8,))
    graph = graph_of(
        ("in", dense(1, 5), ()),
        ("conv", conv, ("in",)),
        ("fc", Linear(rng.normal(0, 0.5, (6, 5)), None, (1, 5), (2, 3)), ("in",)),
        ("a", Output(), ("conv",)),
        ("b", Output(), ("fc",)),
    )
    check(graph, {}, rng)


def egru(rng: np.random.Generator, units: int, **how: Any) -> tuple[Node, ...]:
    """An EGRU `cell` fed by `in` of 3 elements."""
    return (
        Node("w", Linear(rng.normal(0, 0.7, (3 * units, 3)), rng.normal(0, 0.2, 3 * units)), ("in",)),
        Node("cell", EGRU(units, rng.uniform(0.05, 0.3, units), **how), ("w",), reads=("r",)),
        Node("late", Delay(1), ("cell",)),
        Node("r", Linear(rng.normal(0, 0.7, (3 * units, units)), rng.normal(0, 0.2, 3 * units)), ("late",)),
    )


@pytest.mark.parametrize("surrogate", SURROGATES, ids=lambda surrogate: surrogate.name)
def test_the_egru(surrogate: Surrogate) -> None:
    rng = np.random.default_rng(5)
    read = ("fc", Linear(rng.normal(0, 0.5, (2, 4))), ("cell",))
    graph = graph_of(("in", dense(3), ()), *egru(rng, 4), read, ("out", Output(), ("fc",)))
    check(graph, {"cell": surrogate}, rng)


@pytest.mark.parametrize("how", [{"zoneout": 0.23}, {"segment": 3}, {"zoneout": 0.4, "segment": 1}], ids=str)
def test_an_egru_with_zoneout_or_segments(how: dict[str, Any]) -> None:
    rng = np.random.default_rng(6)
    graph = graph_of(("in", dense(3), ()), *egru(rng, 4, **how), ("out", Output(), ("cell",)))
    check(graph, {"cell": Triangle(0.8, 0.2)}, rng)


def weights(rng: np.random.Generator, rows: int, columns: int) -> Linear:
    return Linear(rng.normal(0, 0.7, (rows, columns)), rng.normal(0, 0.2, rows))


def test_a_gru_with_its_reset_after_the_matrix() -> None:
    rng, n = np.random.default_rng(7), 4
    graph = graph_of(
        ("in", dense(3), ()),
        ("w", weights(rng, 3 * n, 3), ("in",)),
        Node("cell", GRU(n), ("w",), reads=("r",)),
        ("late", Delay(1), ("cell",)),
        ("r", weights(rng, 3 * n, n), ("late",)),
        ("fc", weights(rng, 2, n), ("cell",)),
        ("out", Output(), ("fc",)),
    )
    check(graph, {}, rng)


def test_a_gru_with_its_reset_before_the_matrix() -> None:
    rng, n = np.random.default_rng(8), 4
    graph = graph_of(
        ("in", dense(3), ()),
        ("w", weights(rng, 2 * n, 3), ("in",)),
        ("late", Delay(1), ("cell",)),
        ("w_r", weights(rng, n, 3), ("in",)),
        ("r_r", weights(rng, n, n), ("late",)),
        Node("q", ResetGate(n), ("w_r", "r_r"), reads=("late",)),
        ("r_u", weights(rng, 2 * n, n), ("late",)),
        ("r_g", weights(rng, 2 * n, n), ("q",)),
        ("cell", GRU(n, "before"), ("w", "r_u", "r_g")),
        ("out", Output(), ("cell",)),
    )
    check(graph, {}, rng)


@pytest.mark.parametrize("looks", [False, True])
def test_an_lstm(looks: bool) -> None:
    rng, n = np.random.default_rng(9), 4
    graph = graph_of(
        ("in", dense(3), ()),
        ("w", weights(rng, 4 * n, 3), ("in",)),
        ("cell", LSTM(n, rng.normal(0, 0.7, (3, n)) if looks else None), ("w", "r")),
        ("late", Delay(2, rng.normal(0, 1, n)), ("cell",)),
        ("r", weights(rng, 4 * n, n), ("late",)),
        ("out", Output(), ("cell",)),
    )
    check(graph, {}, rng)


@strategies.examples(40)
@given(case=graphs())
def test_random_graphs(case: tuple[Graph, dict[str, Surrogate], np.random.Generator]) -> None:
    check(*case)
