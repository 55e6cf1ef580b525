"""The emitted project is what its CMakeLists.txt says: built with it, against the simulator in place of the SDK, it
runs and equals the interpreter."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import cmake
from benchmarks.networks import events, recurrent

from axonc import Program
from axonc.backends.ipu.build import build_codelets
from axonc.backends.ipu.simulator.programs import library
from axonc.backends.ipu.simulator.toolchain import INCLUDE, find_compiler
from axonc.compiler.driver.directory import write_files
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import compile_graph

CMAKE = Path(cmake.CMAKE_BIN_DIR) / "cmake"
POPLAR = """
add_library(poplar INTERFACE)
target_include_directories(poplar SYSTEM INTERFACE "{include}")
target_link_libraries(poplar INTERFACE {objects} pthread dl)
"""
POPLIBS = "add_library(popops INTERFACE)\nadd_library(poputil INTERFACE)\n"


def test_the_project_is_built_by_cmake(tmp_path: Path) -> None:
    folder, compiler = tmp_path / "build", find_compiler()
    folder.mkdir()
    write_files(folder, compile_graph(recurrent(20, 30, 3), "ipu", Options()).program.files)
    sdk = tmp_path / "sdk"
    sdk.mkdir()
    objects = " ".join(f'"{path}"' for path in library(compiler))
    (sdk / "poplarConfig.cmake").write_text(POPLAR.format(include=INCLUDE, objects=objects))
    (sdk / "poplibsConfig.cmake").write_text(POPLIBS)
    command = tmp_path / "c++"
    command.write_text(f'#!/bin/sh\nexec {shlex.join(compiler.command)} "$@"\n')
    command.chmod(0o755)
    made = tmp_path / "made"
    found = [f"-Dpoplar_DIR={sdk}", f"-Dpoplibs_DIR={sdk}", "-DAXONC_HARDWARE=OFF", "-DCMAKE_CXX_FLAGS=-Werror -O0"]
    run(["-S", str(folder / "src"), "-B", str(made), f"-DCMAKE_CXX_COMPILER={command}", *found])
    run(["--build", str(made), "--parallel", "2"])
    build_codelets(folder)
    shutil.copy2(made / "program", folder / "images" / "program")
    verification = Program(folder).verify(events(30, 20, 0.3))
    assert verification.equal
    assert verification.result.count("h") > 0


def run(arguments: list[str]) -> None:
    done = subprocess.run([CMAKE, *arguments], env=dict(os.environ), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
