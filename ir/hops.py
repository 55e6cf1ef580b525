"""How far packets travel on a chip: from a core to the router, and from there as a tree to those that listen."""

from __future__ import annotations

import numpy as np

from .machine import Grid
from .ops import Array


def tree_hops(grid: Grid, occupied: Array) -> Array:
    """Hops of the tree from the router to some QPEs, int64 [n], for ``occupied``, bool [n, columns, rows] from 1: along
    the router's row to every column, then along the columns. A way may lead past a missing QPE."""
    x, y = grid.router
    columns = np.arange(1, grid.width + 1) - x
    rows = np.arange(1, grid.height + 1) - y
    across = occupied.any(axis=2)
    far = [np.where(occupied, side * rows, 0).max(axis=2, initial=0) for side in (1, -1)]
    wide = [np.where(across, side * columns, 0).max(axis=1, initial=0) for side in (1, -1)]
    return np.asarray((far[0] + far[1]).sum(axis=1) + wide[0] + wide[1])


def listeners(grid: Grid, heard: Array, points: Array) -> Array:
    """How many listeners every QPE has: int64 [senders, columns, rows], of ``heard`` [senders, cores] and the column
    and row of every core in ``points`` [cores, 2]."""
    member = np.zeros((len(points), grid.width * grid.height), np.int64)
    member[np.arange(len(points)), numbers(grid, points)] = 1
    return np.asarray(heard.astype(np.int64) @ member).reshape(-1, grid.width, grid.height)


def numbers(grid: Grid, points: Array) -> Array:
    """The numbers of QPEs at ``points`` [n, 2] in a flat array [columns, rows]."""
    return np.asarray((points[:, 0] - 1) * grid.height + points[:, 1] - 1)
