"""Key blocks, divided by whom their events must reach: a half that fewer cores listen to gets an entry of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush

import numpy as np

from axonc.ir.mapping import Keys
from axonc.ir.ops import Array

from .reach import Sender

LEAST_SAVED = 0.05
"""Superfluous packets of a step that an entry more must save at least."""


@dataclass(frozen=True)
class Block:
    """2^``bits`` keys of a sender from that of neuron ``first`` on, aligned, which share their entries; the last may
    have no neuron."""

    sender: Sender
    first: int
    bits: int

    @property
    def rows(self) -> slice:
        """Its neurons among those of the sender."""
        return slice(self.first, min(self.first + (1 << self.bits), self.sender.part.count))

    @property
    def count(self) -> int:
        """Its neurons."""
        return int(max(self.rows.stop - self.first, 0))

    @cached_property
    def reached(self) -> Array:
        """The cores and neurons of all wanted deliveries: a core stands as often as neurons want it."""
        starts = self.sender.listeners.indptr
        return self.sender.listeners.indices[starts[self.first] : starts[self.rows.stop]]

    @cached_property
    def cores(self) -> tuple[int, ...]:
        """The cores that listen to any of them."""
        return tuple(np.unique(self.reached).tolist())

    @cached_property
    def superfluous(self) -> float:
        """Packets of a step that cores get without a synapse from their neuron."""
        return self.sender.rate * (self.count * len(self.cores) - len(self.reached))

    @property
    def rate(self) -> float:
        """Packets that it sends in a step."""
        return self.sender.rate * self.count

    def halves(self) -> tuple[Block, ...]:
        """Its halves that have neurons."""
        bits = self.bits - 1
        both = (Block(self.sender, self.first + half * (1 << bits), bits) for half in (0, 1))
        return tuple(half for half in both if half.count)

    def key(self, keys: Keys) -> tuple[int, int]:
        """Its key and mask in the routing tables, which leave out the parity."""
        assert self.sender.part.block is not None
        inside = (1 << keys.local_bits) - (1 << self.bits)
        return keys.base(self.sender.part.block) + self.first, keys.block_mask | inside


class Room:
    """How many entries the tables of chips have left."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used: dict[int, int] = {}

    def take(self, chips: Sequence[int], freed: Sequence[int] = (), force: bool = False) -> bool:
        """Takes an entry in each of ``chips`` (one may be there twice) and gives back those of ``freed``, if no table
        then has too many, or if it must be."""
        change: dict[int, int] = {}
        for chip in chips:
            change[chip] = change.get(chip, 0) + 1
        for chip in freed:
            change[chip] = change.get(chip, 0) - 1
        after = {chip: self._used.get(chip, 0) + more for chip, more in change.items()}
        fits = force or all(after[chip] <= self._limit or change[chip] <= 0 for chip in after)
        self._used |= after if fits else {}
        return fits


LEAST_FOR_NOTHING = 1e-9
"""The same of a division that takes no entry more, as where nobody listens to a half."""

Stations = Callable[[Block], tuple[int, ...]]
"""The chips in whose tables a block has an entry."""


def divided(senders: Sequence[Sender], keys: Keys, limit: int, stations: Stations) -> list[Block]:
    """The keys of all senders in blocks, in the order of their keys; of some, nobody listens to any key.

    Each sender begins as one block. The division that saves most superfluous packets for the entries that it takes goes
    first, as long as no table gets more than ``limit`` entries by it and it saves enough.
    """
    room, done = Room(limit), []
    waiting: list[Offer] = []
    for sender in senders:
        block = Block(sender, 0, keys.local_bits)
        room.take(stations(block), force=True)
        heappush(waiting, _offer(block, stations, keys))
    while waiting:
        saved, _, block, halves = heappop(waiting)
        there = [chip for half in halves for chip in stations(half)]
        if saved < 0 and room.take(there, stations(block)):
            for half in halves:
                heappush(waiting, _offer(half, stations, keys))
        else:
            done.append(block)
    return sorted(done, key=lambda block: block.key(keys))


Offer = tuple[float, int, Block, tuple[Block, ...]]
"""A division with what it is worth, the best first: minus the packets saved by an entry, or 0 if that is not enough;
the first key, which orders what is equal; the block and its halves."""


def _offer(block: Block, stations: Stations, keys: Keys) -> Offer:
    halves = () if block.sender.together or not block.bits or not block.superfluous else block.halves()
    if not halves:
        return 0.0, block.key(keys)[0], block, ()
    saved = block.superfluous - sum(half.superfluous for half in halves)
    entries = max(sum(len(stations(half)) for half in halves) - len(stations(block)), 0)
    worth = saved / max(entries, 1)
    enough = worth >= (LEAST_SAVED if entries else LEAST_FOR_NOTHING) or len(halves) == 1
    return -max(worth, LEAST_FOR_NOTHING) if enough else 0.0, block.key(keys)[0], block, halves
