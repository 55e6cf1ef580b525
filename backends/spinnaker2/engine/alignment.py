"""Which instructions must be watched, because silicon faults where the emulator loads across words."""

from __future__ import annotations

from typing import Any

from capstone import arm

from .cycles import branch_targets, is_branch, memory_operand, stem, written

_WORDS = ("ldrd", "strd", "vldr", "vstr", "ldm", "ldmdb", "stm", "stmdb", "vldmia", "vldmdb", "vstmia", "vstmdb")
_ALWAYS_ALIGNED = ("sp", "pc")


def watched_instructions(listing: list[Any]) -> tuple[tuple[int, str], ...]:
    """(address, base register) of accesses of whole words: of each base, the first in straight code.

    Offsets are multiples of four, so that the base register decides.
    """
    targets = branch_targets(listing)
    known: set[int] = set()
    watched = []
    for instruction in listing:
        if instruction.address in targets or is_branch(instruction):
            known.clear()
        base = _base(instruction)
        if base and base not in known:
            watched.append((instruction.address, str(instruction.reg_name(base))))
            known |= {base} if _is_unconditional(instruction) else set()
        known -= written(instruction)
    return tuple(entry for entry in watched if entry[1] not in _ALWAYS_ALIGNED)


def _base(instruction: Any) -> int:
    """The base register of an access that must be aligned, or 0."""
    if stem(instruction) not in _WORDS:
        return 0
    memory = memory_operand(instruction)
    return int(memory.base if memory else instruction.operands[0].reg)


def _is_unconditional(instruction: Any) -> bool:
    return instruction.cc in (arm.ARM_CC_AL, arm.ARM_CC_INVALID)
