"""Neurons as the runtime sees them: which kernel, and the records of its parameters."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from axonc.ir.network import Units
from axonc.ir.ops import Array, FixedGate, FixedGated, FixedNeuron, FixedSynapse, Gate, LevelNeuron, Neuron, Synapse
from axonc.ir.signal import Fixed, Shape

from .gated import gated_kernel, has_cell_of_its_own
from .schema import MEMBRANE_FIXED, MEMBRANE_FLOAT, RESETS, SYNAPSE_FIXED, SYNAPSE_FLOAT

Records = np.ndarray[Any, Any]
NEVER = 2**31 - 1
"""A threshold that no fixed-point voltage passes."""

UNBOUNDED = -(2**31)
"""A lower bound below every fixed-point voltage."""

MOST_SPIKES = 255
"""Spikes of a neuron in a step: they are counted in a byte where they are recorded."""


SHORT = 16
"""States of so many bits or fewer are held in two bytes, others in four."""

Place = Literal["voltage", "current"]
"""Where the runtime keeps a state, by its name in the record of a population."""


def equations(op: Neuron | FixedNeuron | LevelNeuron) -> Neuron | FixedNeuron:
    """The neuron itself, whatever values its voltage takes."""
    return op.neuron if isinstance(op, LevelNeuron) else op


def state_formats(op: FixedNeuron) -> dict[Place, Fixed]:
    """The formats of voltage and current."""
    voltage: dict[Place, Fixed] = {"voltage": op.membrane.format}
    return voltage if op.synapse is None else {**voltage, "current": op.synapse.format}


def kernel(op: Units) -> str:
    """The runtime's kernel for a neuron, without its prefix: ``cuba_lif_q32``, ``lif_f32``, ``lstm_q16``, ..."""
    if isinstance(op, FixedGated):
        return gated_kernel(op)
    kind = "lif" if equations(op).synapse is None else "cuba_lif"
    if isinstance(op, LevelNeuron):
        return f"{kind}_levels"
    return f"{kind}_f32" if isinstance(op, Neuron) else f"{kind}_q{8 * state_dtype(op, 'voltage').itemsize}"


def state_bytes(op: Units, place: Place) -> int:
    """Bytes of one state word; 0 where there is no such state."""
    return state_dtype(op, place).itemsize if place == "voltage" or has_second_state(op) else 0


def has_second_state(op: Units) -> bool:
    """Whether there is another state than the voltage: a current, or what a gated unit gave."""
    return has_cell_of_its_own(op) if isinstance(op, FixedGated) else equations(op).synapse is not None


def state_place(op: Units, state: str | None) -> Place:
    """Where the runtime keeps a state, or (None) the output of what does not spike: ``voltage`` or ``current``."""
    if isinstance(op, FixedGated):
        return "current" if state is None and has_cell_of_its_own(op) else "voltage"
    return "current" if state == "i" else "voltage"


def state_dtype(op: Units, place: Place) -> np.dtype[Any]:
    """The numpy type of a state word; that of a voltage of levels is its code's."""
    if isinstance(op, FixedGated):
        return np.dtype(f"<i{op.state.bits // 8}")
    if isinstance(op, FixedNeuron):
        short = all(number.bits <= SHORT for number in state_formats(op).values())
        return np.dtype("<i2" if short else "<i4")
    return np.dtype("u1" if isinstance(op, LevelNeuron) and place == "voltage" else "<f4")


def reset_code(op: Neuron | FixedNeuron) -> int:
    """The runtime's number for the reset."""
    return RESETS.index(op.gate.reset) if op.gate is not None else 0


def most_spikes(op: Neuron | FixedNeuron) -> int:
    """The most spikes of a neuron in a step."""
    return op.gate.spikes if op.gate is not None else 1


def is_plain(op: Neuron | FixedNeuron) -> bool:
    """Whether a spike is a matter of one step: one at most, no reset that is still pending, no lower bound."""
    gate = op.gate
    if gate is None:
        return True
    return gate.spikes == 1 and gate.v_min is None and gate.reset in ("none", "value", "subtract")


def synapse_records(op: Neuron | FixedNeuron, neurons: Array) -> Records | None:
    """The synapse parameters of ``neurons``: one record if all are equal."""
    if op.synapse is None:
        return None
    if isinstance(op.synapse, Synapse):
        fields = {"decay": op.synapse.decay, "gain": op.synapse.gain, "constant": op.synapse.offset}
        return _records(SYNAPSE_FLOAT.dtype, fields, op.shape, neurons)
    assert isinstance(op.synapse, FixedSynapse)
    names = ("decay", "multiplier", "shift", "offset")
    fields = {name: getattr(op.synapse, name) for name in names}
    return _records(SYNAPSE_FIXED.dtype, fields, op.shape, neurons)


def membrane_records(op: Neuron | FixedNeuron, neurons: Array) -> Records:
    """The membrane and gate parameters of ``neurons``: one record if all are equal."""
    if isinstance(op, Neuron):
        membrane = {"decay": op.membrane.decay, "gain": op.membrane.gain, "constant": op.membrane.constant}
        return _records(MEMBRANE_FLOAT.dtype, {**membrane, **_float_gate(op.gate)}, op.shape, neurons)
    names = ("decay", "multiplier", "shift", "offset", "leak")
    fields = {name: getattr(op.membrane, name) for name in names}
    return _records(MEMBRANE_FIXED.dtype, {**fields, **_fixed_gate(op.gate)}, op.shape, neurons)


def _fixed_gate(gate: FixedGate | None) -> dict[str, Any]:
    if gate is None:
        return {"threshold": NEVER, "reset": 0, "lowest": UNBOUNDED}
    lowest = UNBOUNDED if gate.v_min is None else gate.v_min
    return {"threshold": gate.threshold, "reset": gate.value, "lowest": lowest}


def _float_gate(gate: Gate | None) -> dict[str, Any]:
    """v >= threshold is v > the next float32 below it."""
    if gate is None:
        return {"threshold": np.float32(np.inf), "reset": np.float32(0.0), "lowest": np.float32(-np.inf)}
    threshold = gate.threshold.astype(np.float32)
    tested = threshold if gate.compare == "gt" else np.nextafter(threshold, np.float32(-np.inf))
    reset = threshold if gate.reset.startswith("subtract") else gate.value
    return {"threshold": tested, "reset": reset, "lowest": np.float32(-np.inf) if gate.v_min is None else gate.v_min}


def _records(dtype: np.dtype[Any], fields: dict[str, Any], shape: Shape, neurons: Array) -> Records:
    records = np.zeros(len(neurons), dtype)
    for name, value in fields.items():
        records[name] = value if np.size(value) == 1 else np.broadcast_to(value, shape).reshape(-1)[neurons]
    same = len(records) > 0 and bool(np.all(records == records[0]))
    return records[:1] if same else records
