"""A pytest plugin: the fixture ``axonc_golden`` and the option ``--update-golden``.

    def test_model(axonc_golden):
        axonc_golden.check(axonc.compile(graph), x, record=["lif1:v"])

The golden lies beside the test file, in ``golden/<test file>/<test name>``. This module stands outside the package so
that pytest starts without importing the compiler.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from axonc import Program

UPDATE = "write it with: pytest --update-golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option ``--update-golden``."""
    parser.getgroup("axonc").addoption(
        "--update-golden", action="store_true", help="Write the golden outputs of tests that use axonc_golden."
    )


@pytest.fixture
def axonc_golden(request: pytest.FixtureRequest) -> GoldenFixture:
    """Compares programs with golden outputs that lie beside the test file."""
    folder = request.path.parent / "golden" / request.path.stem / file_name(request.node.name)
    return GoldenFixture(folder, bool(request.config.getoption("--update-golden")))


def file_name(test: str) -> str:
    """A test's name as that of a directory: different tests have different ones."""
    plain = re.sub(r"^\.|[^\w.,=\[\]-]", "_", test)[:100]
    return plain if plain == test else f"{plain}-{hashlib.sha256(test.encode()).hexdigest()[:8]}"


class GoldenFixture:
    """The goldens of one test, below ``folder``."""

    def __init__(self, folder: Path, update: bool) -> None:
        self.folder = folder
        self.update = update
        self._seen: set[str] = set()

    def check(self, program: Program, x: Any, record: Sequence[str] = (), name: str = "") -> None:
        """Run ``program`` over ``x`` and fail unless outputs, ``record`` and emitted text equal the golden.

        ``name`` tells the goldens of a test apart that has several.
        """
        from axonc.compiler.driver import golden

        if name in self._seen:
            raise ValueError(f"this test has a golden {name!r} already: give name=")
        self._seen.add(name)
        directory = self.folder / file_name(name) if name else self.folder
        new = golden.capture(program, x, record)
        if self.update:
            golden.write_golden(directory, new)
            return
        if not (directory / golden.DESCRIPTION).is_file():
            pytest.fail(f"there is no golden at {directory}; {UPDATE}", pytrace=False)
        found = golden.differences(new, golden.read_golden(directory))
        if found:
            told = "\n".join(map(str, found))
            pytest.fail(f"differs from the golden at {directory}\n{told}\nif this is right, {UPDATE}", pytrace=False)
