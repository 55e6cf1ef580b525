"""Every command and every Python block in the documentation does what the page says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import models
import nir
import numpy as np
import pytest
from pages import RUN, SHOWN, blocks, commands, matches

import axonc

ROOT = Path(__file__).parents[2]
GENERATED = ("index.md", "contributing.md", "changelog.md")
"""Copies of pages that are run themselves."""

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted(path for path in (ROOT / "docs").glob("*.md") if path.name not in GENERATED),
]
RUNNABLE = [path for path in PAGES if any(block.language in RUN for block in blocks(path.read_text()))]


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """An environment whose PATH has this checkout's ``axonc`` and the running Python."""
    programs = tmp_path / "bin"
    programs.mkdir()
    script = programs / "axonc"
    script.write_text(f"#!{sys.executable}\nfrom axonc.compiler.driver.cli import main\n\nmain()\n")
    script.chmod(0o755)
    source = str(Path(axonc.__file__).parents[1])
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "PYTHONPATH": source, "COLUMNS": "200"}


def readme_model(directory: Path) -> None:
    """What README's commands are given: a model with a population lif1, its input, and examples/."""
    one = np.ones(100)
    lif = nir.LIF(5e-3 * one, one, 0 * one, one, v_reset=0 * one)
    nodes = {
        "input": models.source(12),
        "fc1": models.linear(np.random.default_rng(0).normal(0, 8, (100, 12))),
        "lif1": lif,
        "output": models.sink(100),
    }
    nir.write(directory / "model.nir", models.graph(nodes, "input fc1 lif1 output"))
    np.savez(directory / "x.npz", input=models.events((30, 12)).astype(np.uint8))


@pytest.mark.parametrize("page", RUNNABLE, ids=lambda path: path.name)
def test_what_the_page_shows_is_what_happens(page: Path, tmp_path: Path, shell: dict[str, str]) -> None:
    here = tmp_path / "here"
    here.mkdir()
    if page.name == "README.md":
        readme_model(here)
    runner = [sys.executable, "-W", "error", str(ROOT / "tests" / "pages.py"), str(page)]
    done = subprocess.run(runner, cwd=here, env=shell, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_block_says_what_it_is(page: Path) -> None:
    text = page.read_text()
    found = list(blocks(text))
    assert text.count("\n```") + text.startswith("```") == 2 * len(found), "a fence is indented or not closed"
    assert {block.language for block in found} <= {*RUN, *SHOWN}


def test_console_blocks_are_commands_and_outputs() -> None:
    first, second = commands("$ one \\\n>   --two\nshown\n$ three\n")
    assert first.text == "one \\\n  --two\n"
    assert first.output == "shown\n"
    assert (second.text, second.output) == ("three\n", "")


def test_dots_stand_for_any_text() -> None:
    assert matches("a 1\n...\nz ...\n", "a 1  \nb\nc\nz 5\n")
    assert matches("a 1\n...\nz 5\n", "a 1\nz 5\n")
    assert not matches("a ... z\n", "a\nz\n")
    assert matches("", "anything")
    assert not matches("a 1\n", "a 1\nb\n")
