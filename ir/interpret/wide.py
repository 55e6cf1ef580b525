"""pow, sin, cos and erf of float32 as this project defines them: computed in float64, and rounded once at the end.

C has the same operations in the same order (`backends/native/tensor/runtime/wide.h`). In other types they are numpy's.
"""

from __future__ import annotations

from math import factorial

import numpy as np
from scipy import special

from ..ops import Array

D = np.float64
PER_OCTAVE, LN2, BELOW = D(1.4426950408889634), D(0.6931471803691238), D(1.9082149292705877e-10)
"""1 / ln 2; the leading bits of ln 2, and the rest."""
EXP = tuple(D(1) / D(factorial(n)) for n in range(13, 1, -1))
"""Coefficients of (exp(r) - 1 - r) / r^2, the highest power first."""
LOG = tuple(D(1) / D(n) for n in range(23, 1, -2))
"""Coefficients of (log(1 + f) / 2 s - 1) / s^2 in s^2, with s = f / (2 + f)."""
ROOT_HALF = D(0.7071067811865476)
FARTHEST = D(300)
"""Beyond e^300 everything is infinite as a float32, below its inverse 0."""
PER_QUARTER, QUARTER, REST = D(0.6366197723675814), D(1.5707963267341256), D(6.077100506506192e-11)
"""2 / pi; the leading bits of pi / 2, and the rest."""
SIN = tuple(D((-1) ** (n // 2)) / D(factorial(n)) for n in range(15, 1, -2))
COS = tuple(D((-1) ** (n // 2)) / D(factorial(n)) for n in range(14, 0, -2))
"""Coefficients of (sin(r) / r - 1) / r^2 and of (cos(r) - 1) / r^2 in r^2, the highest power first."""


def power(x: Array, y: Array) -> Array:
    """x to the power y, elementwise; of float32 within a unit in the last place, with the special values of C's pow."""
    if x.dtype != np.float32:
        return np.asarray(np.power(x, y))
    base, exponent = np.broadcast_arrays(x, y)
    size = _exp(exponent.astype(D) * _log(np.abs(base).astype(D)))
    size = np.where((np.abs(base) == 1) & (exponent == exponent), D(1), size)
    whole = np.floor(exponent) == exponent
    odd = whole & (np.floor(exponent * np.float32(0.5)) * np.float32(2) != exponent)
    signed = np.where(odd & np.signbit(base), -size, size)
    signed = np.where((base < 0) & np.isfinite(base) & ~whole, D(np.nan), signed)
    return np.asarray(np.where((exponent == 0) | (base == 1), D(1), signed).astype(np.float32))


def sin(x: Array) -> Array:
    """sin(x), elementwise; of float32 within a unit in the last place up to 10^6."""
    return _turned(x, 0) if x.dtype == np.float32 else np.asarray(np.sin(x))


def cos(x: Array) -> Array:
    """cos(x), elementwise; of float32 within a unit in the last place up to 10^6."""
    return _turned(x, 1) if x.dtype == np.float32 else np.asarray(np.cos(x))


def _turned(x: Array, quarters: int) -> Array:
    """sin(x + quarters pi / 2), of x = k pi / 2 + r."""
    wide = x.astype(D)
    k = np.rint(wide * PER_QUARTER) + D(0)  # -0.0 becomes 0.0, and sin(-0.0) stays what it is
    r = (wide - k * QUARTER) - k * REST
    turn = k + D(quarters)
    turn = turn - D(4) * np.floor(turn * D(0.25))
    square = r * r
    sine = r * (D(1) + square * _horner(SIN, square))
    cosine = D(1) + square * _horner(COS, square)
    found = np.where((turn == 1) | (turn == 3), cosine, sine)
    return np.asarray(np.where(turn >= 2, -found, found).astype(np.float32))


NEAR = tuple(
    map(
        D,
        (
            *(7.853861353153693e-5, -8.010193625184903e-4, 5.188327685732524e-3, -2.685381193529856e-2),
            *(1.128358514861418e-1, -3.761262582423300e-1, 1.128379165726710),
        ),
    )
)
MIDDLE = tuple(
    map(
        D,
        (
            *(2.326819970068386e-2, -1.387039388740657e-1, 3.687424674597105e-1, -5.824733027278666e-1),
            *(6.210004621745983e-1, -4.944515323274145e-1, 3.404879937665872e-1, -2.741127028184656e-1),
            5.638259427386472e-1,
        ),
    )
)
FAR = tuple(
    map(
        D,
        (
            *(-1.047766399936249e1, 1.297719955372516e1, -7.495518717768503, 2.921019019210786),
            *(-1.015265279202700, 4.218463358204948e-1, -2.820767439740514e-1, 5.641895067754075e-1),
        ),
    )
)
"""Coefficients of erf(x) / x in x^2 up to 1, and of (1 - erf(x)) x exp(x^2) in 1 / x^2 up to 2 and beyond (Cephes)."""


def erf(x: Array) -> Array:
    """erf(x), elementwise; of float32 within 2 units in the last place."""
    if x.dtype != np.float32:
        return np.asarray(special.erf(x))
    size = np.minimum(np.abs(x).astype(D), D(10))
    square = size * size
    inverse = D(1) / np.where(size < 1, D(1), square)
    tail = np.where(size < 2, _horner(MIDDLE, inverse), _horner(FAR, inverse))
    beyond = D(1) - _exp(-square) * (tail / np.where(size < 1, D(1), size))
    found = np.where(size < 1, size * _horner(NEAR, square), beyond)
    return np.asarray(np.copysign(np.where(x == x, found, x.astype(D)), x.astype(D)).astype(np.float32))


def _exp(x: Array) -> Array:
    x = np.minimum(np.maximum(x, -FARTHEST), FARTHEST)
    n = np.rint(x * PER_OCTAVE)
    r = (x - n * LN2) - n * BELOW
    series = D(1) + (r + (r * r) * _horner(EXP, r))
    bits = np.where(n == n, n, D(0)).astype(np.int64) + np.int64(1023)
    return np.asarray(series * (bits << np.int64(52)).view(D))


def _log(x: Array) -> Array:
    """Of a float32, none of which is below the least normal float64."""
    bits = x.view(np.int64)
    mantissa = ((bits & np.int64(0xFFFFFFFFFFFFF)) | np.int64(0x3FE0000000000000)).view(D)
    low = mantissa < ROOT_HALF
    k = ((bits >> np.int64(52)) - np.int64(1022) - low).astype(D)
    f = np.where(low, mantissa + mantissa, mantissa) - D(1)
    s = f / (D(2) + f)
    square = s * s
    found = (k * BELOW + D(2) * (s + (s * square) * _horner(LOG, square))) + k * LN2
    found = np.where(x == np.inf, x, found)
    return np.where(x == 0, D(-np.inf), np.where(x == x, found, x))


def _horner(coefficients: tuple[np.float64, ...], x: Array) -> Array:
    total = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total = total * x + coefficient
    return total
