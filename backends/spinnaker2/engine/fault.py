"""What stops a machine, said in one line."""

from __future__ import annotations

from dataclasses import dataclass

from axonc.ir.machine import LINKS

from ..schema import ERRORS
from .bindings import Fault

BOOTING = 0xFFFFFFFF
"""The slot of a fault before the first slot."""

HOST = 0xFFFFFFFF
"""The core of a fault of what the host sent."""

_NONE, _ACCESS, _EXCEPTION, _WATCHDOG, _UNALIGNED, _CORE, _QUEUE_FULL, _NO_MEMORY, _OVERRUN = range(9)
_LINK_FULL, _LINK_WAITING = 9, 10

_UNICORN_ERRORS = {10: "undefined instruction", 21: "exception that nothing handles"}
_ACCESSES = {
    19: "read of unmapped memory",
    20: "write to unmapped memory",
    21: "execution of unmapped memory",
    22: "write to read-only memory",
    23: "read of protected memory",
    24: "execution of data",
}
_EXCEPTIONS = {2: "SVC", 7: "BKPT"}
_CORE_ERRORS = {
    "bad_data": "the data does not fit this program: magic, ABI, sizes or queues are wrong",
    "queue_overflow": "more events were sent or received in one slot than there is room for",
    "bad_format": "a projection has an unknown format",
}


@dataclass
class MachineFault(Exception):  # noqa: N818 (a fault of the machine, not of ours)
    """A core stopped: which one (None: the host sent more than can be), in which slot (None: while booting), where in
    its code, and why.

    ``line`` is 'file.c:42', or '' where it is not known; ``pc`` is None outside of emulation.
    """

    core: int | None
    slot: int | None
    pc: int | None
    line: str
    message: str

    def __str__(self) -> str:
        when = "while booting" if self.slot is None else f"slot {self.slot}"
        where = f"{self.line or hex(self.pc)}: " if self.pc is not None else ""
        return f"{self.place}, {when}: {where}{self.message}"

    @property
    def place(self) -> str:
        """Where it happened, for people."""
        return "host" if self.core is None else f"core {self.core}"


def describe(fault: Fault, guard: tuple[int, int]) -> str:
    """What went wrong; ``guard`` is the address range of the gap below the stack."""
    kind, detail = fault.kind, fault.detail
    if kind == _ACCESS:
        return _describe_access(fault, guard)
    if kind == _CORE:
        name = ERRORS[detail] if detail < len(ERRORS) else "unknown"
        return _CORE_ERRORS.get(name, f"error {detail}")
    link = _link(fault.address)
    texts = {
        _EXCEPTION: f"exception {_EXCEPTIONS.get(detail, detail)}, which nothing handles",
        _WATCHDOG: f"more than {detail} instructions in one slot",
        _UNALIGNED: f"access of whole words at {fault.address:#x}, which is not a multiple of 4",
        _QUEUE_FULL: f"the event queue of {detail} packets is full",
        _OVERRUN: f"{detail} cycles (estimated); a tick has {fault.address}; raise tick_s, or use smaller slices",
        _LINK_FULL: f"{link} carries {detail} packets in a tick; raise tick_s, or use fewer chips",
        _LINK_WAITING: f"{detail} packets wait for {link}; its queue holds {fault.access}; use fewer chips",
        _NO_MEMORY: "the host has no memory left for the packet trace",
    }
    return texts[kind]


def _link(number: int) -> str:
    chip, link = divmod(number, len(LINKS))
    return f"link {link} of chip {chip}"


def _describe_access(fault: Fault, guard: tuple[int, int]) -> str:
    if fault.access not in _ACCESSES:
        return _UNICORN_ERRORS.get(fault.detail, f"emulator error {fault.detail}")
    overflow = " (stack overflow)" if guard[0] <= fault.address < guard[1] else ""
    return f"{_ACCESSES[fault.access]} at {fault.address:#x}{overflow}"
