"""Schedules: which actions reverse a range of steps, and what they cost, in closed form. They nest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from axonc.ir.loops import Item, Move

from .actions import Action, Place, advance, backward, load_tape, restored, store, store_tape, tape
from .loops import repeated, sequence
from .problem import Problem


@dataclass(frozen=True)
class Cost:
    """What a schedule costs for a range; bytes are those of checkpoints and tapes. See `check.Tally`."""

    forwards: int = 0
    peak: int = 0
    off_chip: int = 0
    traffic: int = 0
    transfers: int = 0

    def time(self, problem: Problem) -> float:
        """Of the whole problem."""
        moved = self.traffic / problem.bandwidth if self.traffic else 0.0
        steps = self.forwards * problem.forward + problem.steps * problem.backward
        return steps + moved + self.transfers * problem.latency


class Schedule(Protocol):
    """Begins with the running state of ``first``, which nothing keeps, and ends with all steps gone backwards."""

    def actions(self, first: int, last: int) -> Iterator[Action]:
        """The actions that reverse the steps from ``first`` to before ``last``."""
        ...

    def cost(self, problem: Problem, first: int, last: int) -> Cost:
        """What they cost."""
        ...

    def loops(self, steps: int, first: bool = True) -> tuple[Item, ...]:
        """The actions that reverse so many steps as loops; ``first``: none of these or later ones has gone backwards.

        Raises:
            UnorderedError: they need a state or a tape that is not the one kept last.
        """
        ...

    def said(self, steps: int) -> str:
        """What it is, over so many steps, in words."""
        ...


@dataclass(frozen=True)
class Taped:
    """Record every step, then go back."""

    def actions(self, first: int, last: int) -> Iterator[Action]:
        yield tape(first, last)
        yield backward(first, last)

    def cost(self, problem: Problem, first: int, last: int) -> Cost:
        return Cost(last - first, problem.tapes(first, last))

    def loops(self, steps: int, first: bool = True) -> tuple[Item, ...]:
        back = repeated(steps, [Move("backward")])
        return (*repeated(steps, [Move("tape", first=first)]), *_loss(first), *back)

    def said(self, steps: int) -> str:
        return "all tapes"


@dataclass(frozen=True)
class Offloaded:
    """Record every step and move its tape off the chip; the last one stays."""

    def actions(self, first: int, last: int) -> Iterator[Action]:
        for step in range(first, last - 1):
            yield tape(step, step + 1)
            yield store_tape(step, step + 1)
        yield tape(last - 1, last)
        yield backward(last - 1, last)
        for step in reversed(range(first, last - 1)):
            yield load_tape(step, step + 1)
            yield backward(step, step + 1)

    def cost(self, problem: Problem, first: int, last: int) -> Cost:
        away = problem.tapes(first, last - 1)
        peak = problem.tape if last - first > 1 else problem.tapes(first, last)
        return Cost(last - first, peak, away, 2 * away, 2 * (last - first - 1))

    def loops(self, steps: int, first: bool = True) -> tuple[Item, ...]:
        run, back = Move("tape", first=first), Move("backward")
        away = repeated(steps - 1, [run, Move("store tape", off=True)])
        again = repeated(steps - 1, [Move("load tape", off=True), back])
        return sequence([*away, run, *_loss(first), back, *again])

    def said(self, steps: int) -> str:
        return "all tapes off chip"


@dataclass(frozen=True)
class Segments:
    """Keep the state at the beginning of every segment of ``length`` steps but the last; reverse each by ``inner``.

    With g segments, the last of l steps: (T - l) more forward steps and (g - 1) kept states. Chen et al. 2016 is
    ``Segments(k, CHIP, Taped())``; double checkpointing (Bencheikh et al.) ``Segments(K, OFF, Segments(k, CHIP,
    Taped()))``.
    """

    length: int
    place: Place
    inner: Schedule

    def actions(self, first: int, last: int) -> Iterator[Action]:
        starts = range(first, last, self.length)
        for start in starts[:-1]:
            yield store(start, self.place)
            yield advance(start, start + self.length)
        yield from self.inner.actions(starts[-1], last)
        for start in reversed(starts[:-1]):
            yield from restored(start, self.place)
            yield from self.inner.actions(start, start + self.length)

    def cost(self, problem: Problem, first: int, last: int) -> Cost:
        starts = range(first, last, self.length)
        kept, end = len(starts) - 1, self.inner.cost(problem, starts[-1], last)
        if not kept:
            return end
        each = self.inner.cost(problem, starts[-2], starts[-1])
        forwards = starts[-1] - first + kept * each.forwards + end.forwards
        away = 2 * kept * problem.state if self.place is Place.OFF else 0
        transfers = 2 * kept if away or self.place is Place.OFF else 0
        # the segment before the last runs when its own state is given up
        later, earlier = kept * problem.state, (kept - 1) * problem.state
        on, off = ((later, earlier), (0, 0)) if self.place is Place.CHIP else ((0, 0), (later, earlier))
        return Cost(
            forwards,
            max(on[0] + end.peak, on[1] + each.peak),
            max(off[0] + end.off_chip, off[1] + each.off_chip),
            away + kept * each.traffic + end.traffic,
            transfers + kept * each.transfers + end.transfers,
        )

    def loops(self, steps: int, first: bool = True) -> tuple[Item, ...]:
        kept, off = -(-steps // self.length) - 1, self.place is Place.OFF
        end = self.inner.loops(steps - kept * self.length, first)
        if not kept:
            return end
        there = [Move("store", off), *repeated(self.length, [Move("advance", first=first)])]
        back = [Move("load", off, distance=self.length), Move("free", off), *self.inner.loops(self.length, False)]
        return sequence([*repeated(kept, there), *end, *repeated(kept, back)])

    def said(self, steps: int) -> str:
        length = min(self.length, steps)
        count = -(-steps // length)
        inner = "" if isinstance(self.inner, Taped) else f", each {self.inner.said(length)}"
        return f"{count} x {length} {self.place.value}{inner}"


def _loss(first: bool) -> tuple[Item, ...]:
    """It comes before the first step that goes backwards."""
    return (Move("loss"),) if first else ()
