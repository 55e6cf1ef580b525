"""The C toolchain: compiler and linker of the ``ziglang`` wheel, or ``arm-none-eabi-gcc`` where asked for.

Every compilation runs inside the folder that holds the sources and names files relative to it, so that equal
sources give equal bytes wherever they lie.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .memory import PORT_AT, MemoryMap
from .schema import c_header

RUNTIME = Path(__file__).parent / "runtime"
SCHEMA_HEADER = "axonc_schema.h"
MEMORY_SCRIPT = "memory.ld"

WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
LANGUAGE = ("-std=c11", "-O2", "-ffp-contract=off", *WARNINGS)
PORTABLE = (
    "runtime.c",
    "clock.c",
    "events.c",
    "convolution.c",
    "recording.c",
    "neurons_fixed.c",
    "neurons_float.c",
    "platform_port.c",
)
EMBEDDED = ("start.S", "main.c", *PORTABLE, "platform_emulator.c")
HOSTED = (*PORTABLE, "platform_native.c")

_EMBEDDED_FLAGS = (
    "-g",
    "-gdwarf-4",
    "-ffreestanding",
    "-fomit-frame-pointer",
    "-fno-math-errno",
    "-ffunction-sections",
)
_ZIG_ARM = ("-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m4+vfp4d16sp+strict_align")
_GCC_ARM = ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", "-mno-unaligned-access")
_GCC = "arm-none-eabi-gcc"

FAST_CPUS = {"x86_64": "x86_64_v3", "amd64": "x86_64_v3"}
"""Processors with wider vectors, by architecture. A build for them never depends on the one that compiles."""


class ToolchainError(Exception):
    """No compiler, or a compiler that refuses. One message for a person to read."""


def cache_folder() -> Path:
    """The per-user folder for what is built once: ``$XDG_CACHE_HOME/axonc``."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "axonc"


def find_zig() -> Path:
    """The zig binary inside the ``ziglang`` wheel."""
    spec = importlib.util.find_spec("ziglang")
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        for name in ("zig", "zig.exe"):
            if (binary := Path(folder) / name).is_file():
                return binary
    raise ToolchainError('the C compiler is missing; pip install "axonc[spinnaker2]"')


def find_gcc() -> Path:
    """``arm-none-eabi-gcc`` on the search path."""
    found = shutil.which(_GCC)
    if found is None:
        raise ToolchainError(f"{_GCC} is not on the search path; install it, or use the zig compiler")
    return Path(found)


def memory_script(memory: MemoryMap) -> str:
    """The part of the linker script that states the sizes."""
    sizes = {"AXONC_CODE_BYTES": memory.code_bytes, "AXONC_SRAM_BYTES": memory.sram_bytes, "AXONC_PORT_AT": PORT_AT}
    lines = [f"{name} = {value:#x};" for name, value in sizes.items()]
    return "\n".join(["/* The memory of a core. Generated from the machine description: do not edit. */", *lines, ""])


def runtime_files(memory: MemoryMap) -> dict[str, bytes]:
    """File name -> content of everything that a build's ``runtime/`` folder holds."""
    files = {path.name: path.read_bytes() for path in sorted(RUNTIME.iterdir()) if path.is_file()}
    return {**files, SCHEMA_HEADER: c_header().encode(), MEMORY_SCRIPT: memory_script(memory).encode()}


def write_runtime(folder: Path, memory: MemoryMap) -> None:
    """Writes `runtime_files` into ``folder``, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in runtime_files(memory).items():
        (folder / name).write_bytes(content)


def compile_elf(folder: Path, program: str, output: str, compiler: str = "zig") -> Path:
    """Links ``folder/program`` with ``folder/runtime`` into the Cortex-M4F executable ``folder/output``.

    ``compiler`` is "zig" or "arm-none-eabi-gcc".
    """
    if compiler not in ("zig", _GCC):
        raise ValueError(f'compiler must be "zig" or "{_GCC}", not {compiler!r}')
    command = [*_arm_compiler(compiler), *LANGUAGE, *_EMBEDDED_FLAGS, *_placeless(compiler, folder)]
    command += ["-Iruntime", "-Wl,--gc-sections", "-Wl,-T,runtime/link.ld"]
    libraries = ["-lgcc"] if compiler == _GCC else []
    _run([*command, *_sources(EMBEDDED), program, *libraries, "-o", output], folder)
    return folder / output


def compile_library(folder: Path, program: str, output: str) -> Path:
    """Links ``folder/program`` with ``folder/runtime`` into the host's shared library ``folder/output``, and into one
    with wider vectors beside it where the architecture has them (`fast_library`)."""
    forms = {output: ["-mcpu=baseline"]}
    if cpu := FAST_CPUS.get(platform.machine().lower()):
        forms[str(fast_library(Path(output)))] = [f"-mcpu={cpu}", "-O3"]
    sources = [*_sources(HOSTED), program]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda form: build_shared(folder, sources, form[0], ["runtime"], form[1]), forms.items()))
    return folder / output


def fast_library(library: Path) -> Path:
    """The library for hosts with wider vectors, by the one for any host of the architecture."""
    return library.with_suffix(f".fast{library.suffix}")


def build_shared(
    folder: Path,
    sources: Sequence[str],
    output: str,
    includes: Sequence[str] = (),
    options: Sequence[str] = ("-mcpu=baseline",),
) -> None:
    """Compiles C sources of ``folder`` into a shared library, by default for any host of this architecture."""
    flags = [*_placeless("zig", folder), "-g0", "-fPIC", "-shared", "-fno-sanitize=all", *options]
    command = [str(find_zig()), "cc", *LANGUAGE, *flags, *(f"-I{i}" for i in includes)]
    _run([*command, *sources, "-o", output], folder)


def _arm_compiler(compiler: str) -> list[str]:
    if compiler == _GCC:
        return [str(find_gcc()), *_GCC_ARM, "-nostdlib", "-nostartfiles"]
    return [str(find_zig()), "cc", *_ZIG_ARM, "-fno-sanitize=all", "-nostdlib"]


def _sources(names: Sequence[str]) -> list[str]:
    return [f"runtime/{name}" for name in names]


def _placeless(compiler: str, folder: Path) -> list[str]:
    """Flags that keep the build folder and the compiler's own out of the output."""
    if compiler == _GCC:
        return [f"-ffile-prefix-map={folder.resolve()}=."]
    return ["-fdebug-compilation-dir=.", f"-ffile-prefix-map={find_zig().parent}=zig"]


def _run(command: Sequence[str], folder: Path) -> None:
    """Runs a compiler in ``folder``; what it says on failure becomes the error."""
    zig = str(cache_folder() / "zig")
    environment = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": zig, "ZIG_LOCAL_CACHE_DIR": zig}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ToolchainError(f"{Path(command[0]).name} failed in {folder}:\n{done.stderr.strip()}")
