"""tanh, sigmoid, exp, log and softplus as this project defines them: in float32 the same bits in numpy and in C.

``axonc_tanhf`` and the others in C (`backends/native/tensor/runtime/functions.h`) have the same operations in the same
order, so that models mean the same bits everywhere; numpy's own differ from processor to processor. In other types they
are numpy's.
"""

from __future__ import annotations

from collections.abc import Callable

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


LEAST_EXPONENT, MOST_EXPONENT = F(-104), F(89)
"""Below and above, exp is 0 and infinite."""
TINY, ENLARGED = F(2.0**-126), F(2.0**25)
"""The least float32 with all its digits, and what smaller ones are multiplied with."""
ROOT_HALF = F(0.70710678)
LOG = tuple(
    map(
        F,
        (
            *(7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1),
            *(-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1),
        ),
    )
)
"""Coefficients of (log(1 + f) - f + f^2 / 2) / f^3, the highest power first (Cephes, S. Moshier)."""


def tanh(x: Array) -> Array:
    """tanh(x), elementwise, in the type of x; in float32 within 3 units in the last place."""
    return _chunked(_tanh32, x) if x.dtype == np.float32 else np.asarray(np.tanh(x))


def exp(x: Array) -> Array:
    """exp(x), elementwise, in the type of x; in float32 within 2 units in the last place."""
    return _chunked(_exp32, x) if x.dtype == np.float32 else np.asarray(np.exp(x))


def log(x: Array) -> Array:
    """log(x), elementwise, in the type of x; in float32 within 2 units in the last place."""
    return _chunked(_log32, x) if x.dtype == np.float32 else np.asarray(np.log(x))


def softplus(x: Array) -> Array:
    """log(1 + exp(x)) without overflow, elementwise, in the type of x."""
    zero = x.dtype.type(0)
    if x.dtype != np.float32:
        return np.asarray(np.maximum(x, zero) + np.log1p(np.exp(-np.abs(x))))
    e = exp(-np.abs(x))
    one = e + F(1)
    small = np.where(one == F(1), e, log(one) * (e / np.where(one == F(1), F(1), one - F(1))))
    return np.asarray(np.maximum(x, zero) + small)


def _chunked(function: Callable[[Array, Array], None], x: Array) -> Array:
    """A function of float32 that writes its result, chunk by chunk."""
    result = np.empty(x.shape, np.float32)
    given, made = np.ascontiguousarray(x).reshape(-1), result.reshape(-1)
    for first in range(0, given.size, CHUNK):
        function(given[first : first + CHUNK], made[first : first + CHUNK])
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
    p = _series(r)
    scale = _power2(n)
    return np.asarray(scale * p + (scale - F(1)))


def _exp32(x: Array, made: Array) -> None:
    """exp(x) = 2^n exp(r) with x = n ln 2 + r; 2^n in two factors, so that tiny results are rounded once."""
    x = np.minimum(np.maximum(x, LEAST_EXPONENT), MOST_EXPONENT)
    n = (x * PER_OCTAVE + WHOLE) - WHOLE
    r = (x - n * LN2) + n * BEYOND
    half = (n * F(0.5) + WHOLE) - WHOLE
    np.multiply((_series(r) + F(1)) * _power2(half), _power2(n - half), out=made)


def _log32(x: Array, made: Array) -> None:
    """log(x) = k ln 2 + log(1 + f) with x = 2^k (1 + f) and 1 + f from sqrt(1/2) to sqrt(2)."""
    tiny = (x > 0) & (x < TINY)
    bits = (x * np.where(tiny, ENLARGED, F(1))).view(np.int32)
    mantissa = ((bits & np.int32(0x7FFFFF)) | np.int32(0x3F000000)).view(np.float32)
    low = mantissa < ROOT_HALF
    k = ((bits >> np.int32(23)) - np.int32(126) - low - np.int32(25) * tiny).astype(np.float32)
    f = np.where(low, mantissa + mantissa, mantissa) - F(1)
    square, p = f * f, np.full_like(f, LOG[0])
    for coefficient in LOG[1:]:
        p = p * f + coefficient
    found = (((p * f) * square - k * BEYOND) - F(0.5) * square + f) + k * LN2
    found = np.where(x == np.inf, x, found)
    np.copyto(made, np.where(x > 0, found, np.where(x == 0, F(-np.inf), F(np.nan))))


def _series(r: Array) -> Array:
    """exp(r) - 1 for |r| <= ln 2 / 2: its Taylor series."""
    p = TAYLOR[0] * r
    for coefficient in TAYLOR[1:]:
        p += coefficient
        p *= r
    p *= r
    p += r
    return np.asarray(p)


def _power2(n: Array) -> Array:
    """2^n for whole numbers from -126 to 127; whatever for NaN."""
    bits = (n + EXPONENT).view(np.uint32)
    bits <<= np.uint32(23)
    return np.asarray(bits.view(np.float32))
