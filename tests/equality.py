"""That a target computes what the interpreter does, for cases drawn at random."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import strategies
from hypothesis import assume

import axonc
from axonc import ModelError, Program
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import compile_graph
from axonc.compiler.driver.program import fill
from axonc.compiler.passes import QuantizeLoihi, ToPopulations, run_pipeline

ROOMY = "[grid]\npes = 27\n[cores]\nusable = 999\n[clock]\ntick_s = 1.0\n"
"""Cores for any slices, and time for any activity."""


@contextmanager
def built(case: strategies.Case, target: str, machine: str = ROOMY) -> Iterator[Program]:
    """The case's program for a target, on a machine of that description."""
    graph = axonc.load(case.model, semantics=case.semantics, inputs=case.inputs)
    with TemporaryDirectory() as folder:
        path, build = Path(folder) / "machine.toml", Path(folder) / "build"
        path.write_text(machine + _rows(case, target))
        build.mkdir()
        fill(compile_graph(graph, target, Options(**case.options, machine=path)), build)
        yield Program(build)


def _rows(case: strategies.Case, target: str) -> str:
    """On a host, rows in its own formats or, for every other case, in those of a chip."""
    return "[synapses]\nwindow = 256\n" if target == "native" and case.seed % 2 else ""


def require_held(case: strategies.Case) -> None:
    """Drop a case that Loihi's formats do not hold."""
    if case.options["state"] == "loihi":
        assume(held(case))


def held(case: strategies.Case) -> bool:
    """Whether Loihi holds the case's weights and thresholds."""
    graph = axonc.load(case.model, semantics=case.semantics, inputs=case.inputs)
    try:
        run_pipeline(graph, [ToPopulations(), QuantizeLoihi()])
    except ModelError as refused:
        return any(problem.code != "AX306" for problem in refused.diagnostics)
    return True


def assert_equal(case: strategies.Case, target: str, machine: str = ROOMY) -> None:
    """Every state and event of every step is the interpreter's, in the given order of arrivals and in another."""
    require_held(case)
    with built(case, target, machine) as program:
        for shuffle in (False, True):
            verification = program.verify(case.data, seed=case.seed, shuffle=shuffle)
            assert verification.equal, str(verification.divergence)
            assert not np.any(verification.result.stats["dropped"])
            assert not np.any(verification.result.stats["stray"])
