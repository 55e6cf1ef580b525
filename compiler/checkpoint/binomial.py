"""Binomial checkpointing: the fewest forward steps with a number of states, in closed form (Griewank, Walther 2000)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import comb

from axonc.ir.loops import Item

from .actions import Action, Place, advance, backward, load, restored, store, tape
from .loops import folded
from .moves import moves
from .problem import Problem
from .schedules import Cost


def repeats(steps: int, slots: int) -> int:
    """r, the least with C(slots + r, slots) >= steps: how often a step is run beside its tape, at most."""
    r = 0
    reached = 1
    while reached < steps:
        r += 1
        reached = reached * (slots + r) // r
    return r


def extra(steps: int, slots: int) -> int:
    """The forward steps beside one for each tape: r T - C(slots + r, slots + 1), with r as in `repeats`.

    The closed form of t(n, s) = min over i of i + t(i, s) + t(n - i, s - 1), t(n, 1) = n (n - 1) / 2.
    """
    r = repeats(steps, slots)
    return r * steps - comb(slots + r, slots + 1)


def split(steps: int, slots: int) -> int:
    """How far to advance before the next state is kept: one of the i that attain the minimum of `extra`."""
    if slots == 1:
        return steps - 1
    r = repeats(steps, slots)
    # the right part takes as many steps as r - 1 or r repeats of its slots allow; the left one at most C(s+r-1, s)
    return min(comb(slots + r - 1, slots), steps - comb(slots + r - 2, slots - 1))


@dataclass(frozen=True)
class Binomial:
    """Revolve with ``slots`` states on chip, that of the first step among them, and no tape kept."""

    slots: int

    def actions(self, first: int, last: int) -> Iterator[Action]:
        waiting: list[tuple[int, int, int, bool] | Action] = [(first, last, self.slots, False)]
        while waiting:
            task = waiting.pop()
            if isinstance(task, Action):
                yield task
            else:
                waiting += reversed(self._parts(*task))

    def _parts(self, first: int, last: int, slots: int, kept: bool) -> list[tuple[int, int, int, bool] | Action]:
        """What reverses a range: actions, and smaller ranges. ``kept``: its first state has one of the slots."""
        if last - first == 1:
            freed = restored(first, Place.CHIP)[1:] if kept else ()
            return [*freed, tape(first, last), backward(first, last)]
        middle = first + split(last - first, slots)
        begin = [] if kept else [store(first, Place.CHIP)]
        left = (first, middle, slots, True)
        return [*begin, advance(first, middle), (middle, last, slots - 1, False), load(first, Place.CHIP), left]

    def cost(self, problem: Problem, first: int, last: int) -> Cost:
        steps = last - first
        held = min(self.slots, steps - 1)
        tape = problem.tape if held else problem.tapes(first, last)
        return Cost(steps + extra(steps, self.slots), held * problem.state + tape)

    def loops(self, steps: int, first: bool = True) -> tuple[Item, ...]:
        return folded(moves(self.actions(0, steps), steps, first))

    def said(self, steps: int) -> str:
        return f"{self.slots} states"
