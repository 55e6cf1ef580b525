"""The code of a program is as large as was said before it was compiled."""

from __future__ import annotations

import re

import pytest
from elftools.elf.elffile import ELFFile
from handmade import compile_program, program_text

from axonc.backends.spinnaker2.code_size import (
    GRADED_ROW_BYTES,
    KERNEL_BYTES,
    MARGIN,
    ROW_BYTES,
    RUNTIME_BYTES,
    code_bytes,
)
from axonc.backends.spinnaker2.memory import MemoryMap
from axonc.backends.spinnaker2.schema import FORMATS
from axonc.backends.spinnaker2.toolchain import RUNTIME


def image_bytes(kernels: tuple[str, ...], formats: tuple[str, ...] = (), graded: tuple[str, ...] = ()) -> int:
    """The end of code and constants in the image of a program that calls some kernels and has some rows."""
    calls = "".join(f"    axonc_{name}(core, {place});\n" for place, name in enumerate(kernels))
    image = compile_program(program_text(f"    (void)core;\n{calls}", formats, graded), "emulated", MemoryMap())
    with image.open("rb") as file:
        sections = ELFFile(file).iter_sections()
        return max(s["sh_addr"] + s["sh_size"] for s in sections if s["sh_flags"] & 2 and s["sh_addr"] < 2**17)


def assert_stated(found: int, stated: int, exact: bool) -> None:
    assert found <= MARGIN * stated
    assert not exact or found >= 0.95 * stated


@pytest.mark.parametrize("kernels", [(), *((name,) for name in KERNEL_BYTES), tuple(KERNEL_BYTES)])
def test_programs_are_as_large_as_stated(kernels: tuple[str, ...]) -> None:
    found = image_bytes(kernels)
    assert_stated(found, RUNTIME_BYTES + sum(KERNEL_BYTES[name] for name in kernels), len(kernels) < 2)
    assert code_bytes(kernels) >= found


@pytest.mark.parametrize("formats", [*((name,) for name in FORMATS), FORMATS])
def test_rows_are_as_large_as_stated(formats: tuple[str, ...]) -> None:
    """Those of spikes, and with them those of graded events."""
    graded = tuple(name for name in formats if name in GRADED_ROW_BYTES)
    spikes = RUNTIME_BYTES + sum(ROW_BYTES[name] for name in formats)
    both = spikes + sum(GRADED_ROW_BYTES[name] for name in graded)
    assert_stated(image_bytes((), formats), spikes, len(formats) == 1)
    assert_stated(found := image_bytes((), formats, graded), both, len(formats) == 1)
    assert code_bytes((), formats, graded) >= found


def test_every_kernel_has_a_size() -> None:
    declared = re.findall(
        r"void axonc_(\w+)\(axonc_core_t \*core, uint32_t population\);", (RUNTIME / "neurons.h").read_text()
    )
    assert set(declared) == set(KERNEL_BYTES)
