"""The built-in partitioner: the hypergraph is made coarser, cut in two again and again, improved at every level.

The coarser a hypergraph, the fewer its parts: they are cut in two where about `EACH` vertices are left to each, and the
halves go on to the next finer one (Gottesbueren, Heuer, Sanders, Schulz and Seemaier, "Deep multilevel graph
partitioning", ESA 2021).
"""

from __future__ import annotations

import numpy as np

from axonc.ir.ops import Array

from .coarsen import coarser
from .graph import Hypergraph
from .refine import PATIENCE, refine
from .search import Search
from .split import split

TOGETHER = 160
"""The most parts that are improved together; more are first made as groups, then group by group."""

PINS = 3_000_000
"""Of a hypergraph with more pins only so many nets are looked at that they have about so many."""

EACH = 40
"""Vertices of a part, on average, below which it is not cut before there are more of them."""

SMALLER = 0.9
"""A coarser hypergraph with more than this part of the vertices is not worth it."""

HASTY = 1
"""Rounds without a better partition that end the search before the last parts, and always in a quick one."""


def partition(graph: Hypergraph, count: int) -> Array:
    """The part of every vertex, from 0 to ``count`` - 1: int64, the same for the same hypergraph everywhere.

    What is made small is the cost of a net for every part but one that it has a pin in. No part takes more than 1 of
    any kind of size, unless that is not found.
    """
    return _divided(graph, count, thorough=True)


def quick_partition(graph: Hypergraph, count: int) -> Array:
    """As `partition`, in a fraction of the time: the last parts are improved as hastily as those before them."""
    return _divided(graph, count, thorough=False)


def _divided(graph: Hypergraph, count: int, thorough: bool) -> Array:
    wanted = 1 if count <= TOGETHER else TOGETHER
    parts, quotas = _parts(graph.sampled(PINS), count, wanted, thorough)
    if wanted == 1:
        return parts
    final, first = np.empty_like(parts), 0
    for group, quota in enumerate(quotas.tolist()):
        mine = np.flatnonzero(parts == group)
        final[mine] = first + _divided(graph.within(mine), quota, thorough)
        first += quota
    return final


def _parts(graph: Hypergraph, count: int, wanted: int, thorough: bool) -> tuple[Array, Array]:
    """Parts that stand for at most ``wanted`` cores each, and how many each stands for."""
    graphs, pairs = _levels(graph)
    parts, quotas = np.zeros(graphs[-1].vertices, np.int64), np.array([count])
    for level, pair in zip(reversed(graphs), [*reversed(pairs), None], strict=True):
        spare = 0.0 if pair is None else float(level.size.max(initial=0.0))  # what is large is moved as a whole later
        careful = thorough and pair is None
        parts = _improved(Search(level, parts, quotas, spare), careful and quotas.max() <= wanted)
        while quotas.max() > wanted and (pair is None or level.vertices >= 2 * EACH * len(quotas)):
            parts, quotas = split(level, parts, quotas)
            parts = _improved(Search(level, parts, quotas, spare), careful and quotas.max() <= wanted)
        parts = parts if pair is None else parts[pair]
    return parts, quotas


def _levels(graph: Hypergraph) -> tuple[list[Hypergraph], list[Array]]:
    """Hypergraphs, each coarser than the one before, and in which vertex of the next one those of each become one."""
    graphs, pairs = [graph], list[Array]()
    while graphs[-1].vertices > 2 * EACH:
        made, pair = coarser(graphs[-1])
        if made.vertices > SMALLER * graphs[-1].vertices:
            break
        graphs.append(made)
        pairs.append(pair)
    return graphs, pairs


def _improved(search: Search, thorough: bool) -> Array:
    refine(search, PATIENCE if thorough else HASTY)
    return search.parts
