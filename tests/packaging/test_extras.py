"""Without an extra, what does not need it works, and what needs it says so in one line and exits with 3."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import models
import nir
import numpy as np
import pytest

import axonc

BLOCKED = """
import sys
sys.modules.update(dict.fromkeys({modules!r}))
sys.argv = ["axonc", *{arguments!r}]
from axonc.compiler.driver.cli import main
main()
"""
OPTIONAL = {
    "ziglang": "ziglang",
    "unicorn": "unicorn",
    "capstone": "capstone",
    "elftools": "pyelftools",
    "distributed": "distributed",
}
"""Optional modules and the distributions that hold them."""

EXTRAS = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]["optional-dependencies"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a model, its input and a build for emulated cores."""
    made = tmp_path_factory.mktemp("extras")
    program = axonc.compile(axonc.load(models.single(models.neuron("LIF", 1)), dt=1e-3), state="q16")
    program.save(made / "build")
    nir.write(made / "model.nir", models.single(models.neuron("LIF", 1)))
    np.savez(made / "x.npz", input=np.ones((5, 1), np.uint8))
    return made


def without(modules: tuple[str, ...], cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line in a Python that cannot import some modules."""
    script = BLOCKED.format(modules=modules, arguments=arguments)
    environment = {**os.environ, "PYTHONPATH": str(Path(axonc.__file__).parents[1])}
    command = [sys.executable, "-c", script]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


COMPILE = ("compile", "model.nir", "--dt", "1e-3")


@pytest.mark.parametrize(
    ("missing", "arguments"),
    [
        ("ziglang", (*COMPILE, "--target", "spinnaker2", "-o", "new")),
        ("ziglang", (*COMPILE, "--target", "native", "-o", "new")),
        ("ziglang", ("run", "build", "--input", "x.npz", "--engine", "native")),
        ("unicorn", ("run", "build", "--input", "x.npz")),
        ("capstone", ("run", "build", "--input", "x.npz")),
        ("elftools", ("verify", "build", "--input", "x.npz")),
        ("distributed", ("evaluate", "build", "--data", "x.npz", "--scheduler", "tcp://127.0.0.1:1")),
    ],
)
def test_a_missing_extra_is_one_line(missing: str, arguments: tuple[str, ...], folder: Path) -> None:
    done = without((missing,), folder, *arguments)
    assert done.returncode == 3, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("AX901 ")
    extra = re.search(r'pip install "axonc\[(\w+)\]"', done.stderr)
    assert extra is not None
    assert any(requirement.startswith(OPTIONAL[missing]) for requirement in EXTRAS[extra[1]])
    assert not (folder / "new").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("targets",),
        ("inspect", "model.nir"),
        ("check", "model.nir", "--dt", "1e-3", "--target", "spinnaker2"),
        (*COMPILE, "--target", "reference", "-o", "reference"),
        ("run", "build", "--input", "x.npz", "--engine", "reference"),
        ("report", "build", "-o", "report.html"),
        ("evaluate", "build", "--data", "x.npz", "--engine", "reference"),
    ],
)
def test_no_extra_is_needed(arguments: tuple[str, ...], folder: Path) -> None:
    done = without(tuple(OPTIONAL), folder, *arguments)
    assert done.returncode == 0, done.stderr
