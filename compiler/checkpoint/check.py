"""Executes a stream of actions on paper: is each legal, what is held, what is moved, how often is a step run?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .actions import Action, Do, Place
from .problem import Problem


class IllegalActionError(ValueError):
    """An action for which something is missing; the message says what."""


@dataclass(frozen=True)
class Tally:
    """What a stream of actions cost.

    ``forwards``: forward steps that ran, those with a tape included. ``peak``: the most bytes on chip, all that every
    plan holds included; ``off_chip``: the most there. ``traffic``: bytes between the two, in ``transfers``.
    ``live``: after each action, (forward and backward steps done, bytes of states, of tapes, off chip).
    """

    forwards: int
    peak: int
    off_chip: int
    traffic: int
    transfers: int
    live: tuple[tuple[int, int, int, int], ...] = field(default=(), repr=False)

    def time(self, problem: Problem) -> float:
        """Steps and transfers, one after the other."""
        moved = self.traffic / problem.bandwidth if self.traffic else 0.0
        steps = self.forwards * problem.forward + problem.steps * problem.backward
        return steps + moved + self.transfers * problem.latency


def tally(problem: Problem, actions: Iterable[Action], live: bool = False) -> Tally:
    """Execute ``actions`` on paper; `IllegalActionError` names the first that cannot be, or what is left at the end."""
    paper = _Paper(problem)
    seen = [paper.next(action) for action in actions] if live else _drained(paper, actions)
    paper.require_done()
    return Tally(paper.forwards, problem.base + paper.peak, paper.peak_off, paper.traffic, paper.transfers, tuple(seen))


def _drained(paper: _Paper, actions: Iterable[Action]) -> tuple[()]:
    for action in actions:
        paper.next(action)
    return ()


class _Paper:
    """What is where. ``running``: the step whose state runs; ``behind``: all steps from it on went backwards."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.running, self.behind = problem, 0, problem.steps
        self.states: dict[Place, set[int]] = {place: set() for place in Place}
        self.taped: dict[Place, set[int]] = {place: set() for place in Place}
        self.bytes = {place: 0 for place in Place}
        self.forwards = self.peak = self.peak_off = self.traffic = self.transfers = self.done = 0

    def next(self, action: Action) -> tuple[int, int, int, int]:
        RULES[action.do](self, action)
        self.peak = max(self.peak, self.bytes[Place.CHIP])
        self.peak_off = max(self.peak_off, self.bytes[Place.OFF])
        states = len(self.states[Place.CHIP]) * self.problem.state
        return self.done, states, self.bytes[Place.CHIP] - states, self.bytes[Place.OFF]

    def require(self, action: Action, holds: bool, missing: str) -> None:
        if not holds:
            raise IllegalActionError(f"{action}: {missing}")

    def advance(self, action: Action) -> None:
        self.require(action, action.first < action.last <= self.behind, f"steps 0..{self.behind - 1} are left")
        self.require(action, self.running == action.first, f"the running state is that of step {self.running}")
        self.running = action.last
        self.forwards += action.last - action.first
        self.done += action.last - action.first

    def tape(self, action: Action) -> None:
        self.advance(action)
        for step in self._steps(action):
            held = any(step in taped for taped in self.taped.values())
            self.require(action, not held, f"there is a tape of step {step}")
            self.taped[Place.CHIP].add(step)
            self.bytes[Place.CHIP] += self.problem.tapes(step, step + 1)

    def backward(self, action: Action) -> None:
        self.require(action, action.first < action.last == self.behind, f"step {self.behind - 1} is next")
        for step in self._steps(action):
            self.require(action, step in self.taped[Place.CHIP], f"no tape of step {step}")
            self.taped[Place.CHIP].remove(step)
            self.bytes[Place.CHIP] -= self.problem.tapes(step, step + 1)
        self.behind = action.first
        self.done += action.last - action.first

    def store(self, action: Action) -> None:
        held = self.states[action.place]
        self.require(action, self.running == action.first, f"the running state is that of step {self.running}")
        self.require(action, action.first not in held, "it is there")
        held.add(action.first)
        self._moved(action.place, self.problem.state)

    def load(self, action: Action) -> None:
        self.require(action, action.first in self.states[action.place], "it is not there")
        self.running = action.first
        if action.place is Place.OFF:
            self._transferred(self.problem.state)

    def free(self, action: Action) -> None:
        self.require(action, action.first in self.states[action.place], "it is not there")
        self.states[action.place].remove(action.first)
        self.bytes[action.place] -= self.problem.state

    def move_tape(self, action: Action) -> None:
        away = action.do is Do.STORE_TAPE
        source, target = (Place.CHIP, Place.OFF) if away else (Place.OFF, Place.CHIP)
        for step in self._steps(action):
            self.require(action, step in self.taped[source], f"no tape of step {step}")
            self.taped[source].remove(step)
            self.taped[target].add(step)
        size = self.problem.tapes(action.first, action.last)
        self.bytes[source] -= size
        self.bytes[target] += size
        self._transferred(size)

    def require_done(self) -> None:
        left = [name for name, held in (("states", self.states), ("tapes", self.taped)) if any(held.values())]
        if self.behind or left:
            kept = " and ".join(left) or "nothing"
            raise IllegalActionError(f"at the end: {self.behind} steps are left, {kept} kept")

    def _moved(self, place: Place, size: int) -> None:
        self.bytes[place] += size
        if place is Place.OFF:
            self._transferred(size)

    def _transferred(self, size: int) -> None:
        self.traffic += size
        self.transfers += 1

    @staticmethod
    def _steps(action: Action) -> Iterator[int]:
        return iter(range(action.first, action.last))


RULES = {
    Do.ADVANCE: _Paper.advance,
    Do.TAPE: _Paper.tape,
    Do.BACKWARD: _Paper.backward,
    Do.STORE_STATE: _Paper.store,
    Do.LOAD_STATE: _Paper.load,
    Do.FREE_STATE: _Paper.free,
    Do.STORE_TAPE: _Paper.move_tape,
    Do.LOAD_TAPE: _Paper.move_tape,
}
