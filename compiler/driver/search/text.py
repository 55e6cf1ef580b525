"""A search as text."""

from __future__ import annotations

import io
from collections.abc import Iterator

from rich.console import Console

from ..show import table
from .measure import Measured
from .result import Search


def print_search(console: Console, found: Search) -> None:
    """The moves as a table, and what came of them."""
    head = ["move", found.measure, "bytes"]
    title = f"{found.samples} samples; {found.measure} of at least {found.least:.4%}; in float {found.reference:.4%}"
    console.print(table(title, head, list(_rows(found))))
    saved = 1 - found.found.bytes / found.start.bytes if found.start.bytes else 0.0
    line = f"{found.found.bytes} bytes, {saved:.1%} less than {found.start.bytes}, after {found.measured} measurements"
    console.print(line, markup=False, highlight=False)


def _rows(found: Search) -> Iterator[list[str]]:
    yield _row("the first of all values", found.start)
    yield from (_row(str(step.move), step.found) for step in found.steps)


def _row(name: str, found: Measured) -> list[str]:
    return [name, f"{found.quality:.4%}", str(found.bytes)]


def plain(found: Search) -> str:
    """All of it without colour."""
    written = io.StringIO()
    print_search(Console(file=written, emoji=False, soft_wrap=True, width=200), found)
    return written.getvalue().rstrip("\n")
