"""Keys and routes: aligned blocks of keys, divided by their targets; trees over chips; tables within their limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from axonc.ir import Diagnostic
from axonc.ir.machine import LINKS, Machine, Place, opposite
from axonc.ir.mapping import Keys, Route, Slice
from axonc.ir.network import Network

from .blocks import Block, divided
from .minimise import minimised
from .reach import Sender
from .trees import Step, Trees


def allocate_keys(
    network: Network, slices: Sequence[Slice], machine: Machine
) -> tuple[tuple[Slice, ...], Keys, list[Diagnostic]]:
    """Slices with their key blocks. Each slice of a population that sends events gets one block; all blocks have the
    size of the largest slice, rounded up to a power of two, so that a core finds a block's synapses by a shift. Where
    the machine's keys are too short, those are as long as it takes."""
    sending = [part for part in slices if network.by_name[part.population].peak]
    local_bits = max(((part.count - 1).bit_length() for part in sending), default=0)
    blocks = {part.place: block for block, part in enumerate(sending)}
    keyed = tuple(replace(part, block=blocks.get(part.place)) for part in slices)
    needed = local_bits + (len(sending) - 1).bit_length() + 1 if sending else 1
    problems = []
    if needed > machine.key_bits:
        found = f"{len(sending)} blocks of {1 << local_bits} keys and a parity bit need {needed} bits"
        problems.append(Diagnostic("AX504", "", found, f"a key has {machine.key_bits}", "use smaller slices"))
    return keyed, Keys(local_bits, max(machine.key_bits, needed)), problems


def route(
    senders: Sequence[Sender], keys: Keys, places: Sequence[Place], machine: Machine
) -> tuple[tuple[Route, ...], sparse.csr_array, list[Diagnostic]]:
    """The routing tables of all chips; the expected packets of a step from every sender over every link, float64 CSR
    [senders, chips x links]; and what is too much for tables.

    A block has an entry on every chip of its tree where its packets are delivered, divide, turn or begin; elsewhere
    they go straight on, as the router does with what no entry matches. A table that is too long is minimised.
    """
    ways = _Ways(Trees(machine.board), tuple(place.chip for place in places))
    homes = np.array(ways.chips, np.int64)
    blocks = divided(senders, keys, machine.router_entries, homes, machine.board.host, ways.stations)
    tables: dict[int, _Table] = {}
    for block in blocks:
        key, mask = block.key(keys)
        for step in ways.steps(block):
            table = tables.setdefault(step[0], _Table([], []))
            if (entry := ways.entry(block, step, key, mask)) is None:
                table.passing.append((key, mask))
            else:
                table.entries.append(entry)
    limited = [tables[chip].within(machine.router_entries) for chip in sorted(tables)]
    crossing = ways.crossing(blocks, {sender.part.block: number for number, sender in enumerate(senders)})
    return tuple(entry for table in limited for entry in table), crossing, list(_full(limited, machine))


@dataclass(frozen=True)
class _Table:
    """Entries of a chip, and keys and masks of what passes it without one."""

    entries: list[Route]
    passing: list[tuple[int, int]]

    def within(self, limit: int) -> list[Route]:
        """The entries, minimised if there are too many."""
        return self.entries if len(self.entries) <= limit else minimised(self.entries, self.passing)


@dataclass(frozen=True)
class _Ways:
    """How blocks travel; ``chips``: of every core."""

    trees: Trees
    chips: tuple[int, ...]

    def steps(self, block: Block) -> tuple[Step, ...]:
        """The tree of a block."""
        core = block.sender.part.core
        source = self.trees.board.host if core is None else self.chips[core]
        return self.trees.tree(source, {self.chips[core] for core in block.cores})

    def entry(self, block: Block, step: Step, key: int, mask: int) -> Route | None:
        """The entry of a block on a chip of its tree, None if it needs none."""
        cores = tuple(core for core in block.cores if self.chips[core] == step[0])
        return Route(key, mask, cores, *step[::2]) if self._is_needed(block, step) else None

    def stations(self, block: Block) -> tuple[int, ...]:
        """The chips in whose tables a block has an entry."""
        return tuple(step[0] for step in self.steps(block) if self._is_needed(block, step))

    def _is_needed(self, block: Block, step: Step) -> bool:
        """Not where nobody listens at all, nor where packets go straight on and nobody listens on the chip."""
        chip, came, links = step
        straight = came is not None and links == (opposite(came),)
        return bool(block.cores) and not (straight and chip not in {self.chips[core] for core in block.cores})

    def crossing(self, blocks: Sequence[Block], numbers: Mapping[int | None, int]) -> sparse.csr_array:
        """Expected packets of a step on every link; ``numbers``: of senders, by their key blocks."""
        taken = [
            (numbers[block.sender.part.block], len(LINKS) * chip + link, block.packets)
            for block in blocks
            for chip, _, links in self.steps(block)
            for link in links
        ]
        rows, columns, rates = np.array(taken, np.float64).reshape(-1, 3).T
        shape = (len(numbers), len(LINKS) * len(self.trees.board.chips))
        return sparse.csr_array((rates, (rows.astype(np.int64), columns.astype(np.int64))), shape=shape)


def _full(tables: Sequence[list[Route]], machine: Machine) -> Iterator[Diagnostic]:
    for table in tables:
        if len(table) > machine.router_entries:
            found = f"{_on_chip(table[0].chip, machine)}{len(table)} routing entries"
            yield Diagnostic("AX503", "", found, f"the router has {machine.router_entries}", "use larger slices")


def _on_chip(chip: int, machine: Machine) -> str:
    return f"chip {chip}: " if len(machine.board.chips) > 1 else ""
