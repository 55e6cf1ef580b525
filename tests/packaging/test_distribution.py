"""The wheel and the sdist hold what they should, and an installed wheel works outside the repository."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import nir
import pytest

import axonc
from axonc.ir.version import __version__

ROOT = Path(__file__).parents[2]
FOLDERS = ("ir", "compiler", "backends")
RUNTIME = (".c", ".h", ".cpp", ".hpp", ".S", ".ld", ".j2", ".toml", ".css")
"""Files beside the Python source that a compiler needs."""


def source_files() -> set[str]:
    """Every file of the three folders that must be installed, relative to the repository."""
    files = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in (".py", *RUNTIME))
    return {path.relative_to(ROOT).as_posix() for path in files}


def run(*command: str | Path, cwd: Path, **extra: str) -> str:
    """The output of a command that sees nothing of this checkout and must succeed."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**environment, **extra},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the sdist, and the wheel that was built from it."""
    isolation = [] if importlib.util.find_spec("hatchling") is None else ["--no-isolation"]
    target = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", *isolation, "--outdir", target, ROOT, cwd=target)
    return target


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    return next(dist.glob("*.whl"))


@pytest.fixture(scope="module")
def wheel_files(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def sdist_files(dist: Path) -> set[str]:
    with tarfile.open(next(dist.glob("*.tar.gz"))) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> dict[str, list[str]]:
    with zipfile.ZipFile(wheel) as archive:
        parsed = Parser().parsestr(archive.read(f"axonc-{__version__}.dist-info/METADATA").decode())
    return {name: parsed.get_all(name, []) for name in parsed.keys()}  # noqa: SIM118 - a header repeats


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a new environment with the wheel; its dependencies are those of this environment."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        wheel,
        cwd=home,
    )
    site = next((home / "lib").glob("python3*/site-packages"))
    (site / "dependencies.pth").write_text(f"{Path(nir.__file__).parents[1]}\n")
    return home / "bin"


def test_the_wheel_holds_all_source_and_nothing_else(wheel_files: set[str]) -> None:
    own = {f"axonc/{name}" for name in source_files()} | {"axonc/__init__.py", "axonc/py.typed", "axonc_pytest.py"}
    assert {name for name in wheel_files if ".dist-info/" not in name} == own


def test_the_wheel_holds_what_is_compiled_on_the_users_machine(wheel_files: set[str]) -> None:
    core = "axonc/backends/spinnaker2"
    for name in (
        "machine.toml", "runtime/start.S", "runtime/link.ld", "runtime/platform.h", "runtime/main.c",
        "templates/program.c.j2", "engine/source/machine.c",
    ):  # fmt: skip
        assert f"{core}/{name}" in wheel_files
    for name in ("include/poplar/Graph.hpp", "include/print.h", "src/engine.cpp", "src/machine.hpp", "__main__.py"):
        assert f"axonc/backends/ipu/simulator/{name}" in wheel_files


def test_nothing_lands_beside_the_package(wheel_files: set[str]) -> None:
    assert {name.split("/")[0] for name in wheel_files} == {
        "axonc",
        "axonc_pytest.py",
        f"axonc-{__version__}.dist-info",
    }


def test_the_sdist_holds_source_tests_documentation_and_examples(sdist_files: set[str]) -> None:
    assert source_files() <= sdist_files
    for name in ("src/axonc/__init__.py", "src/axonc/py.typed", "pyproject.toml", "README.md", "LICENSE", "Makefile"):
        assert name in sdist_files
    for folder in ("tests", "examples", "docs"):
        assert any(name.startswith(f"{folder}/") for name in sdist_files)


def test_no_distribution_holds_caches(wheel_files: set[str], sdist_files: set[str]) -> None:
    assert not [name for name in wheel_files | sdist_files if "__pycache__" in name or name.endswith((".pyc", ".so"))]


def test_the_version_comes_from_one_place(metadata: dict[str, list[str]], installed: Path, tmp_path: Path) -> None:
    assert metadata["Version"] == [__version__] == [axonc.__version__]
    assert run(installed / "axonc", "--version", cwd=tmp_path) == f"axonc, version {__version__}\n"


def test_the_extras_are_those_that_the_documentation_names(metadata: dict[str, list[str]]) -> None:
    names = {"spinnaker2", "native", "ipu", "report", "dask", "examples", "pymetis", "mtkahypar", "oracles", "all"}
    names |= {"docs", "dev"}
    assert set(metadata["Provides-Extra"]) == names


def test_the_installed_package_is_used_and_typed(installed: Path, tmp_path: Path) -> None:
    script = (
        "import axonc, pathlib; p = pathlib.Path(axonc.__file__).parent; print(p); print((p / 'py.typed').is_file())"
    )
    folder, typed = run(installed / "python", "-c", script, cwd=tmp_path).splitlines()
    assert Path(folder).is_relative_to(installed.parent)
    assert typed == "True"


def test_the_installed_command_compiles_and_verifies(installed: Path, tmp_path: Path) -> None:
    example = ROOT / "examples" / "counter.py"
    run(installed / "python", example, "make", "counter.nir", "pulses.npz", cwd=tmp_path)
    axonc_, target = installed / "axonc", ("--target", "spinnaker2", "--dt", "1e-3")
    run(axonc_, "compile", "counter.nir", *target, "-o", "build", cwd=tmp_path)
    assert run(axonc_, "verify", "build", "--input", "pulses.npz", cwd=tmp_path).startswith("equal: ")
    run(axonc_, "report", "build", "-o", "report.html", cwd=tmp_path)
    assert json.loads((tmp_path / "build" / "manifest.json").read_text())["axonc"] == __version__


def test_the_installed_fixture_is_known_to_pytest(installed: Path, tmp_path: Path) -> None:
    shown = run(installed / "python", "-m", "pytest", "--fixtures", "-q", "-p", "no:cacheprovider", cwd=tmp_path)
    assert "axonc_golden" in shown
