"""The stages of long work on a terminal: a bar on standard error, and nothing where nobody watches."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from axonc.ir.progress import listening


class _Bars:
    """A line for every stage that is under way."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self._open: list[TaskID] = []

    def begin(self, stage: str, total: int | None) -> None:
        """See `Listener`."""
        self._open.append(self._shown.add_task(stage, total=total))

    def advance(self, units: int) -> None:
        """See `Listener`."""
        self._shown.advance(self._open[-1], units)

    def end(self) -> None:
        """See `Listener`."""
        self._shown.remove_task(self._open.pop())


@contextmanager
def stages_shown() -> Iterator[None]:
    """Shows all stages that begin within, if standard error is a terminal; what was shown is gone at the end."""
    if not sys.stderr.isatty():
        yield
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown, listening(_Bars(shown)):
        yield
