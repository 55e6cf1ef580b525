"""Choosing fixed-point formats for states, and turning a neuron's parameters into integers."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, floor, inf, log2

import numpy as np

from axonc.ir import Fixed
from axonc.ir.arithmetic import decay_factor, multiplier_and_shift
from axonc.ir.ops import (
    Array,
    FixedGate,
    FixedMembrane,
    FixedNeuron,
    FixedSynapse,
    Gate,
    Membrane,
    Neuron,
    Problem,
    Synapse,
)

MAX_FRAC = 28
"""More fractional bits than this change nothing that a float32 could show."""

RATIO_BITS = 31
"""A requantisation multiplies by less than 2^31."""

RESOLUTION = 7
"""Bits of resolution that a threshold, or one weight unit, keeps at least."""


def fix_neuron(
    op: Neuron, accumulator: Array, bits: int, seen: Mapping[str, float] | None = None
) -> tuple[FixedNeuron, list[Problem]]:
    """``op``, whose input is an integer accumulator of at most ``accumulator`` in magnitude, in fixed point.

    Formats of ``bits`` bits: as many fractional bits as the largest reachable value leaves; where that is too few to
    decay well, ``need`` bits, at the price of clipping values that the bound allows but a threshold keeps away.
    Of a state that ``seen`` gives a magnitude for, as many fractional bits as hold that, its constants and (for v) the
    levels of the gate. The problems are notes: a format that cannot give the bits a decay needs (with the error in
    steady state).
    """
    notes: list[Problem] = []
    seen = seen or {}
    current = _current_bound(op.synapse, accumulator)
    synapse = None if op.synapse is None else _synapse(op.synapse, current, bits, seen.get("i"), notes)
    entering = current if op.synapse is not None else accumulator
    unit = 1.0 if synapse is None else synapse.format.scale
    membrane = _membrane(op.membrane, op.gate, entering, unit, bits, seen.get("v"), notes)
    gate = None if op.gate is None else _gate(op.gate, membrane.format)
    return FixedNeuron(op.shape, synapse, membrane, gate), notes


def _current_bound(synapse: Synapse | None, accumulator: Array) -> Array:
    """The largest |i| that inputs can reach."""
    if synapse is None:
        return accumulator
    return _steady(synapse.decay, np.abs(synapse.gain) * accumulator + np.abs(synapse.offset))


def _steady(decay: Array, drive: Array) -> Array:
    """drive / (1 - decay), infinite where a driven state never decays."""
    rest = 1.0 - decay
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(drive == 0, 0.0, np.where(rest > 0, drive / rest, inf))


def _bits_below(value: float) -> int:
    """The smallest n with value < 2^n."""
    return floor(log2(value)) + 1 if value > 0 else -MAX_FRAC


def _decay_bits(decay: Array) -> int:
    """Bits below the resolution that a decay needs: ceil(log2(1 / (1 - decay)))."""
    rest = 1.0 - np.asarray(decay)
    smallest = float(np.min(rest[rest > 0], initial=1.0))
    return max(0, ceil(-log2(smallest)))


def _frac(bits: int, bound: float, cover: float, need: int, gain: float) -> int:
    """Fractional bits: those that ``bound`` leaves if they suffice, else ``need``, but always covering ``cover``.

    Never so many that ``gain`` in units of the state, a requantisation's ratio, reaches 2^31.
    """
    safe = bits - 1 - _bits_below(bound) if bound < inf else -MAX_FRAC
    chosen = safe if safe >= need else max(safe, min(need, bits - 1 - _bits_below(cover)))
    return min(chosen, MAX_FRAC, RATIO_BITS - _bits_below(gain))


def _frac_of(bits: int, magnitude: float, gain: float) -> int:
    """The most fractional bits with which ``magnitude`` fits; bounded as those of `_frac`."""
    limit = Fixed(bits).limit
    holds = floor(log2(limit / magnitude)) if magnitude > 0 else MAX_FRAC
    return min(holds, MAX_FRAC, RATIO_BITS - _bits_below(gain))


def _synapse(op: Synapse, bound: Array, bits: int, seen: float | None, notes: list[Problem]) -> FixedSynapse:
    weakest = float(np.min(np.abs(op.gain)[np.abs(op.gain) > 0], initial=1.0))
    need = _decay_bits(op.decay) - floor(log2(weakest))
    largest = float(np.max(bound))
    constant, gain = float(np.max(np.abs(op.offset))), float(np.max(np.abs(op.gain)))
    if seen is None:
        frac = _frac(bits, largest, max(largest / 8, constant), need, gain)
    else:
        frac = _frac_of(bits, max(seen, constant), gain)
    _note(notes, "i", op.decay, Fixed(bits, frac), need)
    number = Fixed(bits, frac)
    multiplier, shift = multiplier_and_shift(np.asarray(op.gain / number.scale))
    return FixedSynapse(number, decay_factor(op.decay), multiplier, shift, _units(op.offset, number))


def _membrane(
    op: Membrane, gate: Gate | None, entering: Array, unit: float, bits: int, seen: float | None, notes: list[Problem]
) -> FixedMembrane:
    drive = np.abs(op.gain) * entering + np.abs(op.offset)
    landmarks = [np.abs(op.leak)] if gate is None else [np.abs(op.leak), np.abs(gate.threshold), np.abs(gate.value)]
    level = max(float(np.max(mark)) for mark in landmarks)
    bound = float(np.max(_steady(op.decay, drive) + 2 * np.abs(op.leak))) + level
    cover = 2 * level if gate is not None else min(bound, 256 * float(np.max(drive)) + level)
    constant, gain = float(np.max(np.abs(op.offset))), float(np.max(np.abs(op.gain))) * unit
    need = _need(op, gate)
    if seen is None:
        frac = _frac(bits, bound, max(cover, constant), need, gain)
    else:
        frac = _frac_of(bits, max(seen, level, constant), gain)
    _note(notes, "v", op.decay, Fixed(bits, frac), need)
    number = Fixed(bits, frac)
    multiplier, shift = multiplier_and_shift(np.asarray(op.gain * unit / number.scale))
    leak, offset = _units(op.leak, number), _units(op.offset, number)
    return FixedMembrane(number, decay_factor(op.decay), multiplier, shift, leak, offset, op.sees)


def _need(op: Membrane, gate: Gate | None) -> int:
    """Fractional bits that keep `RESOLUTION` bits of the threshold (or of one input unit) and let v decay."""
    levels = np.abs(gate.threshold if gate is not None else op.gain)
    smallest = float(np.min(levels[levels > 0], initial=inf))
    resolution = RESOLUTION - floor(log2(smallest)) if smallest < inf else RESOLUTION
    return resolution + _decay_bits(op.decay)


def _gate(gate: Gate, number: Fixed) -> FixedGate:
    scaled = np.asarray(gate.threshold / number.scale)
    threshold = np.floor(scaled) if gate.compare == "gt" else np.ceil(scaled) - 1
    value = gate.threshold if gate.reset.startswith("subtract") else gate.value
    lowest = None if gate.v_min is None else _units(gate.v_min, number)
    return FixedGate(threshold.astype(np.int64), gate.reset, _units(value, number), gate.spikes, lowest)


def _units(value: Array, number: Fixed) -> Array:
    return np.rint(np.asarray(value) / number.scale).astype(np.int64)


def _note(notes: list[Problem], state: str, decay: Array, number: Fixed, need: int) -> None:
    if number.frac < need:
        error = number.scale / float(np.min(1.0 - decay, where=decay < 1, initial=1.0))
        notes.append(
            Problem(
                "AX404",
                f"the state {state} has {number.frac} fractional bits; its decay asks for {need}",
                f"its steady state is off by up to {error:.3g}",
                "choose --state q32" if number.bits < 32 else "scale its weights down, if that matters",
            )
        )
