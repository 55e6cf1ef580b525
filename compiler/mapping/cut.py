"""Ways of cutting a population into boxes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, product
from math import prod

import numpy as np

from axonc.ir import Shape
from axonc.ir.mapping import Cut, Slice
from axonc.ir.network import Network, Population, SharedKernel

BAND = 256
"""Neurons in a slice of an input that convolutions read, or of which cores need few; or a few more."""

GRADED = 65535
"""The most neurons of a slice whose events carry a value: their number shares a word with it."""

Pieces = tuple[int, ...]
"""Into how many a population is cut along each axis."""


def ways(network: Network, population: Population, pieces: int) -> list[Pieces]:
    """The ways of cutting a population into so many boxes, those along the first axis first; none if there are none.

    Maps between convolutions can be cut along all axes. Other populations are cut along the first axis, then, where
    that is used up, along the next.
    """
    if _has_maps(network, population):
        return sorted(_factors(population.shape, pieces), reverse=True)
    return [way] if prod(way := first_axes(population.shape, pieces)) == pieces else []


def bands(network: Network, population: Population) -> Pieces:
    """How an input that the host feeds is cut: maps along their first spatial axis, and an input of which a core needs
    few neurons, or a part, along its first axes, so that it hears little that it does not need, and stores few rows
    that are empty; anything else not at all, unless its values are too many."""
    pieces = [1] * len(population.shape)
    if _has_maps(network, population):
        pieces[1] = min(population.shape[1], -(-population.count // BAND))
    elif _is_thin(network, population) or _is_shared_out(network, population):
        return _small_enough(population.shape, BAND)
    elif population.graded:
        return _small_enough(population.shape, GRADED)
    return tuple(pieces)


def _is_thin(network: Network, population: Population) -> bool:
    """Whether a neuron reaches fewer than one of `BAND` targets, on average."""
    matrices = [j.weight for j in network.fan_out[population.name] if not isinstance(j.weight, SharedKernel)]
    places = sum(matrix.shape[0] * matrix.shape[1] for matrix in matrices)
    return 0 < BAND * sum(int(matrix.nnz) for matrix in matrices) < places


def _is_shared_out(network: Network, population: Population) -> bool:
    """Whether every matrix reads a part of a population alone, at most half of it."""
    matrices = [j.weight for j in network.fan_out[population.name] if not isinstance(j.weight, SharedKernel)]
    read = (np.count_nonzero(np.diff(matrix.indptr)) for matrix in matrices)
    return bool(matrices) and all(2 * count <= population.count for count in read)


def _small_enough(shape: Shape, most: int) -> Pieces:
    """The fewest pieces along the first axes whose boxes have ``most`` neurons at most."""
    pieces = -(-prod(shape) // most)
    while largest_box(shape, way := first_axes(shape, pieces)) > most:
        pieces += 1
    return way


def finest(population: Population) -> Slice:
    """The first neuron alone."""
    return Slice(population.name, population.shape, (0,) * len(population.shape), (1,) * len(population.shape))


def cut(population: Population, way: Pieces) -> Cut:
    """The boxes, ascending; along each axis their sizes differ by at most one, larger ones first."""
    axes = [_ranges(extent, pieces) for extent, pieces in zip(population.shape, way, strict=True)]
    boxes = product(*axes)
    return Cut.of(
        Slice(population.name, population.shape, tuple(first for first, _ in box), tuple(last for _, last in box))
        for box in boxes
    )


def largest_box(shape: Shape, way: Pieces) -> int:
    """Neurons of the largest box."""
    return prod(-(-extent // pieces) for extent, pieces in zip(shape, way, strict=True))


def _has_maps(network: Network, population: Population) -> bool:
    joined = (*network.fan_in[population.name], *network.fan_out[population.name])
    return any(isinstance(projection.weight, SharedKernel) for projection in joined)


def _factors(shape: Shape, pieces: int) -> Iterator[Pieces]:
    """Every way of writing ``pieces`` as a product of numbers that do not exceed the extents."""
    if not shape:
        if pieces == 1:
            yield ()
        return
    for first in range(1, min(shape[0], pieces) + 1):
        if pieces % first == 0:
            yield from ((first, *others) for others in _factors(shape[1:], pieces // first))


def first_axes(shape: Shape, pieces: int) -> Pieces:
    """At least so many pieces, if there are as many elements: along the first axis, then along the next."""
    way = []
    for extent in shape:
        way.append(min(extent, pieces))
        pieces = -(-pieces // max(extent, 1))
    return tuple(way)


def _ranges(extent: int, pieces: int) -> list[tuple[int, int]]:
    base, more = divmod(extent, pieces)
    return list(pairwise(index * base + min(index, more) for index in range(pieces + 1)))
