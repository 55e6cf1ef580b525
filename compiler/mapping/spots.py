"""Where on its chip a core goes: packets travel to the router in the middle, and from there as a tree to the QPEs that
listen, columns first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from axonc.ir.hops import listeners, numbers, tree_hops
from axonc.ir.machine import Grid, Place
from axonc.ir.ops import Array

TRIES = 10
"""Exchanges tried for every core of a chip."""

WORK = 1_000_000
"""Trees looked at for a chip at most, but for one exchange a core."""

LEAST = 1e-9
"""Packets x hops of a step that an exchange must save."""


@dataclass(frozen=True)
class Flows:
    """What passes the router of a chip: ``heard``, bool [senders, cores of the chip], with the packets of each in a
    step, ``rates`` [senders]; ``sent`` [cores], those that each sends."""

    heard: Array
    rates: Array
    sent: Array


def arrange(flows: Flows, grid: Grid, spots: tuple[Place, ...], seed: int) -> list[Place]:
    """A place for every core of a chip among its ``spots``, the nearest to the router first.

    Cores are seated QPE by QPE: the one with most packets, then those that hear most of what its neighbours there
    hear; then random pairs change places where that saves packets x hops.
    """
    order = _seated(flows, spots)
    return _exchanged(flows, grid, [*order, *(-1,) * (len(spots) - len(order))], spots, seed)


def _seated(flows: Flows, spots: tuple[Place, ...]) -> list[int]:
    """The cores in the order of their spots."""
    heard = flows.heard.astype(np.float64)
    common = heard.T @ (heard * flows.rates[:, None])
    worth = np.diagonal(common) + flows.sent
    order: list[int] = []
    free = np.ones(len(worth), bool)
    company, qpe = np.zeros(len(worth)), (0, 0)
    for spot in spots[: len(worth)]:
        if (spot.x, spot.y) != qpe:
            company, qpe = np.zeros(len(worth)), (spot.x, spot.y)
        score = company if company.any() else worth
        core = int(np.argmax(np.where(free, score + 1e-6 * worth, -1.0)))
        order.append(core)
        free[core] = False
        company = company + common[core]
    return order


def _exchanged(flows: Flows, grid: Grid, seats: list[int], spots: tuple[Place, ...], seed: int) -> list[Place]:
    """Improves the seats, spot -> core or -1, by random exchanges; the places by core."""
    cores, random = len(flows.sent), np.random.default_rng(seed)
    points = np.array([(spot.x, spot.y) for spot in spots])
    state = _State(flows, grid, points, np.array([seats.index(core) for core in range(cores)], np.int64))
    for core, spot in random.integers(0, [max(cores, 1), len(spots)], (_tries(flows), 2)).tolist():
        if state.improves(core, other := seats[spot], spot):
            seats[state.at[core]], seats[spot] = other, core
            state.exchange(core, other, spot)
    return [spots[spot] for spot in state.at.tolist()]


def _tries(flows: Flows) -> int:
    """As many exchanges for every core, but fewer where each concerns very many senders."""
    cores = len(flows.sent)
    rows = 2 * np.count_nonzero(flows.heard) / max(cores, 1)
    return int(min(TRIES * cores, max(WORK / max(rows, 1), cores)))


class _State:
    """Where cores sit, and what the trees of all senders cost; ``at``: the spot of every core."""

    def __init__(self, flows: Flows, grid: Grid, points: Array, at: Array) -> None:
        self.at = at
        self._flows, self._grid = flows, grid
        self._heard = np.ascontiguousarray(flows.heard.T, np.int64)
        self._near = np.abs(points - grid.router).sum(axis=1)
        self._qpe = numbers(grid, points)
        self._counts = listeners(grid, flows.heard, points[at]).reshape(-1, grid.width * grid.height)
        self._hops = self._tree_hops(self._counts)
        self._rows, self._new = np.zeros(0, np.int64), self._counts[:0]

    def improves(self, core: int, other: int, spot: int) -> bool:
        """Whether less travels if a core goes to a spot and the one that is there, if any, comes to its own."""
        old, new = self._qpe[self.at[core]], self._qpe[spot]
        if old == new:
            return False
        change = self._heard[core] - (self._heard[other] if other >= 0 else 0)
        self._rows = np.flatnonzero(change)
        self._new = self._counts[self._rows]
        self._new[:, new] += change[self._rows]
        self._new[:, old] -= change[self._rows]
        saved = self._flows.rates[self._rows] @ (self._hops[self._rows] - self._tree_hops(self._new))
        sent = self._flows.sent[core] - (self._flows.sent[other] if other >= 0 else 0.0)
        return bool(saved + sent * (self._near[self.at[core]] - self._near[spot]) > LEAST)

    def exchange(self, core: int, other: int, spot: int) -> None:
        """Does what `improves` was last asked."""
        if other >= 0:
            self.at[other] = self.at[core]
        self.at[core] = spot
        self._counts[self._rows] = self._new
        self._hops[self._rows] = self._tree_hops(self._new)

    def _tree_hops(self, counts: Array) -> Array:
        return tree_hops(self._grid, counts.reshape(-1, self._grid.width, self._grid.height) > 0)
