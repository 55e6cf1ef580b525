"""The stream of actions of a plan as loops (`ir.loops`), for programs that are compiled once and hold no list of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from axonc.ir.loops import Does, Item, Loop, Move

from .actions import Action, Do, Place

LONGEST_BODY = 16
"""Items that a loop's body has at most; regular plans need fewer."""


class UnorderedError(ValueError):
    """A stream that does not load the state, or move the tape, that was kept last."""


def loops(actions: Iterable[Action], steps: int) -> tuple[Item, ...]:
    """The loops that do what ``actions`` over ``steps`` say; what repeats in the stream is written once.

    Raises:
        UnorderedError: the stream needs a state or a tape that is not the one kept last.
    """
    items = list(_moves(actions, steps))
    period = 1
    while period <= min(LONGEST_BODY, len(items) // 2):
        shorter = _folded(items, period)
        period = period + 1 if len(shorter) == len(items) else 1
        items = shorter
    return tuple(items)


def _moves(actions: Iterable[Action], steps: int) -> Iterator[Item]:
    """Every action as a move, with loops over its own steps."""
    behind, kept = steps, _Kept()
    for action in actions:
        kept.follow(action)
        if action.do is Do.BACKWARD and behind == steps:
            yield Move("loss")
        move = _move(action, behind, behind == steps)
        count = action.last - action.first
        yield move if count <= 1 else Loop(count, (move,))
        behind = action.first if action.do is Do.BACKWARD else behind


def _move(action: Action, behind: int, first: bool) -> Move:
    """``behind``: the steps that are left; ``first``: none has gone backwards yet."""
    does, off = DOES[action.do], action.place is Place.OFF
    if action.do is Do.LOAD_STATE:
        return Move(does, off, distance=behind - action.first)
    return Move(does, off, first and action.do in (Do.ADVANCE, Do.TAPE))


DOES: Mapping[Do, Does] = {
    Do.ADVANCE: "advance",
    Do.TAPE: "tape",
    Do.BACKWARD: "backward",
    Do.STORE_STATE: "store",
    Do.LOAD_STATE: "load",
    Do.FREE_STATE: "free",
    Do.STORE_TAPE: "store tape",
    Do.LOAD_TAPE: "load tape",
}


class _Kept:
    """The stacks of states and of tapes, here and there, while a stream runs."""

    def __init__(self) -> None:
        self.states: dict[Place, list[int]] = {place: [] for place in Place}
        self.tapes: dict[Place, list[int]] = {place: [] for place in Place}

    def follow(self, action: Action) -> None:
        steps = range(action.first, action.last)
        if action.do is Do.TAPE:
            self.tapes[Place.CHIP] += steps
        elif action.do is Do.BACKWARD:
            for step in reversed(steps):
                self._take(self.tapes[Place.CHIP], step, action)
        elif action.do in (Do.STORE_TAPE, Do.LOAD_TAPE):
            self._move(action, steps)
        elif action.do is Do.STORE_STATE:
            self.states[action.place].append(action.first)
        elif action.do is Do.LOAD_STATE:
            self._take(self.states[action.place], action.first, action)
            self.states[action.place].append(action.first)
        elif action.do is Do.FREE_STATE:
            self._take(self.states[action.place], action.first, action)

    def _move(self, action: Action, steps: range) -> None:
        source, target = Place.CHIP, Place.OFF
        if action.do is Do.LOAD_TAPE:
            source, target = target, source
        for step in reversed(steps):
            self._take(self.tapes[source], step, action)
            self.tapes[target].append(step)

    @staticmethod
    def _take(stack: list[int], step: int, action: Action) -> None:
        if not stack or stack.pop() != step:
            raise UnorderedError(f"{action}: what was kept last is not that of step {step}")


def _folded(items: list[Item], period: int) -> list[Item]:
    """Blocks of so many items that follow themselves, as loops."""
    made: list[Item] = []
    at = 0
    while at < len(items):
        block, count = items[at : at + period], 1
        while len(block) == period and items[at + count * period : at + (count + 1) * period] == block:
            count += 1
        made += [_loop(count, tuple(block))] if count > 1 else block[:1]
        at += count * period if count > 1 else 1
    return made


def _loop(count: int, body: tuple[Item, ...]) -> Loop:
    """A loop of a loop alone is one loop."""
    if len(body) == 1 and isinstance(body[0], Loop):
        return Loop(count * body[0].count, body[0].body)
    return Loop(count, body)
