"""Key blocks, divided by whom their events must reach: a half that fewer cores listen to gets an entry of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from axonc.ir.mapping import Keys
from axonc.ir.ops import Array

from .reach import Sender
from .worth import worths


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
        """Packets of a step that cores get without a synapse from their neuron, of a sender whose events travel each
        under its own key."""
        return self.sender.rate * (self.count * len(self.cores) - len(self.reached))

    @property
    def packets(self) -> float:
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


Stations = Callable[[Block], tuple[int, ...]]
"""The chips in whose tables a block has an entry."""


def divided(
    senders: Sequence[Sender], keys: Keys, limit: int, homes: Array, host: int, stations: Stations
) -> list[Block]:
    """The keys of all senders in blocks, in the order of their keys; of some, nobody listens to any key.

    Each sender begins as one block. Divisions are made as long as no table gets more than ``limit`` entries by them,
    those first that save most superfluous packets for an entry, with what their halves may save (`worths`). ``homes``:
    the chip of every core; ``host``: that where the packets of the host begin.
    """
    room, leaves = Room(limit), {}
    for number, sender in enumerate(senders):
        leaves[number, 0, _bits(sender)] = block = Block(sender, 0, keys.local_bits)
        room.take(stations(block), force=True)
    for number, first, bits in _in_turn(senders, homes, host):
        found = leaves.get((number, first, bits))
        if found is not None:
            halves = Block(senders[number], first, bits).halves()
            there = [chip for half in halves for chip in stations(half)]
            if room.take(there, stations(found)):
                del leaves[number, first, bits]
                leaves |= {(number, half.first, half.bits): half for half in halves}
    return sorted(leaves.values(), key=lambda block: block.key(keys))


def _bits(sender: Sender) -> int:
    """Bits that number the neurons of a sender."""
    return (sender.part.count - 1).bit_length()


def _in_turn(senders: Sequence[Sender], homes: Array, host: int) -> Iterator[tuple[int, int, int]]:
    """The divisions that save something, those worth most first, none before that which makes its block: number of the
    sender, first neuron and bits."""
    found = [np.zeros((4, 0))]
    for bits in sorted({_bits(sender) for sender in senders if not sender.together}):
        numbers = np.array([n for n, s in enumerate(senders) if _bits(s) == bits and not s.together])
        levels = worths([senders[number] for number in numbers.tolist()], bits, homes, host)
        for level, worth in enumerate(levels):
            blocks = np.flatnonzero(worth)
            number, first = np.divmod(blocks << level, 1 << bits)
            found.append(np.stack([worth[blocks], np.full(len(blocks), level), numbers[number], first]))
    worth, level, number, first = np.concatenate(found, axis=1)
    for index in np.lexsort((first, number, -level, -worth)).tolist():
        yield int(number[index]), int(first[index]), int(level[index])
