"""The memory of a processing element: where code, data, work area and stack lie. All figures are bytes."""

from __future__ import annotations

from dataclasses import dataclass

PAGE = 1024
"""The work area starts on a page of its own, so that data can be read-only."""

PORT_AT = 0x40000000
"""Address of the network port of an emulated element."""

DRAM_AT = 0x60000000
"""Address from which an emulated element sees its part of the chip's DRAM, read-only."""

PORT_WORDS = 8
"""Words of the network port before those that are sent in one slot."""

SMALLEST_PORT = 16 * 1024 - PORT_WORDS
"""The fewest words that a port has room for."""


def round_up(size: int, unit: int) -> int:
    """The smallest multiple of ``unit`` that is at least ``size``."""
    return -(-size // unit) * unit


def port_bytes(words: int) -> int:
    """Size of a port for packets of so many words, in pages of an emulator."""
    return round_up(4 * (PORT_WORDS + max(words, SMALLEST_PORT)), 4096)


@dataclass(frozen=True)
class MemoryMap:
    """From address 0: code, data, work area; at the top the stack with an unmapped guard below it."""

    sram_bytes: int = 128 * 1024
    code_bytes: int = 32 * 1024
    stack_bytes: int = 4 * 1024
    guard_bytes: int = 1024

    def __post_init__(self) -> None:
        sizes = (self.sram_bytes, self.code_bytes, self.stack_bytes, self.guard_bytes)
        if any(size <= 0 or size % PAGE for size in sizes):
            raise ValueError(f"memory sizes must be positive multiples of {PAGE} bytes: {sizes}")
        if self.data_at >= self.work_end:
            raise ValueError(f"code, stack and guard leave no room for data in {self.sram_bytes} bytes")

    @property
    def data_at(self) -> int:
        """Address of the data."""
        return self.code_bytes

    @property
    def stack_at(self) -> int:
        """Lowest address of the stack."""
        return self.sram_bytes - self.stack_bytes

    @property
    def work_end(self) -> int:
        """First address above the largest work area: the guard."""
        return self.stack_at - self.guard_bytes

    @property
    def core_bytes(self) -> int:
        """Room for data (rounded up to a page) and work area together."""
        return self.work_end - self.data_at

    def work_at(self, data_bytes: int) -> int:
        """Address of the work area above ``data_bytes`` of data."""
        return self.data_at + round_up(data_bytes, PAGE)

    def fits(self, data_bytes: int, work_bytes: int) -> bool:
        """Whether a core of these sizes fits."""
        return round_up(data_bytes, PAGE) + work_bytes <= self.core_bytes
