"""How a tape is kept: as it is, or with its spikes as bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from axonc.ir import Kind

from .draft import Draft
from .memory import Memory


@dataclass(frozen=True)
class Kept:
    """Bytes of a kept tape, and the lines of C that keep it at ``to`` and take it back from ``from``."""

    bytes: int
    keep: tuple[str, ...]
    take: tuple[str, ...]


def kept_of(draft: Draft, memory: Memory, packed: bool) -> Kept:
    """The tape of a program; without spikes as bits it is one copy of its struct."""
    spikes = set(_spikes(draft)) if packed else set()
    if not spikes:
        size = memory.size("tape")
        return Kept(size, ("memcpy(to, &m->tape, sizeof m->tape);",), ("memcpy(&m->tape, from, sizeof m->tape);",))
    at, keep, take = 0, list[str](), list[str]()
    for member in memory.groups["tape"]:
        bits = member.text in spikes
        there, back = ("axonc_pack", "axonc_unpack") if bits else ("memcpy", "memcpy")
        size = member.count if bits else member.bytes
        keep.append(f"{there}(to + {at}, {member.text}, {size});")
        take.append(f"{back}({member.text}, from + {at}, {size});")
        at += -(-size // 8) if bits else size
    return Kept(at, tuple(keep), tuple(take))


def _spikes(draft: Draft) -> Iterator[str]:
    """The arrays on the tape that hold at most one event an element."""
    signals = draft.task.forward.signals
    for name in draft.taped.values():
        if name in signals and signals[name].kind is Kind.EVENT and signals[name].peak == 1:
            yield draft.forward.values[name].text
