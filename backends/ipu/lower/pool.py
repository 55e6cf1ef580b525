"""Pools in float: what they give is sent as values, which weights read as those of other populations."""

from __future__ import annotations

import numpy as np

from axonc.ir.ops import Pool

from .base import Unit

VERTEX = 4 + 3 * 4 + 4 * 8
"""Its place in a compute set, words, pointers with sizes."""


def pool(op: Pool) -> Unit:
    """The vertex `FloatPool`: the sum times 1 / taps of an average, else times 1."""
    factor = np.full((1, 1), 1 / op.taps if op.average else 1, "<f4")
    return Unit("f4", "f4", "f4", factor, 0, "updateFloatPool(graph, {}, {});".format, VERTEX)
