"""Helpers around graphs, conversions of half, and what the documentation says is covered."""

from __future__ import annotations

import importlib
import os
import re
from pathlib import Path

import ipu_programs
import numpy as np
import pytest

from axonc.backends.ipu.simulator import Finished, build_program, run_program
from axonc.backends.ipu.simulator.toolchain import INCLUDE, SOURCE, ToolchainError, find_compiler

PAGE = Path(__file__).parents[3] / "docs" / "ipu-simulator.md"
EXPECTED = """\
device 1 1472 638976 6 4 8
cpu 1
virtual [0:3) [3:6) [6:9) [9:12)
physical     [0:3) [3:6) [6:9) [9:12)
clone     [0:1)[4:5)[8:9) [1:2)[5:6)[9:10) [2:3)[6:7)[10:11) [3:4)[7:8)[11:12)
clones {3,4,3}
regions [9:12)[6:9)[3:6)[0:3)
simple 1
workers [0:4) [4:8) [8:10)[20:22) [22:26) [26:27)
next 1
turned [32:64)       [0:32)
imbalance 24
type int
codelets 10 65535
half 15360 1 11878 0.0999756 0 0 31744 inf
copied: [1.0000 2.0000 3.0000]
"""
"""Written by hand from what each helper is for: regions in the order of memory, workers in grains of two, 64 floats in
grains of 128 bytes on tiles 7 and 0 of 8, so that a tile has 24 more than its share."""


def test_helpers_around_graphs() -> None:
    assert ipu_programs.run("utilities", ("rules_codelets.cpp",)).output == EXPECTED


def test_half_conversions_are_numpys(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    bits = random.integers(0, 2**32, 200_000, dtype=np.uint64).astype(np.uint32)
    near = (np.arange(2**16, dtype=np.uint16).view(np.float16)).astype(np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        middle = (near[:-1] + near[1:]) / 2  # exact ties
        floats = np.concatenate(
            [bits.view(np.float32), near, middle, random.normal(0, 1e-5, 100_000).astype(np.float32)]
        )
        floats = floats[~np.isnan(floats)]
        expected = floats.astype(np.float16)
    floats.tofile(tmp_path / "floats")
    paths = [str(tmp_path / name) for name in ("floats", "halves", "values")]
    ipu_programs.run("half", (), tuple(paths))
    np.testing.assert_array_equal(np.fromfile(paths[1], np.uint16), expected.view(np.uint16))
    np.testing.assert_array_equal(np.fromfile(paths[2], np.float32), near)


def rows_of_the_page() -> list[tuple[str, str]]:
    """Program and name of every cell of the table "What is covered"."""
    table = PAGE.read_text().partition("## What is covered")[2]
    rows = re.findall(r"^\| \w+ \| (.*) \| `(\w+\.cpp)` \|$", table, re.MULTILINE)
    return [(program, name) for names, program in rows for name in re.findall(r"`(\w+)`", names)]


@pytest.mark.parametrize("program", sorted({program for program, _ in rows_of_the_page()}))
def test_what_the_page_calls_covered_is_used_by_a_test(program: str) -> None:
    text = (ipu_programs.PROGRAMS / program).read_text()
    names = [name for one, name in rows_of_the_page() if one == program]
    assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []


@pytest.mark.parametrize("path", sorted([*INCLUDE.rglob("*.hpp"), *SOURCE.glob("*.hpp")]), ids=lambda path: path.name)
def test_a_header_has_a_guard_of_its_own(path: Path) -> None:
    guard = re.search(r"#ifndef (\w+)\n#define (\w+)\n", path.read_text())
    assert guard
    assert guard[1] == guard[2]


def test_the_benchmark_runs(capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("benchmarks.ipu").main(["--tiny"])
    assert "320000 elements on 16 tiles: 1120000" in capsys.readouterr().out


@pytest.mark.skipif("AXONC_EXAMPLES" not in os.environ, reason="in long runs only: it compiles the library once more")
def test_another_compiler_makes_the_same_results(tmp_path: Path) -> None:
    try:
        find_compiler("c++")
    except ToolchainError:
        pytest.skip("there is no other C++ compiler")
    programs = ipu_programs.PROGRAMS
    built = build_program(
        [programs / "fields.cpp"], [programs / "fields_codelets.cpp"], tmp_path / "fields", compiler="c++"
    )
    assert output(run_program(built, folder=programs)) == output(ipu_programs.run("fields", ("fields_codelets.cpp",)))


def output(finished: Finished) -> list[str]:
    return sorted(finished.output.splitlines())


def test_a_missing_compiler_is_named() -> None:
    with pytest.raises(ToolchainError, match="no-such-compiler"):
        find_compiler("no-such-compiler")
