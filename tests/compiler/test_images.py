"""Folding maps of images: the meaning stays, and so do the kernels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import images
import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import axonc
from axonc import ModelError
from axonc.compiler.passes import ToPopulations, terms
from axonc.ir import Graph, Kind, Node, Shape, Signal, verify
from axonc.ir.ops import Axis, Conv, Delay, Flatten, Input, Linear, Neuron, Op, Output, Pool, Scale

Array = np.ndarray[Any, Any]
PAIR = (Axis(2, 2), Axis(2, 2))
SAME = (Axis(3, 1, 1, 1), Axis(3, 1, 1, 1))
ONE = (Axis(1), Axis(1))
RNG = np.random.default_rng(0)


def folded(graph: Graph) -> Graph:
    """The graph after the pass."""
    after, _ = ToPopulations().run(graph)
    assert verify(after) == []
    return after


def chain(*ops: Op, shape: Shape = (2, 6, 4)) -> Graph:
    """in -> maps -> read -> out; a map's name is its op's, and its number where that is taken."""
    nodes = [Node("in", Input(Signal(shape, Kind.EVENT, peak=2)), (), "in")]
    for op in ops:
        taken = sum(isinstance(node.op, type(op)) for node in nodes)
        nodes.append(Node(op.name + str(taken + 1) * (taken > 0), op, (nodes[-1].name,), f"nodes/{op.name}"))
    gives = Graph("g", tuple(nodes), "steps", 1e-3).signals[nodes[-1].name].shape
    nodes.append(Node("read", images.readout(gives), (nodes[-1].name,), "read"))
    return Graph("g", (*nodes, Node("out", Output(), ("read",), "out")), "steps", 1e-3)


def same(graph: Graph, after: Graph) -> None:
    """Both mean the same, up to the rounding of float64; what passes a threshold is not close to it."""
    x = images.data(graph)
    before = axonc.interpret(graph, x, ["read:v"], "float64").recorded["read:v"]
    now = axonc.interpret(after, x, ["read:v"], "float64").recorded["read:v"]
    assert np.allclose(now, before, rtol=0, atol=1e-9 * max(1.0, np.abs(before).max(initial=0)))


def weights(shape: Shape) -> Array:
    """Random weights."""
    return np.asarray(RNG.normal(0, 1, shape))


@strategies.examples(250)
@given(images.graphs())
def test_a_folded_graph_of_images_means_the_same(graph: Graph) -> None:
    assert verify(graph) == []
    same(graph, folded(graph))


@strategies.examples(150)
@given(images.graphs())
def test_only_populations_kernels_and_matrices_are_left(graph: Graph) -> None:
    """Behind a population: a delay, then pools that sum, then one map without bias."""
    after = folded(graph)
    for node in after:
        before = [after[name].op for name in node.inputs]
        if isinstance(node.op, Neuron):
            assert all(isinstance(op, (Linear, Conv)) and op.bias is None for op in before)
        elif isinstance(node.op, Conv):
            assert all(isinstance(op, (Pool, Delay, Input, Neuron)) for op in before)
        elif isinstance(node.op, Pool):
            assert not node.op.average
            assert all(isinstance(op, (Pool, Delay, Input, Neuron)) for op in before)
        elif isinstance(node.op, Linear):
            assert all(isinstance(op, (Delay, Input, Neuron)) for op in before)
        else:
            assert isinstance(node.op, (Input, Output, Delay))


CONV = Conv(weights((4, 2, 3, 3)), None, SAME)
GROUPED = Conv(weights((4, 1, 3, 3)), None, SAME, 2)
KEPT: dict[str, tuple[tuple[Op, ...], list[str], Shape]] = {
    "a convolution": ((CONV,), ["conv"], (4, 2, 3, 3)),
    "with groups": ((GROUPED,), ["conv"], (4, 1, 3, 3)),
    "another shape": ((replace(CONV, gives=(8, 12)),), ["conv"], (4, 2, 3, 3)),
    "pools before": ((Pool(PAIR), Pool(SAME), CONV), ["pool", "pool", "conv"], (4, 2, 3, 3)),
    "an average before": ((Pool(PAIR, True), Conv(weights((4, 2, 1, 1)), None, ONE)), ["pool", "conv"], (4, 2, 1, 1)),
    "pools alone": ((Pool(PAIR),), ["pool", "conv"], (2, 1, 1, 1)),
    "an average alone": ((Pool(PAIR, True),), ["pool", "conv"], (2, 1, 1, 1)),
    "flattened": ((CONV, Flatten()), ["conv"], (4, 2, 3, 3)),
    "pools flattened": ((Pool(PAIR), Flatten()), ["pool", "conv"], (2, 1, 1, 1)),
    "a dense layer on pools": ((Pool(PAIR), Flatten(), Linear(weights((5, 12)))), ["pool", "conv"], (5, 2, 3, 2)),
    "two dense layers on pools": (
        (Pool(PAIR), Flatten(), Linear(weights((5, 12))), Linear(weights((3, 5)))),
        ["pool", "conv"],
        (3, 2, 3, 2),
    ),
    "factors of channels": (
        (
            Scale(np.repeat([2.0, 3.0], 24).reshape(2, 6, 4)),
            Pool(PAIR),
            GROUPED,
            Scale(np.repeat([2.0, 3.0, 4.0, 5.0], 6).reshape(4, 3, 2)),
        ),
        ["pool", "conv"],
        (4, 1, 3, 3),
    ),
    "a delay behind": ((Pool(PAIR), CONV, Delay(2)), ["delay", "pool", "conv"], (4, 2, 3, 3)),
    "a delay between": ((Pool(PAIR), Delay(1), Delay(1), Pool(PAIR)), ["delay", "pool", "pool", "conv"], (2, 1, 1, 1)),
}


@pytest.mark.parametrize("name", KEPT)
def test_kernels_stay_kernels(name: str) -> None:
    ops, expected, shape = KEPT[name]
    graph = chain(*ops)
    after = folded(graph)
    same(graph, after)
    assert [node.op.name for node in after][1:-2] == expected
    (conv,) = (node.op for node in after if isinstance(node.op, Conv))
    assert conv.weight.shape == shape


UNROLLED: dict[str, tuple[Op, ...]] = {
    "a mask before": (Scale((RNG.random((2, 6, 4)) < 0.5).astype(float)), CONV),
    "a mask behind": (CONV, Scale((RNG.random((4, 6, 4)) < 0.5).astype(float))),
    "a pool behind": (CONV, Pool(PAIR)),
    "another convolution": (CONV, Conv(weights((1, 4, 3, 3)), None, SAME)),
    "a matrix behind": (Conv(weights((1, 2, 3, 3)), None, SAME), Flatten(), Linear(weights((5, 24)))),
    "an image reshaped": (Flatten(1), Conv(weights((4, 2, 3)), None, SAME[:1])),
    "an image reshaped, pooled": (Flatten(0, 1), Linear(np.eye(48), None, (12, 4), (6, 8)), Pool(SAME[:1])),
    "a convolution of another shape": (replace(CONV, gives=(8, 3, 4)), Conv(weights((2, 8, 2, 2)), None, PAIR)),
    "a matrix before": (Linear(weights((48, 48)), None, (2, 6, 4), (2, 6, 4)), CONV),
    "few weights on pools": (
        Pool(PAIR),
        Flatten(),
        Linear(sparse.csr_array(([1.0, 2.0], ([0, 4], [3, 7])), shape=(5, 12))),
    ),
}


@pytest.mark.parametrize("name", UNROLLED)
def test_what_is_no_kernel_becomes_a_matrix(name: str) -> None:
    graph = chain(*UNROLLED[name])
    after = folded(graph)
    same(graph, after)
    assert [node.op.name for node in after][1:-2] == ["linear"]


def test_names_and_origins_stay() -> None:
    after = folded(chain(Pool(PAIR), CONV, Flatten()))
    assert [(node.name, node.origin) for node in after][1:3] == [("pool", "nodes/pool"), ("conv", "nodes/conv")]
    averaged = folded(chain(Pool(PAIR, True)))
    assert [(node.name, node.origin) for node in averaged][1:3] == [
        ("pool.sum", "nodes/pool"),
        ("pool.sum->read", "read"),
    ]
    matrix = folded(chain(Pool(PAIR), CONV, Pool((Axis(3), Axis(2)))))
    assert [node.name for node in matrix][1] == "pool*conv*pool2"


def test_weights_keep_their_type_where_nothing_enters_them() -> None:
    weight = weights((4, 2, 3, 3)).astype(np.float32)
    conv = folded(chain(Pool(PAIR), Conv(weight, None, SAME)))["conv"].op
    assert isinstance(conv, Conv)
    assert conv.weight.dtype == np.float32
    assert np.array_equal(conv.weight, weight)


@pytest.mark.parametrize("average", [False, True])
def test_a_bias_before_padding_is_no_constant(average: bool) -> None:
    """A constant image loses at the border what the padding does not have; each neuron gets its own offset."""
    ops = (
        Linear(np.eye(48), np.arange(48.0), (2, 6, 4), (2, 6, 4)),
        Conv(np.ones((1, 2, 3, 3)), np.array([0.5]), SAME),
        Pool(PAIR, average),
    )
    after = folded(chain(*ops))
    image = np.pad(np.arange(48.0).reshape(2, 6, 4).sum(axis=0), 1)
    constant = np.array([[image[i : i + 3, j : j + 3].sum() + 0.5 for j in range(4)] for i in range(6)])
    pooled = constant.reshape(3, 2, 2, 2).sum(axis=(1, 3)) / (4 if average else 1)
    membrane = after["read"].op.membrane  # type: ignore[attr-defined]
    assert np.allclose(membrane.offset, 0.3 * pooled[None], rtol=1e-15)


def joined(*ops: Op, shape: Shape = (2, 6, 4)) -> Graph:
    """in -> each of the maps -> read -> out."""
    nodes = [Node(f"m{index}", op, ("in",), f"m{index}") for index, op in enumerate(ops)]
    source = Node("in", Input(Signal(shape, Kind.EVENT, peak=2)))
    gives = ops[0].output(Signal(shape)).shape
    read = Node("read", images.readout(gives), tuple(node.name for node in nodes))
    return Graph("g", (source, *nodes, read, Node("out", Output(), ("read",))), "steps", 1e-3)


def test_kernels_of_one_geometry_are_added() -> None:
    one, other = weights((4, 2, 3, 3)), weights((4, 2, 3, 3))
    graph = joined(Conv(one, None, SAME), Conv(other, None, SAME))
    after = folded(graph)
    same(graph, after)
    (conv,) = (node for node in after if isinstance(node.op, (Conv, Linear)))
    assert conv.name == "m0+m1"
    assert np.array_equal(conv.op.weight, one + other)  # type: ignore[attr-defined]


def test_kernels_of_other_geometry_stay_apart() -> None:
    wide = (Axis(5, 1, 2, 2), Axis(5, 1, 2, 2))
    shifted = (Axis(3, 1, 0, 2), Axis(3, 1, 1, 1))
    graph = joined(
        CONV,
        Conv(weights((4, 2, 5, 5)), None, wide),
        Conv(weights((4, 2, 3, 3)), None, shifted),
        GROUPED,
        Linear(weights((96, 48)), None, (2, 6, 4), (4, 6, 4)),
        Linear(weights((96, 48)), None, (2, 6, 4), (4, 6, 4)),
    )
    after = folded(graph)
    same(graph, after)
    assert [node.name for node in after][1:-2] == ["m0", "m1", "m2", "m3", "m4+m5"]


def test_kernels_of_other_delays_stay_apart() -> None:
    base = joined(CONV, CONV)
    late = Node("late", Delay(1), ("in",))
    graph = base.with_nodes([*base.nodes[:2], late, replace(base["m1"], inputs=("late",)), *base.nodes[3:]])
    after = folded(graph)
    same(graph, after)
    assert [after[name].inputs for name in after["read"].inputs] == [("in",), ("late",)]


def test_targets_that_pool_alike_share_the_pool() -> None:
    cell, pool = images.spiking((2, 3, 2), np.asarray(1.0)), Pool(PAIR)
    nodes = (
        Node("in", Input(Signal((2, 6, 4), Kind.EVENT))),
        *(Node(name, pool, ("in",)) for name in ("p", "q")),
        *(Node(f"{name}.cell", cell, (name,)) for name in ("p", "q")),
        Node("late", Delay(1), ("in",)),
        Node("r", pool, ("late",)),
        Node("r.cell", cell, ("r",)),
        *(Node(f"{name}.out", Output(), (f"{name}.cell",)) for name in "pqr"),
    )
    after = folded(Graph("g", nodes, "steps", 1e-3))
    assert [node.name for node in after if isinstance(node.op, Pool)] == ["p", "r"]
    assert after["r"].inputs == ("late",)


NARROW = Linear(weights((1, 12)))
LARGE: dict[str, tuple[Op, ...]] = {
    **{name: UNROLLED[name] for name in ("a pool behind", "another convolution", "a matrix behind", "a mask behind")},
    "two matrices": (Linear(weights((1, 48)), None, (2, 6, 4)), Linear(weights((10, 1)))),
    "two sparse matrices": (
        Linear(sparse.csr_array(weights((1, 48))), None, (2, 6, 4)),
        Linear(sparse.csr_array(weights((10, 1)))),
    ),
    "two matrices on pools": (Pool(PAIR), Flatten(), NARROW, Linear(weights((10, 1)))),
}


@pytest.mark.parametrize("name", LARGE)
def test_what_would_be_too_large_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terms, "MAX_STORED", 100)
    with pytest.raises(ModelError) as refused:
        folded(chain(*LARGE[name]))
    (problem,) = refused.value.diagnostics
    assert problem.code == "AX601"
    assert problem.node in ("pool", "conv2", "linear", "linear2", "scale")
    assert "values; at most 100 are unrolled; put neurons between the two" in str(problem)


def test_what_stays_a_kernel_is_never_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terms, "MAX_STORED", 0)
    for ops, *_ in KEPT.values():
        if "linear" not in [op.name for op in ops]:
            folded(chain(*ops))
    large = Linear(weights((30, 48)), None, (2, 6, 4))
    folded(chain(large, Scale(np.ones(30))))  # as large as the model made it


def test_every_problem_is_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terms, "MAX_STORED", 100)
    conv, pool = CONV, Pool(PAIR)
    nodes = [Node("in", Input(Signal((2, 6, 4), Kind.EVENT)))]
    for name in "ab":
        nodes += [Node(f"{name}.conv", conv, ("in",)), Node(f"{name}.pool", pool, (f"{name}.conv",))]
        for copy in "12":
            nodes.append(Node(name + copy, images.spiking((4, 3, 2), np.asarray(1.0)), (f"{name}.pool",)))
            nodes.append(Node(f"out {name}{copy}", Output(), (name + copy,)))
    with pytest.raises(ModelError) as refused:
        folded(Graph("g", tuple(nodes), "steps", 1e-3))
    assert [problem.node for problem in refused.value.diagnostics] == ["a.pool", "b.pool"]


@strategies.examples(60)
@given(st.data(), images.shapes())
def test_a_network_for_images_holds_no_matrix(data: st.DataObject, shape: Shape) -> None:
    """Convolutions between populations, pools before them, and dense layers only where pools or cells are."""
    ops: list[Op] = []
    if data.draw(st.booleans()):
        ops.append(data.draw(images.pools(shape)))
    pooled = ops[0].output(Signal(shape)).shape if ops else shape
    if data.draw(st.booleans()) or not ops:
        ops.append(data.draw(images.convolutions(pooled)))
        ops += [Flatten()] * data.draw(st.integers(0, 1))
    else:
        ops += [Flatten(), images.dense(RNG, (int(np.prod(pooled)),), (3,), True)]
    graph = chain(*ops, shape=shape)
    after = folded(graph)
    same(graph, after)
    assert not any(isinstance(node.op, Linear) for node in after)
