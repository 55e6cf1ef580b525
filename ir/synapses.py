"""Which synapses lead from one slice to another: what mapping and backends both must know."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import lru_cache
from math import prod

import numpy as np

from .mapping import Slice
from .network import Projection, SharedKernel
from .ops import Array


def joins(projection: Projection, source: Slice, target: Slice) -> bool:
    """Whether a synapse leads from a neuron of ``source`` to one of ``target``."""
    if isinstance(projection.weight, SharedKernel):
        return bool(joined(projection.weight, [source], target))
    weight, rows = projection.weight, target.neurons
    if rows.size == 0 or source.count == 0:
        return False
    reached = weight.indices[_stored(weight.indptr, source.neurons)]
    if weight.shape[0] != (count := prod(target.shape)):
        reached = reached % count  # of a neuron's lanes, any
    if rows[-1] - rows[0] == rows.size - 1:  # a range: machine order ends with the largest number
        return bool(np.any((reached >= rows[0]) & (reached <= rows[-1])))
    return bool(np.any(np.isin(reached, rows)))


def _stored(starts: Array, columns: Array) -> slice | Array:
    """Where the entries of some columns stand."""
    if columns[-1] - columns[0] == columns.size - 1:
        return slice(int(starts[columns[0]]), int(starts[columns[-1] + 1]))
    return np.concatenate([np.arange(starts[column], starts[column + 1]) for column in columns])


def joined(kernel: SharedKernel, sources: Iterable[Slice], target: Slice) -> list[Slice]:
    """The slices from which a tap of a kernel leads to a neuron of ``target``."""
    reaching = _reaching(kernel, target.box)
    return [source for source in sources if all(map(_any_between, reaching, source.lower, source.upper))]


def reaching(kernel: SharedKernel, target: Slice) -> Array:
    """The source neurons from which a tap leads into a slice, ascending: int64."""
    return np.ravel_multi_index(np.ix_(*_reaching(kernel, target.box)), kernel.source).reshape(-1)


def _any_between(numbers: list[int], lower: int, upper: int) -> bool:
    return bisect_left(numbers, lower) < bisect_left(numbers, upper)


@lru_cache(maxsize=512)
def _reaching(kernel: SharedKernel, target: Slice) -> list[list[int]]:
    """The source channels, and along every axis the source places, from which a tap leads into a slice; ascending."""
    reached = ((channel, reached_channels(kernel, channel, target)) for channel in range(kernel.source[0]))
    channels = [channel for channel, (first, last) in reached if last > first]
    return [channels, *(np.unique(taps[:, 0]).tolist() for taps in taps_into(kernel, target))]


def taps_into(kernel: SharedKernel, target: Slice) -> Iterator[Array]:
    """Along every axis, the taps of a kernel that lead into a slice."""
    for axis, taps in enumerate(kernel.taps):
        yield taps[(taps[:, 1] >= target.lower[axis + 1]) & (taps[:, 1] < target.upper[axis + 1])]


def reached_channels(kernel: SharedKernel, channel: int, target: Slice) -> tuple[int, int]:
    """The first channel of a slice that a source channel reaches, and the one behind its last; equal if none."""
    first, last = kernel.reach(channel)
    first = max(first, target.lower[0])
    return first, max(first, min(last, target.upper[0]))
