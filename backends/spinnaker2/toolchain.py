"""The C toolchain: compiler and linker of the ``ziglang`` wheel, or ``arm-none-eabi-gcc`` where asked for.

Every compilation runs inside the folder that holds the sources and names files relative to it, so that equal
sources give equal bytes wherever they lie.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .cache import built_once
from .memory import DRAM_AT, PORT_AT, MemoryMap
from .schema import c_header
from .tables import c_tables

RUNTIME = Path(__file__).parent / "runtime"
SCHEMA_HEADER = "axonc_schema.h"
TABLES_HEADER = "axonc_tables.h"
MEMORY_SCRIPT = "memory.ld"

WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
LANGUAGE = ("-std=c11", "-O2", "-ffp-contract=off", *WARNINGS)
PORTABLE = (
    "runtime.c",
    "clock.c",
    "events.c",
    "events_graded.c",
    "rows_dense.c",
    "rows_sparse.c",
    "rows_blocks.c",
    "rows_host.c",
    "rows_wide.c",
    "rows_packed.c",
    "rows_dram.c",
    "convolution.c",
    "convolution_wide.c",
    "convolution_packed.c",
    "recording.c",
    "neurons_fixed.c",
    "neurons_float.c",
    "neurons_levels.c",
    "neurons_sums.c",
    "platform_port.c",
)
EMBEDDED = ("start.S", "main.c", *PORTABLE, "neurons_gated.c", "platform_emulator.c")
HOSTED = (*PORTABLE, "dense_host.c", "neurons_gated_host.c", "platform_native.c")

_EMBEDDED_FLAGS = (
    "-g",
    "-gdwarf-4",
    "-ffreestanding",
    "-fomit-frame-pointer",
    "-fno-math-errno",
    "-ffunction-sections",
    "-fdata-sections",
)
_ZIG_ARM = ("-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m4+vfp4d16sp+strict_align")
_GCC_ARM = ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", "-mno-unaligned-access")
_GCC = "arm-none-eabi-gcc"

HOST_FORMS = {
    4: ("-mcpu=x86_64_v4", "-O3", "-mprefer-vector-width=512"),
    3: ("-mcpu=x86_64_v3", "-O3"),
    0: ("-mcpu=baseline",),
}
"""How a program for the host is compiled, by level of x86-64, the widest vectors first; 0 is any host of the
architecture. What is built never depends on the processor that compiles, only what is loaded on the one that runs."""


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
    sizes = {"AXONC_CODE_BYTES": memory.code_bytes, "AXONC_SRAM_BYTES": memory.sram_bytes}
    sizes |= {"AXONC_PORT_AT": PORT_AT, "AXONC_DRAM_AT": DRAM_AT}
    lines = [f"{name} = {value:#x};" for name, value in sizes.items()]
    return "\n".join(["/* The memory of a core. Generated from the machine description: do not edit. */", *lines, ""])


def runtime_files(memory: MemoryMap) -> dict[str, bytes]:
    """File name -> content of everything that a build's ``runtime/`` folder holds."""
    files = {path.name: path.read_bytes() for path in sorted(RUNTIME.iterdir()) if path.is_file()}
    made = {SCHEMA_HEADER: c_header(), TABLES_HEADER: c_tables(), MEMORY_SCRIPT: memory_script(memory)}
    return {**files, **{name: text.encode() for name, text in made.items()}}


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
    command = [*_arm_compiler(compiler), *LANGUAGE, *_EMBEDDED_FLAGS, *_placeless(compiler, folder), "-Iruntime"]
    runtime = runtime_object(folder, EMBEDDED, command)
    libraries = ["-lgcc"] if compiler == _GCC else []
    link = ["-Wl,--gc-sections", "-Wl,-T,runtime/link.ld"]
    run_compiler([*command, *link, str(runtime), program, *libraries, "-o", output], folder)
    return folder / output


def compile_library(folder: Path, program: str, output: str) -> Path:
    """Links ``folder/program`` with ``folder/runtime`` into the host's shared library ``folder/output``, and into
    others with wider vectors beside it where the architecture has them (`library_form`)."""
    levels = HOST_FORMS if platform.machine().lower() in ("x86_64", "amd64") else (0,)

    def build(level: int) -> None:
        form = str(library_form(Path(output), level))
        command = [*_host_compiler(folder, HOST_FORMS[level]), "-Iruntime"]
        runtime = runtime_object(folder, HOSTED, command)
        run_compiler([*command, "-shared", str(runtime), program, "-o", form], folder)

    with ThreadPoolExecutor() as pool:
        list(pool.map(build, levels))
    return folder / output


def library_form(library: Path, level: int) -> Path:
    """The form of a library for one level of `HOST_FORMS`."""
    return library.with_suffix(f".v{level}{library.suffix}") if level else library


def build_shared(
    folder: Path,
    sources: Sequence[str],
    output: str,
    includes: Sequence[str] = (),
    options: Sequence[str] = HOST_FORMS[0],
) -> None:
    """Compiles C sources of ``folder`` into a shared library, by default for any host of this architecture."""
    command = [*_host_compiler(folder, options), "-shared", *(f"-I{i}" for i in includes)]
    run_compiler([*command, *sources, "-o", output], folder)


def _host_compiler(folder: Path, options: Sequence[str]) -> list[str]:
    flags = [*_placeless("zig", folder), "-g0", "-fPIC", "-fno-sanitize=all", *options]
    return [str(find_zig()), "cc", *LANGUAGE, *flags]


def _arm_compiler(compiler: str) -> list[str]:
    if compiler == _GCC:
        return [str(find_gcc()), *_GCC_ARM, "-nostdlib", "-nostartfiles"]
    return [str(find_zig()), "cc", *_ZIG_ARM, "-fno-sanitize=all", "-nostdlib"]


def _placeless(compiler: str, folder: Path) -> list[str]:
    """Flags that keep the build folder and the compiler's own out of the output."""
    if compiler == _GCC:
        return [f"-ffile-prefix-map={folder.resolve()}=."]
    return ["-fdebug-compilation-dir=.", f"-ffile-prefix-map={find_zig().parent}=zig"]


def run_compiler(command: Sequence[str], folder: Path) -> None:
    """Runs a compiler in ``folder``; what it says on failure becomes the error."""
    zig = str(cache_folder() / "zig")
    environment = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": zig, "ZIG_LOCAL_CACHE_DIR": zig}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ToolchainError(f"{Path(command[0]).name} failed in {folder}:\n{done.stderr.strip()}")


def runtime_object(folder: Path, sources: Sequence[str], command: Sequence[str]) -> Path:
    """The sources of ``folder/runtime`` as one object file, in the cache: they are the same for most programs.

    Its name says what is in it: all that is compiled there, the command, and the compiler by its size and date.
    Linker scripts are not compiled: programs for machines with other memories share the object.
    """
    compiler = Path(command[0]).stat()
    digest = hashlib.sha256(repr((sources, command[1:], compiler.st_size, compiler.st_mtime_ns)).encode())
    for path in sorted((folder / "runtime").iterdir()):
        if path.suffix != ".ld":
            digest.update(path.name.encode() + b"\0" + path.read_bytes())

    def make(new: Path) -> None:
        run_compiler([*command, "-r", *(f"runtime/{name}" for name in sources), "-o", str(new)], folder)

    return built_once(cache_folder() / f"runtime-{digest.hexdigest()[:32]}.o", make)
