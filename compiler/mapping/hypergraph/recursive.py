"""The built-in partitioner: parts are cut in two until there is one for each core, and improved at every level."""

from __future__ import annotations

import numpy as np

from axonc.ir.ops import Array

from .graph import Hypergraph
from .refine import refine
from .search import Search
from .split import split

TOGETHER = 160
"""The most parts that are improved together; more are first made as groups, then group by group."""

PINS = 3_000_000
"""Of a hypergraph with more pins only so many nets are looked at that they have about so many."""

COARSE = (0.25, 0.0)
"""Temperatures of the levels before the last."""


def partition(graph: Hypergraph, count: int) -> Array:
    """The part of every vertex, from 0 to ``count`` - 1: int64, the same for the same hypergraph everywhere.

    What is made small is the cost of a net for every part but one that it has a pin in. No part takes more than 1 of
    any kind of size, unless that is not found.
    """
    return _divided(graph, count, thorough=True)


def quick_partition(graph: Hypergraph, count: int) -> Array:
    """As `partition`, in a fraction of the time: all levels are improved as those before the last."""
    return _divided(graph, count, thorough=False)


def _divided(graph: Hypergraph, count: int, thorough: bool) -> Array:
    wanted = 1 if count <= TOGETHER else TOGETHER
    parts, quotas = _levels(graph.sampled(PINS), count, wanted, thorough)
    if wanted == 1:
        return parts
    final, first = np.empty_like(parts), 0
    for group, quota in enumerate(quotas.tolist()):
        mine = np.flatnonzero(parts == group)
        final[mine] = first + _divided(graph.within(mine), quota, thorough)
        first += quota
    return final


def _levels(graph: Hypergraph, count: int, wanted: int, thorough: bool) -> tuple[Array, Array]:
    """Parts that stand for at most ``wanted`` cores each, and how many each stands for."""
    parts, quotas = np.zeros(graph.vertices, np.int64), np.array([count])
    while quotas.max() > wanted:
        parts, quotas = split(graph, parts, quotas)
        search = Search(graph, parts, quotas)
        if thorough and quotas.max() <= wanted:
            refine(search)
        else:
            refine(search, COARSE, patience=1)
        parts = search.parts
    return parts, quotas
