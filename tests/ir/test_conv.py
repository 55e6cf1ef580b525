"""Convolution and pooling: their meaning against independent sums, as matrices, in text and in files."""

from __future__ import annotations

from typing import Any

import images
import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal, sparse

import axonc
from axonc.ir import Graph, Kind, Node, Shape, Signal, verify
from axonc.ir.interpret import KERNELS, Precision
from axonc.ir.ops import Axis, Conv, Input, Linear, Op, Output, Pool, QuantConv
from axonc.ir.serialize import from_bytes, to_bytes
from axonc.ir.unroll import unrolled, unrolled_size

Array = np.ndarray[Any, Any]


def kernel(op: Op, x: Array, precision: Precision = "float64") -> Array:
    """What ``op`` makes of a batch."""
    return KERNELS[type(op)](op, precision).step({}, x)[1]


def naive(op: Conv | QuantConv | Pool, x: Array) -> Array:
    """The equation, one term at a time, over one image."""
    weight = np.ones((len(x), 1, *(a.kernel for a in op.axes))) if isinstance(op, Pool) else op.weight
    groups = len(x) if isinstance(op, Pool) else op.groups
    extents = [axis.extent(size) for axis, size in zip(op.axes, x.shape[1:], strict=True)]
    y = np.zeros((len(weight), *extents))
    for o, i, *rest in np.ndindex(*weight.shape[:2], *extents, *weight.shape[2:]):
        target, tap = rest[: len(extents)], rest[len(extents) :]
        place = [t * a.stride + k * a.dilation - a.before for t, k, a in zip(target, tap, op.axes, strict=True)]
        if all(0 <= p < size for p, size in zip(place, x.shape[1:], strict=True)):
            channel = o // (len(weight) // groups) * weight.shape[1] + i
            y[o, *target] += weight[o, i, *tap] * x[channel, *place]
    if isinstance(op, Pool):
        return y / op.taps if op.average else y
    bias = getattr(op, "bias", None)
    return y if bias is None else y + bias.reshape(-1, *(1 for _ in extents))


@st.composite
def mapped(draw: st.DrawFn) -> tuple[Conv, Array]:
    """A convolution and a batch of images for it, partly zero."""
    shape = draw(images.shapes())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = rng.normal(0, 1, (3, *shape)) * (rng.random((3, *shape)) < 0.6)
    return draw(images.convolutions(shape)), x


@strategies.examples(100)
@given(mapped())
def test_a_convolution_is_its_equation(case: tuple[Conv, Array]) -> None:
    op, x = case
    assert np.allclose(kernel(op, x), [naive(op, image) for image in x], rtol=1e-12, atol=1e-12)


