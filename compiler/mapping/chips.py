"""Which core goes to which chip: cores that exchange much to one or to neighbours, near the host what talks to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from axonc.ir.machine import Board
from axonc.ir.ops import Array

ROUNDS = 4
"""How often every core may change its chip."""


@dataclass(frozen=True)
class Exchange:
    """What cores exchange: ``weight``, symmetric CSR [cores, cores], packets of a step in both directions; ``host``
    [cores], those to and from the host."""

    weight: sparse.csr_array
    host: Array


def distances(board: Board) -> Array:
    """Links between any two chips on the shortest way, int64 [chips, chips]; as many as chips where there is none."""
    count = len(board.chips)
    pairs = [(chip, other) for chip, row in enumerate(board.neighbours) for other in row if other is not None]
    rows, columns = np.array(pairs, np.int64).reshape(-1, 2).T
    joined = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(count, count))
    hops = sparse.csgraph.shortest_path(joined, unweighted=True)
    return np.where(np.isfinite(hops), hops, count).astype(np.int64)


def assign(exchange: Exchange, board: Board, rooms: Array) -> Array:
    """The chip of every core, int64 [cores]; a chip takes ``rooms`` [chips] of them at most.

    Chips are filled one after the other from the host outwards, each with the cores that exchange most with those that
    it has; then whole chips, and then single cores, change places as long as packets cross fewer links for it.
    """
    chips = _filled(exchange, board, rooms)
    if np.all(chips == chips[:1]):
        return chips
    apart = distances(board)
    return _cores_moved(exchange, board, apart, _groups_moved(exchange, board, apart, chips, rooms), rooms)


def _filled(exchange: Exchange, board: Board, rooms: Array) -> Array:
    """Greedy: the next core is the one most joined to the cores of the chip, the host being on its own."""
    count = len(exchange.host)
    chips = np.full(count, -1)
    left = list(np.repeat(board.reachable, rooms[list(board.reachable)])[:count])
    joined, present = exchange.host.astype(np.float64), -1
    for chip in left:
        if chip != present:
            joined = joined if chip == board.host else 0.01 * joined  # to what earlier chips have: second to its own
            present = chip
        core = int(np.argmax(np.where(chips < 0, joined, -1.0)))
        chips[core] = chip
        row = slice(exchange.weight.indptr[core], exchange.weight.indptr[core + 1])
        joined[exchange.weight.indices[row]] += exchange.weight.data[row]
    return chips


def _pull(exchange: Exchange, board: Board, apart: Array, chips: Array) -> Array:
    """Packets x links of every core, were it on each chip and all others where they are, [cores, chips]."""
    return np.asarray(exchange.weight @ apart[chips] + np.outer(exchange.host, apart[board.host]), np.float64)


def _groups_moved(exchange: Exchange, board: Board, apart: Array, chips: Array, rooms: Array) -> Array:
    """Exchanges all cores of two chips with equal rooms, the pair that gains most first."""
    count = len(board.chips)
    member = sparse.csr_array((np.ones(len(chips)), (chips, np.arange(len(chips)))), shape=(count, len(chips)))
    between = (member @ exchange.weight @ member.T).toarray()
    np.fill_diagonal(between, 0.0)
    groups = Exchange(sparse.csr_array(between), member @ exchange.host)
    alike = rooms[:, None] == rooms[None, :]
    at = np.arange(count)  # the chip of every group
    for _ in range(ROUNDS * count):
        gain = np.where(alike[np.ix_(at, at)], _swap_gains(_pull(groups, board, apart, at), between, apart, at), 0.0)
        first, second = np.unravel_index(np.argmax(gain), gain.shape)
        if gain[first, second] <= _least(between):
            break
        at[[first, second]] = at[[second, first]]
    return at[chips]


def _swap_gains(pull: Array, between: Array, apart: Array, at: Array) -> Array:
    """What is saved if groups i and j change places, for all pairs."""
    here = pull[np.arange(len(at)), at]
    there = pull[:, at]
    return np.asarray(here[:, None] - there + here[None, :] - there.T - 2 * between * apart[np.ix_(at, at)])


def _least(weight: Array | sparse.csr_array) -> float:
    """The least gain that counts: more than what sums of different order differ by."""
    return 1e-9 * float(weight.sum()) + 1e-12


def _cores_moved(exchange: Exchange, board: Board, apart: Array, chips: Array, rooms: Array) -> Array:
    """Moves cores to the chip that pulls most, in exchange for the one that gains most by it, or for room."""
    chips, least = chips.copy(), _least(exchange.weight)
    pull = _pull(exchange, board, apart, chips)
    usable = np.isin(np.arange(len(rooms)), board.reachable)
    for _ in range(ROUNDS):
        gains = pull[np.arange(len(chips)), chips] - np.where(usable, pull, np.inf).min(axis=1)
        moved = False
        for core in np.argsort(-gains, kind="stable")[: np.count_nonzero(gains > least)].tolist():
            moved |= _moved(exchange, apart, np.where(usable, pull[core], np.inf), core, pull, chips, rooms, least)
        if not moved:
            break
    return chips


def _moved(
    exchange: Exchange, apart: Array, wanted: Array, core: int, pull: Array, chips: Array, rooms: Array, least: float
) -> bool:
    """Moves one core if that saves something; ``pull`` and ``chips`` are kept up to date."""
    old, new = int(chips[core]), int(np.argmin(wanted))
    gain = pull[core, old] - pull[core, new]
    others = np.flatnonzero(chips == new)
    if len(others) >= rooms[new]:
        between = exchange.weight[[core]].toarray()[0, others]
        change = pull[others, new] - pull[others, old] - 2 * between * apart[old, new]
        best = int(np.argmax(change))
        gain += change[best]
    if gain <= least or old == new:
        return False
    if len(others) >= rooms[new]:
        _move(exchange, apart, int(others[best]), old, pull, chips)
    _move(exchange, apart, core, new, pull, chips)
    return True


def _move(exchange: Exchange, apart: Array, core: int, chip: int, pull: Array, chips: Array) -> None:
    row = slice(exchange.weight.indptr[core], exchange.weight.indptr[core + 1])
    change = apart[chip] - apart[chips[core]]
    pull[exchange.weight.indices[row]] += np.outer(exchange.weight.data[row], change)
    chips[core] = chip
