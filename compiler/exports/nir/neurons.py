"""Neurons in steps as NIR's neurons in continuous time: discretisation, inverted.

With rest = 1 - decay and h = dt / tau: tau = dt / rest (Euler) or -dt / ln decay (exponential), r = gain / rest for a
pulse, gain tau for a Dirac impulse. A decay of 0 forgets: a `Scale`, or with a gate a `Threshold`; a decay of 1 keeps:
`I` or `IF`. A constant that enters with the input is left to the caller, as a bias; one that enters v moves v_leak.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from axonc.compiler.semantics import Semantics
from axonc.ir import Fixed
from axonc.ir.arithmetic import DECAY_BITS
from axonc.ir.ops import ZERO, Array, ExactNeuron, FixedNeuron, Gate, Membrane, Neuron, Synapse

LEAST_REST = 2.0**-52
MOST_H = 700.0
"""exp of minus this is nothing beside 1, and still a number."""


@dataclass(frozen=True)
class Primitive:
    """A neuron of NIR: its type, its parameters; ``bias``: what its input has to be raised by, or None.

    ``lost``: what of the neuron its fields do not say.
    """

    type: str
    parameters: dict[str, Array]
    bias: Array | None = None
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class Steps:
    """How the graph came to its steps: ``dt`` (1 where there is none) and the choices of the semantics."""

    dt: float
    semantics: Semantics

    def tau(self, decay: Array) -> Array:
        """The time constant of a decay."""
        rest = np.maximum(1.0 - decay, LEAST_REST)
        if self.semantics.integrator == "euler":
            return self.dt / rest
        with np.errstate(divide="ignore"):
            h = np.where(decay > 0, -np.log1p(-np.minimum(rest, 1.0)), np.inf)
        return self.dt / np.clip(h, LEAST_REST, MOST_H)

    def gain(self, gain: Array, decay: Array, entering: bool) -> Array:
        """The factor r or w_in of an input gain; ``entering``: events enter here."""
        semantics = self.semantics
        if semantics.gain == "model" and entering and semantics.leaky_event == "dirac":
            return gain * self.tau(decay)
        if semantics.gain == "model" and semantics.integrator == "exponential_euler":
            return gain * self.tau(decay) / self.dt
        return gain / np.maximum(1.0 - decay, LEAST_REST)


def primitive(op: Neuron | FixedNeuron | ExactNeuron, unit: Array, steps: Steps, carried: bool) -> Primitive:
    """``op``, whose input counts in ``unit``, as a neuron of NIR whose input is the number itself.

    ``carried``: what feeds it can carry a bias.
    """
    if isinstance(op, ExactNeuron):
        made, gate = _exact(op, unit, steps), op.gate
    else:
        real = op if isinstance(op, Neuron) else real_neuron(op)
        made, gate = _neuron(_scaled(real, unit), steps, carried), real.gate
    lost = (*made.lost, *_lost(op, gate, made.type))
    parameters = {name: np.broadcast_to(value, op.shape).astype(np.float64) for name, value in made.parameters.items()}
    bias = None if made.bias is None else np.broadcast_to(made.bias, op.shape)
    return Primitive(made.type, parameters, bias, lost)


def _scaled(op: Neuron, unit: Array) -> Neuron:
    if op.synapse is not None:
        return replace(op, synapse=replace(op.synapse, gain=op.synapse.gain / unit))
    return replace(op, membrane=replace(op.membrane, gain=op.membrane.gain / unit))


def _neuron(op: Neuron, steps: Steps, carried: bool) -> Primitive:
    if op.synapse is not None:
        return _cuba(op, op.synapse, steps, carried)
    membrane = op.membrane
    if not np.any(membrane.decay):
        return _forgetful(op, steps, carried)
    bias = _bias(membrane.offset, membrane.gain) if carried else None
    if np.all(membrane.decay == 1):
        lost = ("a constant that enters v",) if bias is None and np.any(membrane.offset) else ()
        return replace(_gated("I", {"r": _straight(membrane.gain, steps)}, op.gate, bias), lost=lost)
    r = steps.gain(membrane.gain, membrane.decay, entering=True)
    leak = membrane.leak if bias is not None else _raised(membrane)
    return _gated("LI", {"tau": steps.tau(membrane.decay), "r": r, "v_leak": leak}, op.gate, bias)


def _straight(gain: Array, steps: Steps) -> Array:
    return gain if steps.semantics.if_event == "dirac" else gain / steps.dt


def _forgetful(op: Neuron, steps: Steps, carried: bool) -> Primitive:
    """v = gain x + constant: nothing of the step before."""
    gain, constant = op.membrane.gain, op.membrane.constant
    bias = _bias(constant, gain) if carried else None
    if op.gate is None and (bias is not None or not np.any(constant)):
        return Primitive("Scale", {"scale": gain}, bias)
    if op.gate is not None and np.all(gain > 0):
        return Primitive("Threshold", {"threshold": (op.gate.threshold - constant) / gain})
    parameters = {"tau": steps.tau(ZERO), "r": steps.gain(gain, ZERO, entering=True), "v_leak": constant}
    return _gated("LI", parameters, op.gate, None)


def _cuba(op: Neuron, synapse: Synapse, steps: Steps, carried: bool) -> Primitive:
    membrane = op.membrane
    parameters = {
        "tau_syn": steps.tau(synapse.decay),
        "tau_mem": steps.tau(membrane.decay),
        "r": steps.gain(membrane.gain, membrane.decay, entering=False),
        "v_leak": _raised(membrane),
        "w_in": steps.gain(synapse.gain, synapse.decay, entering=True),
    }
    bias = _bias(synapse.offset, synapse.gain) if carried else None
    made = _gated("CubaLI", parameters, op.gate, bias)
    lost = ["a constant that enters the current"] if bias is None and np.any(synapse.offset) else []
    lost += ["v sees the current of the step before"] if membrane.sees == "old" else []
    return replace(made, lost=tuple(lost))


def _raised(membrane: Membrane) -> Array:
    """v_leak, raised by what a constant adds to v in the long run."""
    return np.asarray(membrane.leak + membrane.offset / np.maximum(1.0 - membrane.decay, LEAST_REST))


def _bias(offset: Array, gain: Array) -> Array | None:
    """What the input has to be raised by for a constant ``offset`` behind ``gain``; None if none helps or is needed."""
    if not np.any(offset) or np.any((gain == 0) & (offset != 0)):
        return None
    return np.asarray(offset / np.where(gain == 0, 1.0, gain))


def _gated(kind: str, parameters: dict[str, Array], gate: Gate | None, bias: Array | None) -> Primitive:
    if gate is None:
        return Primitive(kind, parameters, bias)
    name = "IF" if kind == "I" else f"{kind}F"
    reset = gate.value if gate.reset == "value" else ZERO
    return Primitive(name, {**parameters, "v_threshold": gate.threshold, "v_reset": reset}, bias)


def _exact(op: ExactNeuron, unit: Array, steps: Steps) -> Primitive:
    jump, drive = op.jump / unit, op.drive / unit
    if not np.any(op.rate):
        r = jump if np.any(jump) else drive / steps.dt
        return _gated("I", {"r": r}, op.gate, None)
    tau = steps.dt / np.maximum(op.rate, LEAST_REST)
    r = jump * tau if np.any(jump) else drive
    return _gated("LI", {"tau": tau, "r": r, "v_leak": op.leak}, op.gate, None)


def real_neuron(op: FixedNeuron) -> Neuron:
    """The neuron in real numbers whose values are those that the integers of ``op`` stand for."""
    synapse, voltage, entering = op.synapse, op.membrane.format, 1.0
    current = None
    if synapse is not None:
        entering = synapse.format.scale
        gain = _ratio(synapse.multiplier, synapse.shift) * entering
        current = Synapse(_decay(synapse.decay), gain, _value(synapse.offset, synapse.format))
    gain = _ratio(op.membrane.multiplier, op.membrane.shift) * voltage.scale / entering
    leak, offset = (_value(value, voltage) for value in (op.membrane.leak, op.membrane.offset))
    membrane = Membrane(_decay(op.membrane.decay), gain, leak, offset, op.membrane.sees)
    return Neuron(op.shape, current, membrane, None if op.gate is None else _real_gate(op))


def _real_gate(op: FixedNeuron) -> Gate:
    assert op.gate is not None
    voltage, gate = op.membrane.format, op.gate
    lowest = None if gate.v_min is None else _value(gate.v_min, voltage)
    threshold, value = _value(gate.threshold, voltage), _value(gate.value, voltage)
    return Gate(threshold, gate.reset, value, "gt", gate.spikes, lowest)


def _decay(decay: Array) -> Array:
    return np.asarray(decay / float(1 << DECAY_BITS))


def _ratio(multiplier: Array, shift: Array) -> Array:
    return np.asarray(np.ldexp(multiplier.astype(np.float64), -shift.astype(np.int32)))


def _value(units: Array, number: Fixed) -> Array:
    return np.asarray(units * number.scale)


def _lost(op: Neuron | FixedNeuron | ExactNeuron, gate: Gate | None, kind: str) -> Iterator[str]:
    if isinstance(op, FixedNeuron):
        formats = [f"v in {op.membrane.format}", *([f"i in {op.synapse.format}"] if op.synapse else [])]
        yield f"integers ({', '.join(formats)}): their values stand there"
    if gate is None:
        return
    if kind != "Threshold" and gate.reset != "value":
        yield f"reset {gate.reset}: v_reset = 0 stands there"
    if gate.compare == "ge":
        yield "a spike where v is at the threshold, not only above it"
    if gate.spikes > 1 and not isinstance(op, ExactNeuron):
        yield f"up to {gate.spikes} spikes a step"
    if gate.v_min is not None:
        yield "a lower bound of v"
