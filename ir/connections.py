"""What connections of the builder are made of: matrices by delay, and windows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .diagnostics import Diagnostic, ModelError
from .ops import Axis, Matrix

PerAxis = int | Sequence[int]
"""One number for all axes, or one an axis."""

Padding = int | Sequence[int | tuple[int, int]]
"""Zeros around an image: for all axes or one an axis, the same before and after or a pair."""


def matrix_of(weight: npt.ArrayLike | Matrix) -> Matrix:
    """Weights as the graph holds them: dense as they are, any sparse form as CSR."""
    if sparse.issparse(weight):
        matrix = sparse.csr_array(weight)
        matrix.sum_duplicates()
        return matrix
    return np.atleast_2d(np.asarray(weight))


def by_delay(matrix: Matrix, delay: float | npt.ArrayLike | Matrix) -> Iterator[tuple[str, float, Matrix]]:
    """The synapses of each distinct delay: a suffix for the name, the delay, the weights."""
    delays = delay.toarray() if sparse.issparse(delay) else np.asarray(delay, np.float64)
    if delays.ndim == 0:
        yield "", float(delays), matrix
        return
    synapses = sparse.csr_array(matrix)
    rows, columns = synapses.nonzero()
    if delays.shape != synapses.shape:
        found, limit = f"delays of shape {delays.shape}", f"the weights have {synapses.shape}"
        raise ModelError(Diagnostic("AX103", "", found, limit, "give one delay a synapse"))
    times = delays[rows, columns]
    for time in np.unique(times):
        mine = times == time
        values = np.asarray(synapses[rows[mine], columns[mine]]).reshape(-1)
        part = sparse.csr_array((values, (rows[mine], columns[mine])), shape=synapses.shape)
        yield f"@{time:g}", float(time), part


def windows(
    name: str, kernel: Sequence[int], stride: PerAxis = 1, padding: Padding = 0, dilation: PerAxis = 1
) -> tuple[Axis, ...]:
    """The windows of a ``kernel`` over each axis; `ModelError` where that is not one number, or one an axis."""
    strides, dilations = _each(name, kernel, stride), _each(name, kernel, dilation)
    pads = (pad if isinstance(pad, tuple) else (pad, pad) for pad in _each(name, kernel, padding))
    axes = zip(kernel, strides, pads, dilations, strict=True)
    found = tuple(Axis(int(k), int(step), int(pad[0]), int(pad[1]), int(apart)) for k, step, pad, apart in axes)
    if any(axis.stride < 1 for axis in found):
        raise ModelError(Diagnostic("AX306", name, f"the strides {strides}", "from 1", "correct them"))
    return found


T = TypeVar("T")


def _each(name: str, kernel: Sequence[int], value: int | Sequence[T]) -> list[int | T]:
    values: list[int | T] = list(value) if isinstance(value, Iterable) else [value] * len(kernel)
    if len(values) != len(kernel):
        found, limit = f"{values} for {len(kernel)} spatial axes", "one number, or one an axis"
        raise ModelError(Diagnostic("AX103", name, found, limit, "correct it"))
    return values
