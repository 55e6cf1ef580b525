"""A compiled program in hand: run it, verify it, save it."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from axonc.ir import Diagnostic, Graph, ModelError, Result
from axonc.ir.interpret.run import Carried, Data
from axonc.ir.progress import stage
from axonc.ir.serialize import load_graph
from axonc.ir.target import Backend, RunOptions

from .directory import publish, read_manifest, write_files
from .export import write_result
from .pipeline import Compiled
from .targets import backend, engine_target, missing_extra
from .verify import EXACT, Inexact, Verification, compare


@dataclass
class Program:
    """A built program in ``directory``. A program that was not saved lives in a temporary one.

    Attributes:
        directory: the build directory.
        manifest: what was compiled, how, by which version.
        graph: the final graph, whose meaning the program has.
    """

    directory: Path

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """The manifest."""
        return read_manifest(self.directory)

    @cached_property
    def graph(self) -> Graph:
        """The final graph."""
        return load_graph(self.directory / "graph.axg")

    @property
    def target(self) -> str:
        """The target's name."""
        return str(self.manifest["target"])

    @property
    def backend(self) -> Backend:
        """The backend that it was compiled for."""
        return backend(self.target, self.manifest.get("weights"))

    def engine(self, name: str | None) -> Backend:
        """The backend that runs it on an engine (None: its own).

        Raises:
            ModelError: there is no such engine, or it runs only what is mapped to cores.
        """
        target = engine_target(name) if name else self.target
        if target == self.target:
            return self.backend
        if target != "reference" and not (self.directory / "mapping.json").is_file():
            limit = "it runs programs that are mapped to cores"
            remedy = "leave the engine out, or compile with int8 weights for a target with cores"
            raise ModelError(Diagnostic("AX605", "", f"the engine {name} for a program in float", limit, remedy))
        return backend(target)

    def run(
        self,
        x: Data,
        record: str | Sequence[str] = (),
        *,
        engine: str | None = None,
        seed: int = 0,
        shuffle: bool = False,
        keep_going: bool = False,
        back_to_back: bool = False,
        threads: int | None = None,
        state: Carried | None = None,
    ) -> Result:
        """Run the program.

        Args:
            x: [T, *shape] or [B, T, *shape], or a mapping from input names to such arrays.
            record: populations (``"lif1"``) and their states (``"lif1:v"``) to record at every step.
            engine: ``emulator``, ``native`` or ``reference``; None: that of the target.
            seed: of the random order in which cores run within a slot.
            shuffle: also permute the events in every core's queue before it reads them.
            keep_going: count events without room and ticks over budget, instead of stopping at the first.
            back_to_back: run the samples one after the other without a reset between them; the counters are then
                those of the whole run.
            threads: how many run cores side by side, which changes no result; None: one a processor.
            state: what to go on from: the ``state`` of a result of this program, on whatever target; None: every
                sequence begins with the initial state. A part without an axis of samples is that of every sample.

        Raises:
            ModelError: the data or the state do not fit, or something cannot be recorded.
            ToolError: a core stopped with a fault, or the engine is not installed.
        """
        chosen = self.engine(engine)
        record = [record] if isinstance(record, str) else record
        options = RunOptions(seed, shuffle, keep_going, back_to_back, threads, state)
        try:
            if chosen.name in (self.target, "reference"):
                return chosen.run(self.directory, self.graph, x, record, options)
            with tempfile.TemporaryDirectory() as other:
                built = Path(other) / "build"
                shutil.copytree(self.directory, built)
                chosen.build(built)
                return chosen.run(built, self.graph, x, record, options)
        except ModuleNotFoundError as error:
            raise missing_extra(chosen.name, error) from error

    def verify(
        self, x: Data, *, engine: str | None = None, seed: int = 0, shuffle: bool = False, state: Carried | None = None
    ) -> Verification:
        """Run target and reference, from ``state`` if there is one, and compare every output and state at every step,
        and what they leave for a next run: bit for bit, but for signals that the manifest calls inexact, which are
        compared within its tolerance."""
        names = self.backend.recordable(self.graph)
        ours = self.run(x, names, engine=engine, seed=seed, shuffle=shuffle, state=state)
        inexact = Inexact.of(self.manifest) if self.engine(engine).name == self.target else EXACT
        reference = self.run(x, names, engine="reference", state=state)
        batched = any(y.ndim == len(self.graph.signals[name].shape) + 2 for name, y in reference.outputs.items())
        return compare(ours, reference, names, inexact, batched)

    def write(self, path: str | Path, result: Result) -> None:
        """Write a result of this program as ``.npz``, ``.csv`` or NIRData (``.h5``), whole or not at all."""
        write_result(Path(path), result, self.graph)

    def report(self, x: Data | None = None, record: Sequence[str] = (), *, engine: str | None = None) -> str:
        """One self-contained HTML page: network, memory, placement and, of a run over ``x``, what happened."""
        from .report import report_page

        return report_page(self, x, record, engine)

    def save(self, directory: str | Path) -> Program:
        """Copy the build to ``directory``, whole or not at all, and return the program there."""
        target = Path(directory)
        publish(target, lambda partial: _copy(self.directory, partial))
        return Program(target)


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, dirs_exist_ok=True)


def build(compiled: Compiled) -> Program:
    """Write and build a compilation in a temporary directory, which goes when the program goes."""
    directory = Path(tempfile.mkdtemp(prefix="axonc-"))
    program = Program(directory)
    weakref.finalize(program, shutil.rmtree, directory, ignore_errors=True)
    fill(compiled, directory)
    return program


def fill(compiled: Compiled, directory: Path) -> None:
    """Write all files of a compilation and build them in place."""
    write_files(directory, compiled.program.files)
    with stage("build"):
        backend(compiled.target, compiled.manifest["weights"]).build(directory)


def open_build(directory: str | Path) -> Program:
    """The program in a build directory."""
    program = Program(Path(directory))
    assert program.manifest
    return program
