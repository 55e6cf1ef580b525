"""The ipu target: Poplar programs, run on the simulator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from axonc.ir import Diagnostic, Graph, ModelError, Result, ToolError
from axonc.ir.host import parts
from axonc.ir.interpret.parts import run_parts
from axonc.ir.interpret.run import Data
from axonc.ir.machine import AnyMachine, Machine, TileMachine
from axonc.ir.mapping import Mapping
from axonc.ir.state import State
from axonc.ir.target import LIVE, CostModel, HostInterface, Program, RunOptions

from ..spinnaker2.toolchain import ToolchainError
from .build import build
from .check import float_problems, problems
from .lowering import lower
from .machine import load_machine
from .operations.network import tile_network
from .operations.normal import normal
from .run import run_network
from .signals import signals_of
from .simulator import CodeletError, ProgramError


@dataclass(frozen=True)
class IPU:
    """Poplar programs for tiles that meet after every step of work."""

    name: ClassVar[str] = "ipu"
    summary: ClassVar[str] = "C++ against the Poplar API for IPU-style tiles; runs on a simulator"
    weights: ClassVar[tuple[str, ...]] = ("int8", "int16", "int4", "int2", "ternary")
    mapped: ClassVar[bool] = True

    def machine(self, description: Path | None) -> TileMachine:
        """The machine that a TOML description (None: the shipped GC200) states."""
        return load_machine(description)

    def cost_model(self, machine: Machine, host: HostInterface = LIVE) -> CostModel:
        """There is none: the target places populations itself."""
        raise TypeError("tiles are not mapped by a cost model")

    def check(self, graph: Graph) -> list[Diagnostic]:
        """Every node that the codelets cannot run."""
        return list(problems(parts(graph).cores, self.name))

    def lower(
        self, graph: Graph, mapping: Mapping | None, machine: AnyMachine | None, host: HostInterface = LIVE
    ) -> Program:
        """The project: sources, weights, and where everything lies; `ModelError` if it does not fit."""
        assert isinstance(machine, TileMachine)
        return lower(graph, machine)

    def build(self, directory: Path) -> None:
        """Compile the project for the simulator; `ToolError` if that fails."""
        try:
            build(directory)
        except (ToolchainError, CodeletError) as error:
            raise ToolError(Diagnostic("AX901", "", str(error))) from error

    def run(self, directory: Path, graph: Graph, x: Data, record: Sequence[str], options: RunOptions) -> Result:
        """Run a built program, every sample from the reset state or the one given; tiles run in threads, and no order
        shows."""
        if options.keep_going:
            found, limit = "a run that goes on when events are lost", "a list that is too short ends a run on tiles"
            raise ModelError(Diagnostic("AX605", "", found, limit, "compile with busier data to calibrate with"))

        def run_tiles(tiles: Graph, data: Data, names: Sequence[str], state: State | None) -> Result:
            return run_network(directory, normal(tiles), data, names, state)

        try:
            return run_parts(graph, x, record, run_tiles, options.state)
        except ProgramError as error:
            raise ToolError(Diagnostic("AX902", "", str(error))) from error
        except ToolchainError as error:
            raise ToolError(Diagnostic("AX901", "", str(error))) from error

    def recordable(self, graph: Graph) -> tuple[str, ...]:
        """The outputs and states of all populations."""
        cores = parts(graph).cores
        signals = signals_of(tile_network(normal(cores)))
        return tuple(signal.name for signal in signals if signal.population in cores)


@dataclass(frozen=True)
class IPUFloat(IPU):
    """The same programs with float32 weights: sums begin with the bias and run over ascending sources."""

    weights: ClassVar[tuple[str, ...]] = ("float32",)
    mapped: ClassVar[bool] = False

    def check(self, graph: Graph) -> list[Diagnostic]:
        """Every node that the codelets cannot run in float."""
        return list(float_problems(graph, self.name))
