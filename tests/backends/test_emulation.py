"""What emulation adds: exact counts, faults that name core, slot and line, and executables fit for silicon."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from handmade import (
    LOCAL_BITS,
    Core,
    Layout,
    Population,
    Projection,
    build_core,
    compile_program,
    make_machine,
    program_text,
)

from axonc.backends.spinnaker2 import schema
from axonc.backends.spinnaker2.engine import CoreImage, Inputs, MachineFault, Route
from axonc.backends.spinnaker2.engine.code import CodeError, disassemble, read_code
from axonc.backends.spinnaker2.engine.emulated import EmulatedMachine, unicorn
from axonc.backends.spinnaker2.memory import MemoryMap
from axonc.backends.spinnaker2.toolchain import ToolchainError, compile_elf, compile_library, find_zig, write_runtime

ROUTE = Route(0, 0x7FFFFFFF & ~((1 << LOCAL_BITS) - 1), (0, 1))
IDLE = program_text("    (void)core;\n")


def small_core(storage: str = "q32") -> Layout:
    record = schema.MEMBRANE_FLOAT if storage == "f32" else schema.MEMBRANE_FIXED
    membrane = np.zeros(1, record.dtype)
    membrane["threshold"] = 100
    weights = np.arange(-30, 34, dtype=np.int8).reshape(8, 8)
    dense, sparse = Projection(0, 0, weights), Projection(0, 0, weights, sparse=True)
    return build_core(Core((Population(8, 3, storage, membrane),), (dense, sparse)))


def machine_of(body: str, **options: Any) -> EmulatedMachine:
    """Two cores; the second runs ``body`` as its program."""
    layout = small_core()
    programs = [compile_program(text, "emulated") for text in (IDLE, program_text(body))]
    images = [CoreImage(index, layout.image.data, layout.image.work_bytes) for index in range(2)]
    return EmulatedMachine(programs, images, [ROUTE], **options)


def fault_of(body: str, **options: Any) -> MachineFault:
    """The fault of the second core, whose program runs from slot 2 on."""
    machine = machine_of("    if (core->status->slot < 2) {\n        return;\n    }\n" + body)
    with pytest.raises(MachineFault) as caught:
        machine.run(slots=4, steps=4, **options)
    return caught.value


# The body's first line is line 9 of the program.
FAULTS = {
    "write to read-only memory at 0x8004": "    *(volatile uint32_t *)(uintptr_t)(core->data + 4) = 1;\n",
    "write to read-only memory at 0x40": "    *(volatile uint32_t *)(uintptr_t)0x40 = 1;\n",
    "read of unmapped memory at 0x50000000": "    (void)*(volatile uint32_t *)(uintptr_t)0x50000000;\n",
    "undefined instruction": '    __asm__ volatile("udf #0");\n',
    "execution of data": "    ((void (*)(void))((uintptr_t)core->work | 1))();\n",
    "exception SVC": '    __asm__ volatile("svc #0");\n',
    "whole words at 0x8002": (
        '    __asm__ volatile("ldrd r2, r3, [%0]" ::"r"(core->data + 2) : "r2", "r3", "memory");\n'
    ),
    "whole words at 0x8001": '    __asm__ volatile("vldr s0, [%0]" ::"r"(core->data + 1) : "s0", "memory");\n',
}


@pytest.mark.parametrize("message", FAULTS)
def test_fault_names_core_slot_and_line(message: str) -> None:
    fault = fault_of(FAULTS[message])
    assert message in str(fault)
    assert (fault.core, fault.slot) == (1, 2)
    if message != "execution of data":
        assert fault.line == "program.c:12", fault
    assert "\n" not in str(fault)


def test_alignment_check_can_be_left_out() -> None:
    machine = machine_of(FAULTS["whole words at 0x8002"], check_alignment=False)
    machine.run(slots=2, steps=2)


def test_endless_loop() -> None:
    fault = fault_of('    for (;;) {\n        __asm__ volatile("nop");\n    }\n', budget=10_000)
    assert str(fault).startswith("core 1, slot 2: program.c:")
    assert "more than 10000 instructions in one slot" in str(fault)


def test_stack_overflow_meets_the_guard() -> None:
    body = '    uint8_t large[4200];\n    large[0] = 1;\n    __asm__ volatile("" ::"r"(large) : "memory");\n'
    fault = fault_of(body)
    assert "(stack overflow)" in str(fault)
    assert (fault.core, fault.slot) == (1, 2)


def test_end_of_work_area_is_guarded() -> None:
    body = "    core->work[(core->header->work_bytes + 1023) & ~1023u] = 1;\n"
    assert "write to unmapped memory" in str(fault_of(body))


@pytest.mark.parametrize("kind", ["native", "emulated"])
@pytest.mark.parametrize("field", ["magic", "abi", "data_bytes", "work_bytes", "fifo_capacity"])
def test_bad_data_is_refused_at_boot(field: str, kind: str) -> None:
    layout = small_core()
    data = bytearray(layout.image.data)
    header = np.frombuffer(data, schema.HEADER.dtype, 1)
    header[field] += 1000
    bad = Layout(CoreImage(0, bytes(data), layout.image.work_bytes), (), (), layout.program)
    machine = make_machine([layout, bad], [ROUTE], kind)
    with pytest.raises(MachineFault, match=r"core 1, while booting: .*data does not fit this program") as caught:
        machine.run(slots=1, steps=1)
    assert caught.value.slot is None
    assert caught.value.line.startswith("platform_emulator.c") == (kind == "emulated")


@pytest.mark.parametrize("kind", ["native", "emulated"])
def test_unknown_format(kind: str) -> None:
    layout = small_core()
    data = bytearray(layout.image.data)
    at = int(np.frombuffer(data, schema.HEADER.dtype, 1)["projections_at"][0])
    np.frombuffer(data, schema.PROJECTION.dtype, 1, at)["format"] = 99
    bad = Layout(CoreImage(0, bytes(data), layout.image.work_bytes), (), (), layout.program)
    machine = make_machine([bad], [Route(0, ROUTE.mask, (0,))], kind)
    with pytest.raises(MachineFault, match=r"core 0, slot 1: .*unknown format"):
        machine.run(slots=3, steps=3, inputs=Inputs.listed([np.array([1], np.uint32)]))


def test_core_too_large_for_its_memory() -> None:
    layout = small_core()
    with pytest.raises(ValueError, match=r"core 0: .* bytes are available"):
        make_machine([Layout(CoreImage(0, layout.image.data, 96 * 1024), (), (), layout.program)], [], "emulated")


def test_memory_is_poisoned() -> None:
    """A program sees neither zeros nor yesterday's values in memory that nothing wrote."""
    body = "    if (core->work[core->header->work_bytes] != 0xA5) {\n        __builtin_trap();\n    }\n"
    machine_of(body).run(slots=1, steps=1)


