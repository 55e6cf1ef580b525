"""Writing files whole or not at all, and errors of the file system as diagnostics."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .diagnostics import Diagnostic, ModelError


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Turns an `OSError` into a `ModelError` that names ``path``."""
    try:
        yield
    except OSError as error:
        found = error.strerror or str(error)
        raise ModelError(Diagnostic("AX703", str(path), found, "", "choose a folder that can be written")) from error


def write_file(path: Path, content: bytes) -> None:
    """Write one file, whole or not at all."""
    with file_errors(path):
        handle, partial = tempfile.mkstemp(prefix=f".{path.name}.partial-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.chmod(partial, 0o644)
            os.replace(partial, path)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise
