"""Golden outputs: recorded whole, the same bytes every time, compared in words; the same in pytest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import models
import nir
import numpy as np
import pytest
from click.testing import CliRunner

import axonc
from axonc import MismatchError, ModelError, Program
from axonc.compiler.driver import golden
from axonc.compiler.driver.cli import cli

pytest_plugins = ["pytester"]
Array = np.ndarray[Any, Any]


def contents(directory: Path) -> dict[str, bytes]:
    files = (path for path in sorted(directory.rglob("*")) if path.is_file())
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def recorded(program: Program, x: Array) -> golden.Golden:
    return golden.capture(program, x)


def test_a_golden_round_trips(recorded: golden.Golden, tmp_path: Path) -> None:
    golden.write_golden(tmp_path / "golden", recorded)
    again = golden.read_golden(tmp_path / "golden")
    assert golden.differences(again, recorded) == []
    assert set(again.signals) == {"output", *(f"record/{name}" for name in again.record)}
    assert {"cell:v", "cell:i", "cell", "readout:v"} <= set(again.record)
    assert set(again.texts) >= {"graph.txt", "mapping.json", "src/program_0.c"}


def test_goldens_of_builds_in_different_places_are_identical(x: Array, tmp_path: Path) -> None:
    for name in ("a", "b"):
        graph = axonc.load(models.recurrent(), semantics="nir,dt=1e-3")
        built = axonc.compile(graph, target="native").save(tmp_path / name)
        golden.write_golden(tmp_path / name / "golden", golden.capture(built, x))
        golden.write_golden(tmp_path / name / "golden", golden.capture(built, x))
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_a_changed_value_is_named(recorded: golden.Golden) -> None:
    trace = recorded.signals["record/cell:v"].copy()
    trace[1, 4, 2] += 5
    trace[2, 7, 0] += 1
    signals = {**recorded.signals, "record/cell:v": trace}
    (found,) = golden.differences(golden.Golden(recorded.made_by, recorded.inputs, signals, recorded.texts), recorded)
    old = int(trace[1, 4, 2]) - 5
    assert str(found) == f"cell:v: first at [1, 4, 2]: {old + 5}, golden {old}; 2 of {trace.size} values differ"


def test_step_and_neuron_are_named(recorded: golden.Golden) -> None:
    ones, zeros = np.ones((4, 3), np.int64), np.zeros((4, 3), np.int64)
    new, old = (golden.Golden(recorded.made_by, {}, {"output": array}, {}) for array in (ones, zeros))
    assert "first at step 0, neuron 0: 1, golden 0; 12 of 12" in str(golden.differences(new, old)[0])


def test_forms_and_names_are_compared(recorded: golden.Golden) -> None:
    new = golden.Golden(recorded.made_by, {}, {"a": np.zeros((2, 1)), "b": np.zeros(1)}, {})
    old = golden.Golden(recorded.made_by, {}, {"a": np.zeros((3, 1)), "c": np.zeros(1)}, {})
    found = " | ".join(map(str, golden.differences(new, old)))
    assert "a: float64 of shape (2, 1), golden float64 of shape (3, 1)" in found
    assert "c: only the golden" in found
    assert "b: only the new run" in found


def test_text_is_compared_line_by_line(recorded: golden.Golden) -> None:
    texts = {**recorded.texts, "src/program_0.c": recorded.texts["src/program_0.c"] + "/* more */\n"}
    (found,) = golden.differences(golden.Golden(recorded.made_by, recorded.inputs, recorded.signals, texts), recorded)
    assert "+/* more */" in found.detail
    assert "\n" not in str(found.diagnostic)


def test_the_compilers_version_does_not_count(recorded: golden.Golden) -> None:
    version = recorded.made_by["axonc"]
    texts = {path: text.replace(f"axonc {version}", "axonc 9.9") for path, text in recorded.texts.items()}
    later = golden.Golden({**recorded.made_by, "axonc": "9.9"}, recorded.inputs, recorded.signals, texts)
    assert texts != recorded.texts
    assert golden.differences(later, recorded) == []


def test_a_golden_that_was_edited_is_refused(recorded: golden.Golden, tmp_path: Path) -> None:
    golden.write_golden(tmp_path / "golden", recorded)
    (tmp_path / "golden" / "emitted" / "graph.txt").write_text("something else")
    with pytest.raises(ModelError, match=r"graph\.txt was changed"):
        golden.read_golden(tmp_path / "golden")
    with pytest.raises(ModelError, match="axonc golden record"):
        golden.read_golden(tmp_path / "nowhere")


def test_a_build_agrees_with_another_targets_golden(native: Program, recorded: golden.Golden) -> None:
    found = golden.compare_with(native, recorded)
    assert [difference.place for difference in found if not difference.place.endswith((".c", ".json", ".txt"))] == []
    golden.require_equal([])
    with pytest.raises(MismatchError, match="AX801"):
        golden.require_equal([golden.Difference("cell", "differs")])


def invoke(*arguments: object) -> str:
    done = CliRunner().invoke(cli, [str(argument) for argument in arguments], catch_exceptions=False)
    return done.output


def test_the_command_line(x: Array, tmp_path: Path) -> None:
    nir.write(tmp_path / "model.nir", models.recurrent())
    np.save(tmp_path / "x.npy", x)
    build, other = tmp_path / "build", tmp_path / "other"
    options = ("--target", "native", "--dt", "1e-3")
    invoke("compile", tmp_path / "model.nir", *options, "-o", build)
    assert "signals" in invoke("golden", "record", build, "--input", tmp_path / "x.npy")
    assert invoke("golden", "check", build).startswith("equal: ")
    invoke("compile", tmp_path / "model.nir", *options, "-o", build)
    assert invoke("golden", "check", build).startswith("equal: "), "a golden outlives the build that it came from"
    invoke("compile", tmp_path / "model.nir", *options, "--state", "q16", "-o", other)
    for against in (build, build / "golden"):
        with pytest.raises(MismatchError, match="AX801 cell:v: first at"):
            invoke("golden", "check", other, "--against", against)


TEST = """
import numpy as np
import axonc, nir