def test_fpu_is_switched_on_by_the_program() -> None:
    """The emulator would run float code without it; silicon would not."""
    body = (
        "    (void)core;\n    if ((*(volatile uint32_t *)(uintptr_t)0xE000ED88 & 0xF00000) != 0xF00000) {\n"
        "        __builtin_trap();\n    }\n"
    )
    machine_of(body).run(slots=1, steps=1)


def count_by_hand(layout: Layout, slots: int) -> int:
    """Instructions from switching on to the end of a slot: the emulator reports them one by one, and leaves
    out those that an IT block skips."""
    elf = compile_program(layout.program, "emulated").read_bytes()
    names = {i.address: i.mnemonic for i in disassemble(elf, MemoryMap())}
    skippable = set[int]()
    for address, name in names.items():
        if name.startswith("it"):
            skippable |= set(sorted(a for a in names if a > address)[: len(name) - 1])
    machine = make_machine([layout], [Route(0, ROUTE.mask, (0,))], "emulated")
    assert isinstance(machine, EmulatedMachine)
    seen: list[int] = []
    machine.emulators[0].hook_add(unicorn.UC_HOOK_CODE, lambda _uc, address, _size, _user: seen.append(address))
    machine.run(slots=slots, steps=slots, inputs=Inputs.listed([EVENTS] * (slots > 0)))
    whole_blocks = sum(len(names[a]) - 1 for a in seen if names[a].startswith("it"))
    return sum(a not in skippable for a in seen) + whole_blocks


