"""Executables for the tests, each compiled once."""

from __future__ import annotations

import atexit
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from axonc.backends.spinnaker2.engine import Machine, NativeMachine, Route, load_emulated_machine
from axonc.backends.spinnaker2.memory import MemoryMap
from axonc.backends.spinnaker2.toolchain import compile_elf, compile_library, write_runtime

from .cores import Layout

DEFAULT = MemoryMap()


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="axonc-test-")
    atexit.register(folder.cleanup)
    return folder


@cache
def compile_program(program: str, kind: str, memory: MemoryMap = DEFAULT) -> Path:
    """The executable of a program's source text; ``kind`` is "native" or "emulated"."""
    folder = Path(tempfile.mkdtemp(dir=_folder().name))
    write_runtime(folder / "runtime", memory)
    (folder / "program.c").write_text(program)
    if kind == "native":
        return compile_library(folder, "program.c", "program.so")
    return compile_elf(folder, "program.c", "program.elf")


def make_machine(layouts: Sequence[Layout], routes: Sequence[Route], kind: str) -> Machine:
    """A machine of one kind with one program per core."""
    programs = [compile_program(layout.program, kind) for layout in layouts]
    images = [replace(layout.image, program=index) for index, layout in enumerate(layouts)]
    machine = NativeMachine if kind == "native" else load_emulated_machine()
    return machine(programs, images, routes)
