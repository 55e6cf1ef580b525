"""Which instructions must be watched, because silicon faults where the emulator loads across words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from capstone import arm

from .cycles import branch_targets, is_branch, memory_operand, stem, written

_WORDS = ("ldrd", "strd", "vldr", "vstr", "ldm", "ldmdb", "stm", "stmdb", "vldmia", "vldmdb", "vstmia", "vstmdb")
_ALWAYS_ALIGNED = ("sp", "pc")


@dataclass(frozen=True)
class Watched:
    """An access of whole words through a base register. ``settled``: from the last branch before it on, the register
    is what it is at the access, which surely comes; it can then be looked at when a block begins. (The emulator's
    blocks end at branches; they run on over what other branches lead to.)"""

    address: int
    base: str
    settled: bool


def watched_instructions(listing: list[Any]) -> tuple[Watched, ...]:
    """Accesses of whole words: of each base, the first in straight code.

    Offsets are multiples of four, so that the base register decides.
    """
    targets = branch_targets(listing)
    known: set[int] = set()
    changed: set[int] = set()
    watched = []
    for instruction in listing:
        if instruction.address in targets or is_branch(instruction):
            known.clear()
        if is_branch(instruction):
            changed.clear()
        base = _base(instruction)
        if base and base not in known:
            sure = _is_unconditional(instruction)
            name = str(instruction.reg_name(base))
            watched.append(Watched(instruction.address, name, sure and base not in changed))
            known |= {base} if sure else set()
        known -= written(instruction)
        changed |= written(instruction)
    return tuple(entry for entry in watched if entry.base not in _ALWAYS_ALIGNED)


def _base(instruction: Any) -> int:
    """The base register of an access that must be aligned, or 0."""
    if stem(instruction) not in _WORDS:
        return 0
    memory = memory_operand(instruction)
    return int(memory.base if memory else instruction.operands[0].reg)


def _is_unconditional(instruction: Any) -> bool:
    return instruction.cc in (arm.ARM_CC_AL, arm.ARM_CC_INVALID)
