"""What tiles add up of maps over images, in plain loops: their matrices, and the gradients of what all places share."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from axonc.backends.ipu.training.groups import Place
from axonc.ir import Shape
from axonc.ir.ops import Conv, Pool

Array = np.ndarray[Any, Any]
Synapse = tuple[int, int, int]
"""Source, target, element of the kernel."""


def synapses(op: Conv | Pool, shape: Shape) -> list[Synapse]:
    """Those of a map of an image of ``shape``, sources ascending, of each the targets."""
    return sorted(_met(op, shape))


def _met(op: Conv | Pool, shape: Shape) -> Iterator[Synapse]:
    extents = tuple(axis.extent(size) for axis, size in zip(op.axes, shape[1:], strict=True))
    taps = tuple(axis.kernel for axis in op.axes)
    for (o, c, i), place, tap in product(_channels(op, shape), np.ndindex(*extents), np.ndindex(*taps)):
        seen = [
            t * axis.stride + k * axis.dilation - axis.before for t, k, axis in zip(place, tap, op.axes, strict=True)
        ]
        if all(0 <= at < size for at, size in zip(seen, shape[1:], strict=True)):
            source, target = (
                np.ravel_multi_index((c, *seen), shape),
                np.ravel_multi_index((o, *place), (o + 1, *extents)),
            )
            element = np.ravel_multi_index((o, i, *tap), op.weight.shape) if isinstance(op, Conv) else 0
            yield int(source), int(target), int(element)


def _channels(op: Conv | Pool, shape: Shape) -> list[tuple[int, int, int]]:
    """Output channels, the input channels that they see, and the numbers of these in their group."""
    if isinstance(op, Pool):
        return [(c, c, 0) for c in range(shape[0])]
    outputs, inputs = op.weight.shape[:2]
    return [(o, o // (outputs // op.groups) * inputs + i, i) for o in range(outputs) for i in range(inputs)]


def matrix(op: Conv | Pool, shape: Shape, targets: int) -> Array:
    """The map as a matrix [targets, sources]."""
    made = np.zeros((targets, int(np.prod(shape))), np.float32)
    kernel = op.weight.reshape(-1) if isinstance(op, Conv) else [1 / op.taps if op.average else 1]
    for source, target, element in synapses(op, shape):
        made[target, source] = kernel[element]
    return made


def kernel_total(op: Conv, place: Place, x: Array, read: Array) -> Array:
    """The gradient of a kernel, of derivatives x and sources read, [B, T, ...]: of every tile, then of all."""
    known, flat = synapses(op, read.shape[2:]), (*x.shape[:2], -1)
    return _over_tiles(place, x.reshape(flat), op.weight.size, known, read.reshape(flat)).reshape(op.weight.shape)


def bias_total(op: Conv, place: Place, x: Array) -> Array:
    """The gradient of its bias."""
    flat = x.reshape(*x.shape[:2], -1)
    each = flat.shape[2] // len(op.weight)
    return _over_tiles(
        place, flat, len(op.weight), [(0, n, n // each) for n in range(flat.shape[2])], np.ones_like(flat)
    )


def _over_tiles(place: Place, x: Array, size: int, known: list[Synapse], read: Array) -> Array:
    total = None
    for tile in range(place.layout.tiles):
        here = place.layout.range(tile)
        sources, targets, elements = (
            np.array(part, int) for part in zip(*[s for s in known if s[1] in here], strict=True)
        )
        part = np.zeros(size, np.float32)
        for step, sample in product(range(x.shape[1]), range(len(x))):
            np.add.at(part, elements, x[sample, step, targets] * read[sample, step, sources])
        total = part if total is None else total + part
    assert total is not None
    return total
