"""How well integers stand for the numbers that they replace."""

from __future__ import annotations

from dataclasses import replace
from math import log10
from typing import Any

import numpy as np

from axonc.ir.arithmetic import DECAY_BITS
from axonc.ir.interpret import KERNELS
from axonc.ir.ops import (
    Array,
    Conv,
    FixedMembrane,
    FixedNeuron,
    FixedSynapse,
    Linear,
    Matrix,
    Membrane,
    Neuron,
    Synapse,
    is_sparse,
)

EXACT = 1e-12
"""A squared error that is smaller than so much of the signal is the division's noise."""


def restored(weight: Matrix, scale: Array) -> Matrix:
    """scale W, row by row, in float64."""
    if is_sparse(weight):
        result = weight.astype(np.float64)
        result.data = result.data * np.repeat(np.broadcast_to(scale, weight.shape[0]), np.diff(weight.indptr))
        return result
    wide = np.asarray(weight, np.float64)
    return wide * (scale.reshape(-1, *(1,) * (wide.ndim - 1)) if scale.ndim else scale)


def sqnr_db(weight: Matrix, held: Matrix) -> float | None:
    """10 log10(sum W^2 / sum (W - held)^2) in dB; None where nothing is lost to float32."""
    difference = _values(weight - held)
    signal, noise = (float(np.sum(np.square(values))) for values in (_values(weight), difference))
    return None if noise <= EXACT * signal else 10 * log10(signal / noise) if signal else 0.0


def _values(weight: Any) -> Array:
    return np.asarray(weight.data if is_sparse(weight) else weight, np.float64)


def mean_error(op: Linear | Conv, held: Matrix, mean: Array) -> Array:
    """E[(W - held) x] for inputs of a ``mean`` x: flat, of the op's output."""
    difference: Any = op.weight - held
    kernel = KERNELS[type(op)](replace(op, weight=difference, bias=None), "float64")
    _, error = kernel.step({}, mean[None].astype(np.float64))
    return np.asarray(error[0]).reshape(-1)


def state_fidelity(op: Neuron, fixed: FixedNeuron) -> dict[str, dict[str, Any]]:
    """What `ir.precision` says of the states of a population, by the state's name."""
    said = {"v": _leaky(op.membrane, fixed.membrane)}
    return said if op.synapse is None or fixed.synapse is None else {"i": _leaky(op.synapse, fixed.synapse), **said}


def _leaky(part: Synapse | Membrane, fixed: FixedSynapse | FixedMembrane) -> dict[str, Any]:
    """A decay rounds toward zero (1 unit at most), the input half a unit, a constant another: over 1 - decay."""
    decay = np.asarray(part.decay, np.float64)
    leaks = decay < 1
    if not np.any(leaks):
        return {"format": str(fixed.format), "decay_error": None, "steady_error": None}
    rest, held = 1 - decay, np.asarray(fixed.decay) / (1 << DECAY_BITS)
    error = np.abs(held - decay) / np.where(leaks, rest, 1.0)
    units = 1.5 + 0.5 * bool(np.any(part.offset != 0))
    steady = units * fixed.format.scale / float(rest[leaks].min() if rest.ndim else rest)
    return {"format": str(fixed.format), "decay_error": float(np.max(error[leaks])), "steady_error": steady}
