"""Neurons in fixed point."""

from __future__ import annotations

from axonc.ir.ops import FixedNeuron
from axonc.ir.ops.neuron import RESETS

from .base import Unit, flag, records

NEVER, UNBOUNDED = 2**31 - 1, -(2**31)
"""A threshold that no voltage passes, and a bound below every voltage."""

VERTEX = 4 + 7 * 4 + 1 + 8 * 8
"""Its place in a compute set, seven words and a flag, eight pointers with sizes."""


def fixed_neuron(op: FixedNeuron) -> Unit:
    """The vertex `FixedNeuron`."""
    synapse, membrane, gate = op.synapse, op.membrane, op.gate
    current = (0, 0, 0, 0) if synapse is None else (synapse.decay, synapse.multiplier, synapse.shift, synapse.offset)
    voltage = (membrane.decay, membrane.multiplier, membrane.shift, membrane.offset, membrane.leak)
    lowest = UNBOUNDED if gate is None or gate.v_min is None else gate.v_min
    test = (NEVER, 0, lowest) if gate is None else (gate.threshold, gate.value, lowest)
    reset, most = (0, 0) if gate is None else (RESETS.index(gate.reset), gate.spikes)
    limits = f"{0 if synapse is None else synapse.format.limit}, {membrane.format.limit}"

    def update(where: str, name: str) -> str:
        return (
            f"updateFixed(graph, {where}, {name}, Gate{{{reset}, {most}}}, {flag(membrane.sees == 'old')}, {limits});"
        )

    parameters = records((*current, *voltage, *test), op.shape, "<i4")
    sent = None if gate is None else "u1"
    return Unit("i4", "i4", sent, parameters, 1 if synapse is None else 2, update, VERTEX)
