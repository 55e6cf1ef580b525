"""The schedule behind a `Table`: its choices, walked from the whole chain down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from axonc.ir.loops import Item

from .actions import Action, Place, advance, backward, free, load, load_tape, store, store_tape, tape
from .check import tally
from .loops import folded
from .moves import moves
from .problem import Problem
from .schedules import Cost
from .table import Table


@dataclass(frozen=True)
class _Range:
    """Steps to be reversed, with ``room`` units and ``slots`` slots free; ``kept``: where the first state is, whose
    own room or slot on chip counts as free."""

    first: int
    last: int
    room: int
    slots: int
    kept: Place | None


Tasks = list["_Range | Action"]


@dataclass(frozen=True)
class Optimal:
    """The optimum of a table. ``grain``: a step of the table stands for so many steps."""

    table: Table
    grain: int = 1
    costs: dict[tuple[Problem, int, int], Cost] = field(default_factory=dict, repr=False, compare=False)

    def actions(self, first: int, last: int) -> Iterator[Action]:
        steps, room, slots = (extent - 1 for extent in self.table.kept.shape)
        count = -(-(last - first) // self.grain)
        assert count <= steps
        waiting: Tasks = [_Range(0, count, room, slots, None)]
        while waiting:
            task = waiting.pop()
            if isinstance(task, Action):
                yield self._scaled(task, first, last)
            else:
                waiting += reversed(self._parts(task))

    def cost(self, problem: Problem, first: int, last: int) -> Cost:
        key = (problem, first, last)
        if key not in self.costs:
            self.costs[key] = self._counted(problem, first, last)
        return self.costs[key]

    def loops(self, steps: int, first: bool = True) -> tuple[Item, ...]:
        return folded(moves(self.actions(0, steps), steps, first))

    def said(self, steps: int) -> str:
        return "optimum" if self.grain == 1 else f"optimum of {-(-steps // self.grain)} x {self.grain}"

    def _counted(self, problem: Problem, first: int, last: int) -> Cost:
        part = problem.part(first, last)
        found = tally(part, self.actions(0, last - first))
        return Cost(found.forwards, found.peak - part.base, found.off_chip, found.traffic, found.transfers)

    def _scaled(self, action: Action, first: int, last: int) -> Action:
        begin, end = (min(first + self.grain * step, last) for step in (action.first, action.last))
        return Action(action.do, begin, end, action.place)

    def _parts(self, task: _Range) -> Tasks:
        """The first choice in a range, and the smaller ranges that remain."""
        n = task.last - task.first
        freed: Tasks = [free(task.first, task.kept)] if task.kept is not None else []
        slots = task.slots + (task.kept is Place.OFF and self.table.sizes.slots is not None)
        if n == 1:
            return [*freed, tape(task.first, task.last), backward(task.first, task.last)]
        ways = {
            "keep": self._tape_kept(n, task.room, slots),
            "move": self._tape_moved(n, task.room, slots),
            Place.CHIP: self._state_kept(n, task.room, slots),
            Place.OFF: self._state_away(n, task),
        }
        way = min(ways, key=lambda name: ways[name][0])
        if isinstance(way, Place):
            return self._split(task, way, ways[way][1], freed, slots)
        return self._one_step(task, way == "move", freed, slots)

    def _one_step(self, task: _Range, moved: bool, freed: Tasks, slots: int) -> Tasks:
        first, after = task.first, task.first + 1
        room = task.room - (0 if moved else self.table.sizes.tape or 0)
        rest = _Range(after, task.last, room, slots, None)
        away, back = ([store_tape(first, after)], [load_tape(first, after)]) if moved else ([], [])
        return [*freed, tape(first, after), *away, rest, *back, backward(first, after)]

    def _split(self, task: _Range, place: Place, i: int, freed: Tasks, slots: int) -> Tasks:
        first, middle = task.first, task.first + i
        room, left = task.room, slots
        if place is Place.CHIP:
            room -= self.table.sizes.state
        else:
            left = task.slots - (task.kept is not Place.OFF and self.table.sizes.slots is not None)
        begin = [] if task.kept is place else [store(first, place), *freed]
        right, again = _Range(middle, task.last, room, left, None), _Range(first, middle, task.room, left, place)
        return [*begin, advance(first, middle), right, load(first, place), again]

    def _tape_kept(self, n: int, room: int, slots: int) -> tuple[float, int]:
        size = self.table.sizes.tape
        if size is None or size > room:
            return np.inf, 0
        return float(1 + self.table.kept[n - 1, room - size, slots]), 0

    def _tape_moved(self, n: int, room: int, slots: int) -> tuple[float, int]:
        return float(1 + self.table.sizes.tape_transfer + self.table.kept[n - 1, room, slots]), 0

    def _state_kept(self, n: int, room: int, slots: int) -> tuple[float, int]:
        kept, size = self.table.kept, self.table.sizes.state
        if size > room:
            return np.inf, 0
        times = np.arange(1, n) + kept[n - 1 : 0 : -1, room - size, slots] + kept[1:n, room, slots]
        return float(times.min()), 1 + int(times.argmin())

    def _state_away(self, n: int, task: _Range) -> tuple[float, int]:
        sizes, there = self.table.sizes, task.kept is Place.OFF
        slots = task.slots - (not there and sizes.slots is not None)
        if not sizes.two_levels or slots < 0:
            return np.inf, 0
        kept, away = self.table.kept[:, task.room, slots], self.table.away[:, task.room, slots]
        times = np.arange(1, n) + kept[n - 1 : 0 : -1] + sizes.read + away[1:n] + (0 if there else sizes.write)
        return float(times.min()), 1 + int(times.argmin())