def network(weight):
    one = np.ones(2)
    lif = nir.LIF(5e-3 * one, one, 0 * one, one, v_reset=0 * one)
    return nir.NIRGraph.from_list(nir.Linear(weight * np.eye(2)), lif)

def test_model(axonc_golden):
    graph = axonc.load(network(WEIGHT), semantics="nir,dt=1e-3")
    x = np.ones((9, 2), int)
    program = axonc.compile(graph, target="reference")
    axonc_golden.check(program, x, record=["lif:v" if "lif" in graph else graph.nodes[2].name + ":v"])
    axonc_golden.check(program, x[:5], name="short")
"""


def run_pytest(pytester: pytest.Pytester, weight: float, *arguments: str) -> pytest.RunResult:
    pytester.makepyfile(test_it=TEST.replace("WEIGHT", str(weight)))
    return pytester.runpytest_inprocess("-p", "axonc_pytest", "-p", "no:cacheprovider", *arguments)


def test_the_plugin(pytester: pytest.Pytester) -> None:
    folder = Path("golden") / "test_it" / "test_model"
    missing = run_pytest(pytester, 3.0)
    missing.assert_outcomes(failed=1)
    missing.stdout.fnmatch_lines([f"*no golden at *{folder}; write it with: pytest --update-golden*"])
    run_pytest(pytester, 3.0, "--update-golden").assert_outcomes(passed=1)
    assert (pytester.path / folder / "golden.json").is_file()
    assert (pytester.path / folder / "short" / "golden.json").is_file()
    run_pytest(pytester, 3.0).assert_outcomes(passed=1)
    differs = run_pytest(pytester, 4.0)
    differs.assert_outcomes(failed=1)
    differs.stdout.fnmatch_lines(["*differs from the golden*", "*:v: first at step 0, neuron 0: *", "*graph.txt: *"])
    run_pytest(pytester, 4.0, "--update-golden").assert_outcomes(passed=1)
    run_pytest(pytester, 4.0).assert_outcomes(passed=1)


def test_the_plugin_imports_no_compiler() -> None:
    script = "import sys, axonc_pytest; print(sorted(name for name in sys.modules if name in ('axonc', 'numpy')))"
    source = str(Path(__file__).parents[3] / "src")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=source)
    assert done.stdout.strip() == "[]"


def test_names_of_tests_become_different_directories() -> None:
    import axonc_pytest

    names = ["test_a", "test_a[int8]", "test_a[a/b]", "test_a[a:b]", "test_a[..]", "..", "t" * 300]
    folders = [axonc_pytest.file_name(name) for name in names]
    assert folders[:2] == names[:2]
    assert len(set(folders)) == len(names)
    assert all("/" not in folder and folder != ".." and len(folder) < 120 for folder in folders)
