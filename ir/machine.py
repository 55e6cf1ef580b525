"""The machine that a program is mapped to, as far as mapping needs to know it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Memory:
    """The SRAM of one core, in bytes: ``total``; ``code`` reserved for the program from address 0; ``stack`` at the
    top, with an unmapped ``guard`` below it. What lies between is for data and work."""

    total: int
    code: int
    stack: int
    guard: int

    @property
    def available(self) -> int:
        """Bytes for constant data and work memory."""
        return self.total - self.code - self.stack - self.guard


@dataclass(frozen=True)
class Synapses:
    """How synapses are stored one by one: ``window``, the targets that one row of them can reach, at most 65,536.

    ``byte_price``, ``cycle_price``: what a byte of a core's memory and a cycle of its tick are worth where one format
    needs more of the first, another of the second.
    """

    window: int = 256
    byte_price: float = 1 / 131072
    cycle_price: float = 1 / 150000


BYTEWISE = Synapses()
"""Targets that one byte tells apart."""


@dataclass(frozen=True)
class Machine:
    """A many-core machine with private memories and a multicast network.

    ``cores`` usable cores; ``memory`` of each; ``router_entries`` multicast routing entries; ``key_bits`` of an event
    key; ``clock_hz`` of a core; ``tick_s`` the wall time of one slot; ``synapses``, the form of sparse rows.
    """

    name: str
    cores: int
    memory: Memory
    router_entries: int
    key_bits: int
    clock_hz: float
    tick_s: float
    synapses: Synapses = BYTEWISE

    @property
    def tick_cycles(self) -> int:
        """Cycles of a core in one slot."""
        return round(self.clock_hz * self.tick_s)
