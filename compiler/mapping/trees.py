"""Ways between chips: for a source and the chips that listen, the tree that its packets take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from axonc.ir.machine import Board, opposite
from axonc.ir.ops import Array

from .chips import distances

Step = tuple[int, int | None, tuple[int, ...]]
"""A chip of a tree, the link by which packets come (None: they begin here), and those by which they go on."""


@dataclass
class Trees:
    """The trees of a board; each is made once.

    A tree grows from the source: the listening chips, the nearest first, are joined to the nearest chip of the tree by
    a shortest way that turns as little as it can (after the nearest-neighbour exploration of Navaridas et al., 2015).
    """

    board: Board
    _known: dict[tuple[int, tuple[int, ...]], tuple[Step, ...]] = field(default_factory=dict)

    @cached_property
    def apart(self) -> Array:
        """Links between any two chips."""
        return distances(self.board)

    def tree(self, source: int, targets: Iterable[int]) -> tuple[Step, ...]:
        """The steps of a tree, from the source on."""
        key = (source, tuple(sorted(set(targets))))
        if key not in self._known:
            self._known[key] = self._grown(*key)
        return self._known[key]

    def _grown(self, source: int, targets: tuple[int, ...]) -> tuple[Step, ...]:
        comes: dict[int, int | None] = {source: None}
        goes: dict[int, list[int]] = {source: []}
        for target in sorted(targets, key=lambda chip: (self.apart[source, chip], chip)):
            chip = min(comes, key=lambda chip: self.apart[chip, target])
            while chip != target:
                link = self._toward(chip, target, comes[chip])
                goes[chip].append(link)
                chip = self._neighbour(chip, link)
                comes[chip], goes[chip] = opposite(link), []
        return tuple((chip, came, tuple(sorted(goes[chip]))) for chip, came in comes.items())

    def _toward(self, chip: int, target: int, came: int | None) -> int:
        """The link that leads nearer: straight on if it does, else the first."""
        left = self.apart[chip, target]
        nearer = [
            link
            for link, other in enumerate(self.board.neighbours[chip])
            if other is not None and self.apart[other, target] < left
        ]
        straight = None if came is None else opposite(came)
        return straight if straight in nearer and straight is not None else nearer[0]

    def _neighbour(self, chip: int, link: int) -> int:
        other = self.board.neighbours[chip][link]
        assert other is not None
        return other
