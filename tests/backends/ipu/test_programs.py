"""Control programs, streams, and the fields of vertices; every number is computed here a second time."""

from __future__ import annotations

from pathlib import Path

import ipu_programs
import numpy as np
import pytest

from axonc.backends.ipu.simulator import CodeletError, ProgramError, compile_codelet


def test_the_first_program() -> None:
    finished = ipu_programs.run("sum", ("sum_codelets.cpp",))
    assert finished.output == "sums: [6.5000 15.5000 24.5000 33.5000]\n6.5 15.5 24.5 33.5 \n"


@pytest.fixture(scope="module")
def control() -> list[str]:
    return ipu_programs.run("control").output.splitlines()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("powers", 2**10),
        ("halvings", 9),  # 1024 -> 8 while more than 10: 7; -> 2 until not more than 2: 2
        ("branch", 4),  # If twice, Switch twice
        ("loop", 0 + 2 + 4 + 6),
        ("calls", 2 + 3 + 1),
    ],
)
def test_loops_and_branches(control: list[str], name: str, value: int) -> None:
    assert f"{name} {value}" in control


def test_a_program_prints_and_stops_when_it_is_told(control: list[str]) -> None:
    assert control[:2] == ["powers: [1024]", "matrix: [[1024 9]]"]
    assert control[-2:] == ["went on", "asked to stop"]


def test_cycles_are_counted_between_two_points(control: list[str]) -> None:
    low, high = next(line for line in control if line.startswith("cycles")).split()[1:]
    assert int(low) > 600
    assert high == "0"


def test_an_abort_ends_the_program() -> None:
    with pytest.raises(ProgramError, match="always stops"):
        ipu_programs.run("control", (), ("abort",))


def test_streams_and_remote_buffers() -> None:
    lines = ipu_programs.run("streams").output.splitlines()
    assert [line for line in lines if line.startswith("out")] == ["out 1 2 3", "out 4 5 6", "out 1 2 3"]
    assert [line for line in lines if line.startswith("sink")] == [f"sink {n} {n + 1} {n + 2}" for n in (100, 103, 106)]
    assert lines[-3:] == ["row 2 20 200", "host 3 30 300", "pair 3 30 300 7 8 9"]


@pytest.fixture(scope="module")
def fields() -> dict[str, np.ndarray]:
    return ipu_programs.values(ipu_programs.run("fields", ("fields_codelets.cpp",)))


def test_layouts_values_and_state(fields: dict[str, np.ndarray]) -> None:
    numbers = np.arange(1, 13)
    total = (numbers[:3] + numbers[3:6] + numbers[::4]).sum()
    assert fields["total"] == -3 * total + 3
    np.testing.assert_array_equal(fields["changed"], np.arange(1, 5) + 2 * int(2.5 * 2))  # two runs
    assert fields["count"] == 5 + 2


def test_fields_of_two_dimensions(fields: dict[str, np.ndarray]) -> None:
    matrix = np.arange(1.0, 7.0).reshape(3, 2)
    rows = matrix.T * [[1], [2]] + [[matrix[1, 0]], [matrix[2, 1]]]
    np.testing.assert_array_equal(fields["rows"], rows.ravel())


def test_instances_of_a_template(fields: dict[str, np.ndarray]) -> None:
    given = np.array([1.0, -2.0, 1000.25])
    np.testing.assert_array_equal(fields["scale_float"], given * 6)
    np.testing.assert_array_equal(fields["scale_int"], np.trunc(given) * 2)
    once = given.astype(np.float16) * np.float16(3)
    np.testing.assert_array_equal(fields["scale_half"], once + once)


def test_every_worker_of_a_multi_vertex_runs(fields: dict[str, np.ndarray]) -> None:
    workers = np.arange(10) % 6
    np.testing.assert_array_equal(fields["shared"], (10 + workers) * 10 + workers)


def test_half_is_rounded_to_nearest_even(fields: dict[str, np.ndarray]) -> None:
    a = np.array([2048.0, 0.1, 65504.0, 0.00006], np.float16)
    b = np.array([1.0, 0.2, 65504.0, 0.001], np.float16)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(fields["half_sum"].astype(np.float16), a + b)
        np.testing.assert_array_equal(fields["half_product"].astype(np.float16), a * b)
    np.testing.assert_allclose(fields["half_exact"], a.astype(np.float32) * b.astype(np.float32), rtol=1e-8)


def test_codelets_are_compiled_by_the_running_program() -> None:
    """Codelets that the build does not know: in the program's own file, and as text."""
    assert ipu_programs.run("single").output == "refused\nx: [6 9 12]\n"


def test_codelets_include_headers_of_the_language() -> None:
    assert ipu_programs.run("headers").output == "x: [-2 3 5 9]\n"


def test_all_fields_that_no_vertex_can_have_are_listed() -> None:
    with pytest.raises(CodeletError) as refused:
        compile_codelet(ipu_programs.PROGRAMS / "bad_codelets.cpp")
    told = [line.split(":")[0] for line in str(refused.value).splitlines()[1:]]
    names = ["point", "array", "pointer", "deep", "wide", "size", "scalars", ""]  # the last: an anonymous union
    assert told == [f"Bad.{name}" for name in names]


def test_a_codelet_that_does_not_compile_says_where(tmp_path: Path) -> None:
    (tmp_path / "broken.cpp").write_text("#include <poplar/Vertex.hpp>\nint broken( {\n")
    with pytest.raises(CodeletError, match=r"broken\.cpp:2"):
        compile_codelet(tmp_path / "broken.cpp")


def test_a_file_without_vertices_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.cpp").write_text("#include <poplar/Vertex.hpp>\nstruct Plain { bool compute(); };\n")
    with pytest.raises(CodeletError, match="no class is derived from"):
        compile_codelet(tmp_path / "empty.cpp")
