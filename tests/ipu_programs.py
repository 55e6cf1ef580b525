"""Poplar programs of the tests: built with the simulator, run, and what they print as arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from axonc.backends.ipu.simulator import Finished, build_program, run_program
from axonc.backends.ipu.simulator.programs import WARNINGS
from axonc.backends.ipu.simulator.toolchain import cache_folder

PROGRAMS = Path(__file__).parent / "backends" / "ipu" / "programs"


def run(
    name: str,
    codelets: tuple[str, ...] = (),
    arguments: tuple[str, ...] = (),
    *,
    optimised: bool = False,
    **environment: str,
) -> Finished:
    """Runs ``name``.cpp; warnings in it are errors."""
    folder = cache_folder() / "ipu" / "tests"
    folder.mkdir(parents=True, exist_ok=True)
    sources = [PROGRAMS / one for one in codelets]
    flags = ("-O2" if optimised else "-O0", *WARNINGS)
    built = build_program([PROGRAMS / f"{name}.cpp"], sources, folder / name, flags=flags)
    return run_program(built, arguments, folder=PROGRAMS, environment=environment)


def values(finished: Finished) -> dict[str, np.ndarray]:
    """Name -> numbers of each line "name number number ..."."""
    lines = (line.split() for line in finished.output.splitlines())
    return {name: np.array([float(number) for number in numbers]) for name, *numbers in lines}
