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


def test_pooled_voltages_are_refused() -> None:
    conv = Conv(np.ones((1, 2, 2, 2)), None, (Axis(2), Axis(2)))
    base = joined((1, 1, 1), (conv, "pooled"))
    dense = base.with_nodes([Node("in", Input(Signal((2, 4, 4)))), *base.nodes[1:]])
    with pytest.raises(ModelError, match=r"AX602 m0: its source 'in' is a dense\[2x4x4\]"):
        integers(dense)
