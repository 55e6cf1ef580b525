"""The machine with an emulated Cortex-M4F per core: real Thumb-2 code, exact instruction counts."""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Sequence
from ctypes import c_void_p
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..memory import DRAM_AT, PAGE, PORT_AT, MemoryMap, round_up
from .alignment import Watched
from .bindings import Emulated, Unicorn
from .code import Code, Counts, read_code
from .machine import POISON, Bytes, CoreImage, Keys, Machine, aligned_buffer, dram_of, port_words
from .wiring import Route, Wiring

# The emulator's Python binding is not typed.
unicorn: Any = importlib.import_module("unicorn")
arm_const: Any = importlib.import_module("unicorn.arm_const")
uclib: Any = importlib.import_module("unicorn.unicorn_py3.unicorn").uclib

_SYSTEM_AT, _SYSTEM_BYTES = 0xE000E000, 4096  # the system control space, as plain memory
_TRANSLATION_BYTES = 2 << 20  # of translated code per core; more only costs memory


class EmulatedMachine(Machine):
    """Runs every core's program from an executable made by `compile_elf`.

    ``check_alignment`` stops at accesses that silicon refuses but the emulator allows.
    """

    counts_instructions: ClassVar[bool] = True
    cores_per_thread: ClassVar[int] = 1

    def __init__(
        self,
        executables: Sequence[Path | bytes],
        cores: Sequence[CoreImage],
        routes: Sequence[Route],
        memory: MemoryMap | None = None,
        *,
        check_alignment: bool = True,
        wiring: Wiring | None = None,
    ) -> None:
        super().__init__(cores, routes, memory or MemoryMap(), wiring)
        self._codes = [read_code(_read(executable), self.memory) for executable in executables]
        self._library.axonc_machine_use_unicorn(ctypes.byref(_unicorn_functions()))
        self._elements: list[_Element] = []
        self._watches = [_watches(code, check_alignment) for code in self._codes]
        for index, core in enumerate(cores):
            code = self._codes[core.program]
            element = _make_element(code, core, self.memory)
            self._elements.append(element)
            self._add_memory(index, element.data, element.work, element.port, element.dram)
            self._emulate(index, code, element)

    @property
    def emulators(self) -> tuple[Any, ...]:
        """The `unicorn.Uc` of every core, for hooks of one's own."""
        return tuple(element.uc for element in self._elements)

    def _emulate(self, index: int, code: Code, element: _Element) -> None:
        settled, others = self._watches[self.cores[index].program]
        emulated = Emulated(
            uc=element.uc._uch.value,
            context=element.context.context.value,
            entry=code.entry,
            code_bytes=len(code.image),
            instructions=code.instructions.ctypes.data,
            cycles=code.cycles.ctypes.data,
            settled_count=len(settled.addresses),
            settled_at=settled.addresses.ctypes.data,
            settled_base=settled.bases.ctypes.data,
            settled_first=settled.first.ctypes.data,
        )
        watched = others.addresses.ctypes.data, others.bases.ctypes.data
        error = self._library.axonc_machine_emulate(
            self._handle, index, ctypes.byref(emulated), len(others.addresses), *watched
        )
        if error:
            raise RuntimeError(f"the emulator refuses its hooks, error {error}")

    def _line(self, core: int, pc: int) -> str:
        return self._codes[self.cores[core].program].lines.at(pc)


@dataclass(frozen=True)
class _Watch:
    """Watched instructions by address, the emulator's numbers of their base registers, and for every halfword of the
    code the first of them that lies there or behind."""

    addresses: Counts
    bases: np.ndarray[Any, np.dtype[np.int32]]
    first: Counts


def _watches(code: Code, wanted: bool) -> tuple[_Watch, _Watch]:
    """What is watched of a program, if anything: at the beginning of blocks, and at the instructions themselves."""
    watched = code.aligned if wanted else ()
    return _watch(code, [w for w in watched if w.settled]), _watch(code, [w for w in watched if not w.settled])


def _watch(code: Code, chosen: Sequence[Watched]) -> _Watch:
    addresses = np.array([entry.address for entry in chosen], np.uint32)
    first = np.searchsorted(addresses, np.arange(0, len(code.image) + 2, 2)).astype(np.uint32)
    return _Watch(addresses, np.array([_register(entry.base) for entry in chosen], np.int32), first)


@dataclass(frozen=True)
class _Element:
    """An emulator with its memory: zero-copy views of one core's SRAM and port."""

    uc: Any
    context: Any
    sram: Bytes
    data: Bytes
    work: Bytes
    port: Keys
    dram: Bytes


def _make_element(code: Code, core: CoreImage, memory: MemoryMap) -> _Element:
    sram, port, dram = aligned_buffer(memory.sram_bytes), port_words(core), dram_of(core)
    work_at = memory.work_at(len(core.data))
    work_end = round_up(work_at + core.work_bytes, PAGE)
    sram[:] = POISON
    sram[: len(code.image)] = np.frombuffer(code.image, np.uint8)
    sram[memory.data_at : memory.data_at + len(core.data)] = np.frombuffer(core.data, np.uint8)
    uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
    uc.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M4)
    uc.ctl_set_tcg_buffer_size(_TRANSLATION_BYTES)
    readable, writable = unicorn.UC_PROT_READ, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE
    _map(uc, sram, 0, memory.data_at, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
    _map(uc, sram, memory.data_at, work_at, readable)
    _map(uc, sram, work_at, work_end, writable)
    _map(uc, sram, memory.stack_at, memory.sram_bytes, writable)
    uc.mem_map_ptr(PORT_AT, port.nbytes, writable, port.ctypes.data)
    uc.mem_map_ptr(DRAM_AT, dram.nbytes, readable, dram.ctypes.data)
    uc.mem_map(_SYSTEM_AT, _SYSTEM_BYTES, writable)
    uc.reg_write(arm_const.UC_ARM_REG_SP, code.stack)
    work = sram[work_at : work_at + core.work_bytes]
    return _Element(uc, uc.context_save(), sram, sram[memory.data_at : work_at], work, port, dram)


def _map(uc: Any, sram: Bytes, start: int, stop: int, access: int) -> None:
    """Maps [start, stop) of the SRAM into the emulator."""
    uc.mem_map_ptr(start, stop - start, access, sram.ctypes.data + start)


def _unicorn_functions() -> Unicorn:
    """Addresses of the functions of the loaded emulator."""
    names = ("emu_start", "emu_stop", "reg_read", "context_restore", "hook_add")
    return Unicorn(*(ctypes.cast(getattr(uclib, f"uc_{name}"), c_void_p) for name in names))


def _register(name: str) -> int:
    """The emulator's number of a register that the disassembler names."""
    return int(getattr(arm_const, f"UC_ARM_REG_{name.upper()}"))


def _read(executable: Path | bytes) -> bytes:
    return executable if isinstance(executable, bytes) else Path(executable).read_bytes()
