"""What a training program does, as loops: the moves of a plan of checkpoints, relative to where the program is.

States and tapes are kept on stacks: what was kept last is needed first. So a move needs no number of a step, and the
same moves in a row are a loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Does = Literal["advance", "tape", "loss", "backward", "store", "load", "free", "store tape", "load tape"]


@dataclass(frozen=True)
class Move:
    """One move.

    ``advance``: a step; ``tape``: a step whose tape is kept on chip; ``first``: it never ran before. ``loss``: of what
    the first runs of all steps gave. ``backward``: the last step that is left, by the tape kept last. ``store``: the
    running state is kept, ``off`` the chip or on it; ``load``: the state kept there last is the running one, that of
    ``distance`` steps before the last one that is left; ``free``: it is forgotten. ``store tape``, ``load tape``: the
    tape kept last moves off the chip, or back.
    """

    do: Does
    off: bool = False
    first: bool = False
    distance: int = 0


@dataclass(frozen=True)
class Loop:
    """``body``, so many times."""

    count: int
    body: tuple[Item, ...]


@dataclass(frozen=True)
class Part:
    """``body``, which is written once however often it comes: a function of the program."""

    body: tuple[Item, ...]


Item = Move | Loop | Part


def size(items: tuple[Item, ...]) -> int:
    """The moves and parts that are written down: what a program of them takes in code."""
    return _size(items, set())


def _size(items: tuple[Item, ...], written: set[Part]) -> int:
    total = 0
    for item in items:
        total += 0 if isinstance(item, Loop) else 1
        if isinstance(item, Part) and item in written:
            continue
        if isinstance(item, Part):
            written.add(item)
        total += 0 if isinstance(item, Move) else _size(item.body, written)
    return total
