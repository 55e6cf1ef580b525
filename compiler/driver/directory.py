"""Build directories: written whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axonc.ir import Diagnostic, ModelError

MANIFEST = "manifest.json"


def write_files(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write files by relative path below an existing directory."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def publish(target: Path, fill: Callable[[Path], None]) -> None:
    """Make ``target`` a build directory: ``fill`` writes a hidden neighbour, which then takes its name in one step.

    An earlier build at ``target`` is replaced; anything else there is refused.
    """
    require_replaceable(target)
    with _errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{target.name}.partial-", dir=target.parent))
    try:
        fill(partial)
        with _errors(target):
            partial.chmod(0o755)
            _swap(partial, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def require_replaceable(target: Path) -> None:
    """`ModelError` if something stands at ``target`` that is no build and no empty directory."""
    if not target.exists():
        return
    if target.is_dir() and (not any(target.iterdir()) or _is_build(target)):
        return
    raise ModelError(
        Diagnostic("AX703", str(target), "something else stands there", "only a build is replaced", "choose another -o")
    )


def _swap(partial: Path, target: Path) -> None:
    if not target.exists():
        partial.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old-", dir=target.parent))
    os.rename(target, old / "build")
    os.rename(partial, target)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        found = error.strerror or str(error)
        raise ModelError(Diagnostic("AX703", str(path), found, "", "choose a folder that can be written")) from error


def _is_build(directory: Path) -> bool:
    try:
        return "axonc" in json.loads((directory / MANIFEST).read_text())
    except (OSError, ValueError):
        return False


def read_manifest(directory: Path) -> dict[str, Any]:
    """The manifest of a build; `ModelError` if the directory is none."""
    if not _is_build(directory):
        raise ModelError(Diagnostic("AX703", str(directory), "not a build directory", "", "make one: axonc compile"))
    manifest: dict[str, Any] = json.loads((directory / MANIFEST).read_text())
    return manifest
