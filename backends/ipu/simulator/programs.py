"""Programs with their codelets, and the simulator's library: built once and kept."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ...spinnaker2.toolchain import cache_folder
from .popc import compile_codelet
from .toolchain import HERE, INCLUDE, SOURCE, ZIG, Compiler, find_compiler, kept, run_compiler, simulator_digest

WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Werror")
LANGUAGE = ("-std=c++17", "-ffp-contract=off", "-fno-math-errno", "-fPIC")


@dataclass(frozen=True)
class Built:
    """A program that is ready to run: the executable, and the list of the codelet libraries made for it."""

    program: Path
    codelets: Path


def compile_object(compiler: Compiler, source: Path, flags: Sequence[str]) -> Path:
    """An object file of one source. It is kept under the text that the preprocessor makes of it."""
    command = [*compiler.command, *LANGUAGE, *flags, f"-I{INCLUDE}"]
    text = run_compiler([*command, "-E", "-P", str(source)])

    def make(new: Path) -> None:
        run_compiler([*command, "-c", str(source), "-o", str(new)])

    return kept("object", ".o", [compiler.identity, *command[1:], text], make)


def library(compiler: Compiler) -> list[Path]:
    """The objects of the simulator, compiled in parallel when they are not in the cache. Their names say what is in
    them without asking the compiler; one process compiles while others wait for it."""
    folder = cache_folder() / "ipu"
    sources = sorted(SOURCE.glob("*.cpp"))
    names = [folder / _object_name(compiler, source) for source in sources]
    if not all(name.exists() for name in names):
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "library.lock").open("w") as lock, ThreadPoolExecutor(os.cpu_count()) as pool:
            fcntl.flock(lock, fcntl.LOCK_EX)
            list(pool.map(lambda pair: _build_object(compiler, *pair), zip(sources, names, strict=True)))
    return names


def _object_name(compiler: Compiler, source: Path) -> str:
    key = f"{compiler.identity}\0{source.name}\0{simulator_digest()}"
    return f"library-{hashlib.sha256(key.encode()).hexdigest()[:32]}.o"


def _build_object(compiler: Compiler, source: Path, name: Path) -> None:
    if name.exists():
        return
    with tempfile.TemporaryDirectory(dir=name.parent) as folder:
        new = Path(folder) / "made.o"
        command = [
            *compiler.command,
            *LANGUAGE,
            "-O2",
            *WARNINGS,
            "-Iinclude",
            "-c",
            f"src/{source.name}",
            "-o",
            str(new),
        ]
        run_compiler(command, HERE)
        os.replace(new, name)


def build_program(
    sources: Sequence[Path],
    codelets: Sequence[Path],
    out: Path,
    *,
    flags: Sequence[str] = ("-O1",),
    compiler: str = ZIG,
) -> Built:
    """Compiles and links a Poplar program with the simulator, and its codelets beforehand.

    Args:
        sources: C++ files of the host program.
        codelets: files that the program will give to ``Graph::addCodelets`` without flags of its own. What is not
            named here is compiled when the program runs.
        out: the executable to write; the list of codelet libraries is written beside it.
        flags: further flags for the sources.
        compiler: "zig", or a compiler of the system such as "c++".

    Raises:
        ToolchainError: no compiler, or a source that does not compile.
        CodeletError: codelets that the simulator cannot run, all reasons at once.
    """
    chosen = find_compiler(compiler)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = [pool.submit(compile_object, chosen, Path(source), tuple(flags)) for source in sources]
        made = [(Path(one).resolve(), pool.submit(compile_codelet, Path(one))) for one in codelets]
        parts = [*library(chosen), *(one.result() for one in objects)]
    names = [str(part) for part in parts]

    def link(new: Path) -> None:
        run_compiler([*chosen.command, *names, "-ldl", "-lpthread", "-o", str(new)])

    program = kept("program", "", [chosen.identity, *names], link)
    shutil.copy2(program, out)
    lines = [f"{source}\t\t{one.result()}\n" for source, one in made]
    listed = out.with_name(out.name + ".codelets")
    listed.write_text("".join(lines))
    return Built(out, listed)
