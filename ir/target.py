"""What a backend is to the rest of the compiler."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from .diagnostics import Diagnostic
from .graph import Graph
from .interpret.run import Data
from .machine import Machine
from .mapping import Mapping, Schedule, Slice
from .network import Network
from .result import Result

Cuts = MappingType[str, Sequence[Slice]]
"""How every population is cut: its slices, by its name."""


class CostModel(Protocol):
    """What a core's share of a network costs, before anything is emitted."""

    def core_bytes(
        self, network: Network, schedule: Schedule, here: Sequence[Slice], cuts: Cuts
    ) -> MappingType[str, int]:
        """Bytes by kind of a core that holds the slices ``here``, when the populations are cut as ``cuts`` says."""
        ...


@dataclass(frozen=True)
class Program:
    """A lowered program: its files as bytes by relative path, and what the compiler can report of it."""

    files: MappingType[str, bytes]
    report: MappingType[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunOptions:
    """How to run. ``seed``: of the order in which cores run within a slot; ``shuffle``: also permute each queue."""

    seed: int = 0
    shuffle: bool = False


class Backend(Protocol):
    """A target. The driver keeps an explicit table of them by name."""

    @property
    def name(self) -> str:
        """Its name on the command line."""
        ...

    @property
    def summary(self) -> str:
        """One line for people."""
        ...

    @property
    def mapped(self) -> bool:
        """Whether its programs are quantised networks mapped to cores; else it takes any graph in steps."""
        ...

    def machine(self, description: Path | None) -> Machine:
        """The machine that a description (None: the shipped one) states. Mapped targets only."""
        ...

    def cost_model(self, machine: Machine) -> CostModel:
        """What mapping costs on that machine. Mapped targets only."""
        ...

    def check(self, graph: Graph) -> list[Diagnostic]:
        """Every node that this target cannot run."""
        ...

    def lower(self, graph: Graph, mapping: Mapping | None, machine: Machine | None) -> Program:
        """The program of a checked graph."""
        ...

    def build(self, directory: Path) -> None:
        """Compile the sources in ``directory``, in place."""
        ...

    def run(self, directory: Path, graph: Graph, x: Data, record: Sequence[str], options: RunOptions) -> Result:
        """Run a built program; values and shapes as `interpret` gives them."""
        ...

    def recordable(self, graph: Graph) -> tuple[str, ...]:
        """What ``record`` may name, in the order of the graph."""
        ...
