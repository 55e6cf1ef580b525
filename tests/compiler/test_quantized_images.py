"""Integer kernels: their scales, their bounds, and what they mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import images
import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

import axonc
from axonc import ModelError
from axonc.compiler.passes import Quantize, ToPopulations, run_pipeline
from axonc.ir import Graph, Kind, Node, Shape, Signal
from axonc.ir.ops import Axis, Conv, FixedNeuron, Input, Linear, Neuron, Output, Pool, QuantConv, QuantLinear, is_sparse

Array = np.ndarray[Any, Any]
SCOPES = ("fan_in", "channel")
PAIR = (Axis(2, 2), Axis(2, 2))


def integers(graph: Graph, **options: Any) -> tuple[Graph, Graph]:
    """The folded graph, and the quantised one."""
    (_, folded), (_, quantised) = run_pipeline(graph, [ToPopulations(), Quantize(**options)])
    return folded, quantised


def recorded(graph: Graph, precision: Any = "float32") -> dict[str, Array]:
    """Every state and output over some events."""
    names = [
        f"{node.name}:{state}"
        for node in graph
        for state in node.op.states()
        if isinstance(node.op, (Neuron, FixedNeuron))
    ]
    result = axonc.interpret(graph, images.data(graph), [*names, "cell"], precision)
    return {**result.outputs, **result.recorded}


@strategies.examples(100)
@given(images.graphs(), st.sampled_from(SCOPES), st.sampled_from(["q16", "q32", "float32"]))
def test_a_kernel_adds_up_what_its_matrix_does(graph: Graph, scope: str, state: str) -> None:
    """Bit for bit, over every state."""
    _, quantised = integers(graph, scope=scope, state=state)
    matrices = images.without_kernels(quantised)
    assert not any(isinstance(node.op, QuantConv) for node in matrices)
    one, other = recorded(quantised), recorded(matrices)
    for name, trace in one.items():
        assert np.array_equal(trace, other[name]), name


def worth(op: QuantLinear | QuantConv) -> Array:
    """What the integer weights stand for."""
    dense = op.weight.toarray() if is_sparse(op.weight) else np.asarray(op.weight)
    rows = op.scale.reshape(-1, *(1 for _ in dense.shape[1:])) if op.scale.ndim else op.scale
    return np.asarray(dense * rows)


def dequantised(folded: Graph, quantised: Graph) -> Graph:
    """The folded graph with weights that its integers stand for."""

    def changed(node: Node) -> Node:
        op = quantised[node.name].op
        if isinstance(node.op, (Linear, Conv)) and isinstance(op, (QuantLinear, QuantConv)):
            return replace(node, op=replace(node.op, weight=worth(op)))
        return node

    return folded.with_nodes(map(changed, folded))


@strategies.examples(100)
@given(images.graphs(), st.sampled_from(SCOPES))
def test_the_neurons_undo_the_scale_of_their_weights(graph: Graph, scope: str) -> None:
    """Each neuron gets the scale of its own channel, whatever shape the channels have in its population."""
    folded, quantised = integers(graph, scope=scope, state="float32")
    meant = recorded(dequantised(folded, quantised), "float64")
    for name, trace in recorded(quantised, "float64").items():
        assert np.allclose(trace, meant[name], rtol=0, atol=1e-9 * max(1, np.abs(trace).max(initial=0))), name


@strategies.examples(100)
@given(images.graphs(), st.sampled_from(SCOPES))
def test_integer_kernels_are_within_half_a_unit(graph: Graph, scope: str) -> None:
    folded, quantised = integers(graph, scope=scope)
    for node in folded:
        op = quantised[node.name].op
        if isinstance(node.op, (Linear, Conv)):
            assert isinstance(op, (QuantLinear, QuantConv))
            exact = node.op.weight.toarray() if is_sparse(node.op.weight) else np.asarray(node.op.weight)
            assert np.all(np.abs(worth(op) - exact) <= float(np.max(op.scale)) * (0.5 + 1e-9))
            assert op.weight.dtype == np.int8


def joined(shape: Shape, *maps: Any) -> Graph:
    """in, and pooled behind it -> maps -> cell of ``shape`` -> out; a map is an op and the name that it reads."""
    nodes = [Node("in", Input(Signal((2, 4, 4), Kind.EVENT, peak=3))), Node("pooled", Pool(PAIR), ("in",))]
    nodes += [Node(f"m{index}", op, (source,)) for index, (op, source) in enumerate(maps)]
    cell = Node("cell", images.spiking(shape, np.asarray(1.0)), tuple(f"m{index}" for index in range(len(maps))))
    return Graph("g", (*nodes, cell, Node("out", Output(), ("cell",))), "steps", 1e-3)


def test_one_scale_serves_kernels_and_matrices() -> None:
    kernel, matrix = np.full((2, 2, 1, 1), 0.501), np.zeros((32, 32))
    matrix[3, 5] = -4.0
    ops = (Conv(kernel, None, (Axis(1),) * 2), "in"), (Linear(matrix, None, (2, 4, 4), (2, 4, 4)), "in")
    _, quantised = integers(joined((2, 4, 4), *ops))
    for name, expected in (("m0", 16), ("m1", -127)):
        op = quantised[name].op
        assert isinstance(op, (QuantConv, QuantLinear))
        assert op.scale.shape == ()
        assert float(op.scale) == 4.0 / 127
        assert np.asarray(op.weight).flat[np.argmax(np.abs(op.weight))] == expected


def test_a_channel_has_one_scale_at_all_places() -> None:
    """Channel 0 is led by the kernel, channel 1 by one row of the matrix."""
    kernel = np.array([8.0, 1.003]).reshape(2, 1, 1, 1) * np.ones((2, 2, 1, 1))
    matrix = np.zeros((32, 32))
    matrix[3, 5], matrix[20, 0] = -4.01, 2.0
    ops = (Conv(kernel, None, (Axis(1),) * 2), "in"), (Linear(matrix, None, (2, 4, 4), (2, 4, 4)), "in")
    _, quantised = integers(joined((2, 4, 4), *ops), scope="channel", state="float32")
    conv, linear, cell = (quantised[name].op for name in ("m0", "m1", "cell"))
    assert isinstance(conv, QuantConv)
    assert isinstance(linear, QuantLinear)
    assert isinstance(cell, Neuron)
    assert conv.scale.tolist() == [8.0 / 127, 2.0 / 127]
    assert conv.weight[:, 0, 0, 0].tolist() == [127, 64]
    assert linear.scale.tolist() == [8.0 / 127] * 16 + [2.0 / 127] * 16
    assert [int(linear.weight[3, 5]), int(linear.weight[20, 0])] == [-64, 127]
    assert cell.membrane.gain.tolist() == conv.scale.repeat(16).reshape(2, 4, 4).tolist()


def test_kernels_of_other_channels_share_what_they_have_in_common() -> None:
    """6 channels of 4 neurons, and 4 of 6: only halves of the population have one scale in both."""
    six_peaks, four_peaks = np.array([1.003, 2.003, 3.003, 4.003, 5.003, 6.0]), np.array([5.0, 1.003, 1.003, 1.003])
    peaks = six_peaks.reshape(6, 1, 1, 1), four_peaks.reshape(4, 1, 1, 1)
    six = Conv(peaks[0] * np.ones((6, 2, 2, 2)), None, PAIR, gives=(24,))
    four = Conv(peaks[1] * np.ones((4, 2, 2, 2)), None, (Axis(2, 2), Axis(2)), gives=(24,))
    _, quantised = integers(joined((24,), (six, "in"), (four, "in")), scope="channel")
    assert quantised["m0"].op.scale.tolist() == [5.0 / 127] * 3 + [6.0 / 127] * 3  # type: ignore[attr-defined]
    assert quantised["m1"].op.scale.tolist() == [5.0 / 127] * 2 + [6.0 / 127] * 2  # type: ignore[attr-defined]


def test_pooled_events_count_in_the_bound_of_the_accumulator() -> None:
    """A kernel of 8 weights behind pools of 4 places adds up at most 127 * 8 * 4 times what a source sends."""

    def graph(peak: int) -> Graph:
        conv = Conv(np.ones((1, 2, 2, 2)), None, (Axis(2), Axis(2)))
        base = joined((1, 1, 1), (conv, "pooled"))
        return base.with_nodes([Node("in", Input(Signal((2, 4, 4), Kind.EVENT, peak=peak))), *base.nodes[1:]])

    limit = (2**31 - 1) // (127 * 8 * 4)
    integers(graph(limit))
    with pytest.raises(ModelError, match=r"AX401 cell: the sum of its inputs may reach"):
        integers(graph(limit + 1))


def test_the_kernel_that_its_bound_allows_runs_without_overflow() -> None:
    """The bound is reached where all sources have all their events, and never passed."""
    conv = Conv(np.ones((1, 2, 2, 2)), None, (Axis(2), Axis(2)))
    _, quantised = integers(joined((1, 1, 1), (conv, "pooled")), state="float32")
    x = np.full((1, 2, 4, 4), 3)
    acc = axonc.interpret(quantised, x, ["m0"]).recorded["m0"]
    assert acc.item() == 127 * 8 * 4 * quantised.signals["in"].peak


@pytest.mark.parametrize(("weights", "limit"), [("int16", 32767), ("int4", 7), ("ternary", 1)])
def test_the_worst_input_comes_to_the_bound(weights: str, limit: int) -> None:
    """All sources send all of their events where the weight is positive: the sum is all that it may be, to the unit,
    and native cores have it, too."""
    taps = 9
    peak = min(255, (2**31 - 1) // (limit * taps)) if weights == "int16" else 3
    conv = Conv(np.where(np.arange(2 * taps) % 2, 1.0, -1.0).reshape(1, 2, 3, 3), None, (Axis(3), Axis(3)))
    nodes = (
        Node("in", Input(Signal((2, 3, 3), Kind.EVENT, peak=peak))),
        Node("m0", conv, ("in",)),
        Node("cell", images.spiking((1, 1, 1), np.asarray(1.0)), ("m0",)),
        Node("out", Output(), ("cell",)),
    )
    graph = Graph("worst", nodes, "steps", 1e-3)
    program = axonc.compile(graph, target="native", weights=weights, state="q32")
    op: Any = program.graph["m0"].op
    x = peak * (op.weight > 0).astype(np.int64)
    acc = axonc.interpret(program.graph, x, ["m0"]).recorded["m0"]
    assert acc.item() == np.maximum(op.weight.astype(np.int64), 0).sum() * peak == limit * taps * peak
    assert program.verify(np.concatenate([x, peak - x, x])).equal


def test_kernels_of_16_bits_whose_sums_pass_an_int32_are_refused() -> None:
    """A channel of 18 weights of 32767 holds 3640 events of each source, and no 3641."""

    def integer(peak: int) -> Graph:
        base = joined((1, 3, 3), (Conv(np.ones((1, 2, 3, 3)), None, (Axis(3, 1, 1, 1),) * 2), "in"))
        source = Node("in", Input(Signal((2, 3, 3), Kind.EVENT, peak=peak)))
        kept = [node for node in base.nodes[1:] if node.name != "pooled"]
        return integers(base.with_nodes([source, *kept]), weights="int16", state="q32")[1]

    most = (2**31 - 1) // (32767 * 18)
    assert integer(most)["m0"].op.weight.max() == 32767  # type: ignore[attr-defined]
    with pytest.raises(ModelError, match=r"AX401 cell: the sum of its inputs may reach .*int8"):
        integer(most + 1)


@pytest.mark.parametrize("weights", ["int16", "int8", "int4", "int2", "ternary"])
@pytest.mark.parametrize("size", [0.0, 5e-324, 1e-300, 1.0])
def test_kernels_of_zeros_and_of_numbers_near_zero(weights: str, size: float) -> None:
    conv = Conv(size * np.random.default_rng(0).normal(0, 1, (2, 2, 2, 2)), None, (Axis(2), Axis(2)))
    _, quantised = integers(joined((2, 3, 3), (conv, "in")), weights=weights)
    result = axonc.interpret(quantised, np.ones((5, 2, 4, 4), np.int64), ["m0", "cell"])
    assert np.any(result.recorded["m0"]) == (size >= 1e-300)
    assert axonc.compile(quantised, target="native").verify(np.ones((5, 2, 4, 4), np.int64)).equal


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_kernels_that_are_not_finite_are_refused(value: float) -> None:
    weight = np.ones((2, 2, 2, 2))
    weight[1, 0, 1, 1] = value
    with pytest.raises(ModelError, match="AX302 m0"):
        integers(joined((2, 3, 3), (Conv(weight, None, (Axis(2), Axis(2))), "in")))


def test_data_of_images_of_another_shape_are_refused() -> None:
    conv = Conv(np.ones((2, 2, 2, 2)), None, (Axis(2), Axis(2)))
    graph = joined((2, 3, 3), (conv, "in"))
    for shape in ((5, 2, 4, 5), (5, 2, 16), (5, 4, 4)):
        with pytest.raises(ModelError, match="AX701"):
            axonc.compile(graph, target="reference", weights="int8", calibrate=np.ones(shape), quantize="ranges=data")


def test_pooled_voltages_are_refused() -> None:
    conv = Conv(np.ones((1, 2, 2, 2)), None, (Axis(2), Axis(2)))
    base = joined((1, 1, 1), (conv, "pooled"))
    dense = base.with_nodes([Node("in", Input(Signal((2, 4, 4)))), *base.nodes[1:]])
    with pytest.raises(ModelError, match=r"AX602 m0: its source 'in' is a dense\[2x4x4\]"):
        integers(dense)
