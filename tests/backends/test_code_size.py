"""The code of a program is as large as was said before it was compiled."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from axonc.backends.spinnaker2.code_size import KERNEL_BYTES, MARGIN, RUNTIME_BYTES, code_bytes
from axonc.backends.spinnaker2.memory import MemoryMap
from axonc.backends.spinnaker2.toolchain import RUNTIME, compile_elf, runtime_files

PROGRAM = (
    '#include "neurons.h"\n#include "runtime.h"\nvoid axonc_program(axonc_core_t *core)\n{{\n    (void)core;\n{}}}\n'
)


def image_bytes(folder: Path, kernels: tuple[str, ...]) -> int:
    """The end of code and constants in the image of a program that calls some kernels."""
    (folder / "src" / "runtime").mkdir(parents=True)
    (folder / "images").mkdir()
    for name, content in runtime_files(MemoryMap()).items():
        (folder / "src" / "runtime" / name).write_bytes(content)
    calls = "".join(f"    axonc_{name}(core, {place});\n" for place, name in enumerate(kernels))
    (folder / "src" / "program_0.c").write_text(PROGRAM.format(calls))
    compile_elf(folder / "src", "program_0.c", "../images/program_0.elf")
    with (folder / "images" / "program_0.elf").open("rb") as file:
        sections = ELFFile(file).iter_sections()
        return max(s["sh_addr"] + s["sh_size"] for s in sections if s["sh_flags"] & 2 and s["sh_addr"] < 2**17)


@pytest.mark.parametrize("kernels", [(), *((name,) for name in KERNEL_BYTES), tuple(KERNEL_BYTES)])
def test_programs_are_as_large_as_stated(tmp_path: Path, kernels: tuple[str, ...]) -> None:
    stated = RUNTIME_BYTES + sum(KERNEL_BYTES[name] for name in kernels)
    found = image_bytes(tmp_path, kernels)
    assert found <= MARGIN * stated
    assert code_bytes(kernels) >= found
    if len(kernels) < 2:
        assert found >= 0.95 * stated


def test_every_kernel_has_a_size() -> None:
    declared = re.findall(
        r"void axonc_(\w+)\(axonc_core_t \*core, uint32_t population\);", (RUNTIME / "neurons.h").read_text()
    )
    assert set(declared) == set(KERNEL_BYTES)
