"""Units that an output depends on: what nothing reads, and what is always 0, can go."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from axonc.ir import Graph, Node
from axonc.ir.ops import Array, Conv, Linear, QuantConv, QuantLinear, is_sparse

from .layers import CONVOLUTIONS, PARTING, Layer


def needed(graph: Graph, found: Mapping[str, Layer], zero: Mapping[str, Array]) -> dict[str, Array]:
    """For every node, which units of its layer an output may depend on.

    A unit of a layer that keeps its units is needed. So is one of whose elements a matrix or a convolution multiplies
    one by a weight that is not 0, unless that is ``zero`` at every step, for the sum of a unit that is needed. Nothing
    else is: units that only read each other are not, in whatever loops.
    """
    units = {id(layer): np.full(layer.size, layer.fixed) for layer in found.values()}
    maps = [node for node in graph if isinstance(node.op, PARTING)]
    count = -1
    while count != (count := sum(int(np.sum(mask)) for mask in units.values())):
        for node in maps:
            name, source = node.inputs[0], found[node.inputs[0]]
            rows = found[node.name].elements(node.name, units[id(found[node.name])])
            read = _read_places(node, rows, zero[name].size) if isinstance(node.op, CONVOLUTIONS) else _read(node, rows)
            read &= ~np.all([zero[name] for name in node.inputs], axis=0)
            units[id(source)] |= source.any_of(name, read)
    return {name: units[id(layer)] for name, layer in found.items()}


def _read_places(node: Node, rows: Array, count: int) -> Array:
    """Which of ``count`` places of channels have a weight other than 0 in channels of which some of ``rows`` are; all,
    where channels are in groups."""
    assert isinstance(node.op, (Conv, QuantConv))
    if node.op.groups > 1:
        return np.full(count, bool(rows.any()))
    weight = np.asarray(node.op.weight)
    wanted = weight[rows.reshape(len(weight), -1).any(axis=1)] != 0
    read = wanted.any(axis=(0, *range(2, weight.ndim)))
    return np.repeat(read, count // read.size)


def _read(node: Node, rows: Array) -> Array:
    """Which columns have a weight other than 0 in ``rows``."""
    assert isinstance(node.op, (Linear, QuantLinear))
    if is_sparse(node.op.weight):
        return np.asarray(rows.astype(np.int64) @ node.op.weight.astype(bool).astype(np.int64) > 0)
    return np.asarray(np.any(np.asarray(node.op.weight)[rows] != 0, axis=0))