@strategies.examples(100)
@given(mapped(), st.booleans())
def test_pooling_is_its_equation(case: tuple[Conv, Array], average: bool) -> None:
    op = Pool(case[0].axes, average)
    assert np.allclose(kernel(op, case[1]), [naive(op, image) for image in case[1]], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("spatial", [(9,), (7, 9)])
def test_a_plain_convolution_is_scipys_correlation(spatial: Shape) -> None:
    rng = np.random.default_rng(0)
    weight, x = rng.normal(0, 1, (1, 1, *(3 for _ in spatial))), rng.normal(0, 1, spatial)
    full = Conv(weight, None, tuple(Axis(3, 1, 2, 2) for _ in spatial))
    assert np.allclose(kernel(full, x[None, None])[0, 0], signal.correlate(x, weight[0, 0], "full"))
    valid = Conv(weight, None, tuple(Axis(3) for _ in spatial))
    assert np.allclose(kernel(valid, x[None, None])[0, 0], signal.correlate(x, weight[0, 0], "valid"))


@strategies.examples(150)
@given(mapped())
def test_float32_sums_run_in_the_order_of_the_matrix(case: tuple[Conv, Array]) -> None:
    """Bit for bit: bias first, then ascending flat source index, whether the matrix is dense or sparse."""
    op, x = case
    y = kernel(op, x, "float32")
    bias = None if op.bias is None else np.repeat(op.bias, y[0, 0].size)
    matrix = unrolled(op, x.shape[1:])
    for weight in (matrix, matrix.toarray()):
        assert kernel(Linear(weight, bias, x.shape[1:], y.shape[1:]), x, "float32").tobytes() == y.tobytes()


def test_the_order_of_float32_sums_can_be_seen() -> None:
    """1e8 + 1 - 1e8 is 0 in float32, and 1 in another order: channels come before places, bias before all."""
    places = Conv(np.array([[[1.0, 1.0]], [[1.0, 1.0]]]).reshape(1, 2, 2), None, (Axis(2),))
    x = np.array([[[1e8, 1.0], [-1e8, 0.0]]])
    assert kernel(places, x, "float32").item() == 0.0
    assert kernel(places, x[:, :, ::-1], "float32").item() == 0.0
    assert kernel(places, x[:, ::-1, ::-1], "float32").item() == 0.0
    assert kernel(places, np.array([[[1e8, -1e8], [1.0, 0.0]]]), "float32").item() == 1.0
    biased = Conv(np.ones((1, 1, 2)), np.array([1.0]), (Axis(2),))
    assert kernel(biased, np.array([[[1e8, -1e8]]]), "float32").item() == 0.0


def test_a_sum_of_nothing_is_a_positive_zero() -> None:
    """So that terms of 0, which some executions leave out, change no bit."""
    op = Conv(-np.ones((1, 1, 2)), np.array([-0.0]), (Axis(2, 1, 1, 0),))
    x = np.array([[[0.0, 0.0]], [[0.0, 1.0]]])
    for y in (kernel(op, x, "float32"), kernel(Linear(unrolled(op, (1, 2)), np.full(2, -0.0)), x[:, 0], "float32")):
        assert not np.signbit(y[0]).any()
        assert not np.signbit(y.reshape(-1)[2])


@strategies.examples(100)
@given(mapped())
def test_integer_convolutions_are_exact(case: tuple[Conv, Array]) -> None:
    """With more than a float32 holds: 127 times counts up to 2^20."""
    conv, x = case
    rng = np.random.default_rng(1)
    weight = rng.integers(-127, 128, conv.weight.shape).astype(np.int8)
    op = QuantConv(weight, np.asarray(1.0), conv.axes, conv.groups)
    counts = rng.integers(0, 2**20, x.shape) * (x != 0)
    y = kernel(op, counts)
    assert y.dtype == np.int64
    assert np.array_equal(y, [naive(op, image) for image in counts])
    matrix = unrolled(op, x.shape[1:])
    assert np.array_equal(y.reshape(len(x), -1), (matrix.astype(np.int64) @ counts.reshape(len(x), -1).T).T)


def test_large_products_run_in_parts_and_stay_exact() -> None:
    rng = np.random.default_rng(2)
    op = QuantConv(rng.integers(-127, 128, (64, 40, 3, 3)).astype(np.int8), np.asarray(1.0), (Axis(3, 1, 1, 1),) * 2)
    counts = rng.integers(0, 5, (2, 40, 9, 8))
    matrix = unrolled(op, (40, 9, 8)).astype(np.int64)
    assert np.array_equal(kernel(op, counts).reshape(2, -1), (matrix @ counts.reshape(2, -1).T).T)


@strategies.examples(100)
@given(mapped(), st.booleans())
def test_the_matrix_of_a_map_is_the_map(case: tuple[Conv, Array], average: bool) -> None:
    conv, x = case
    plain = Conv(conv.weight, None, conv.axes, conv.groups)
    for op in (plain, Pool(conv.axes, average)):
        matrix = unrolled(op, x.shape[1:])
        y = kernel(op, x)
        assert np.allclose(matrix @ x.reshape(len(x), -1).T, y.reshape(len(x), -1).T, rtol=1e-12, atol=1e-12)
        assert matrix.has_canonical_format
        assert np.all(matrix.data != 0)
        assert matrix.nnz <= unrolled_size(op, x.shape[1:])
    assert unrolled(Pool(conv.axes), x.shape[1:]).nnz == unrolled_size(Pool(conv.axes), x.shape[1:])


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int8, np.float32, np.int64])
def test_pooled_events_are_counted_whatever_type_they_came_in(kind: type) -> None:
    pool = Node("pool", Pool((Axis(20, 20), Axis(20, 20))), ("in",))
    nodes = (Node("in", Input(Signal((1, 20, 20), Kind.EVENT))), pool, Node("out", Output(), ("pool",)))
    y = axonc.interpret(Graph("g", nodes, "steps", 1.0), np.ones((1, 1, 20, 20), kind)).outputs["out"]
    assert y.tolist() == [[[[400]]]]
    assert y.dtype == np.int64


def test_small_integers_of_a_dense_input_add_up() -> None:
    nodes = (
        Node("in", Input(Signal((1, 3)))),
        Node("pool", Pool((Axis(3),)), ("in",)),
        Node("out", Output(), ("pool",)),
    )
    y = axonc.interpret(Graph("g", nodes, "steps", 1.0), np.full((1, 1, 3), 100, np.int8)).outputs["out"]
    assert y.item() == 300


def test_an_average_multiplies_by_a_rounded_share() -> None:
    """As a target does that has no division; x / 7 rounds another way for some of these."""
    x = np.arange(1, 200, dtype=np.int64)[:, None, None] * [[[1, 0, 0, 0, 0, 0, 0]]]
    y = kernel(Pool((Axis(7),), True), x.reshape(199, 1, 7), "float32").reshape(-1)
    exact = np.arange(1, 200, dtype=np.float32)
    assert np.array_equal(y, exact * np.float32(1 / 7))
    assert not np.array_equal(y, exact / np.float32(7))


def test_a_sparse_matrix_may_store_a_value_in_parts() -> None:
    parts = sparse.csr_array(([1.0, 2.0, 4.0], [0, 0, 1], [0, 3]), shape=(1, 2))
    assert kernel(Linear(parts), np.array([[1.0, 1.0]]), "float32").item() == 7.0


