"""Neurons in float whose spikes fall within a step."""

from __future__ import annotations

import numpy as np

from axonc.ir.ops import ExactNeuron

from .base import Unit, flag, records

VERTEX = 4 + 4 * 4 + 2 + 6 * 8
"""Its place in a compute set, four words and two flags, six pointers with sizes."""


def exact_neuron(op: ExactNeuron) -> Unit:
    """The vertex `ExactNeuron`."""
    gate = op.gate
    test = (np.inf, 0.0) if gate is None else (gate.threshold, gate.value)
    most, subtracts, inclusive = 0, False, False
    if gate is not None:
        most, subtracts, inclusive = gate.spikes, gate.reset == "subtract", gate.compare == "ge"

    def update(where: str, name: str) -> str:
        return f"updateExact(graph, {where}, {name}, Crossings{{{most}, {flag(subtracts)}, {flag(inclusive)}}});"

    parameters = records((op.rate, op.jump, op.drive, op.leak, *test), op.shape, "<f4")
    return Unit("f4", "f4", None if gate is None else "u1", parameters, len(op.states()), update, VERTEX)
