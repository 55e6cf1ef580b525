"""Surrogates as codelets take them."""

from __future__ import annotations

import numpy as np

from axonc.ir.ops import FastSigmoid, StraightThrough, SuperSpike, Surrogate, Triangle

from ..pieces import Number


def surrogate_numbers(surrogate: Surrogate) -> dict[str, Number]:
    """The plain fields that say which surrogate a codelet takes."""
    constants: dict[type[Surrogate], tuple[str, ...]] = {
        SuperSpike: ("beta",),
        FastSigmoid: ("slope",),
        Triangle: ("support", "damping"),
        StraightThrough: (),
    }
    kinds = list(constants)
    values = [float(np.float32(getattr(surrogate, name))) for name in constants[type(surrogate)]]
    first, second = (*values, 0.0, 0.0)[:2]
    return {"surrogate": kinds.index(type(surrogate)), "steepness": first, "height": second, "below": surrogate.below}
