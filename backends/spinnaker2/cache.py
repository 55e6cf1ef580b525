"""What is built once and kept: one process builds a file of the cache, and others that need it wait."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl


def built_once(found: Path, make: Callable[[Path], object]) -> Path:
    """``found``, whose name says what is in it; ``make`` writes the file it is given if ``found`` is not there.

    A build that fails or is killed leaves nothing under the name.
    """
    if not found.exists():
        with alone(found.with_name(f"{found.name}.lock")):
            if not found.exists():
                _build(found, make)
    return found


def _build(found: Path, make: Callable[[Path], object]) -> None:
    with tempfile.TemporaryDirectory(dir=found.parent) as folder:
        new = Path(folder) / f"made{found.suffix}"
        make(new)
        os.replace(new, found)


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """No other process or thread is behind the same lock. Its folder is made if need be, the file goes in the end:
    who waits for one that went finds what was built, or at worst builds it beside another."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        if sys.platform != "win32":  # without locks, each process builds for itself
            fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)
