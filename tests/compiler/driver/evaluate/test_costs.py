"""Synapses of every neuron, against plain loops."""

from __future__ import annotations

from itertools import product
from typing import Any

import images
import models
import numpy as np
from hypothesis import given, settings

import axonc
from axonc import AxoncError, Graph, Program
from axonc.compiler.driver.capacity import limited
from axonc.compiler.driver.evaluate.costs import _kernel_fan_out, connection_costs, synapses, weight_bytes
from axonc.compiler.driver.evaluate.measure import heard
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.units import counted
from axonc.compiler.passes import Quantize, ToPopulations
from axonc.ir.network import SharedKernel, network
from axonc.ir.ops import Limit

Array = np.ndarray[Any, Any]


def fan_out(kernel: SharedKernel) -> Array:
    """Taps with a weight, source by source."""
    counts = np.zeros(kernel.source, np.int64)
    for channel in range(kernel.source[0]):
        first, last = kernel.reach(channel)
        for rows in product(*kernel.taps):
            place, tap = tuple(row[0] for row in rows), tuple(row[2] for row in rows)
            for target in range(first, last):
                counts[(channel, *place)] += kernel.weight[(target, channel % kernel.weight.shape[1], *tap)] != 0
    return counts.reshape(-1)


def quantised(graph: Graph) -> Graph | None:
    try:
        return Quantize().run(ToPopulations().run(graph)[0])[0]
    except AxoncError:
        return None


@given(graph=images.graphs())
@settings(max_examples=30)
def test_synapses_of_image_networks(graph: Graph) -> None:
    integer = quantised(graph)
    if integer is None:
        return
    for projection in network(integer).projections:
        if isinstance(projection.weight, SharedKernel):
            np.testing.assert_array_equal(_kernel_fan_out(projection.weight), fan_out(projection.weight))
    before, after = synapses(graph), synapses(integer)
    assert before is not None
    assert after is not None
    for name, counts in after.items():
        assert np.all(counts <= before[name])  # weights that quantisation makes 0


def test_a_map_of_values_has_no_synapses_of_events() -> None:
    dense = axonc.load(models.single(models.neuron("LIF", 1)), dt=1e-3, inputs="dense")
    assert synapses(dense) is None
    assert counted(dense) == 1
    assert weight_bytes(dense) == 4


def test_exact_neurons_have_none() -> None:
    assert synapses(axonc.load(models.single(models.neuron("LIF", 1)), "exact", dt=1e-3)) is None


def test_limits_hide_no_synapses_and_drop_what_costs_nothing(native: Program) -> None:
    graph = limited(native.graph, Options(capacity={"input": 1}, overflow="drop"))
    assert any(isinstance(node.op, Limit) for node in graph)
    before, behind = synapses(native.graph), synapses(graph)
    assert before is not None
    assert behind is not None
    assert {name: counts.tolist() for name, counts in behind.items()} == {n: c.tolist() for n, c in before.items()}
    sent = np.array([[[1, 0, 1], [0, 2, 1], [0, 0, 0]]])
    assert heard(graph, "input", sent).tolist() == [[[1, 0, 0], [0, 2, 0], [0, 0, 0]]]
    assert heard(native.graph, "input", sent) is sent
    events = {name: np.zeros_like(counts) for name, counts in before.items()}
    events["input"] = heard(graph, "input", sent).sum(axis=(0, 1))
    costs = connection_costs(graph, events, 3)
    assert costs is not None
    assert next(cost for cost in costs if cost.sources == 3).events == 3
