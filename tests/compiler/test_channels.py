"""Channels that do nothing: kernels, maps and what reads them lose them, and no output changes by a bit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import image_graphs
import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st
from recorded import recorded

import axonc
from axonc import Graph
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import stages
from axonc.compiler.passes import RemoveUnits, run_pipeline
from axonc.compiler.passes.units import bounds
from axonc.ir.interpret.run import run_batches
from axonc.ir.ops import Conv, Linear

Array = np.ndarray[Any, Any]


def removed(graph: Graph) -> Graph:
    return run_pipeline(graph, [RemoveUnits()])[-1][1]


def with_weight(graph: Graph, name: str, change: Any) -> Graph:
    """The graph with a copy of the weight of a node that ``change`` writes into."""
    op: Any = graph[name].op
    weight = np.array(op.weight)
    change(weight)
    return graph.with_nodes(
        replace(node, op=replace(op, weight=weight)) if node.name == name else node for node in graph
    )


def network(pool: int = 1, seed: int = 0) -> Graph:
    """in -> 6 maps -> 5 maps of half the size -> 4 neurons."""
    rng, net = np.random.default_rng(seed), Graph.builder()
    net.input("in", (2, 8, 8))
    net.population("first", "lif", (6, 8, 8), tau=5e-3, v_threshold=rng.uniform(0.1, 0.4, (6, 8, 8)))
    net.conv("in", "first", rng.normal(0.2, 1, (6, 2, 3, 3)), padding=1, bias=rng.normal(0, 0.01, 6), name="one")
    net.population("second", "lif", (5, 4, 4), tau=5e-3, v_threshold=0.2)
    stride = 2 // pool
    net.conv("first", "second", rng.normal(0.1, 1, (5, 6, 3, 3)), stride=stride, padding=1, pool=pool, name="two")
    net.population("last", "li", 4, tau=5e-3)
    net.connect("second", "last", rng.normal(0, 1, (4, 80)), name="three")
    net.output("out", "last")
    return axonc.load(net.graph(), semantics="nir,dt=1e-3")


def events(seed: int = 1) -> Array:
    return (np.random.default_rng(seed).random((3, 12, 2, 8, 8)) < 0.3).astype(np.int64)


@pytest.mark.parametrize("pool", [1, 2])
def test_channels_that_are_not_read_or_never_fire_go(pool: int) -> None:
    """Map 1 of the first layer is read by nobody, map 4 has no input and a threshold above its bias; map 3 of the
    second layer is read by nobody, so that nothing reads what only it read: map 2."""
    graph = network(pool)

    def unread(weight: Array) -> None:
        weight[:, 1] = 0
        weight[[0, 1, 2, 4], 2] = 0

    graph = with_weight(graph, "two", unread)
    graph = with_weight(graph, "one", lambda weight: weight[4].fill(0))
    graph = with_weight(graph, "three", lambda weight: weight[:, 48:64].fill(0))
    small = removed(graph)
    assert small.signals["first"].shape == (3, 8, 8)
    assert small.signals["second"].shape == (4, 4, 4)
    one, two, three = (small[name].op for name in ("one", "two", "three"))
    assert isinstance(one, Conv)
    assert isinstance(two, Conv)
    assert isinstance(three, Linear)
    assert (one.weight.shape, two.weight.shape, three.weight.shape) == ((3, 2, 3, 3), (4, 3, 3, 3), (4, 64))
    before, after = axonc.interpret(graph, events()), axonc.interpret(small, events())
    assert np.any(before.outputs["out"])
    np.testing.assert_array_equal(after.outputs["out"], before.outputs["out"])


def test_programs_lose_channels_and_stay_the_same() -> None:
    """On the integers that run, native and emulated, bit for bit; each channel has a scale of its own."""
    graph = with_weight(network(2), "two", lambda weight: weight[:, ::3].fill(0))
    options: dict[str, Any] = {"weights": "int8", "state": "q16", "quantize": "scope=channel"}
    whole = axonc.compile(graph, target="native", **options)
    cut = axonc.compile(graph, target="native", prune="units", **options)
    assert cut.graph.signals["first"].shape[0] <= 4
    assert len(np.atleast_1d(cut.graph["one"].op.scale)) == cut.graph.signals["first"].shape[0]  # type: ignore[attr-defined]
    np.testing.assert_array_equal(cut.run(events()).outputs["out"], whole.run(events()).outputs["out"])
    assert cut.verify(events()).equal
    assert axonc.compile(graph, target="spinnaker2", prune="units", **options).verify(events()[:1]).equal


def test_what_data_leave_silent_goes_with_a_note() -> None:
    """A channel goes if none of its neurons fires over the data."""
    graph = network()
    quiet = graph.with_nodes(
        replace(node, op=replace(node.op, gate=replace(node.op.gate, threshold=_raised(node.op.gate.threshold))))
        if node.name == "first"
        else node
        for node in graph
    )
    fired = axonc.interpret(quiet, events(), record="first").recorded["first"].any(axis=(0, 1, 3, 4))
    assert not fired[2]
    assert fired.any()
    assert removed(quiet).signals["first"].shape == (6, 8, 8)
    small = axonc.prune(quiet, "silent", calibrate=events())
    assert small.signals["first"].shape == (int(fired.sum()), 8, 8)
    assert "AX412 first" in str(small.properties["notes"])
    np.testing.assert_array_equal(
        axonc.interpret(small, events()).outputs["out"], axonc.interpret(quiet, events()).outputs["out"]
    )


def _raised(threshold: Array) -> Array:
    """More than the channel 2 comes to in these data, less than it could."""
    raised = threshold.copy()
    raised[2] = 6.0
    return raised


def test_channels_in_groups_stay() -> None:
    rng, net = np.random.default_rng(0), Graph.builder()
    net.input("in", (4, 5, 5))
    net.population("maps", "lif", (4, 5, 5), tau=5e-3)
    net.conv("in", "maps", np.zeros((4, 2, 3, 3)), padding=1, groups=2)
    net.population("more", "lif", (4, 5, 5), tau=5e-3)
    net.conv("maps", "more", rng.normal(0, 1, (4, 1, 3, 3)), padding=1, groups=4)
    net.output("out", "more")
    graph = axonc.load(net.graph(), semantics="nir,dt=1e-3")
    assert removed(graph).signals["maps"].shape == (4, 5, 5)


@strategies.examples(25)
@given(st.data())
def test_random_images_stay_the_same_without_some_of_their_weights(data: st.DataObject) -> None:
    """Of every kernel and matrix some filters and some of what they read are 0; at all stages of a compilation. What is
    proved to be silent sends nothing."""
    case = data.draw(image_graphs.cases("q16"))
    graph = axonc.load(case.model, semantics=case.semantics, inputs=case.inputs)
    rng = np.random.default_rng(case.seed)
    for node in graph:
        if isinstance(node.op, Conv):

            def thin(weight: Array) -> None:
                weight[rng.random(weight.shape[0]) < 0.4] = 0
                weight[:, rng.random(weight.shape[1]) < 0.4] = 0

            graph = with_weight(graph, node.name, thin)
    x = case.data if next(iter(case.data.values())).ndim > len(graph.signals["input"].shape) + 1 else {
        name: values[None] for name, values in case.data.items()
    }  # fmt: skip
    for stage in (graph, *(after for _, after in stages(graph, "reference", Options("int8", "q16")))):
        small, names = removed(stage), [node.name for node in stage]
        whole = run_batches(stage, x, names)
        for name, values in run_batches(small, x).items():
            np.testing.assert_array_equal(values, whole[name])
        for name, bound in bounds(stage, {}).items():
            seen = whole[name].reshape(-1, bound.low.size)
            assert np.all(seen >= bound.low)
            assert np.all(seen <= bound.high)


def test_the_network_of_the_nir_paper_loses_what_is_not_read() -> None:
    graph = axonc.load(recorded("paper/02_cnn/cnn_sinabs.nir"), semantics="sinabs,dt=1e-3")
    (first, second, *_) = (node.name for node in graph if isinstance(node.op, Conv))
    graph = with_weight(graph, second, lambda weight: weight[:, ::3].fill(0))
    small = removed(graph)
    channels = graph[first].op.weight.shape[0]  # type: ignore[attr-defined]
    assert small[first].op.weight.shape[0] == channels - len(range(0, channels, 3))  # type: ignore[attr-defined]
    x = (np.random.default_rng(0).random((20, 2, 34, 34)) < 0.1).astype(np.int8)
    ours, theirs = axonc.interpret(small, x).outputs, axonc.interpret(graph, x).outputs
    for name, values in theirs.items():
        assert np.any(values)
        np.testing.assert_array_equal(ours[name], values)
