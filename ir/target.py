"""What a backend is to the rest of the compiler."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from .diagnostics import Diagnostic
from .graph import Graph
from .interpret.run import Carried, Data
from .machine import AnyMachine, Machine
from .mapping import Cut, Mapping, Schedule, Slice
from .network import Network, Population
from .result import Result

Cuts = MappingType[str, Cut]
"""How every population is cut, by its name."""


@dataclass(frozen=True)
class CoreLoad:
    """What a core holds and does: ``bytes`` by kind, exact; ``cycles`` of its busiest slot, an estimate at a stated
    activity of its sources, 0 where time does not count."""

    bytes: MappingType[str, int]
    cycles: int = 0


class CostModel(Protocol):
    """What a core's share of a network costs, before anything is emitted."""

    def core_load(self, network: Network, schedule: Schedule, here: Sequence[Slice], cuts: Cuts) -> CoreLoad:
        """The load of a core that holds the slices ``here``, when the populations are cut as ``cuts`` says."""
        ...

    def packet_cycles(self, network: Network, population: Population) -> float:
        """Cycles of a core from a packet of a population to the next, if there is nothing else to do."""
        ...

    def expected_packets(self, network: Network, population: Population, count: int) -> float:
        """Packets of a step in which a slice of ``count`` neurons of a population is expected to send its events, each
        neuron `Population.rate` of them."""
        ...


@dataclass(frozen=True)
class HostInterface:
    """What host and cores exchange through the memory of the cores.

    ``record``: populations (``"lif1"``) and states (``"lif1:v"``) that the cores record themselves, for
    ``record_steps`` steps. ``input_events``: capacity of the list of input events of every input slice, which cores
    then send; 0: inputs enter as live packets.
    """

    record: tuple[str, ...] = ()
    record_steps: int = 0
    input_events: int = 0


LIVE = HostInterface()
"""Inputs are live packets, and nothing is recorded on the cores."""


@dataclass(frozen=True)
class Program:
    """A lowered program: its files as bytes by relative path, and what the compiler can report of it."""

    files: MappingType[str, bytes]
    report: MappingType[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunOptions:
    """How to run. ``seed``: of the order in which cores run within a slot; ``shuffle``: also permute each queue;
    ``keep_going``: count events without room and ticks over budget instead of stopping; ``back_to_back``: samples
    follow each other in one run, instead of each beginning with a reset; ``threads``: how many run cores side by side,
    which changes no result (None: one a processor); ``state``: what to begin with, as `ir.state` defines it for the
    graph, instead of that reset. Results hold the state that a run left, but back to back."""

    seed: int = 0
    shuffle: bool = False
    keep_going: bool = False
    back_to_back: bool = False
    threads: int | None = None
    state: Carried | None = None


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
    def weights(self) -> tuple[str, ...]:
        """The number formats of weights that the target takes, its default first."""
        ...

    @property
    def mapped(self) -> bool:
        """Whether its programs are quantised networks: mapped to the cores of a `Machine`, or placed on the tiles of a
        `TileMachine` by the target itself. Else it takes any graph in steps."""
        ...

    def machine(self, description: Path | None) -> AnyMachine | None:
        """The machine that a description (None: the shipped one) states; None for a target that has none."""
        ...

    def cost_model(self, machine: Machine, host: HostInterface = LIVE) -> CostModel:
        """What mapping costs on that machine. Targets with cores only."""
        ...

    def check(self, graph: Graph) -> list[Diagnostic]:
        """Every node that this target cannot run."""
        ...

    def lower(
        self, graph: Graph, mapping: Mapping | None, machine: AnyMachine | None, host: HostInterface = LIVE
    ) -> Program:
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
