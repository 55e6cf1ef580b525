"""Loihi's integers: weights in units of 1/256, 12-bit decays, thresholds of 17 bits, 24-bit states.

The conversion is that of the NIR paper's import into Lava (h = dt / tau): weight = int(w gain 256),
dv = int(h 4095), vth = int(threshold 131071) >> 9; the neuron is Lava's bit-accurate LIF (du as dv, and
u = a << 6 added to the decayed current).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy import sparse

from axonc.ir import Diagnostic, Fixed, Graph, Node, raise_if_any
from axonc.ir.arithmetic import DECAY_BITS, Int64, multiplier_and_shift
from axonc.ir.ops import (
    ONE,
    Array,
    Delay,
    FixedGate,
    FixedMembrane,
    FixedNeuron,
    FixedSynapse,
    Flatten,
    Gate,
    Input,
    Linear,
    Matrix,
    Neuron,
    Output,
    QuantLinear,
    is_sparse,
    row_sums,
)

from .base import Pass
from .payloads import Sources, dense_sources, matrix_groups
from .weights import ACCUMULATOR, overflow

STATE = Fixed(32, 14)
"""States count in units of 2^-14: a weight unit of 2^-8 enters shifted left by 6 bits."""

ALIGN = 6
"""Bits by which Loihi shifts weights and thresholds left to align them with the states."""

WEIGHT_BITS = 8
"""Weights are integers of at most 255 in magnitude, in units of 1/256."""

MAX_EXPONENT = 7
"""The largest exponent that a set of weights shares."""

DECAY_UNITS = 12
"""Bits of a decay."""

LIMIT_24 = (1 << 23) - 1
"""The largest state of the chip."""

MAX_THRESHOLD = 512.0
"""Thresholds of 17 bits, in units of 1/256, lie below this."""


@dataclass(frozen=True)
class QuantizeLoihi(Pass):
    """Replaces every `Linear` by a `QuantLinear` and every neuron by a `FixedNeuron` with Loihi's arithmetic.

    1. The gains of synapse and membrane are multiplied into the weights: w' = w gain_i gain_v.
    2. q = trunc(w' 256 / 2^e), with the smallest e in 0..7 that keeps |q| <= 255 for a population. A matrix with
       weights of both signs has no lowest bit: q = 2 floor(q / 2). Rows with a |q| above 127, which int8 does not
       hold, are halved (rounding toward zero), their exponent is one more.
    3. A decay of 1 - h becomes 1 - d / 4096: d = trunc(4095 h) for v, trunc(4095 h) + 1 for i. Decays round toward
       zero. What keeps nothing and resets nothing (a threshold, a readout) stays without memory.
    4. threshold = (trunc(threshold 131071) >> 9) << 6. A v_leak is the constant h v_leak added to v.
    5. v is bounded below by -(2^23 - 1) where it could pass that; where it could pass 2^23 - 1 without a reset, or i
       either, a note says so: there the chip clips or wraps.
    """

    name: ClassVar[str] = "loihi"
    requires: ClassVar[str] = "the form that the pass populations ensures"
    ensures: ClassVar[str] = "every accumulator is an exact int32"

    def run(self, graph: Graph) -> tuple[Graph, bool]:
        sources = Sources(graph, {})
        problems = [problem for node in graph for problem in _unknown(node)]
        matrices = [node for _, group in matrix_groups(graph) for node in group if isinstance(node.op, Linear)]
        problems += [problem for node in matrices for problem in dense_sources(sources, node)]
        refused = {problem.node for problem in problems}
        done: dict[str, Node] = {}
        notes: list[Diagnostic] = []
        for node in graph:
            if isinstance(node.op, Neuron) and refused.isdisjoint(node.inputs):
                found = list(_range_problems(graph, node, node.op))
                problems += found
                if not found:
                    _population(graph, node, node.op, done, problems, notes)
        raise_if_any(problems)
        quantised = graph.with_nodes(done.get(node.name, node) for node in graph)
        return quantised.with_notes(notes), True


def _unknown(node: Node) -> Iterator[Diagnostic]:
    if not isinstance(node.op, (Input, Output, Flatten, Delay, Linear, Neuron)):
        found = f"state loihi with {node.op.name}"
        yield Diagnostic("AX601", node.name, found, "it takes dense and sparse weights only", "choose another --state")


def _range_problems(graph: Graph, node: Node, op: Neuron) -> Iterator[Diagnostic]:
    largest = max((_largest(weight) for weight in _weights(graph, node, op)), default=0.0)
    limit = 2.0**MAX_EXPONENT
    if largest >= limit:
        remedy = "scale the weights and the threshold of the population down, or choose another --state"
        found = f"weights times the neuron's gain reach {largest:.4g}"
        yield Diagnostic("AX306", node.name, found, f"Loihi holds less than {limit:g}", remedy)
    if op.gate is not None:
        lowest, highest = float(np.min(op.gate.threshold)), float(np.max(op.gate.threshold))
        if lowest < 0 or highest >= MAX_THRESHOLD:
            found, held = f"thresholds from {lowest:.4g} to {highest:.4g}", "Loihi holds 0 to less than 512"
            yield Diagnostic("AX306", node.name, found, held, "scale the population, or choose another --state")


def _population(
    graph: Graph, node: Node, op: Neuron, done: dict[str, Node], problems: list[Diagnostic], notes: list[Diagnostic]
) -> None:
    linears = [graph[name] for name in node.inputs]
    folded = _weights(graph, node, op)
    exponent = weight_exponent(max((_largest(weight) for weight in folded), default=0.0))
    chip = [loihi_weights(weight, exponent) for weight in folded]
    halved = np.max([_row_peaks(weight) for weight in chip], axis=0, initial=0.0) > 127
    bound = np.zeros(1)
    for linear, weight in zip(linears, chip, strict=True):
        assert isinstance(linear.op, Linear)
        narrow = _halved(weight, np.broadcast_to(halved, weight.shape[0]))
        scale = np.where(halved, 2.0, 1.0) * 2.0 ** (exponent - WEIGHT_BITS)
        quantised = QuantLinear(narrow, scale, takes=linear.op.takes, gives=linear.op.gives)
        done[linear.name] = replace(linear, op=quantised)
        bound = bound + row_sums(narrow) * graph.signals[linear.inputs[0]].peak
    if float(np.max(bound)) > ACCUMULATOR.limit:
        problems.append(overflow(node.name, float(np.max(bound))))
        return
    shift = _per_neuron(exponent + ALIGN + halved.astype(np.int64), op.shape)
    entering = _per_neuron(bound, op.shape) * 2.0**shift
    fixed, found = _neuron(op, shift, entering)
    notes += [Diagnostic("AX402", node.name, text, "the chip has 24 bits", "scale the population") for text in found]
    done[node.name] = replace(node, op=fixed)


def _per_neuron(values: Array, shape: tuple[int, ...]) -> Array:
    """One value, or one a neuron in the population's shape."""
    return np.asarray(values).reshape(() if np.size(values) == 1 else shape)


def _weights(graph: Graph, node: Node, op: Neuron) -> list[Matrix]:
    """The weights into a population, times its gains."""
    gain = op.membrane.gain * (op.synapse.gain if op.synapse is not None else ONE)
    rows = np.broadcast_to(gain, op.shape).reshape(-1)
    return [_scaled(graph[name].op.weight, rows) for name in node.inputs]  # type: ignore[attr-defined]


def _scaled(weight: Matrix, rows: Array) -> Matrix:
    if is_sparse(weight):
        return sparse.csr_array(sparse.diags_array(rows) @ weight.astype(np.float64))
    return np.asarray(weight, np.float64) * rows[:, None]


def _largest(weight: Matrix) -> float:
    data = weight.data if is_sparse(weight) else np.asarray(weight)
    return float(np.max(np.abs(data), initial=0.0))


def _row_peaks(weight: Matrix) -> Array:
    peaks = abs(weight).max(axis=1).todense() if is_sparse(weight) else np.max(np.abs(np.asarray(weight)), axis=1)
    return np.asarray(peaks).reshape(-1)


def weight_exponent(largest: float) -> int:
    """The smallest e >= 0 with trunc(largest 256 / 2^e) <= 255."""
    return max(0, int(np.floor(np.log2(largest))) + 1) if largest > 0 else 0


def loihi_weights(weight: Matrix, exponent: int) -> Matrix:
    """q of `QuantizeLoihi` for one matrix, in int64, before rows are halved."""
    if is_sparse(weight):
        whole = weight.copy()
        whole.data = _truncated(weight.data, exponent)
        return whole
    return _truncated(np.asarray(weight), exponent)


def _truncated(values: Array, exponent: int) -> Int64:
    """trunc(values 256 / 2^e), freed of the last bit's noise; of mixed signs, without the lowest bit."""
    q = _trunc(values * 2.0 ** (WEIGHT_BITS - exponent))
    mixed = np.any(q > 0) and np.any(q < 0)
    return np.maximum((q >> 1) << 1, -254) if mixed else q


def _trunc(values: Array) -> Int64:
    nearest = np.rint(values)
    close = np.abs(values - nearest) < 1e-9 * np.maximum(1.0, np.abs(nearest))
    return np.where(close, nearest, np.trunc(values)).astype(np.int64)


def _halved(weight: Matrix, rows: Array) -> Matrix:
    """The weights as int8, those of ``rows`` halved toward zero."""
    if is_sparse(weight):
        narrow = weight.copy()
        halves = np.repeat(rows, np.diff(weight.indptr))
        narrow.data = np.where(halves, np.trunc(weight.data / 2), weight.data)
        narrow = narrow.astype(np.int8)
        narrow.eliminate_zeros()
        return narrow
    wide = np.asarray(weight)
    return np.where(rows[:, None], np.trunc(wide / 2), wide).astype(np.int8)


def _neuron(op: Neuron, shift: Array, entering: Array) -> tuple[FixedNeuron, list[str]]:
    """The neuron, whose accumulator enters as acc 2^shift, at most ``entering`` in magnitude."""
    notes: list[str] = []
    enters = multiplier_and_shift(2.0**shift)
    synapse = None
    if op.synapse is not None:
        decay = decay_factor(op.synapse.decay, 1)
        offset = _units(op.synapse.offset * op.membrane.gain)
        entering = _reach(decay, entering + np.abs(offset))
        if np.max(entering) > LIMIT_24:
            notes.append("i may pass the chip's limit of 512")
        synapse = FixedSynapse(STATE, decay, *enters, offset)
        enters = multiplier_and_shift(ONE)
    membrane = op.membrane
    forgets = not np.any(membrane.decay) and (op.gate is None or op.gate.reset == "none")
    decay = np.zeros_like(membrane.decay, np.int64) if forgets else decay_factor(membrane.decay, 0)
    offset = _units(membrane.constant)
    reach = float(np.max(_reach(decay, entering + np.abs(offset)), initial=0.0))
    beyond = reach > LIMIT_24
    if beyond and (op.gate is None or op.gate.reset != "value"):
        notes.append("v may pass the chip's limit of 512")
    fixed = FixedMembrane(STATE, decay, *enters, np.asarray(0), offset, membrane.sees)
    gate = None if op.gate is None else _gate(op.gate, beyond)
    return FixedNeuron(op.shape, synapse, fixed, gate), notes


def decay_factor(decay: Array, offset: int) -> Int64:
    """1 - (trunc(4095 h) + offset) / 4096 in Q30, for a decay of 1 - h."""
    d = _trunc((1.0 - np.asarray(decay)) * 4095) + offset
    return (((1 << DECAY_UNITS) - d) << (DECAY_BITS - DECAY_UNITS)).astype(np.int64)


def _reach(decay: Int64, drive: Array) -> Array:
    """The most that a state reaches: infinite where it never decays."""
    kept = decay / float(1 << DECAY_BITS)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(drive == 0, 0.0, np.where(kept < 1, drive / (1.0 - kept), np.inf))


def _gate(gate: Gate, bounded: bool) -> FixedGate:
    aligned = (_trunc(gate.threshold * 131071) >> 9) << ALIGN
    threshold = aligned if gate.compare == "gt" else aligned - 1
    value = aligned if gate.reset.startswith("subtract") else _units(gate.value)
    lowest = None if gate.v_min is None else _units(gate.v_min)
    if bounded:
        floor = np.asarray(-LIMIT_24)
        lowest = floor if lowest is None else np.maximum(lowest, floor)
    return FixedGate(threshold, gate.reset, value, gate.spikes, lowest)


def _units(value: Array) -> Int64:
    return np.rint(np.asarray(value) / STATE.scale).astype(np.int64)
