"""The reference target: the interpreter itself, for any graph in steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from axonc.ir import Diagnostic, Graph, Result, interpret
from axonc.ir.interpret.run import Data
from axonc.ir.machine import AnyMachine, Machine
from axonc.ir.mapping import Mapping
from axonc.ir.serialize import to_bytes
from axonc.ir.target import LIVE, CostModel, HostInterface, Program, RunOptions


@dataclass(frozen=True)
class Reference:
    """Interprets the graph: the meaning that every other target equals."""

    name: ClassVar[str] = "reference"
    summary: ClassVar[str] = "the numpy interpreter that defines what a program means; any graph, float or integer"
    weights: ClassVar[tuple[str, ...]] = ("float32", "int16", "int8", "int4", "int2", "ternary")
    mapped: ClassVar[bool] = False

    def machine(self, description: Path | None) -> None:
        """There is none."""

    def cost_model(self, machine: Machine, host: HostInterface = LIVE) -> CostModel:
        """There is none."""
        raise TypeError("the reference target has no cost model")

    def check(self, graph: Graph) -> list[Diagnostic]:
        """It runs everything."""
        return []

    def lower(
        self, graph: Graph, mapping: Mapping | None, machine: AnyMachine | None, host: HostInterface = LIVE
    ) -> Program:
        """The graph itself."""
        return Program({"graph.axg": to_bytes(graph)})

    def build(self, directory: Path) -> None:
        """Nothing to compile."""

    def run(self, directory: Path, graph: Graph, x: Data, record: Sequence[str], options: RunOptions) -> Result:
        """The interpreter's result; the order of cores means nothing here."""
        return interpret(graph, x, record, state=options.state)

    def recordable(self, graph: Graph) -> tuple[str, ...]:
        """Every node and every state."""
        return tuple(
            name for node in graph for name in (node.name, *(f"{node.name}:{state}" for state in node.op.states()))
        )
