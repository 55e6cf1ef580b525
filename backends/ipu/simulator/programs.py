"""Programs with their codelets, and the simulator's library: built once and kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ...spinnaker2.cache import alone, built_once
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
        read = _graphs_read(compiler, command) if "class Graph {" in text else ()
        run_compiler([*command, *read, "-c", str(source), "-o", str(new)])

    return kept("object", ".o", [compiler.identity, *command[1:], text], make)


def _graphs_read(compiler: Compiler, command: Sequence[str]) -> Sequence[str]:
    """Flags that take what <poplar/Graph.hpp> includes, more than half of what most sources are, as it was read once.
    Only sources that include it may be given them: others would find names that they did not ask for."""
    if not _is_clang(compiler):
        return ()
    read = [*command, "-Xclang", "-fno-pch-timestamp", "-x", "c++-header", str(INCLUDE / "poplar" / "Graph.hpp")]
    key = [compiler.identity, *read[1:], simulator_digest()]
    return ("-include-pch", str(kept("headers", ".pch", key, lambda new: run_compiler([*read, "-o", str(new)]))))


def _is_clang(compiler: Compiler) -> bool:
    return compiler.identity.startswith(ZIG)


def library(compiler: Compiler) -> list[Path]:
    """The objects of the simulator, compiled in parallel when they are not in the cache. Their names say what is in
    them without asking the compiler; one process compiles while others wait for it."""
    folder = cache_folder() / "ipu"
    names = {folder / _object_name(compiler, source): source for source in sorted(SOURCE.glob("*.cpp"))}
    if not all(name.exists() for name in names):
        with alone(folder / "library.lock"):
            _build_library(compiler, {name: source for name, source in names.items() if not name.exists()})
    return list(names)


def _object_name(compiler: Compiler, source: Path) -> str:
    key = f"{compiler.identity}\0{source.name}\0{simulator_digest()}"
    return f"library-{hashlib.sha256(key.encode()).hexdigest()[:32]}.o"


def _build_library(compiler: Compiler, names: Mapping[Path, Path]) -> None:
    command = [*compiler.command, *LANGUAGE, "-O2", *WARNINGS, "-Iinclude"]

    def build(name: Path, source: Path) -> None:
        built_once(name, lambda new: run_compiler([*read, "-c", f"src/{source.name}", "-o", str(new)], HERE))

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        read = [*command, *_headers_read(compiler, command, Path(folder) / "common.pch")] if names else command
        list(pool.map(build, names, names.values()))


def _headers_read(compiler: Compiler, command: Sequence[str], made: Path) -> Sequence[str]:
    """Flags that take the headers of most sources, read once into ``made``, if this is clang: a third less time."""
    if not _is_clang(compiler):
        return ()
    run_compiler([*command, "-x", "c++-header", "src/common.hpp", "-o", str(made)], HERE)
    return ("-include-pch", str(made))


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
