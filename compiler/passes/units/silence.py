"""Proofs that units never send an event, or send one in every step.

A step of a neuron without an event is monotone: a larger state or input gives a larger state. So a state S, at least
the first one, that a step of the largest input brings back to S or below, and in which no event happens, bounds all
states of all runs, and no run has an event. S is a guess here; whether it holds is asked of the interpreter's own
kernel, whose rounding and saturation are monotone, too: the proof is of the bits. In the same way a state that a step
of the least input leads to itself or above, with an event, shows that there is an event in every step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from axonc.ir.arithmetic import DECAY_BITS, requantize, saturate, tanh
from axonc.ir.interpret.base import Precision
from axonc.ir.interpret.kernels import KERNELS
from axonc.ir.ops import EGRU, Array, FixedGRU, FixedMembrane, FixedNeuron, FixedSynapse, Membrane, Neuron, Op, Synapse
from axonc.ir.ops.gated_fixed import GATE_LIMIT

Ends = tuple[Array, Array]
"""The least and the largest value of each element, flat, in float64."""

MARGIN = 1e-6
"""A state is guessed too high by this, over 1 - decay, so that rounding does not lead above it."""

SUM_LIMIT = 2**31 - 1
"""The largest magnitude of an exact sum."""


def neuron(op: Neuron, x: Ends) -> Array:
    """Units that stay silent for every input within ``x``, computed in float32 and in float64."""
    stages = _stages(op)
    first = stages["i" if op.synapse else "v"]
    drive = np.where(_flat(first.gain, op) >= 0, _above(x[1]), -_above(-x[0]))
    guess, entering = {}, drive.astype(np.float64)
    for name, stage in stages.items():
        guess[name] = entering = _settled(op, stage, entering)
    return _proved(op, guess, drive, "float32") & _proved(op, guess, drive, "float64")


def constant_neuron(op: Neuron, x: Ends) -> Array:
    """Units that send one event in every step, for every input within ``x``."""
    gate, stages = op.gate, _stages(op)
    if gate is None or gate.spikes > 1 or gate.reset not in ("value", "subtract", "none"):
        return np.zeros(x[0].shape, bool)
    first = stages["i" if op.synapse else "v"]
    drive = np.where(_flat(first.gain, op) >= 0, -_above(-x[0]), _above(x[1]))
    guess = {"v": np.minimum(_flat(gate.value, op), 0) if gate.reset == "value" else np.zeros(drive.shape)}
    if op.synapse is not None:
        guess["i"] = -_settled(op, replace(op.synapse, offset=-op.synapse.offset), -drive.astype(np.float64))
    return _steady(op, guess, drive, "float32") & _steady(op, guess, drive, "float64")


def _steady(op: Neuron, guess: Mapping[str, Array], drive: Array, precision: Precision) -> Array:
    """For which units a step from the states of ``guess`` has an event and leads to these or above."""
    shape = (1, *op.shape)
    bound = {name: value.astype(precision).reshape(shape) for name, value in guess.items()}
    with np.errstate(all="ignore"):
        after, events = KERNELS[Neuron](op, precision).step(bound, drive.reshape(shape))
    held = (events == 1) & np.all([after[name] >= bound[name] for name in bound], axis=0) & _rising(op)
    return np.asarray(held.reshape(-1))


def fixed_neuron(op: FixedNeuron, x: Ends) -> Array:
    """`neuron` in fixed point."""
    stages = _stages(op)
    low, high = (np.clip(end, -SUM_LIMIT, SUM_LIMIT).astype(np.int64) for end in x)
    drive = np.where(_flat(stages["i" if op.synapse else "v"].multiplier, op) >= 0, high, low)
    guess, entering = {}, drive
    for name, stage in stages.items():
        guess[name] = entering = _settled_fixed(op, stage, entering)
    return _proved(op, guess, drive)


def _above(x: Array) -> Array:
    """The least float32 that is not below x."""
    single = x.astype(np.float32)
    return np.where(single < x, np.nextafter(single, np.float32(np.inf)), single)


def _stages(op: Neuron | FixedNeuron) -> dict[str, Any]:
    """The leaky stages by their states, in the order in which they are updated."""
    return {"v": op.membrane} if op.synapse is None else {"i": op.synapse, "v": op.membrane}


def _flat(parameter: Array, op: Neuron | FixedNeuron) -> Array:
    return np.broadcast_to(parameter, op.shape).reshape(-1)


def _settled(op: Neuron, stage: Synapse | Membrane, x: Array) -> Array:
    """What a constant input leads to from 0 on, or more."""
    constant = stage.constant if isinstance(stage, Membrane) else stage.offset
    push, rest = _flat(stage.gain, op) * x + _flat(constant, op), 1 - _flat(stage.decay, op)
    with np.errstate(all="ignore"):  # without a leak there is no end
        return np.where(push > 0, push / rest * (1 + MARGIN / rest), 0)


def _settled_fixed(op: FixedNeuron, stage: FixedSynapse | FixedMembrane, x: Array) -> Array:
    push = requantize(x, _flat(stage.multiplier, op), _flat(stage.shift, op)) + _flat(stage.offset, op)
    leak = _flat(stage.leak, op) if isinstance(stage, FixedMembrane) else 0
    push, rest = np.clip(push, -SUM_LIMIT, SUM_LIMIT), (1 << DECAY_BITS) - _flat(stage.decay, op)
    steps = np.where(rest > 0, -(-(np.maximum(push, 0) << DECAY_BITS) // np.maximum(rest, 1)), SUM_LIMIT)
    return np.asarray(np.clip(leak + np.where(push > 0, steps, 0), 0, stage.format.limit))


def _proved(
    op: Neuron | FixedNeuron, guess: Mapping[str, Array], drive: Array, precision: Precision = "float32"
) -> Array:
    """For which units the states of ``guess`` bound those of every run, without an event in them."""
    gate, shape = op.gate, (1, *op.shape)
    if gate is None:
        return np.zeros(drive.shape, bool)
    dtype = np.dtype(precision if isinstance(op, Neuron) else "int64")
    bound = {name: value.astype(dtype).reshape(shape) for name, value in guess.items()}
    if gate.v_min is not None:
        bound["v"] = np.maximum(bound["v"], gate.v_min.astype(dtype))
    with np.errstate(all="ignore"):
        after, events = KERNELS[type(op)](op, precision).step(bound, drive.reshape(shape))
    held = (events == 0) & np.all([after[name] <= bound[name] for name in bound], axis=0) & _rising(op)
    if gate.reset.endswith(("guarded", "next")):  # these also act on what was above the threshold before
        held &= bound["v"] < gate.threshold.astype(dtype)
    return np.asarray(held.reshape(-1))


def _rising(op: Neuron | FixedNeuron) -> Array:
    """Units whose states rise with what was before; with the input they rise or fall."""
    stages = list(_stages(op).values())
    rising = [stage.decay >= 0 for stage in stages]
    rising += [(stage.gain if isinstance(op, Neuron) else stage.multiplier) >= 0 for stage in stages[1:]]
    return np.asarray(np.all(np.broadcast_arrays(np.ones(op.shape, bool), *rising), axis=0))


def egru(op: EGRU, x: Ends, h: Ends) -> Array:
    """Units whose threshold no cell passes.

    g <= tanh(a_g + max(0, h_g)), since 0 <= r <= 1. m is a mean of c and g: with both at most G it is at most
    fl(fl(u G) + fl(fl(1 - u) G)), which for a power of two is G fl(u + fl(1 - u)) = G. So G is the next power of two
    above what tanh and the first c reach.
    """
    argument = x[1][2 * op.units :] + np.maximum(0, h[1][2 * op.units :])
    candidate = np.minimum(np.tanh(argument + MARGIN * np.abs(argument)) * (1 + MARGIN), 1)
    most = np.maximum(candidate, 0 if op.initial is None else op.initial)
    power = np.exp2(np.ceil(np.log2(np.maximum(most, np.finfo(np.float32).tiny))))
    return np.asarray(op.threshold >= np.where(most > 0, power, 0))


def fixed_gru(op: FixedGRU, x: Ends) -> Array:
    """The same in fixed point: m is the mean of c and g rounded once, so at most C where c and g 2^(F-15) are."""
    if op.threshold is None:
        return np.zeros(op.units, bool)
    gates = op.gates
    lanes = [np.clip(end, -SUM_LIMIT, SUM_LIMIT).astype(np.int64).reshape(op.lanes, op.units) for end in x]
    ends = [requantize(end, gates.multiplier, gates.shift) + gates.bias for end in lanes]
    highest = saturate(np.maximum(*ends), GATE_LIMIT)
    argument = highest[1] if op.reset == "before" else highest[2] + np.maximum(0, highest[5])
    candidate = -(-np.maximum(tanh(saturate(argument, GATE_LIMIT)), 0) >> (15 - op.state.frac))
    return np.asarray(op.threshold >= np.maximum(candidate, 0 if op.initial is None else op.initial))


SILENT: Mapping[type[Op], Callable[..., Array]] = {
    Neuron: neuron,
    FixedNeuron: fixed_neuron,
    EGRU: egru,
    FixedGRU: fixed_gru,
}
"""(op, the ends of its summed input, those of what it reads) -> units that never send an event."""
