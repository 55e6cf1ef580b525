"""Estimated cycles of Cortex-M4F instructions.

The costs follow the timing table of the Cortex-M4 technical reference manual for memory without wait states
and without bus contention; they are not validated on silicon. What a taken branch costs on top is counted at
run time.
"""

from __future__ import annotations

from typing import Any

from capstone import arm

_DIVIDE = 7  # 2 to 12, by the operands
_FLOAT_DIVIDE = 14
_FLOAT_FUSED = 3

_PLAIN_LOADS = ("ldr", "ldrb", "ldrh", "ldrsb", "ldrsh", "ldrex", "vldr")
_PLAIN_STORES = ("str", "strb", "strh", "strex", "vstr")
_PAIRS = ("ldrd", "strd")
_MULTIPLE = ("ldm", "ldmdb", "stm", "stmdb", "push", "pop", "vldmia", "vldmdb", "vstmia", "vstmdb", "vpush", "vpop")

_CONDITIONS = ("eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le")


def branch_targets(listing: list[Any]) -> set[int]:
    """Addresses that a branch names."""
    return {i.operands[-1].imm for i in listing if is_branch(i) and i.operands[-1].type == arm.ARM_OP_IMM}


def static_cycles(listing: list[Any]) -> list[int]:
    """The cost of every instruction, given the one before it in memory."""
    targets = branch_targets(listing)
    costs = []
    previous: Any = None
    for instruction in listing:
        if instruction.address in targets:
            previous = None
        costs.append(_cost(instruction, previous))
        previous = None if is_branch(instruction) else instruction
    return costs


def _cost(instruction: Any, previous: Any) -> int:
    name = stem(instruction)
    if name in _PLAIN_LOADS or name in _PLAIN_STORES:
        return _access(instruction, previous)
    if name in _PAIRS:
        return 3 + _address_stall(instruction, previous)
    if name in _MULTIPLE:
        return 1 + _transferred_words(instruction)
    if name in ("sdiv", "udiv"):
        return _DIVIDE
    if name.startswith(("vdiv", "vsqrt")):
        return _FLOAT_DIVIDE
    if name.startswith(("vfma", "vfms", "vmla", "vmls")):
        return _FLOAT_FUSED
    return 1


def _access(instruction: Any, previous: Any) -> int:
    """A load takes two cycles, or one behind another access that does not produce its address; a store one."""
    memory = memory_operand(instruction)
    indexed = 1 if memory and memory.index else 0
    if stem(instruction) in _PLAIN_STORES:
        return 1 + indexed + _address_stall(instruction, previous)
    follows = previous is not None and stem(previous) in (*_PLAIN_LOADS, *_PLAIN_STORES)
    if follows and not _address_registers(instruction) & written(previous):
        return 1
    return 2 + _address_stall(instruction, previous)


def _address_stall(instruction: Any, previous: Any) -> int:
    """One cycle more when the address was computed by the instruction just before."""
    if previous is None or memory_operand(previous) is not None:
        return 0
    return 1 if _address_registers(instruction) & written(previous) else 0


def stem(instruction: Any) -> str:
    """The mnemonic without its width, type and condition suffixes."""
    name = str(instruction.mnemonic).split(".")[0]
    conditional = instruction.cc not in (arm.ARM_CC_AL, arm.ARM_CC_INVALID)
    return name[:-2] if conditional and name.endswith(_CONDITIONS) else name


def is_branch(instruction: Any) -> bool:
    """Whether the instruction may go elsewhere."""
    return bool(instruction.group(arm.ARM_GRP_JUMP) or instruction.group(arm.ARM_GRP_CALL))


def memory_operand(instruction: Any) -> Any:
    """The address operand, or None."""
    return next((o.mem for o in instruction.operands if o.type == arm.ARM_OP_MEM), None)


def _address_registers(instruction: Any) -> set[int]:
    memory = memory_operand(instruction)
    return {r for r in (memory.base, memory.index) if r} if memory else set()


def written(instruction: Any) -> set[int]:
    """The registers that the instruction changes."""
    return set(instruction.regs_access()[1])


def _transferred_words(instruction: Any) -> int:
    """Words that a multiple load or store moves: its list of registers, a double counting two."""
    name = stem(instruction)
    listed = instruction.operands if name in ("push", "pop", "vpush", "vpop") else instruction.operands[1:]
    names = [str(instruction.reg_name(o.reg)) for o in listed]
    return sum(2 if name.startswith("d") else 1 for name in names)
