"""tanh and sigmoid as this project defines them: in float32 the same few roundings in numpy and in C.

``axonc_tanhf`` in C (`backends/native/tensor/runtime/functions.h`) has the same operations in the same order, so that
gated units mean the same bits everywhere; numpy's own differ from processor to processor. In other types they are
numpy's.
"""

from __future__ import annotations

import numpy as np

from ..ops import Array

F = np.float32
TWO = F(2)
MOST = F(9.1)
"""Beyond it tanh is 1 in every bit."""
PER_OCTAVE = F(1.44269504)
LN2, BEYOND = F(0.693359375), F(2.12194440e-4)
"""1 / ln 2; ln 2 rounded to few bits, and by how much that is too large."""
WHOLE = F(12582912.0)
"""1.5 * 2^23: adding it and taking it away rounds to a whole number."""
EXPONENT = F(12583039.0)
"""The same and 127: its low bits are then those of a float's exponent."""
TAYLOR = tuple(F(1) / F(n) for n in (5040, 720, 120, 24, 6, 2))
"""Coefficients of (exp(r) - 1 - r) / r^2, the highest power first."""
CHUNK = 1 << 14
"""Elements that stay in a processor's cache while the operations go over them."""


def tanh(x: Array) -> Array:
    """tanh(x), elementwise, in the type of x; in float32 within 3 units in the last place."""
    if x.dtype != np.float32:
        return np.asarray(np.tanh(x))
    result = np.empty(x.shape, np.float32)
    given, made = np.ascontiguousarray(x).reshape(-1), result.reshape(-1)
    for first in range(0, given.size, CHUNK):
        _tanh32(given[first : first + CHUNK], made[first : first + CHUNK])
    return result


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), by way of tanh, which never overflows."""
    half = x.dtype.type(0.5)
    return np.asarray(half + half * tanh(half * x))


def _tanh32(x: Array, made: Array) -> None:
    """tanh(x) = (e - 1) / (e + 1) with e = exp(2 |x|)."""
    e = _expm1(TWO * np.minimum(np.abs(x), MOST))
    np.divide(e, e + TWO, out=made)
    np.copysign(made, x, out=made)


def _expm1(x: Array) -> Array:
    """exp(x) - 1 for |x| <= 88: x = n ln 2 + r with |r| <= ln 2 / 2, and the Taylor series of exp(r) - 1."""
    n = x * PER_OCTAVE
    n += WHOLE
    n -= WHOLE
    r = x - n * LN2
    r += n * BEYOND
    p = TAYLOR[0] * r
    for coefficient in TAYLOR[1:]:
        p += coefficient
        p *= r
    p *= r
    p += r
    scale = _power2(n)
    return np.asarray(scale * p + (scale - F(1)))


def _power2(n: Array) -> Array:
    """2^n for whole numbers from -126 to 127; whatever for NaN."""
    bits = (n + EXPONENT).view(np.uint32)
    bits <<= np.uint32(23)
    return np.asarray(bits.view(np.float32))
