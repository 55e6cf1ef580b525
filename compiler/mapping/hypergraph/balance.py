"""Balance: overfull parts give up what costs least, to parts that have room for it."""

from __future__ import annotations

import numpy as np

from axonc.ir.ops import Array

from .search import Search

ROUNDS = 24
"""Attempts at most; few moves need a second one."""

ROUNDING = 1e-9
"""How much a load, a sum of fractions, may exceed its limit."""


def overfull(search: Search) -> Array:
    """Which parts are overfull."""
    return np.asarray((search.room() < -ROUNDING).any(axis=1))


def balance(search: Search) -> None:
    """Move vertices out of overfull parts as long as there is room elsewhere."""
    for _ in range(ROUNDS):
        full = overfull(search)
        if not full.any():
            return
        vertices, targets = _given_up(search, full)
        if not len(vertices):
            return
        search.move(vertices, targets)


def _given_up(search: Search, full: Array) -> tuple[Array, Array]:
    graph, room = search.graph, search.room()
    vertices = np.flatnonzero(full[search.parts])
    scores = _scores(search, vertices, room)
    found = scores.max(axis=1)
    vertices, scores, found = vertices[found >= 0], scores[found >= 0], found[found >= 0]
    size = graph.size[vertices].max(axis=1)
    losses = (graph.incident_cost[vertices] - found) - search.alone_of(vertices)
    worth = np.where(losses > 0, losses / np.maximum(size, 1e-12), losses * size)
    leaving = _until_it_fits(search, vertices, worth)
    vertices = vertices[leaving]
    targets = _with_room(scores[leaving], graph.size[vertices], room)
    return vertices[targets >= 0], targets[targets >= 0]


def _scores(search: Search, vertices: Array, room: Array) -> Array:
    """What vertices share with every other part that has room for them; -1 elsewhere."""
    scores = search.joined[vertices]
    for kind in range(room.shape[1]):
        scores[search.graph.size[vertices, kind][:, None] > room[None, :, kind] + ROUNDING] = -1
    scores[np.arange(len(vertices)), search.parts[vertices]] = -1
    return scores


def _with_room(scores: Array, size: Array, room: Array) -> Array:
    """The parts that vertices go to, each the dearest that has room when those before it have chosen; -1: none has."""
    targets, room = np.full(len(scores), -1), room.copy()
    waiting = np.arange(len(scores))
    while len(waiting):
        for kind in range(room.shape[1]):
            scores[waiting] = np.where(size[waiting, kind, None] > room[:, kind] + ROUNDING, -1, scores[waiting])
        waiting = waiting[scores[waiting].max(axis=1) >= 0]
        best = scores[waiting].argmax(axis=1)
        going = _as_far_as_room(best, size[waiting], room)
        targets[waiting[going]] = best[going]
        np.subtract.at(room, best[going], size[waiting[going]])
        waiting = np.delete(waiting, going)
    return targets


def _until_it_fits(search: Search, vertices: Array, worth: Array) -> Array:
    """Of every part the first vertices, by ``worth``, without which it fits: their places among ``vertices``."""
    order = np.lexsort((worth, search.parts[vertices]))
    parts = search.parts[vertices[order]]
    excess = -search.room()[parts] - _sums_before(parts, search.graph.size[vertices[order]])
    return np.sort(order[(excess > ROUNDING).any(axis=1)])


def _as_far_as_room(targets: Array, size: Array, room: Array) -> Array:
    """Those of the moves that their targets have room for, one after the other."""
    order = np.argsort(targets, kind="stable")
    taken = _sums_before(targets[order], size[order]) + size[order]
    return np.sort(order[(taken <= room[targets[order]] + ROUNDING).all(axis=1)])


def _sums_before(groups: Array, size: Array) -> Array:
    """Sums of the sizes of those before, within runs of equal groups: [n, kinds]."""
    before = np.cumsum(size, axis=0) - size
    heads = np.flatnonzero(np.concatenate([[True], groups[1:] != groups[:-1]])) if len(groups) else np.zeros(0, int)
    lengths = np.diff(np.append(heads, len(groups)))
    return np.asarray(before - np.repeat(before[heads], lengths, axis=0))
