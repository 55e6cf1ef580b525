"""Moves as loops (`ir.loops`), for programs that are compiled once and hold no list of a plan's actions.

A schedule that knows what it repeats says so (`repeated`), and a long one then takes no longer than a short one; any
other stream is listed and searched for what repeats (`folded`). Where both can be had they are the same loops: those
that begin as early as they can (`sequence`).
"""

from __future__ import annotations

from collections.abc import Iterable

from axonc.ir.loops import Item, Loop

LONGEST_BODY = 16
"""Items that a loop's body has at most; regular plans need fewer."""


def repeated(count: int, body: Iterable[Item]) -> tuple[Item, ...]:
    """``body``, so many times: a loop where that is more than once."""
    items = tuple(body)
    return items * count if count <= 1 else (_loop(count, items),)


def sequence(items: Iterable[Item]) -> tuple[Item, ...]:
    """The same moves, with every loop begun as early as what is before it allows, as `folded` finds them."""
    made: list[Item] = []
    for item in items:
        made += _early(made, item) if isinstance(item, Loop) else [item]
    return folded(made)


def _early(made: list[Item], loop: Loop) -> list[Item]:
    """A loop that takes in what it repeats from the end of ``made``, and what it leaves behind: x (y x)^n is
    (x y)^n x."""
    body, passed = loop.body, 0
    while made and made[-1] == body[-1]:
        body = (made.pop(), *body[:-1])
        passed += 1
    more, left = divmod(passed, len(body))
    return [Loop(loop.count + more, body), *body[:left]]


def folded(items: Iterable[Item]) -> tuple[Item, ...]:
    """The same moves; what follows itself is written once, the shortest first."""
    made = list(items)
    period = 1
    while period <= min(LONGEST_BODY, len(made) // 2):
        shorter = _folded(made, period)
        period = period + 1 if len(shorter) == len(made) else 1
        made = shorter
    return tuple(made)


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
