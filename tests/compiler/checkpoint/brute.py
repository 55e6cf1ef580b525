"""The least time of reversing a chain, by searching through everything that can be held: Dijkstra's algorithm."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from math import inf

Held = tuple[int, int, int, int, int]
"""(running, behind, states on chip, tapes on chip, states off chip); sets as bits."""


def least_time(
    steps: int, state: int, tape: int | None, room: int, write: float = inf, read: float = inf, slots: int | None = None
) -> float:
    """In forward steps. ``room``: units beside one tape that is always there; ``tape`` None: no other is kept."""

    def fits(held: Held) -> bool:
        taped = held[3].bit_count()
        if tape is None:
            return taped <= 1 and held[2].bit_count() * state <= room
        return held[2].bit_count() * state + taped * tape <= room + tape

    begin: Held = (0, steps, 0, 0, 0)
    known, waiting = {begin: 0.0}, [(0.0, begin)]
    while waiting:
        time, held = heappop(waiting)
        if held[1] == 0:
            return time
        if time > known[held]:
            continue
        for cost, after in _moves(held, write, read, slots):
            if fits(after) and time + cost < known.get(after, inf):
                known[after] = time + cost
                heappush(waiting, (time + cost, after))
    return inf


def _moves(held: Held, write: float, read: float, slots: int | None) -> Iterator[tuple[float, Held]]:
    running, behind, states, tapes, away = held
    last = 1 << (behind - 1)
    if tapes & last:  # to go back whenever it is possible is never worse
        left = last - 1
        yield 0.0, (min(running, behind - 1), behind - 1, states & left, tapes & ~last, away & left)
        return
    if running < behind:
        bit = 1 << running
        yield 1.0, (running + 1, behind, states, tapes, away)
        if not tapes & bit:
            yield 1.0, (running + 1, behind, states, tapes | bit, away)
        yield 0.0, (running, behind, states | bit, tapes, away)
        if write < inf and (slots is None or away.bit_count() < slots):
            yield write, (running, behind, states, tapes, away | bit)
    for step in range(behind):
        bit = 1 << step
        if states & bit:
            yield 0.0, (step, behind, states, tapes, away)
            yield 0.0, (running, behind, states & ~bit, tapes, away)
        if away & bit:
            yield read, (step, behind, states, tapes, away)
            yield 0.0, (running, behind, states, tapes, away & ~bit)
