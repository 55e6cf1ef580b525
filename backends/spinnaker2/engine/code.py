"""What an executable says about itself: its bytes, the cost of every stretch of code, and where a line lies."""

from __future__ import annotations

import bisect
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

import capstone
import numpy as np
import numpy.typing as npt
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from ..memory import MemoryMap
from .alignment import Watched, watched_instructions
from .cycles import static_cycles

Counts = npt.NDArray[np.uint32]


class CodeError(Exception):
    """An executable that the machine cannot load."""


@dataclass(frozen=True)
class Lines:
    """Source lines by address, ascending."""

    addresses: tuple[int, ...]
    places: tuple[str, ...]

    def at(self, pc: int) -> str:
        """'file.c:42' for an address, or '' where nothing is known."""
        index = bisect.bisect_right(self.addresses, pc) - 1
        return self.places[index] if index >= 0 else ""


@dataclass(frozen=True)
class Code:
    """One executable.

    ``instructions[h]`` and ``cycles[h]`` count all that starts below byte address 2 h (uint32, one entry a
    halfword and one more), so that a block costs the difference of two entries. ``aligned`` lists the instructions
    to watch: on silicon they fault unless their base register is a multiple of four.
    """

    image: bytes
    entry: int
    stack: int
    instructions: Counts
    cycles: Counts
    aligned: tuple[Watched, ...]
    lines: Lines


@lru_cache(maxsize=64)
def read_code(elf: bytes, memory: MemoryMap) -> Code:
    """Reads an executable that was linked for ``memory``; it is decoded once, however often it is loaded."""
    file = ELFFile(io.BytesIO(elf))
    image = _image(file, memory)
    listing = disassemble(elf, memory)
    stack, entry = np.frombuffer(image[:8], "<u4").tolist()
    costs = static_cycles(listing)
    return Code(
        image=image,
        entry=entry & ~1,
        stack=stack,
        instructions=_cumulative(listing, [1] * len(listing), len(image)),
        cycles=_cumulative(listing, costs, len(image)),
        aligned=watched_instructions(listing),
        lines=_lines(file),
    )


def disassemble(elf: bytes, memory: MemoryMap) -> list[Any]:
    """The instructions of an executable, by address, as capstone describes them."""
    file = ELFFile(io.BytesIO(elf))
    return list(_decode(_image(file, memory), _thumb_ranges(file)))


def _image(file: ELFFile, memory: MemoryMap) -> bytes:
    """The loadable bytes from address 0 on."""
    image = bytearray()
    for segment in file.iter_segments("PT_LOAD"):
        start, size = segment["p_paddr"], segment["p_memsz"]
        if size == 0:
            continue
        if start + size > memory.code_bytes:
            raise CodeError(f"code of {start + size} bytes; {memory.code_bytes} bytes are set aside for it")
        if segment["p_flags"] & 2 or size != segment["p_filesz"]:
            raise CodeError("the program has variables of its own; only code and constants can be loaded")
        image += bytes(start + size - len(image)) if len(image) < start + size else b""
        image[start : start + size] = segment.data()
    return bytes(image) + bytes(len(image) % 2)


def _thumb_ranges(file: ELFFile) -> Iterator[tuple[int, int]]:
    """Address ranges that hold Thumb code: between a $t symbol and the next mapping symbol."""
    table = file.get_section_by_name(".symtab")
    if not isinstance(table, SymbolTableSection):
        raise CodeError("the program has no symbols; link it without stripping them")
    text: Any = file.get_section_by_name(".text")
    end = text["sh_addr"] + text["sh_size"]
    symbols = {(s["st_value"], s.name[:2]) for s in table.iter_symbols() if s["st_value"] < end}
    marks = [*sorted(mark for mark in symbols if mark[1] in ("$t", "$d", "$a")), (end, "$d")]
    for (start, kind), (stop, _) in itertools.pairwise(marks):
        if kind == "$t" and start < stop:
            yield start, stop


def _decode(image: bytes, ranges: Iterator[tuple[int, int]]) -> Iterator[Any]:
    decoder = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
    decoder.detail = True
    for start, stop in ranges:
        at = start
        for instruction in decoder.disasm(image[start:stop], start):
            at = instruction.address + instruction.size
            yield instruction
        if at != stop:
            raise CodeError(f"unknown instruction at address {at:#x}")


def _cumulative(listing: list[Any], costs: list[int], size: int) -> Counts:
    """Per halfword boundary, the summed cost of the instructions that start below it."""
    counts = np.zeros(size // 2 + 1, np.uint32)
    for instruction, cost in zip(listing, costs, strict=True):
        counts[instruction.address // 2 + 1] = cost
    return np.cumsum(counts, dtype=np.uint32)


def _lines(file: ELFFile) -> Lines:
    """The line table of the debug information, empty where there is none."""
    rows: list[tuple[int, str]] = []
    if file.has_dwarf_info():
        info = file.get_dwarf_info()
        for unit in info.iter_CUs():
            rows += _unit_lines(info.line_program_for_CU(unit))
    rows.sort(key=lambda row: row[0])
    return Lines(tuple(address for address, _ in rows), tuple(place for _, place in rows))


def _unit_lines(program: Any) -> Iterator[tuple[int, str]]:
    """(address, 'file:line') of one source file's code; '' ends a stretch."""
    if program is None:
        return
    names = [PurePosixPath(entry.name.decode()).name for entry in program["file_entry"]]
    first = 0 if program["version"] >= 5 else 1
    states = (entry.state for entry in program.get_entries() if entry.state is not None)
    start: int | None = None
    for state in states:
        start = state.address if start is None else start
        # A function that the linker dropped claims to start at 0, where the vector table lies.
        if start != 0:
            yield state.address, "" if state.end_sequence else f"{names[state.file - first]}:{state.line}"
        start = None if state.end_sequence else start
