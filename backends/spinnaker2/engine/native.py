"""The machine with cores compiled for the host: fast, and without instruction counts."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import c_void_p
from pathlib import Path
from typing import ClassVar

import numpy as np

from ..memory import MemoryMap
from ..toolchain import HOST_FORMS, library_form
from .bindings import host_level
from .machine import POISON, CoreImage, Machine, aligned_buffer, dram_of, port_words
from .wiring import Route, Wiring


class NativeMachine(Machine):
    """Runs every core's program from a shared library made by `compile_library`."""

    counts_instructions: ClassVar[bool] = False
    cores_per_thread: ClassVar[int] = 256

    def __init__(
        self,
        libraries: Sequence[Path],
        cores: Sequence[CoreImage],
        routes: Sequence[Route],
        memory: MemoryMap | None = None,
        *,
        wiring: Wiring | None = None,
    ) -> None:
        super().__init__(cores, routes, memory or MemoryMap(), wiring)
        self._programs = [ctypes.CDLL(str(_best(Path(path).resolve()))) for path in libraries]
        self._buffers = []
        for index, core in enumerate(cores):
            data, work = aligned_buffer(len(core.data)), aligned_buffer(core.work_bytes)
            port, dram = port_words(core), dram_of(core)
            data[:] = np.frombuffer(core.data, np.uint8)
            work[:] = POISON
            self._buffers.append((data, work, port, dram))
            self._add_memory(index, data, work, port, dram)
            self._add_program(index, self._programs[core.program])

    def _add_program(self, core: int, program: ctypes.CDLL) -> None:
        reset = ctypes.cast(program.axonc_core_reset, c_void_p)
        tick = ctypes.cast(program.axonc_core_tick, c_void_p)
        self._library.axonc_machine_host(self._handle, core, reset, tick)


def _best(library: Path) -> Path:
    """The form of a library with the widest vectors that this processor has."""
    forms = (library_form(library, level) for level in HOST_FORMS if level <= host_level())
    return next((form for form in forms if form.exists()), library)
