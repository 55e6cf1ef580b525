"""Compiling an emitted project for the simulator."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .simulator import Built, build_program, compile_codelet
from .simulator.programs import WARNINGS

PROGRAM = "program"
FLAGS = ("-O1", *WARNINGS)


def build(directory: Path) -> None:
    """Compile ``src/`` into ``images/``: the program, and the libraries of its codelets."""
    sources = sorted((directory / "src").glob("*.cpp"))
    build_codelets(directory)
    built = build_program(sources, [], directory / "images" / PROGRAM, flags=FLAGS)
    built.codelets.unlink()  # `opened` makes one, of the places where they are then


def build_codelets(directory: Path) -> None:
    """Compile the codelets alone."""
    images = directory / "images"
    images.mkdir(exist_ok=True)
    sources = codelets_of(directory)
    with ThreadPoolExecutor() as pool:
        for source, library in zip(sources, pool.map(compile_codelet, sources), strict=True):
            shutil.copy2(library, images / f"{source.stem}.gp")


def codelets_of(directory: Path) -> list[Path]:
    """The codelet files of a project."""
    return sorted((directory / "src" / "codelets").glob("*.cpp"))


def opened(directory: Path, folder: Path) -> Built:
    """What was built in a directory; ``folder`` holds the list of its codelets while it runs."""
    images = directory.resolve() / "images"
    lines = [f"{source.resolve()}\t\t{images / source.stem}.gp\n" for source in codelets_of(directory)]
    listed = folder / "codelets"
    listed.write_text("".join(lines))
    return Built(images / PROGRAM, listed)