EVENTS = np.array([0, 3, 7, 200], np.uint32)


@pytest.mark.parametrize("storage", ["q16", "q32", "f32"])
def test_instruction_counts_are_exact(storage: str) -> None:
    layout = small_core(storage)
    machine = make_machine([layout], [Route(0, ROUTE.mask, (0,))], "emulated")
    counted = machine.run(slots=3, steps=3, inputs=Inputs.listed([EVENTS])).instructions.sum()
    assert counted == count_by_hand(layout, 3) - count_by_hand(layout, 0)


def test_cycles_grow_with_the_cost_of_a_branch() -> None:
    layout = small_core()
    machine = make_machine([layout], [Route(0, ROUTE.mask, (0,))], "emulated")
    cycles = [machine.run(slots=3, steps=3, branch_cycles=p).cycles.sum() for p in (0, 1, 2)]
    assert cycles[0] < cycles[1]
    assert cycles[2] - cycles[1] == cycles[1] - cycles[0]


def test_executables_do_not_depend_on_the_folder(tmp_path: Path) -> None:
    built = []
    for folder in (tmp_path / "a", tmp_path / "b" / "deeper"):
        write_runtime(folder / "runtime", MemoryMap())
        (folder / "program.c").write_text(small_core("f32").program)
        elf = compile_elf(folder, "program.c", "program.elf")
        library = compile_library(folder, "program.c", "program.so")
        built.append((elf.read_bytes(), library.read_bytes()))
    assert built[0] == built[1]
    for place in (tmp_path, find_zig().parent):
        assert all(str(place).encode() not in binary for binary in built[0])


def test_compiler_errors_are_shown(tmp_path: Path) -> None:
    write_runtime(tmp_path / "runtime", MemoryMap())
    (tmp_path / "program.c").write_text("int unused(void) { int x; return 0; }\n")
    with pytest.raises(ToolchainError, match="unused variable 'x'"):
        compile_elf(tmp_path, "program.c", "program.elf")


def test_variables_are_refused(tmp_path: Path) -> None:
    write_runtime(tmp_path / "runtime", MemoryMap())
    program = small_core().program.replace("/* One slot", "static volatile int counter;\n\n/* One slot")
    (tmp_path / "program.c").write_text(program.replace("{\n", "{\n    counter++;\n", 1))
    with pytest.raises(ToolchainError, match="must not have variables"):
        compile_elf(tmp_path, "program.c", "program.elf")


def test_code_must_fit(tmp_path: Path) -> None:
    elf = compile_program(small_core().program, "emulated").read_bytes()
    with pytest.raises(CodeError, match="1024 bytes are set aside"):
        read_code(elf, MemoryMap(code_bytes=1024))


def test_lines_of_code_are_known() -> None:
    code = read_code(compile_program(small_core().program, "emulated").read_bytes(), MemoryMap())
    places = {code.lines.at(pc).split(":")[0] for pc in range(0, len(code.image), 2)}
    assert {"runtime.c", "events.c", "neurons_fixed.c", "arithmetic.h", "main.c"} <= places


def test_memory_map_is_checked() -> None:
    with pytest.raises(ValueError, match="multiples of 1024"):
        MemoryMap(code_bytes=1000)
    with pytest.raises(ValueError, match="no room for data"):
        MemoryMap(sram_bytes=32 * 1024)
    assert MemoryMap().work_at(1) - MemoryMap().data_at == 1024
