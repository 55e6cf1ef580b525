"""Parts of a list of moves that come again, written once: functions of a program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from axonc.ir.loops import Item, Part

Pair = tuple[int, int]


def shared(items: Iterable[Item]) -> tuple[Item, ...]:
    """The same moves; what comes several times is a `Part` where that makes fewer moves to write.

    The commonest pair of neighbours becomes one, again and again (Re-Pair, Larsson and Moffat 1999).
    """
    made = tuple(items)
    known = list(dict.fromkeys(made))
    numbers = {item: number for number, item in enumerate(known)}
    symbols, rules = [numbers[item] for item in made], list[Pair]()
    while (pair := _commonest(symbols)) is not None:
        symbols = _replaced(symbols, pair, len(known) + len(rules))
        rules.append(pair)
    return _Grammar(known, rules, symbols).items()


def _commonest(symbols: list[int]) -> Pair | None:
    """The pair that comes most often without overlap, of several the first; None if none comes again."""
    counts: Counter[Pair] = Counter()
    last: dict[Pair, int] = {}
    for at, pair in enumerate(pairwise(symbols)):
        if last.get(pair) != at - 1 or pair[0] != pair[1]:
            counts[pair] += 1
            last[pair] = at
    pair, count = max(counts.items(), key=lambda entry: entry[1], default=((0, 0), 0))
    return pair if count > 1 else None


def _replaced(symbols: list[int], pair: Pair, symbol: int) -> list[int]:
    made: list[int] = []
    at = 0
    while at < len(symbols):
        met = tuple(symbols[at : at + 2]) == pair
        made.append(symbol if met else symbols[at])
        at += 2 if met else 1
    return made


@dataclass
class _Grammar:
    """``known``: items by number; the numbers behind them are those of ``rules``, each a pair; ``symbols``: all moves.
    ``written``: what stands for a rule: a part, or the moves of one that is not worth it."""

    known: list[Item]
    rules: list[Pair]
    symbols: list[int]
    written: dict[int, tuple[Item, ...]] = field(default_factory=dict)

    def items(self) -> tuple[Item, ...]:
        """The moves, with parts."""
        uses = Counter(self.symbols)
        for pair in self.rules:
            uses.update(pair)
        for number, pair in enumerate(self.rules, len(self.known)):
            body = self._all(pair)
            worth = uses[number] * len(body) > len(body) + uses[number]
            self.written[number] = (Part(body),) if worth else body
        return self._all(self.symbols)

    def _all(self, symbols: Iterable[int]) -> tuple[Item, ...]:
        return tuple(item for symbol in symbols for item in self._of(symbol))

    def _of(self, symbol: int) -> tuple[Item, ...]:
        return (self.known[symbol],) if symbol < len(self.known) else self.written[symbol]
