"""Quantisation: integer weights with one scale a fan-in, and states in float32 or fixed point."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from axonc.ir import Diagnostic, Fixed, Graph, Kind, Node, raise_if_any
from axonc.ir.ops import Array, FixedNeuron, Linear, Matrix, Neuron, QuantLinear, is_sparse, row_sums

from .base import Pass
from .fixed_point import fix_neuron

ACCUMULATOR = Fixed(32)
STATES = {"float32": None, "q16": 16, "q32": 32}
"""The state formats by name: bits of the fixed point, None for float."""


@dataclass(frozen=True)
class Quantize(Pass):
    """Replaces every `Linear` by a `QuantLinear`, and every neuron by one that takes its integer sums.

    1. All weights W into a population share a scale: s = max |W| / (2^(bits-1) - 1), over the whole fan-in
       (``scope`` fan_in) or per output channel (channel); Wq = round(W / s) or trunc(W / s).
    2. The accumulator of neuron o is bounded by the sum of |Wq[o, j]| times the most events of source j in a step;
       it must fit in 32 bits.
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
        raise_if_any(problem for node in graph for problem in _dense_sources(graph, node))
        done: dict[str, Node] = {}
        problems: list[Diagnostic] = []
        notes: list[Diagnostic] = []
        for node in graph:
            if isinstance(node.op, Neuron):
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
        linears = [graph[name] for name in node.inputs]
        scale = fan_in_scale([linear.op.weight for linear in linears], self.scope, 127)  # type: ignore[attr-defined]
        bound = np.zeros(1)
        for linear in linears:
            quantised = self._weights(linear, scale)
            done[linear.name] = replace(linear, op=quantised)
            bound = bound + row_sums(quantised.weight) * graph.signals[linear.inputs[0]].peak
        if float(np.max(bound)) > ACCUMULATOR.limit:
            problems.append(_overflow(node, float(np.max(bound))))
            return
        done[node.name] = replace(node, op=self._neuron(node, op, scale, bound, notes))

    def _weights(self, node: Node, scale: Array) -> QuantLinear:
        assert isinstance(node.op, Linear)
        op, weight = node.op, quantised(node.op.weight, scale, self.rounding)
        return QuantLinear(weight, scale, takes=op.takes, gives=op.gives)

    def _neuron(
        self, node: Node, op: Neuron, scale: Array, bound: Array, notes: list[Diagnostic]
    ) -> Neuron | FixedNeuron:
        shaped = scale if scale.ndim == 0 else scale.reshape(op.shape)
        scaled = _scaled_gain(op, shaped)
        bits = STATES[self.state]
        if bits is None:
            return scaled
        limits = bound.reshape(op.shape) if bound.size > 1 else bound.reshape(())
        fixed, found = fix_neuron(scaled, limits, bits)
        notes += [Diagnostic(p.code, node.name, p.found, p.limit, p.remedy) for p in found]
        return fixed


def fan_in_scale(weights: list[Matrix], scope: str, limit: int) -> Array:
    """The value of one weight unit: () or (O,) float64; 1 where all weights are zero."""
    rows = np.max([_row_peaks(weight) for weight in weights], axis=0)
    largest = rows if scope == "channel" else np.max(rows)
    return np.where(largest > 0, largest / limit, 1.0)


def _row_peaks(weight: Matrix) -> Array:
    peaks = abs(weight).max(axis=1).todense() if is_sparse(weight) else np.max(np.abs(np.asarray(weight)), axis=1)
    return np.asarray(peaks, np.float64).reshape(-1)


def quantised(weight: Matrix, scale: Array, rounding: str) -> Matrix:
    """W / scale, rounded to the nearest (half to even) or toward zero, int8; sparse stays sparse."""
    function = np.trunc if rounding == "truncate" else np.rint
    if is_sparse(weight):
        rows = np.repeat(np.broadcast_to(scale, weight.shape[0]), np.diff(weight.indptr))
        result = weight.copy().astype(np.float64)
        result.data = function(_ratio(weight.data, rows))
        result = result.astype(np.int8)
        result.eliminate_zeros()
        return result
    column = scale[:, None] if scale.ndim else scale
    return np.asarray(function(_ratio(np.asarray(weight), column)).astype(np.int8))


def _ratio(weight: Array, scale: Array) -> Array:
    """weight / scale in float64, freed of the last bit's noise: the largest weight is exactly 127."""
    ratio = weight.astype(np.float64) / scale
    nearest = np.rint(ratio)
    return np.where(np.abs(ratio - nearest) < 1e-9, nearest, ratio)


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
    if not isinstance(node.op, Linear):
        return
    signal = graph.signals[node.inputs[0]]
    if signal.kind is not Kind.EVENT:
        yield Diagnostic(
            "AX602",
            node.name,
            f"its source {node.inputs[0]!r} is a {signal}",
            "integer weights take events only",
            "put a spiking neuron before it, or compile for target reference",
        )
