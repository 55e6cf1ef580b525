"""Quantisation: integer weights with one scale a fan-in, and states in float32 or fixed point."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar, Literal

import numpy as np

from axonc.ir import Diagnostic, Fixed, Graph, Kind, Node, raise_if_any
from axonc.ir.ops import Array, Conv, FixedNeuron, FromFixed, Linear, Neuron, Scale, ToFixed

from .base import Pass
from .fixed_point import fix_neuron
from .gated import GatedUnits
from .host import GATED
from .payloads import Sources, dense_sources, matrix_groups, payload_formats
from .weights import ACCUMULATOR, accumulator_bound, fan_in_scale, overflow, per_row, quantised

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
    4. Values that graded events carry are integers of a unit u (`payloads`); W u takes the place of W.
    5. Gated units get cells of 16 bits whatever ``state`` (`gated`); their weights have one scale a gate, or a row.
    """

    name: ClassVar[str] = "quantize"
    requires: ClassVar[str] = "the form that the pass populations ensures"
    ensures: ClassVar[str] = "every accumulator is an exact int32"
    weights: Literal["int8"] = "int8"
    state: str = "q32"
    rounding: Literal["nearest", "truncate"] = "nearest"
    scope: Literal["fan_in", "channel"] = "fan_in"

    def run(self, graph: Graph) -> tuple[Graph, bool]:
        sources = payload_formats(graph)
        matrices = [node for group in matrix_groups(graph) for node in group]
        problems = [problem for node in matrices for problem in dense_sources(sources, node)]
        refused = {problem.node for problem in problems}
        done: dict[str, list[Node]] = {}
        notes: list[Diagnostic] = []
        leaving: list[Node] = []
        for node in graph:
            if isinstance(node.op, ToFixed):
                done[node.name] = [replace(node, op=ToFixed(sources.formats[node.name]))]
            elif isinstance(node.op, FromFixed):
                leaving.append(node)
            elif isinstance(node.op, Neuron) and refused.isdisjoint(node.inputs):
                self._population(sources, node, node.op, done, problems, notes)
            elif isinstance(node.op, GATED) and refused.isdisjoint(_matrices(graph, node)):
                self._gated(sources, node, done, problems)
        raise_if_any(problems)
        quantised = graph.with_nodes(new for node in graph for new in done.get(node.name, [node]))
        quantised = _left(quantised, leaving)
        said = [graph.properties["notes"]] if graph.properties.get("notes") else []
        return quantised.with_properties(notes="\n".join([*said, *map(str, notes)])), True

    def _gated(self, sources: Sources, node: Node, done: dict[str, list[Node]], problems: list[Diagnostic]) -> None:
        if self.state == "float32":
            problems.append(_float_state(node))
            return
        parts, found = GatedUnits(sources, self.rounding, self.scope).quantised(node)
        problems += found
        added = [part for part in parts if part.name not in sources.graph]
        done |= {part.name: [part] for part in parts if part.name in sources.graph}
        done[node.name] = [*added, *done.get(node.name, [])]
        for read in node.reads:  # what added several matrices up is done by the accumulators
            if isinstance(sources.graph[read].op, Scale):
                done[read] = []

    def _population(
        self,
        sources: Sources,
        node: Node,
        op: Neuron,
        done: dict[str, list[Node]],
        problems: list[Diagnostic],
        notes: list[Diagnostic],
    ) -> None:
        graph, count = sources.graph, prod(op.shape)
        maps = {name: map_op for name in node.inputs if isinstance(map_op := graph[name].op, (Linear, Conv))}
        units = {name: sources.unit(graph[name].inputs[0]) for name in maps}
        scale = fan_in_scale([map_op.weight for map_op in maps.values()], list(units.values()), self.scope)
        bound = np.zeros(count)
        for name, map_op in maps.items():
            integer = quantised(map_op, scale, units[name], self.rounding)
            done[name] = [replace(graph[name], op=integer)]
            bound += accumulator_bound(integer, sources.most(graph[name].inputs[0]), count)
        if float(np.max(bound)) > ACCUMULATOR.limit:
            problems.append(overflow(node.name, float(np.max(bound))))
            return
        done[node.name] = [replace(node, op=self._neuron(node, op, scale, bound, notes))]

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


def _left(graph: Graph, leaving: list[Node]) -> Graph:
    """The graph, in which what leaves the cores is worth what its source says."""
    formats = {node.name: graph.signals[node.inputs[0]] for node in leaving}
    fracs = {
        name: signal.format.frac if isinstance(signal.format, Fixed) and signal.kind is not Kind.EVENT else 0
        for name, signal in formats.items()
    }
    return graph.with_nodes(
        replace(node, op=FromFixed(fracs[node.name])) if node.name in fracs else node for node in graph
    )


def _matrices(graph: Graph, node: Node) -> set[str]:
    """The matrices that feed a gated unit, and those of what it reads."""
    return {*node.inputs, *node.reads, *(name for read in node.reads for name in graph[read].inputs)}


def _float_state(node: Node) -> Diagnostic:
    limit = "with integer weights, gated units have cells of 16 bits"
    return Diagnostic("AX403", node.name, "the state format float32", limit, "choose --state q16")
