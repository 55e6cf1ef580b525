"""Inputs as packets: spikes, and dense values that enter as graded events."""

from __future__ import annotations

import numpy as np

from axonc.ir import Graph
from axonc.ir.elements import dtype_of
from axonc.ir.interpret.kernels import KERNELS
from axonc.ir.ops import Array, Delay, ToFixed

from .schema import UNUSED

EMPTY = UNUSED << 16
"""A payload word that carries no event."""


def roundings(graph: Graph, name: str) -> list[ToFixed | None]:
    """How the values of a dense input are rounded, once for every node that takes them, behind any delays; None for a
    node that takes them as they are."""
    found: list[ToFixed | None] = []
    for consumer in graph.consumers[name]:
        if isinstance(consumer.op, Delay):
            found += roundings(graph, consumer.name)
        else:
            found.append(consumer.op if isinstance(consumer.op, ToFixed) else None)
    return found


def rounded(graph: Graph, name: str, values: Array) -> Array:
    """The integers that a dense input's values become, as the interpreter rounds them."""
    op = roundings(graph, name)[0]
    assert op is not None
    kernel = KERNELS[ToFixed](op, "float32")
    given = values.astype(dtype_of(graph.signals[name].format), copy=False)
    _, result = kernel.step(kernel.initial(len(given)), given)
    return np.asarray(result)


def spike_packets(words: int, base: int, slots: Array, neurons: Array, counts: Array) -> Array:
    """Packets [count, 1 + words] of spikes: slot, key, unused payload; one for each of a neuron's ``counts``."""
    packets = np.full((len(slots), 1 + words), EMPTY, np.int64)
    packets[:, 0], packets[:, 1] = slots, base + neurons
    return np.repeat(packets, counts, axis=0)


def graded_packets(words: int, base: int, slots: Array, neurons: Array, values: Array) -> Array:
    """Packets [count, 1 + words] of graded events, ``slots`` ascending: slot, key of the block, and as many events of
    a slot as the payload holds."""
    rank = np.arange(len(slots)) - np.searchsorted(slots, slots)
    place = rank % (words - 1)
    begins = place == 0
    packets = np.full((int(begins.sum()), 1 + words), EMPTY, np.int64)
    packets[:, 0], packets[:, 1] = slots[begins], base
    packets[np.cumsum(begins) - 1, 2 + place] = neurons << 16 | (values & 0xFFFF)
    return packets
