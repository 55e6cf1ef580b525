"""Where the program of a training is built and run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from axonc.backends.spinnaker2.toolchain import ToolchainError
from axonc.ir import Diagnostic, ToolError

from ..directory import write_files


@contextmanager
def program_folder(folder: Path | None, files: Mapping[str, bytes]) -> Iterator[Path]:
    """Where a program with these files is built and run; None: a folder for the time of it.

    Raises:
        ToolError: there is no compiler, or it does not build the program (AX901).
    """
    with TemporaryDirectory() as made:
        built = Path(made) if folder is None else folder
        built.mkdir(parents=True, exist_ok=True)
        write_files(built, files)
        try:
            yield built
        except ToolchainError as error:
            raise ToolError(Diagnostic("AX901", "", str(error))) from error
