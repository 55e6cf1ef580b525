"""How much a program keeps at once, and how often it runs steps and moves data: read off its moves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from axonc.ir.loops import Item, Loop, Move, Part

Stack = tuple[str, bool]
"""(``state`` or ``tape``, whether off the chip)."""

CHANGES: Mapping[str, int] = {"tape": 1, "backward": -1, "store": 1, "free": -1, "store tape": 1, "load tape": -1}
"""What a move adds to its stack."""


def depths(items: tuple[Item, ...]) -> dict[Stack, int]:
    """The most that each stack ever holds."""
    most: Counter[Stack] = Counter()
    _follow(items, Counter(), most)
    return {(what, off): most[what, off] for what in ("state", "tape") for off in (False, True)}


def _follow(items: tuple[Item, ...], held: Counter[Stack], most: Counter[Stack]) -> None:
    """Loops change stacks by the same in every turn: the first and the last one show the most."""
    for item in items:
        if isinstance(item, Loop):
            before = Counter(held)
            _follow(item.body, held, most)
            for stack in {*held, *before}:
                held[stack] += (held[stack] - before[stack]) * (item.count - 2) if item.count > 1 else 0
            if item.count > 1:
                _follow(item.body, held, most)
        elif isinstance(item, Part):
            _follow(item.body, held, most)
        else:
            _change(item, held)
            for stack, size in held.items():
                most[stack] = max(most[stack], size)


def _change(move: Move, held: Counter[Stack]) -> None:
    change = CHANGES.get(move.do, 0)
    if move.do in ("store", "free"):
        held["state", move.off] += change
    elif move.do in ("store tape", "load tape"):
        held["tape", True] += change
        held["tape", False] -= change
    elif change:
        held["tape", False] += change


def counts(items: tuple[Item, ...]) -> dict[Move, int]:
    """How often each move is made."""
    made: Counter[Move] = Counter()
    for item in items:
        if not isinstance(item, Move):
            for move, times in counts(item.body).items():
                made[move] += times * (item.count if isinstance(item, Loop) else 1)
        else:
            made[item] += 1
    return made
