"""The spinnaker2 target, and what it shares with the native one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from axonc.ir import Diagnostic, Graph, Result, ToolError, initial_state
from axonc.ir.host import parts
from axonc.ir.interpret.parts import run_parts
from axonc.ir.interpret.run import Data
from axonc.ir.machine import AnyMachine, Machine
from axonc.ir.mapping import Mapping as CoreMapping
from axonc.ir.ops import (
    Delay,
    FixedGate,
    FixedGRU,
    FixedLSTM,
    FixedNeuron,
    FixedResetGate,
    Flatten,
    Gate,
    Input,
    LevelNeuron,
    Neuron,
    Output,
    PartialSums,
    Pool,
    QuantConv,
    QuantLinear,
    ToFixed,
)
from axonc.ir.state import State
from axonc.ir.target import LIVE, HostInterface, Program, RunOptions

from .carry import disagreements
from .cost import CoreCost
from .description import load_machine, memory_map
from .engine import CoreImage, MachineFault, Route, Wiring
from .engine import Machine as Engine
from .graded_checks import graded_problems
from .lower import lower
from .memory import MemoryMap
from .parameters import MOST_SPIKES, equations
from .run import run_program
from .schema import KERNEL_EXTENT, RESETS
from .toolchain import ToolchainError, compile_elf
from .traces import recordable

SUPPORTED = (
    Input,
    Output,
    Flatten,
    Delay,
    QuantLinear,
    QuantConv,
    Pool,
    Neuron,
    FixedNeuron,
    LevelNeuron,
    ToFixed,
    FixedGRU,
    FixedResetGate,
    FixedLSTM,
    PartialSums,
)


@dataclass(frozen=True)
class CoreTarget:
    """Base of the targets that run the C runtime: subclasses compile it and say what executes a core."""

    name: ClassVar[str]
    summary: ClassVar[str]
    weights: ClassVar[tuple[str, ...]] = ("int8", "int16", "int4", "int2", "ternary")
    mapped: ClassVar[bool] = True
    timed: ClassVar[bool] = True
    """Whether a core's work must fit a tick."""

    def machine(self, description: Path | None) -> Machine:
        """The machine that a TOML description (None: the shipped one) states."""
        return load_machine(description)

    def cost_model(self, machine: Machine, host: HostInterface = LIVE) -> CoreCost:
        """Exact bytes and estimated cycles of a core."""
        return CoreCost(memory_map(machine), host, self.timed, machine.synapses)

    def check(self, graph: Graph) -> list[Diagnostic]:
        """Every node that the runtime cannot run."""
        cores = parts(graph).cores
        problems = (problem for node in cores for problem in _problems(cores, node.name, self.name))
        found = [*problems, *graded_problems(cores, self.name)]
        return found or list(_beginning_problems(cores))

    def lower(
        self, graph: Graph, mapping: CoreMapping | None, machine: AnyMachine | None, host: HostInterface = LIVE
    ) -> Program:
        """Sources, core data and mapping."""
        assert mapping is not None
        assert isinstance(machine, Machine)
        return lower(graph, mapping, machine, host, self.timed)

    def build(self, directory: Path) -> None:
        """Compile every program into ``images/``; `ToolError` if that fails."""
        described = json.loads((directory / "mapping.json").read_text())
        (directory / "images").mkdir(exist_ok=True)
        try:
            for program in described["programs"]:
                self.compile(directory / "src", program)
        except ToolchainError as error:
            raise ToolError(Diagnostic("AX901", "", str(error))) from error

    def compile(self, sources: Path, program: str) -> None:
        """Compile one program to ``../images``."""
        raise TypeError(f"{self.name} does not define compile")

    def engine(
        self,
        directory: Path,
        described: Mapping[str, Any],
        cores: list[CoreImage],
        routes: list[Route],
        memory: MemoryMap,
        wiring: Wiring,
    ) -> Engine:
        """The machine that runs the built program."""
        raise TypeError(f"{self.name} does not define engine")

    def run(self, directory: Path, graph: Graph, x: Data, record: Sequence[str], options: RunOptions) -> Result:
        """Run a built program; `ToolError` names core, slot and line of a fault."""

        def run_cores(cores: Graph, data: Data, names: Sequence[str], state: State | None) -> Result:
            return run_program(directory, cores, data, names, options, self.engine, state)

        try:
            return run_parts(graph, x, record, run_cores, options.state)
        except MachineFault as error:
            raise ToolError(Diagnostic("AX902", error.place, str(error))) from error
        except ToolchainError as error:
            raise ToolError(Diagnostic("AX901", "", str(error))) from error

    def recordable(self, graph: Graph) -> tuple[str, ...]:
        """The outputs and states of all populations."""
        return recordable(graph)


@dataclass(frozen=True)
class SpiNNaker2(CoreTarget):
    """C for SpiNNaker2-style cores, run on emulated Cortex-M4F cores."""

    name: ClassVar[str] = "spinnaker2"
    summary: ClassVar[str] = "C for many Cortex-M4F cores with 128 KiB each; runs on emulated cores"

    def compile(self, sources: Path, program: str) -> None:
        compile_elf(sources, f"{program}.c", f"../images/{program}.elf")

    def engine(
        self,
        directory: Path,
        described: Mapping[str, Any],
        cores: list[CoreImage],
        routes: list[Route],
        memory: MemoryMap,
        wiring: Wiring,
    ) -> Engine:
        from .engine.emulated import EmulatedMachine  # unicorn and capstone are extras

        images = [directory / "images" / f"{program}.elf" for program in described["programs"]]
        return EmulatedMachine(images, cores, routes, memory, wiring=wiring)


def _beginning_problems(graph: Graph) -> Iterator[Diagnostic]:
    """Delays of one source that begin with different values."""
    if any(isinstance(node.op, Delay) and node.op.initial is not None for node in graph):
        yield from disagreements(graph, initial_state(graph))


def _problems(graph: Graph, name: str, target: str) -> Iterator[Diagnostic]:
    node = graph[name]
    if not isinstance(node.op, SUPPORTED):
        listed = ", ".join(op.name for op in SUPPORTED)
        yield Diagnostic("AX601", name, f"{target} does not run {node.op.name}", f"it runs {listed}", "replace it")
    elif isinstance(node.op, QuantConv):
        yield from _kernel_problems(graph, name, node.op, target)
    elif isinstance(node.op, (Neuron, FixedNeuron, LevelNeuron)) and (gate := equations(node.op).gate) is not None:
        yield from _gate_problems(name, gate, target)


def _kernel_problems(graph: Graph, name: str, op: QuantConv, target: str) -> Iterator[Diagnostic]:
    source = graph.source(name)
    assert source is not None
    places = (axis.extent(size) for axis, size in zip(op.axes, source.shape[1:], strict=True))
    largest = max(*op.weight.shape, *places)
    if largest > KERNEL_EXTENT:
        found = f"{largest} channels, taps or places along an axis"
        limit = f"{target} takes {KERNEL_EXTENT} at most"
        yield Diagnostic("AX601", name, found, limit, "pool or crop the input")


def _gate_problems(name: str, gate: Gate | FixedGate, target: str) -> Iterator[Diagnostic]:
    if gate.reset not in RESETS:
        yield Diagnostic("AX601", name, f"reset {gate.reset}", f"{target} runs {', '.join(RESETS)}", "choose one")
    if gate.spikes > MOST_SPIKES:
        found = f"up to {gate.spikes} spikes a step"
        yield Diagnostic("AX601", name, found, f"{target} sends {MOST_SPIKES} at most", f"choose spikes={MOST_SPIKES}")
