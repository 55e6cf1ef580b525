"""Runs built programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .programs import Built

PACKAGES = str(Path(__file__).parents[4])
"""The folder that holds the package: a program starts popc, which must find it."""


class ProgramError(Exception):
    """A program that ended with an error. One message: its exit code and what it said."""


@dataclass(frozen=True)
class Finished:
    """What a program printed, and its engine's accounts (None if it made no engine)."""

    output: str
    errors: str
    report: dict[str, Any] | None


def run_program(
    built: Built,
    arguments: Sequence[str] = (),
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    check: bool = True,
) -> Finished:
    """Runs a program in ``folder`` with ``arguments``.

    ``environment`` adds variables, for example ``AXONC_IPU_UNDEFINED`` or ``AXONC_IPU_THREADS``.

    Raises:
        ProgramError: the program ended with an error and ``check`` is set.
    """
    with tempfile.TemporaryDirectory() as made:
        report = Path(made) / "report.json"
        own = {
            "AXONC_IPU_REPORT": str(report),
            "AXONC_IPU_CODELETS": str(built.codelets.resolve()),
            "AXONC_POPC": f"'{sys.executable}' -m axonc.backends.ipu.simulator",
            "PYTHONPATH": os.pathsep.join(filter(None, [PACKAGES, os.environ.get("PYTHONPATH")])),
        }
        done = subprocess.run(
            [str(built.program.resolve()), *arguments],
            cwd=folder,
            env={**os.environ, **own, **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode:
            raise ProgramError(f"exit code {done.returncode}: {done.stderr.strip()}")
        accounts = json.loads(report.read_text()) if report.exists() else None
        return Finished(done.stdout, done.stderr, accounts)
