"""The actions that a plan is a stream of; anything that holds states and tapes can execute them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Do(Enum):
    """What an action does with the steps from ``first`` to before ``last``.

    ADVANCE: run them from the running state, which becomes that of ``last``. TAPE: the same, recording the tape of
    each on chip. BACKWARD: run them backwards, the last first; their tapes are gone afterwards. STORE_STATE: copy the
    running state, that of ``first``, to ``place``. LOAD_STATE: copy it back, so that it is the running one.
    FREE_STATE: forget the copy. STORE_TAPE and LOAD_TAPE: move tapes off the chip and back.
    """

    ADVANCE = "advance"
    TAPE = "advance with tape"
    BACKWARD = "backward"
    STORE_STATE = "store state"
    LOAD_STATE = "load state"
    FREE_STATE = "free state"
    STORE_TAPE = "store tape"
    LOAD_TAPE = "load tape"


class Place(Enum):
    """Where copies of states are."""

    CHIP = "on chip"
    OFF = "off chip"


@dataclass(frozen=True)
class Action:
    """One action; see `Do`. Of a state, ``last`` is ``first``."""

    do: Do
    first: int
    last: int
    place: Place = Place.CHIP

    def __str__(self) -> str:
        steps = f"{self.first}" if self.last <= self.first + 1 else f"{self.first}..{self.last - 1}"
        states = (Do.STORE_STATE, Do.LOAD_STATE, Do.FREE_STATE)
        return f"{self.do.value} {steps}" + (f" {self.place.value}" if self.do in states else "")


def advance(first: int, last: int) -> Action:
    """Run steps without a tape."""
    return Action(Do.ADVANCE, first, last)


def tape(first: int, last: int) -> Action:
    """Run steps with their tapes."""
    return Action(Do.TAPE, first, last)


def backward(first: int, last: int) -> Action:
    """Run steps backwards."""
    return Action(Do.BACKWARD, first, last)


def store(step: int, place: Place) -> Action:
    """Keep the running state."""
    return Action(Do.STORE_STATE, step, step, place)


def restored(step: int, place: Place) -> tuple[Action, Action]:
    """Go back to a kept state, and forget the copy."""
    return load(step, place), free(step, place)


def load(step: int, place: Place) -> Action:
    """Go back to a kept state."""
    return Action(Do.LOAD_STATE, step, step, place)


def free(step: int, place: Place) -> Action:
    """Forget a kept state."""
    return Action(Do.FREE_STATE, step, step, place)


def store_tape(first: int, last: int) -> Action:
    """Move tapes off the chip."""
    return Action(Do.STORE_TAPE, first, last, Place.OFF)


def load_tape(first: int, last: int) -> Action:
    """Move tapes back."""
    return Action(Do.LOAD_TAPE, first, last, Place.OFF)
