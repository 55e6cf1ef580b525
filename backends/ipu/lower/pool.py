"""Pools and weights in float that others than neurons read: what they give is sent as values."""

from __future__ import annotations

import numpy as np

from axonc.ir.ops import Conv, Linear, Pool

from .base import Unit

VERTEX = 4 + 3 * 4 + 4 * 8
"""Its place in a compute set, words, pointers with sizes."""


def pool(op: Pool) -> Unit:
    """The vertex `FloatPool`: the sum times 1 / taps of an average, else times 1."""
    factor = np.full((1, 1), 1 / op.taps if op.average else 1, "<f4")
    return Unit("f4", "f4", "f4", factor, 0, "updateFloatPool(graph, {}, {});".format, VERTEX)


def weights(op: Linear | Conv) -> Unit:
    """The same vertex: the sum as it is."""
    return Unit("f4", "f4", "f4", np.ones((1, 1), "<f4"), 0, "updateFloatPool(graph, {}, {});".format, VERTEX)
