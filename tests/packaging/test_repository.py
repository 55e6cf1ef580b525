"""The files of the repository: how they import, and that they name no place on somebody's computer."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("ir", "compiler", "backends")
HOMES = re.compile(r"(?<![\w.])/(?:home|Users)/\w+|(?<![\w.])/root/|\b[A-Z]:\\\\?Users")

SHARED = ("/", "/mnt", "/opt", "/src", "/srv", "/tmp", "/usr/src", "/var/tmp")
"""Folders that everybody has, and may name."""


def files() -> list[Path]:
    """What is or may be tracked; without git, everything outside hidden folders."""
    if not (ROOT / ".git").exists():
        return [path for path in ROOT.rglob("*") if path.is_file() and "/." not in str(path.relative_to(ROOT.parent))]
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True)
    paths = (ROOT / name for name in found.stdout.decode().split("\0") if name)
    return [path for path in paths if path.is_file()]


def imported(path: Path) -> Iterator[str]:
    """The top-level names that a module imports absolutely."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


def test_no_module_imports_a_bare_folder() -> None:
    python = [path for path in files() if path.suffix == ".py"]
    assert len(python) > 50
    assert not [str(path.relative_to(ROOT)) for path in python if set(imported(path)) & set(FOLDERS)]


def test_no_file_names_a_place_on_somebodys_computer() -> None:
    places = [ROOT, *([] if str(ROOT.parent) in SHARED else [ROOT.parent])]
    here = re.compile("|".join(rf"(?<![\w.]){re.escape(str(place))}/" for place in places))
    for path in files():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found = HOMES.search(text)
        assert found is None or path == Path(__file__), f"{path.relative_to(ROOT)}: {found}"
        assert not here.search(text), path.relative_to(ROOT)


@pytest.mark.parametrize("text", ["see /home/someone/x", "C:\\Users\\x", "'/root/x'", "/Users/someone"])
def test_such_places_are_found(text: str) -> None:
    assert HOMES.search(text)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_package_links_to_the_folders(folder: str) -> None:
    link = ROOT / "src" / "axonc" / folder
    assert link.is_symlink()
    assert link.resolve() == ROOT / folder
