"""Refinement after Jet: many moves at once, those that lose a little among them, then what balance asks for.

In each round every vertex names the part that it would gain most from, whatever that part's load; those that lose too
much are left out. Of the others, in the order of their gains, each is judged again as if all before it had moved, and
moves if it then loses nothing. What moved rests for a round. Overfull parts then give up what costs least. The best
partition that fits is kept.

Gilbert, Madduri, Boman and Rajamanickam, "Jet: multilevel graph partitioning on graphics processing units", SIAM
Journal on Scientific Computing 46 (2024); for hypergraphs Krause, Gottesbueren and Maas, "Deterministic parallel
high-quality hypergraph partitioning" (2025). Costs are whole numbers and nothing is drawn at random, so that the
result is the same everywhere.
"""

from __future__ import annotations

import numpy as np

from axonc.ir.ops import Array

from .arrays import by_value
from .balance import balance, overfull
from .search import Search

TEMPERATURES = (0.25, 0.0)
"""How much of what holds a vertex in its part a move may lose, at first sight, in the rounds of each temperature."""

PATIENCE = 6
"""Rounds without a better partition that end a temperature."""

ROUNDS = 60
"""Rounds that end a temperature."""

BETTER = 0.999
"""A partition that costs less than this part of the best one starts the patience anew."""


def refine(search: Search, patience: int = PATIENCE) -> None:
    """Make the cost of the partition less, and balance it."""
    balance(search)
    best, parts = _judged(search), search.parts.copy()
    for temperature in TEMPERATURES:
        resting, idle, rounds = np.zeros(search.graph.vertices, bool), 0, 0
        while idle < patience and rounds < ROUNDS:
            rounds += 1
            vertices, targets = _moves(search, resting, temperature)
            if not len(vertices):
                break
            search.move(vertices, targets)
            resting[:] = False
            resting[vertices] = True
            balance(search)
            found = _judged(search)
            idle = 0 if found[0] < best[0] or found[1] < BETTER * best[1] else idle + 1
            if found < best:
                best, parts = found, search.parts.copy()
        _restore(search, parts)


def _judged(search: Search) -> tuple[float, int]:
    """What is to be small: how overfull the parts are, then the cost."""
    return float(np.maximum(-search.room(), 0.0).sum()) if overfull(search).any() else 0.0, search.cost


def _restore(search: Search, parts: Array) -> None:
    changed = np.flatnonzero(search.parts != parts)
    if len(changed):
        search.move(changed, parts[changed])


def _moves(search: Search, resting: Array, temperature: float) -> tuple[Array, Array]:
    """The vertices that move, and where to."""
    graph, everywhere = search.graph, np.arange(search.graph.vertices)
    saved = search.alone()
    scores = search.joined.copy()
    scores[everywhere, search.parts] = -1
    targets = scores.argmax(axis=1)
    found = scores[everywhere, targets].astype(np.int64)
    gains = saved + found - graph.incident_cost
    held = graph.incident_cost - saved
    chosen = np.flatnonzero(~resting & (found > 0) & (gains > -np.floor(temperature * held)))
    if temperature == 0.0:
        chosen = chosen[gains[chosen] >= 0]
    order = chosen[by_value(gains[chosen].max(initial=0) - gains[chosen])[1]]
    kept = _judged_in_order(search, order, targets[order]) >= 0
    return order[kept], targets[order[kept]]


def _judged_in_order(search: Search, vertices: Array, targets: Array) -> Array:
    """What each move gains if all before it are made."""
    graph, count = search.graph, search.count
    nets, mine = graph.nets_of(vertices)
    ends = (nets * count + search.parts[vertices][mine], nets * count + targets[mine])
    places, order = by_value(np.stack(ends, axis=1).reshape(-1))
    arrives = (order & 1).astype(bool)
    present = search.present.reshape(-1)[places] + _changes_before(places, arrives)
    matters = present == np.where(arrives, 0, 1)
    pin = order[matters] >> 1
    signed = np.where(arrives[matters], -graph.cost[nets[pin]], graph.cost[nets[pin]])
    return np.bincount(mine[pin], signed, len(vertices)).astype(np.int64)


def _changes_before(places: Array, arrives: Array) -> Array:
    """What those before in a run of equal places add up to: 1 for each that arrives, -1 for each that leaves."""
    changes = np.where(arrives, 1, -1)
    before = np.cumsum(changes) - changes
    heads = np.flatnonzero(np.diff(places, prepend=-1))
    return np.asarray(before - np.repeat(before[heads], np.diff(heads, append=len(places))))
