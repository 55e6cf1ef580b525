"""What integer weights can look like, and how real ones become them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from axonc.ir.ops import Array, Matrix, is_sparse

from .scales import MAX_INTEGER

Rounding = Literal["nearest", "truncate", "stochastic"]
Scope = Literal["fan_in", "channel"]
Scales = Literal["max", "mse"]

NOISE = 1e-9
SINGLE = 2.0**-23
"""A ratio that is as close to a whole number q is that number: the last bit of a division must not decide, nor that of
a float32 q s, for the q of integers that came as floats, up to 127."""


@dataclass(frozen=True)
class WeightFormat:
    """Symmetric integers of ``bits`` bits, from -limit to limit; ``absmean``: their scale is the mean of |W| (BitNet
    b1.58, arXiv:2402.17764)."""

    name: str
    bits: int
    absmean: bool = False

    @property
    def limit(self) -> int:
        """The largest weight, 2^(bits-1) - 1."""
        return (1 << (self.bits - 1)) - 1

    @property
    def dtype(self) -> type[np.signedinteger[Any]]:
        """How they are held: one weight an int8, or an int16."""
        return np.int8 if self.bits <= 8 else np.int16


WEIGHT_FORMATS: Mapping[str, WeightFormat] = {
    number.name: number
    for number in (
        WeightFormat("int16", 16),
        WeightFormat("int8", 8),
        WeightFormat("int4", 4),
        WeightFormat("int2", 2),
        WeightFormat("ternary", 2, absmean=True),
    )
}
"""The formats of integer weights by name."""


@dataclass(frozen=True)
class WeightRules:
    """How weights get their scales and are rounded; the fields are options of `Quantize`."""

    rounding: Rounding = "nearest"
    scope: Scope = "fan_in"
    scales: Scales = "max"
    power_of_two: bool = False
    seed: int = 0

    def integers(self, name: str, weight: Matrix, scale: Array, number: WeightFormat) -> Matrix:
        """W / scale as integers within the format's limit; sparse stays sparse. ``scale``: () or one a row; ``name``:
        the node's, which with the seed decides how ``stochastic`` rounds."""
        if is_sparse(weight):
            rows = np.repeat(np.broadcast_to(scale, weight.shape[0]), np.diff(weight.indptr))
            result = weight.copy().astype(np.float64)
            result.data = self.whole(name, weight.data, rows, number)
            result = result.astype(number.dtype)
            result.eliminate_zeros()
            narrow: Matrix = result
            return narrow
        dense = np.asarray(weight)
        column = scale.reshape(-1, *(1,) * (dense.ndim - 1)) if scale.ndim else scale
        return np.asarray(self.whole(name, dense, column, number).astype(number.dtype))

    def whole(self, name: str, weight: Array, scale: Array, number: WeightFormat) -> Array:
        """The same of values and a scale for each, as whole numbers in float64."""
        return self._rounded(name, _ratio(weight, scale), number)

    def _rounded(self, name: str, ratio: Array, number: WeightFormat) -> Array:
        whole = np.clip(ratio, -number.limit, number.limit)
        if self.rounding == "stochastic":
            return np.asarray(np.floor(whole + uniform(f"{self.seed}:{name}", whole.shape)))
        return np.asarray(np.trunc(whole) if self.rounding == "truncate" else np.rint(whole))


def uniform(key: str, shape: tuple[int, ...]) -> Array:
    """Numbers in [0, 1) of 53 bits that depend on ``key`` alone: PCG64 seeded by its SHA-256."""
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:16], "little")
    raw = np.random.PCG64(seed).random_raw(int(np.prod(shape, dtype=np.int64)))
    return np.asarray((np.asarray(raw, np.uint64) >> np.uint64(11)) * 2.0**-53).reshape(shape)


def _ratio(weight: Array, scale: Array) -> Array:
    """weight / scale in float64, freed of the last bit's noise: the largest weight is exactly the limit."""
    ratio = weight.astype(np.float64) / scale
    nearest = np.rint(ratio)
    noise = np.maximum(NOISE, SINGLE * np.minimum(np.abs(nearest), MAX_INTEGER))
    return np.where(np.abs(ratio - nearest) <= noise, nearest, ratio)
