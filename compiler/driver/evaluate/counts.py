"""What a worker counts, and how counts of chunks add up: the same totals whatever the chunks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from axonc.ir.ops import Array

Place = tuple[int, int, int]
"""Step, sample, neuron."""


@dataclass
class StageCounts:
    """What one stage did: the class of every sample; the events of every layer by step; those that have an effect by
    neuron; the largest or total value of every counter of the machine."""

    decisions: Array
    by_step: dict[str, Array]
    by_neuron: dict[str, Array]
    counters: dict[str, int] = field(default_factory=dict)

    def add(self, other: StageCounts) -> None:
        """Add the counts of the samples that follow."""
        self.decisions = np.concatenate([self.decisions, other.decisions])
        for mine, theirs in ((self.by_step, other.by_step), (self.by_neuron, other.by_neuron)):
            for name, counts in theirs.items():
                mine[name] = mine[name] + counts
        for name, value in other.counters.items():
            join = max if name in PEAKS else int.__add__
            self.counters[name] = join(self.counters[name], value)


PEAKS = ("most cycles of a core in a slot",)
"""Counters of which the largest counts, not the sum."""


@dataclass
class PairCounts:
    """How one stage differs from the one before it.

    ``equal``: bins of a layer with equal counts of events; ``first``: the earliest bin that differs, None if none
    does; ``power``: for every state, graded signal and dense output [2], the sums of the squares of the earlier
    stage's values and of the differences, each the sum of its samples' sums, one after the other.
    """

    equal: dict[str, int]
    first: dict[str, Place | None]
    power: dict[str, Array]

    def add(self, other: PairCounts) -> None:
        """Add the counts of the samples that follow; their sums of squares are still [samples, 2]."""
        for name, equal in other.equal.items():
            self.equal[name] += equal
        for name, place in other.first.items():
            mine = self.first[name]
            self.first[name] = place if mine is None else mine if place is None else min(mine, place)
        for name, rows in other.power.items():
            self.power[name] = in_order(rows, self.power[name])


def in_order(rows: Array, start: Array | None = None) -> Array:
    """The rows added one after the other: float sums depend on their order, not on the chunks."""
    total = np.zeros(rows.shape[1:]) if start is None else start
    for row in rows:
        total = total + row
    return total


@dataclass(frozen=True)
class ChunkCounts:
    """The counts of some samples: of every stage, and of every stage against the one before it."""

    samples: int
    stages: Mapping[str, StageCounts]
    pairs: Mapping[str, PairCounts]


class Totals:
    """The counts of all samples so far."""

    def __init__(self) -> None:
        self.samples = 0
        self.stages: dict[str, StageCounts] = {}
        self.pairs: dict[str, PairCounts] = {}

    def add(self, chunk: ChunkCounts) -> None:
        """Add a chunk; chunks come in the order of their samples."""
        for name, counts in chunk.stages.items():
            if self.samples:
                self.stages[name].add(counts)
            else:
                self.stages[name] = counts
        for name, pair in chunk.pairs.items():
            if not self.samples:
                sums = {signal: np.zeros(2) for signal in pair.power}
                self.pairs[name] = PairCounts(dict.fromkeys(pair.equal, 0), dict.fromkeys(pair.first), sums)
            self.pairs[name].add(pair)
        self.samples += chunk.samples
