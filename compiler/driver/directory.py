"""Build directories: written whole or not at all."""

from __future__ import annotations

import glob
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from axonc.ir import Diagnostic, ModelError
from axonc.ir.files import file_errors
from axonc.ir.progress import counted, stage

from .lock import abandoned, locked

MANIFEST = "manifest.json"
SCHEMA = 4
"""The version of the build directory's form: raised when an older build cannot be run any more."""


def write_files(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write files by relative path below an existing directory."""
    with stage("write", len(files)):
        for name, content in counted(files.items()):
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def publish(target: Path, fill: Callable[[Path], None], marker: str = MANIFEST) -> None:
    """Make ``target`` a directory: ``fill`` writes a hidden neighbour, which then takes its name in one step.

    What was made at ``target`` before (it holds ``marker``) is replaced; anything else there is refused. A process
    that is killed leaves ``.NAME.partial-*``, or ``.NAME.old-*`` with what it was replacing; the next one cleans up.
    """
    require_replaceable(target, marker)
    with file_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    with _neighbour(target) as partial:
        fill(partial)
        with file_errors(target), locked(target.parent):
            partial.chmod(0o755)
            _swap(partial, target)


@contextmanager
def _neighbour(target: Path) -> Iterator[Path]:
    """A new hidden directory beside ``target``, held by this process and removed at the end."""
    with file_errors(target), locked(target.parent):
        _clean(target)
        partial = Path(tempfile.mkdtemp(prefix=f".{target.name}.partial-", dir=target.parent))
        hold = ExitStack()
        hold.enter_context(locked(partial))
    try:
        with hold:
            yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _clean(target: Path) -> None:
    """Remove what killed processes left; a build that was being replaced goes back to its place."""
    for old in target.parent.glob(f".{glob.escape(target.name)}.old-*"):
        if (old / "build").is_dir() and not target.exists():
            os.rename(old / "build", target)
        shutil.rmtree(old, ignore_errors=True)
    for partial in target.parent.glob(f".{glob.escape(target.name)}.partial-*"):
        if partial.is_dir() and abandoned(partial):
            shutil.rmtree(partial, ignore_errors=True)


def require_replaceable(target: Path, marker: str = MANIFEST) -> None:
    """`ModelError` if something stands at ``target`` that is neither ours nor an empty directory."""
    if not target.exists():
        return
    if target.is_dir() and (not any(target.iterdir()) or _is_ours(target, marker)):
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


def _is_ours(directory: Path, marker: str) -> bool:
    try:
        return "axonc" in json.loads((directory / marker).read_text())
    except (OSError, ValueError, TypeError):
        return False


def read_manifest(directory: Path) -> dict[str, Any]:
    """The manifest of a build; `ModelError` if the directory is none."""
    if not _is_ours(directory, MANIFEST):
        raise ModelError(Diagnostic("AX703", str(directory), "not a build directory", "", "make one: axonc compile"))
    manifest: dict[str, Any] = json.loads((directory / MANIFEST).read_text())
    if manifest.get("schema") != SCHEMA:
        found = f"a build of schema {manifest.get('schema')}, by axonc {manifest.get('axonc')}"
        limit = f"this axonc reads schema {SCHEMA}"
        raise ModelError(Diagnostic("AX703", str(directory), found, limit, "compile it again"))
    return manifest
