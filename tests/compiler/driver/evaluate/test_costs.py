"""Synapses of every neuron, against plain loops."""

from __future__ import annotations

from itertools import product
from typing import Any

import images
import models
import numpy as np
from hypothesis import given, settings

import axonc
from axonc import AxoncError, Graph
from axonc.compiler.driver.evaluate.costs import _kernel_fan_out, synapses, weight_bytes
from axonc.compiler.driver.units import counted
from axonc.compiler.passes import Quantize, ToPopulations
from axonc.ir.network import SharedKernel, network

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
