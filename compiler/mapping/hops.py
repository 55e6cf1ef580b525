"""How far packets are expected to travel on chips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from axonc.ir.hops import tree_hops
from axonc.ir.machine import Grid, Place
from axonc.ir.ops import Array

from .reach import Sender


def expected_hops(senders: Sequence[Sender], places: Sequence[Place], grid: Grid) -> float:
    """Hops of a step from QPE to QPE: of all expected packets from their cores to the router, and on every chip from
    the router as a tree to the cores that have a synapse of them. What tables deliver beside is not in it."""
    spots = np.array([(place.chip, place.x, place.y) for place in places], np.int64).reshape(-1, 3)
    return float(sum(_up(sender, places, grid) + _down(sender, spots, grid) for sender in senders))


def _up(sender: Sender, places: Sequence[Place], grid: Grid) -> float:
    """Hops to the router."""
    core = sender.part.core
    return 0.0 if core is None else sender.packets * grid.distance(places[core].x, places[core].y)


def _down(sender: Sender, spots: Array, grid: Grid) -> float:
    """Hops from routers to listeners."""
    neurons = np.repeat(np.arange(sender.part.count), np.diff(sender.listeners.indptr))
    packets = sender.rate
    if sender.together:  # all listeners need all packets
        neurons, packets = np.zeros_like(neurons), sender.packets
    chip, x, y = spots[sender.listeners.indices].T
    trees, number = np.unique(neurons * (1 + spots[:, 0].max(initial=0)) + chip, return_inverse=True)
    occupied = np.zeros((len(trees), grid.width, grid.height), bool)
    occupied[number, x - 1, y - 1] = True
    return packets * float(tree_hops(grid, occupied).sum())
