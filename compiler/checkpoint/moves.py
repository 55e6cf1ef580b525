"""Actions as moves (`ir.loops`), which need no numbers of steps where what was kept last is needed first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from axonc.ir.loops import Does, Item, Loop, Move

from .actions import Action, Do, Place


class UnorderedError(ValueError):
    """A stream that does not load the state, or move the tape, that was kept last."""


def moves(actions: Iterable[Action], steps: int, first: bool = True) -> Iterator[Item]:
    """Every action over ``steps`` as a move, with loops over its own steps.

    ``first``: no step, of these or later ones, has gone backwards yet; the loss comes before the first that does.

    Raises:
        UnorderedError: the stream needs a state or a tape that is not the one kept last.
    """
    behind, kept = steps, _Kept()
    for action in actions:
        kept.follow(action)
        new = first and behind == steps
        if action.do is Do.BACKWARD and new:
            yield Move("loss")
        move = _move(action, behind, new)
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
        """What is kept last is moved first: off the chip the order turns round, and on the way back again."""
        source, target, order = Place.CHIP, Place.OFF, steps[::-1]
        if action.do is Do.LOAD_TAPE:
            source, target, order = target, source, steps
        for step in order:
            self._take(self.tapes[source], step, action)
            self.tapes[target].append(step)

    @staticmethod
    def _take(stack: list[int], step: int, action: Action) -> None:
        if not stack or stack.pop() != step:
            raise UnorderedError(f"{action}: what was kept last is not that of step {step}")
