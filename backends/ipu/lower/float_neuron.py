"""Neurons with a state in float, and integer sums."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from axonc.ir.ops import Gate, LevelNeuron, Neuron
from axonc.ir.ops.neuron import RESETS

from ...spinnaker2.levels import edges_between
from .base import Unit, flag, records

VERTEX = 4 + 5 * 4 + 1 + 8 * 8
"""Its place in a compute set, five words and a flag, eight pointers with sizes."""


def float_neuron(op: Neuron) -> Unit:
    """The vertex `FloatNeuron`."""
    synapse, membrane, gate = op.synapse, op.membrane, op.gate
    current = (0.0, 0.0, 0.0) if synapse is None else (synapse.decay, synapse.gain, synapse.offset)
    voltage = (membrane.decay, membrane.gain, membrane.constant)
    reset, most = (0, 0) if gate is None else (RESETS.index(gate.reset), gate.spikes)

    def update(where: str, name: str) -> str:
        return f"updateFloat(graph, {where}, {name}, Gate{{{reset}, {most}}}, {flag(membrane.sees == 'old')});"

    parameters = records((*current, *voltage, *_test(gate)), op.shape, "<f4")
    sent = None if gate is None else "u1"
    return Unit("i4", "f4", sent, parameters, 1 if synapse is None else 2, update, VERTEX)


def level_neuron(op: LevelNeuron) -> Unit:
    """The same vertex with a table."""
    levels = op.levels.astype("<f4")
    return replace(float_neuron(op.neuron), levels=np.concatenate([levels, edges_between(levels)]))


def _test(gate: Gate | None) -> tuple[Any, Any, Any]:
    """Threshold, what a reset sets or takes away, lower bound. v >= threshold is v > the next float32 below it."""
    if gate is None:
        return np.inf, 0.0, -np.inf
    threshold = gate.threshold.astype(np.float32)
    tested = threshold if gate.compare == "gt" else np.nextafter(threshold, np.float32(-np.inf))
    reset = threshold if gate.reset.startswith("subtract") else gate.value
    return tested, reset, -np.inf if gate.v_min is None else gate.v_min
