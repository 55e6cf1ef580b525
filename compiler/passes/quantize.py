"""Quantisation: integer weights with one scale a fan-in, and states in float32 or fixed point."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar, Literal

import numpy as np

from axonc.ir import Diagnostic, Fixed, Graph, Kind, Node, raise_if_any
from axonc.ir.ops import Array, Conv, FixedNeuron, Linear, Neuron, Pool

from .base import Pass
from .fixed_point import fix_neuron
from .weights import accumulator_bound, fan_in_scale, per_row, quantised

ACCUMULATOR = Fixed(32)
STATES = {"float32": None, "q16": 16, "q32": 32}
"""The state formats by name: bits of the fixed point, None for float."""


@dataclass(frozen=True)
class Quantize(Pass):
    """Replaces every `Linear` by a `QuantLinear`, every `Conv` by a `QuantConv`, and every neuron by one that takes
    their integer sums.

    1. All weights W into a population share a scale: s = max |W| / (2^(bits-1) - 1), over the whole fan-in
       (``scope`` fan_in) or per output channel (channel); Wq = round(W / s) or trunc(W / s). The output channels of a
       population are its neurons; if a convolution feeds it, the channels of its kernel.
    2. The accumulator of neuron o is bounded by the sum of |Wq[o, j]| times the most events of source j in a step,
       pooled ones added up; it must fit in 32 bits.
    3. ``state`` float32: the input gain becomes gain * s. q16, q32: `FixedNeuron`, formats by `fixed_point`.
    """

    name: ClassVar[str] = "quantize"
    requires: ClassVar[str] = "the form that the pass populations ensures"
    ensures: ClassVar[str] = "every accumulator is an exact int32"
    weights: Literal["int8"] = "int8"
    state: str = "q32"
    rounding: Literal["nearest", "truncate"] = "nearest"
    scope: Literal["fan_in", "channel"] = "fan_in"

    def run(self, graph: Graph) -> tuple[Graph, bool]:
        problems = [problem for node in graph for problem in _dense_sources(graph, node)]
        refused = {problem.node for problem in problems}
        done: dict[str, Node] = {}
        notes: list[Diagnostic] = []
        for node in graph:
            if isinstance(node.op, Neuron) and refused.isdisjoint(node.inputs):
                self._population(graph, node, node.op, done, problems, notes)
        raise_if_any(problems)
        quantised = graph.with_nodes(done.get(node.name, node) for node in graph)
        return quantised.with_properties(notes="\n".join(map(str, notes))), True

    def _population(
        self,
        graph: Graph,
        node: Node,
        op: Neuron,
        done: dict[str, Node],
        problems: list[Diagnostic],
        notes: list[Diagnostic],
    ) -> None:
        count = prod(op.shape)
        maps = {name: map_op for name in node.inputs if isinstance(map_op := graph[name].op, (Linear, Conv))}
        scale = fan_in_scale([map_op.weight for map_op in maps.values()], self.scope)
        bound = np.zeros(count)
        for name, map_op in maps.items():
            integer = quantised(map_op, scale, self.rounding)
            done[name] = replace(graph[name], op=integer)
            bound += accumulator_bound(integer, graph.signals[graph[name].inputs[0]].peak, count)
        if float(np.max(bound)) > ACCUMULATOR.limit:
            problems.append(_overflow(node, float(np.max(bound))))
            return
        done[node.name] = replace(node, op=self._neuron(node, op, scale, bound, notes))

    def _neuron(
        self, node: Node, op: Neuron, scale: Array, bound: Array, notes: list[Diagnostic]
    ) -> Neuron | FixedNeuron:
        scaled = _scaled_gain(op, per_row(scale, prod(op.shape)).reshape(op.shape if scale.ndim else ()))
        bits = STATES[self.state]
        if bits is None:
            return scaled
        limits = bound.reshape(op.shape) if bound.size > 1 else bound.reshape(())
        fixed, found = fix_neuron(scaled, limits, bits)
        notes += [Diagnostic(p.code, node.name, p.found, p.limit, p.remedy) for p in found]
        return fixed


def _scaled_gain(op: Neuron, scale: Array) -> Neuron:
    if op.synapse is not None:
        return replace(op, synapse=replace(op.synapse, gain=op.synapse.gain * scale))
    return replace(op, membrane=replace(op.membrane, gain=op.membrane.gain * scale))


def _overflow(node: Node, bound: float) -> Diagnostic:
    return Diagnostic(
        "AX401",
        node.name,
        f"the sum of its inputs may reach {bound:.3g}",
        f"an int32 holds {ACCUMULATOR.limit}",
        "lower the inputs' peak or the fan-in",
    )


def _dense_sources(graph: Graph, node: Node) -> Iterator[Diagnostic]:
    if not isinstance(node.op, (Linear, Conv)):
        return
    source = graph[node.inputs[0]]
    while isinstance(source.op, Pool):
        source = graph[source.inputs[0]]
    signal = graph.signals[source.name]
    if signal.kind is not Kind.EVENT:
        yield Diagnostic(
            "AX602",
            node.name,
            f"its source {source.name!r} is a {signal}",
            "integer weights take events only",
            "put a spiking neuron before it, or compile for target reference",
        )
