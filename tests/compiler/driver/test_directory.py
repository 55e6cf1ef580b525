"""Build directories: the same bytes wherever and however they are made, and whole whenever the maker dies."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import models
import nir
import pytest

from axonc import ModelError
from axonc.compiler.driver.directory import MANIFEST, publish, write_files
from axonc.ir.files import write_file

COMMAND = [sys.executable, "-c", "from axonc.compiler.driver.cli import main; main()"]
SOURCE = str(Path(__file__).parents[3] / "src")
MANIFESTS = {MANIFEST: json.dumps({"axonc": "0"}).encode()}


def environment(**changes: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": SOURCE, **changes}


def compile_arguments(model: Path, output: Path, target: str) -> list[str]:
    return [*COMMAND, "compile", str(model), "--target", target, "--dt", "1e-3", "--slice", "3", "-o", str(output)]


def contents(directory: Path) -> Mapping[str, bytes]:
    files = (path for path in sorted(directory.rglob("*")) if path.is_file())
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.nir"
    nir.write(path, models.recurrent())
    return path


@pytest.mark.parametrize("target", ["spinnaker2", "native", "reference"])
def test_builds_in_different_places_are_identical(target: str, model: Path, tmp_path: Path) -> None:
    surroundings = {
        "one": {"TZ": "UTC", "PYTHONHASHSEED": "1", "LC_ALL": "C"},
        "a longer name": {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "2", "USER": "somebody", "HOME": str(tmp_path)},
    }
    if target == "native":  # a cold cache of the toolchain takes seconds here
        del surroundings["a longer name"]["HOME"]
    for umask, (name, changes) in enumerate(surroundings.items()):
        place = tmp_path / name
        place.mkdir()
        command = compile_arguments(model, Path("build"), target)
        subprocess.run(command, cwd=place, env=environment(**changes), check=True, umask=0o22 + 0o55 * umask)
    first, second = (contents(tmp_path / name / "build") for name in surroundings)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_a_killed_compilation_leaves_a_whole_build(model: Path, tmp_path: Path) -> None:
    """SIGKILL at random moments: the build is the old one or the new one, every byte of it, or not there."""
    target = tmp_path / "build"
    other = tmp_path / "other.nir"
    nir.write(other, models.recurrent(seed=1))
    whole = [_reference_build(path, tmp_path / f"whole{index}") for index, path in enumerate((model, other))]
    start = time.monotonic()
    subprocess.run(compile_arguments(model, target, "spinnaker2"), env=environment(), check=True)
    usual = time.monotonic() - start
    moments, killed = random.Random(0), 0
    for turn in range(10):
        command = compile_arguments((model, other)[turn % 2], target, "spinnaker2")
        process = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, start_new_session=True)
        time.sleep(usual * moments.uniform(0.4, 1.0))
        os.killpg(process.pid, signal.SIGKILL)
        hit = process.wait() == -signal.SIGKILL
        killed += hit
        usual *= 1.0 if hit else 0.8  # the first compilation may have been a slow one
        assert not target.exists() or contents(target) in whole
    assert killed
    subprocess.run(compile_arguments(other, target, "spinnaker2"), env=environment(), check=True)
    assert contents(target) == whole[1]
    assert [path.name for path in tmp_path.glob(".build.*")] == [], "the next compilation cleans up"


def _reference_build(model: Path, output: Path) -> Mapping[str, bytes]:
    subprocess.run(compile_arguments(model, output, "spinnaker2"), env=environment(), check=True)
    return contents(output)


def test_a_kill_between_the_renames_is_mended(tmp_path: Path) -> None:
    (tmp_path / ".build.old-1" / "build").mkdir(parents=True)
    write_files(tmp_path / ".build.old-1" / "build", {**MANIFESTS, "old": b""})
    with pytest.raises(RuntimeError):
        publish(tmp_path / "build", fails)
    assert (tmp_path / "build" / "old").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["build"]


def fails(partial: Path) -> None:
    (partial / "half").touch()
    raise RuntimeError


def test_what_another_process_is_writing_stays(tmp_path: Path) -> None:
    def outer(partial: Path) -> None:
        write_files(partial, {**MANIFESTS, "outer": b""})
        publish(tmp_path / "build", lambda inner: write_files(inner, MANIFESTS))

    publish(tmp_path / "build", outer)
    assert (tmp_path / "build" / "outer").is_file()


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        publish(tmp_path / "build", fails)
    assert list(tmp_path.iterdir()) == []


def test_other_directories_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").touch()
    with pytest.raises(ModelError, match="AX703"):
        publish(tmp_path / "mine", lambda partial: None)


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    write_file(tmp_path / "report.html", b"new")
    assert (tmp_path / "report.html").read_bytes() == b"new"
    with pytest.raises(ModelError, match="AX703"):
        write_file(tmp_path / "nowhere" / "report.html", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
