"""Projections of images: the shared kernel, event by event, is the matrix."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import images
import numpy as np
import strategies
from hypothesis import given
from hypothesis import strategies as st

from axonc.compiler.passes import Quantize, ToPopulations, run_pipeline
from axonc.ir import Graph, Kind, Node, Shape, Signal
from axonc.ir.network import Projection, SharedKernel, network
from axonc.ir.ops import Axis, Conv, Delay, Input, Op, Output, Pool, QuantLinear, is_sparse

Array = np.ndarray[Any, Any]


def quantised(graph: Graph) -> Graph:
    """The graph as a many-core target gets it."""
    return run_pipeline(graph, [ToPopulations(), Quantize()])[-1][1]


def by_events(kernel: SharedKernel) -> Array:
    """What one event of each source neuron adds to each target neuron, as the docstring says it."""
    matrix = np.zeros((prod(kernel.target), prod(kernel.source)), np.int64)
    outputs, inputs = len(kernel.weight) // kernel.groups, kernel.weight.shape[1]
    for channel, *place in np.ndindex(*kernel.source):
        rows = [[row for row in taps.tolist() if row[0] == s] for taps, s in zip(kernel.taps, place, strict=True)]
        group = channel // inputs
        for meeting in product(*rows):
            for o in range(group * outputs, (group + 1) * outputs):
                target = np.ravel_multi_index((o, *(row[1] for row in meeting)), kernel.target)
                source = np.ravel_multi_index((channel, *place), kernel.source)
                matrix[target, source] += int(kernel.weight[(o, channel % inputs, *(row[2] for row in meeting))])
    return matrix


def held(projection: Projection) -> Array:
    """The synapses of a projection."""
    weight = projection.weight
    return by_events(weight) if isinstance(weight, SharedKernel) else weight.toarray().astype(np.int64)


def unrolled(graph: Graph, name: str) -> Array:
    """The matrix that the interpreter's meaning gives a projection."""
    op = images.without_kernels(graph)[name].op
    assert isinstance(op, QuantLinear)
    return np.asarray(op.weight.toarray() if is_sparse(op.weight) else op.weight, np.int64)


@strategies.examples(80)
@given(images.graphs())
def test_events_through_kernels_add_what_the_matrix_does(graph: Graph) -> None:
    after = quantised(graph)
    for projection in network(after).projections:
        assert np.array_equal(held(projection), unrolled(after, projection.name))


@strategies.examples(60)
@given(st.data(), images.shapes())
def test_pools_are_part_of_the_taps(data: st.DataObject, shape: Shape) -> None:
    """One or two pools, overlapping and padded, before a convolution, behind a delay."""
    pools: list[Pool] = []
    pooled = shape
    for _ in range(data.draw(st.integers(1, 2))):
        pools.append(Pool(data.draw(images.pools(pooled)).axes))
        pooled = pools[-1].output(Signal(pooled)).shape
    conv = data.draw(images.convolutions(pooled))
    after = quantised(line(shape, Delay(3), *pools, Conv(conv.weight, None, conv.axes, conv.groups)))
    (projection,) = network(after).projections
    kernel = projection.weight
    assert isinstance(kernel, SharedKernel)
    assert (projection.source, projection.target, projection.delay) == ("in", "cell", 3)
    assert (kernel.source, kernel.target) == (shape, conv.output(Signal(pooled)).shape)
    assert np.array_equal(by_events(kernel), unrolled(after, projection.name))
    for taps in kernel.taps:
        assert taps.tolist() == sorted(taps.tolist())


def line(shape: Shape, *ops: Op) -> Graph:
    """in -> ops -> cell -> out."""
    nodes = [Node("in", Input(Signal(shape, Kind.EVENT)))]
    nodes += [Node(f"m{index}", op, (f"m{index - 1}" if index else "in",)) for index, op in enumerate(ops)]
    gives = Graph("g", tuple(nodes), "steps", 1e-3).signals[nodes[-1].name].shape
    cell = Node("cell", images.spiking(gives, np.asarray(1.0)), (nodes[-1].name,))
    return Graph("g", (*nodes, cell, Node("out", Output(), ("cell",))), "steps", 1e-3)


def test_an_overlapping_pool_meets_a_tap_several_times() -> None:
    """Windows of 3 that move by 1: the middle of 5 places is seen by all 3 windows, each at another tap."""
    after = quantised(line((1, 5), Pool((Axis(3),)), Conv(np.array([[[1.0, 0.502]]]), None, (Axis(2),))))
    (projection,) = network(after).projections
    kernel = projection.weight
    assert isinstance(kernel, SharedKernel)
    assert [row for row in kernel.taps[0].tolist() if row[0] == 2] == [[2, 0, 0], [2, 0, 1], [2, 1, 0], [2, 1, 1]]
    assert by_events(kernel).tolist() == [[127, 191, 191, 64, 0], [0, 127, 191, 191, 64]]
