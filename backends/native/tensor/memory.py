"""Which values share memory: those that never live at the same time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from .emission import Block, Emission
from .values import Buffer

_MEMBER = re.compile(r"m->(\w+)")


@dataclass
class Slot:
    """Memory that values have one after the other; it is free after block ``until``."""

    members: list[Buffer] = field(default_factory=list)
    until: int = -1

    @property
    def bytes(self) -> int:
        """What its largest value takes."""
        return max(member.bytes for member in self.members)


def plan(e: Emission) -> tuple[list[Buffer], list[Slot]]:
    """The states, each in memory of its own, and the slots of all other values that are used."""
    lives = lifetimes(e.blocks)
    slots: list[Slot] = []
    for name, (first, last) in sorted(lives.items(), key=lambda item: item[1]):
        if name in e.buffers and name not in e.states:
            slot = _fitting(e.buffers[name], [slot for slot in slots if slot.until < first])
            if slot is None:
                slots.append(slot := Slot())
            slot.members.append(e.buffers[name])
            slot.until = last
    return [e.buffers[name] for name in e.buffers if name in e.states], slots


def lifetimes(blocks: Sequence[Block]) -> dict[str, tuple[int, int]]:
    """The first and the last block that names each member of the memory."""
    lives: dict[str, tuple[int, int]] = {}
    for place, block in enumerate(blocks):
        for name in dict.fromkeys(_MEMBER.findall("\n".join(block.lines))):
            lives[name] = (lives.get(name, (place, place))[0], place)
    return lives


def _fitting(buffer: Buffer, free: Sequence[Slot]) -> Slot | None:
    """The smallest that holds it, else the largest, which grows."""
    holding = [slot for slot in free if slot.bytes >= buffer.bytes]
    if holding:
        return min(holding, key=lambda slot: slot.bytes)
    return max(free, key=lambda slot: slot.bytes, default=None)
