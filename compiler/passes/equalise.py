"""Equalisation: spiking neurons scaled so that their weights use the range of a shared scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import gcd, prod
from typing import Any, ClassVar

import numpy as np

from axonc.ir import Graph, Node
from axonc.ir.ops import Array, Conv, Gate, Linear, Matrix, Membrane, Neuron, Synapse

from .base import Pass
from .fidelity import restored
from .weights import row_peaks

MOST = 12
"""The largest exponent of a factor: thresholds of one population share a format, too."""


@dataclass(frozen=True)
class Equalise(Pass):
    """Multiplies each neuron of a spiking population, its weights and its levels by a power of two.

    With i' = c i and v' = c v the equations keep their form: weights, offsets, leak, threshold, the value after a spike
    and v_min are multiplied by c, decays and gains stay. A spike is where v > threshold is where c v > c threshold:
    none changes. Powers of two multiply floats exactly, so none changes in float arithmetic either.

    c is the largest, up to 2^12, with max |c W| of the neuron's row at most that of the whole fan-in, so that rows use
    more than half of the range of one scale; 1 for a row of zeros. Neurons that a convolution feeds share c in a
    channel, as they share its kernel. A population whose voltage is its output stays as it is. (Nagel et al.,
    arXiv:1906.04721, scale pairs of layers instead, since a ReLU resets nothing.)
    """

    name: ClassVar[str] = "equalise"
    requires: ClassVar[str] = "the form that the pass populations ensures"
    ensures: ClassVar[str] = "the same spikes; the states of scaled neurons count in multiples of their units"

    def run(self, graph: Graph) -> tuple[Graph, bool]:
        done: dict[str, Node] = {}
        for node in graph:
            maps = [graph[name] for name in node.inputs if isinstance(graph[name].op, (Linear, Conv))]
            if isinstance(node.op, Neuron) and node.op.gate is not None and maps:
                factor = row_factors([_weight(each) for each in maps])
                done |= {each.name: replace(each, op=_scaled_map(each.op, factor)) for each in maps}
                done[node.name] = replace(node, op=_scaled_neuron(node.op, node.op.gate, factor))
        return graph.with_nodes(done.get(node.name, node) for node in graph), bool(done)


def row_factors(weights: Sequence[Matrix]) -> Array:
    """The powers of two for the C channels that ``weights`` into a population have in common: (C,)."""
    channels = gcd(*(weight.shape[0] for weight in weights))
    peaks = np.max([row_peaks(weight).reshape(channels, -1).max(axis=1) for weight in weights], axis=0)
    ratio = np.where(peaks > 0, peaks.max() / np.where(peaks > 0, peaks, 1.0), 1.0)
    exponent = np.frexp(ratio)[1] - 1  # 2^exponent <= ratio < 2^(exponent + 1)
    return np.asarray(np.ldexp(1.0, np.minimum(exponent, MOST)))


def _weight(node: Node) -> Matrix:
    assert isinstance(node.op, (Linear, Conv))
    return node.op.weight


def _scaled_map(op: object, factor: Array) -> Linear | Conv:
    assert isinstance(op, (Linear, Conv))
    rows = np.repeat(factor, op.weight.shape[0] // len(factor))
    weight: Any = restored(op.weight, rows)
    return replace(op, weight=weight)


def _scaled_neuron(op: Neuron, gate: Gate, factor: Array) -> Neuron:
    c = np.repeat(factor, prod(op.shape) // len(factor)).reshape(op.shape)
    synapse: Synapse | None = None if op.synapse is None else replace(op.synapse, offset=op.synapse.offset * c)
    membrane: Membrane = replace(op.membrane, leak=op.membrane.leak * c, offset=op.membrane.offset * c)
    lowest = None if gate.v_min is None else gate.v_min * c
    scaled = replace(gate, threshold=gate.threshold * c, value=gate.value * c, v_min=lowest)
    return replace(op, synapse=synapse, membrane=membrane, gate=scaled)