def test_events_add_up_and_averages_are_dense() -> None:
    source = Signal((2, 4, 6), Kind.EVENT, peak=3)
    window = (Axis(2, 2), Axis(3, 1, 1, 0))
    assert Pool(window).output(source) == Signal((2, 2, 5), Kind.EVENT, peak=18)
    assert Pool(window, True).output(source) == Signal((2, 2, 5))


def test_gives_is_another_shape_of_as_many_elements() -> None:
    weight = np.arange(8.0).reshape(4, 1, 2)
    x = np.array([[[1.0, 1.0]]])
    quant = QuantConv(weight, np.asarray(1.0), (Axis(2),), gives=(2, 2))
    for op in (Conv(weight, None, (Axis(2),), gives=(2, 2)), quant):
        assert op.output(Signal((1, 2))).shape == (2, 2)
        assert kernel(op, x).tolist() == [[[1, 5], [9, 13]]]


IN = Node("in", Input(Signal((2, 4, 4), Kind.EVENT)))
TWO = (Axis(3), Axis(3))


@pytest.mark.parametrize(
    ("op", "code"),
    [
        (Conv(np.ones((3, 2, 3, 3)), None, TWO), None),
        (Conv(np.ones((3, 2, 3, 2)), None, TWO), "AX301"),
        (Conv(np.ones((3, 1, 3, 3)), None, TWO), "AX301"),
        (Conv(np.ones((3, 1, 3, 3)), None, TWO, 2), "AX306"),
        (Conv(np.ones((4, 1, 3, 3)), None, TWO, 2), None),
        (Conv(np.ones((3, 2, 3, 3)), np.ones(2), TWO), "AX301"),
        (Conv(np.ones((3, 2, 3, 3)), None, TWO, gives=(3, 3)), "AX301"),
        (Conv(np.ones((3, 2, 3, 3)), None, TWO, gives=(12,)), None),
        (Conv(np.full((3, 2, 3, 3), np.nan), None, TWO), "AX302"),
        (Conv(np.ones((3, 2, 5, 5)), None, (Axis(5), Axis(5))), "AX301"),
        (Conv(np.ones((3, 2, 3)), None, TWO[:1]), "AX301"),
        (QuantConv(np.ones((3, 1, 3, 3), np.int8), np.asarray(1.0), TWO), "AX301"),
        (QuantConv(np.ones((3, 2, 3, 3), np.int8), np.asarray(np.inf), TWO), "AX302"),
        (Pool(TWO[:1]), "AX301"),
        (Pool((Axis(2, 2), Axis(5))), "AX301"),
        (Pool((Axis(2, 2), Axis(2, 1, -1))), "AX306"),
        (Pool((Axis(2, 2), Axis(2, 2))), None),
    ],
)
def test_maps_that_do_not_fit_are_named(op: Op, code: str | None) -> None:
    nodes = (IN, Node("map", op, ("in",)), Node("out", Output(), ("map",)))
    assert {(problem.code, problem.node) for problem in verify(Graph("g", nodes, "steps", 1.0))} == (
        {(code, "map")} if code else set()
    )


def small(*ops: Op) -> Graph:
    """in -> maps -> out."""
    names = ["in", *(op.name for op in ops)]
    nodes = [Node(name, op, (before,), name) for before, name, op in zip(names, names[1:], ops, strict=False)]
    return Graph("g", (IN, *nodes, Node("out", Output(), (names[-1],), "out")), "steps", 1.0)


def test_windows_read_as_text() -> None:
    conv = Conv(np.ones((3, 2, 1, 2)), None, (Axis(1), Axis(2, 1, 2, 2, 3)), gives=(30,))
    lines = str(small(Pool((Axis(2, 2), Axis(3, 1, 1, 0))), conv)).splitlines()
    assert lines[2] == "  pool: event[2x2x3, up to 6] = pool(in; axes=[2 stride 2, 3 pad 1+0], average=False)"
    assert lines[3].startswith("  conv: dense[30] float32 = conv(pool; weight=1 (3x2x1x2), ")
    assert lines[3].endswith("axes=[1, 2 pad 2 dilation 3], groups=1, gives=(30,))")


@strategies.examples(30)
@given(mapped())
def test_a_graph_with_images_survives_its_file(case: tuple[Conv, Array]) -> None:
    op, x = case
    quant = QuantConv(np.ones(op.weight.shape, np.int8), np.asarray(0.5), op.axes, op.groups)
    for maps in ((Pool(op.axes),), (op,), (quant,)):
        node = Node("map", maps[0], ("in",), "map")
        source = Node("in", Input(Signal(x.shape[1:], Kind.EVENT)), (), "in")
        graph = Graph("g", (source, node, Node("out", Output(), ("map",))), "steps", 1.0)
        again = from_bytes(to_bytes(graph))
        assert to_bytes(again) == to_bytes(graph)
        assert again["map"].op.axes == op.axes  # type: ignore[attr-defined]
        assert np.array_equal(kernel(again["map"].op, x), kernel(maps[0], x))
