"""Units that an output depends on: what nothing reads, and what is always 0, can go."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from axonc.ir import Graph, Node
from axonc.ir.ops import Array, Linear, QuantLinear, is_sparse

from .layers import MATRICES, Layer


def needed(graph: Graph, found: Mapping[str, Layer], zero: Mapping[str, Array]) -> dict[str, Array]:
    """For every node, which units of its layer an output may depend on.

    A unit of a layer that keeps its units is needed. So is one whose element a matrix multiplies by a weight that is
    not 0, unless it is ``zero`` at every step, for the sum of a unit that is needed. Nothing else is: units that only
    read each other are not, in whatever loops.
    """
    units = {id(layer): np.full(layer.size, layer.fixed) for layer in found.values()}
    matrices = [node for node in graph if isinstance(node.op, MATRICES)]
    count = -1
    while count != (count := sum(int(np.sum(mask)) for mask in units.values())):
        for node in matrices:
            source = found[node.inputs[0]]
            read = _read(node, found[node.name].elements(node.name, units[id(found[node.name])]))
            read &= ~np.all([zero[name] for name in node.inputs], axis=0)
            copies = found[node.inputs[0]].copies[node.inputs[0]]
            units[id(source)] |= read.reshape(copies, source.size).any(axis=0)
    return {name: units[id(layer)] for name, layer in found.items()}


def _read(node: Node, rows: Array) -> Array:
    """Which columns have a weight other than 0 in ``rows``."""
    assert isinstance(node.op, (Linear, QuantLinear))
    if is_sparse(node.op.weight):
        return np.asarray(rows.astype(np.int64) @ node.op.weight.astype(bool).astype(np.int64) > 0)
    return np.asarray(np.any(np.asarray(node.op.weight)[rows] != 0, axis=0))
