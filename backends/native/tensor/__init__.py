"""Graphs in float as C for this computer: one program, whatever the graph is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from axonc.ir import Diagnostic, Graph, Result, ToolError
from axonc.ir.interpret.run import Data
from axonc.ir.machine import AnyMachine, Machine
from axonc.ir.mapping import Mapping
from axonc.ir.target import LIVE, CostModel, HostInterface, Program, RunOptions

from ...spinnaker2.toolchain import ToolchainError
from .. import Native
from .check import problems
from .emit import lower, recordable
from .library import build, run


@dataclass(frozen=True)
class NativeFloat:
    """The native target for float32 weights: C that computes any graph in steps, step by step, on the host."""

    name: ClassVar[str] = Native.name
    summary: ClassVar[str] = Native.summary
    weights: ClassVar[tuple[str, ...]] = ("float32",)
    mapped: ClassVar[bool] = False

    def machine(self, description: Path | None) -> None:
        """There is none."""

    def cost_model(self, machine: Machine, host: HostInterface = LIVE) -> CostModel:
        """There is none."""
        raise TypeError("a program in float has no cost model")

    def check(self, graph: Graph) -> list[Diagnostic]:
        """Every node that has no emitter, or numbers that C does not compute with."""
        return problems(graph)

    def lower(
        self, graph: Graph, mapping: Mapping | None, machine: AnyMachine | None, host: HostInterface = LIVE
    ) -> Program:
        """One C program, the headers it needs, and its constants."""
        return lower(graph)

    def build(self, directory: Path) -> None:
        """Compile the program into ``images/``; `ToolError` if that fails."""
        try:
            build(directory)
        except ToolchainError as error:
            raise ToolError(Diagnostic("AX901", "", str(error))) from error

    def run(self, directory: Path, graph: Graph, x: Data, record: Sequence[str], options: RunOptions) -> Result:
        """Every sample from its state, one after the other; the order of cores means nothing here."""
        return run(directory, graph, x, record, options.state)

    def recordable(self, graph: Graph) -> tuple[str, ...]:
        """Every node and every state."""
        return recordable(graph)
