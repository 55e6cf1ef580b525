"""The graph: named nodes, each an op applied to the sum of its inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import networkx as nx

from .ops import Delay, Input, Op, Output
from .signal import Signal, added

if TYPE_CHECKING:
    from .builder import Builder


@dataclass(frozen=True)
class Node:
    """One node. ``inputs`` name the nodes whose outputs are summed, in order; ``origin`` is its path in the source.
    ``reads`` name nodes whose outputs the op sees each for itself, beside that sum (see `Op.read_shapes`)."""

    name: str
    op: Op
    inputs: tuple[str, ...] = ()
    origin: str = ""
    reads: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of all nodes whose outputs it sees."""
        return self.inputs + self.reads


@dataclass(frozen=True)
class Graph:
    """A program: nodes in a fixed order, the stage it is in, its time step in seconds.

    ``stage`` is ``model`` (as imported, continuous time) or ``steps`` (discrete, cycles closed by `Delay` only).
    ``properties`` are facts for the manifest: semantics, source hash, version.
    """

    name: str
    nodes: tuple[Node, ...]
    stage: str = "model"
    dt: float | None = None
    properties: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @staticmethod
    def builder() -> Builder:
        """An empty `Builder`: populations, weights and delays from Python."""
        from .builder import Builder

        return Builder()

    def save(self, path: str | Path) -> None:
        """Write the graph as an axonc graph file (``.axg``), whole or not at all; sparse weights stay sparse."""
        from .serialize import save_graph

        save_graph(self, Path(path))

    @cached_property
    def by_name(self) -> Mapping[str, Node]:
        """The nodes by their names."""
        return {node.name: node for node in self.nodes}

    def __getitem__(self, name: str) -> Node:
        return self.by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self.by_name

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __str__(self) -> str:
        from .text import print_graph

        return print_graph(self)

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The input nodes."""
        return tuple(node for node in self.nodes if isinstance(node.op, Input))

    @property
    def outputs(self) -> tuple[Node, ...]:
        """The output nodes."""
        return tuple(node for node in self.nodes if isinstance(node.op, Output))

    @cached_property
    def consumers(self) -> Mapping[str, tuple[Node, ...]]:
        """For every node, the nodes that it feeds."""
        fed: dict[str, list[Node]] = {node.name: [] for node in self.nodes}
        for node in self.nodes:
            for source in dict.fromkeys(node.sources):
                fed.setdefault(source, []).append(node)
        return {name: tuple(nodes) for name, nodes in fed.items()}

    @cached_property
    def digraph(self) -> nx.DiGraph[str]:
        """The edges, as a networkx graph."""
        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_nodes_from(node.name for node in self.nodes)
        graph.add_edges_from((source, node.name) for node in self.nodes for source in node.sources)
        return graph

    @cached_property
    def order(self) -> tuple[Node, ...]:
        """The nodes in the order in which a step computes them: each after its inputs, delays first."""
        cut = self.digraph.copy()
        for node in self.nodes:
            if isinstance(node.op, Delay):
                cut.remove_edges_from([(source, node.name) for source in node.inputs])
        place = {node.name: index for index, node in enumerate(self.nodes)}
        names = nx.lexicographical_topological_sort(cut, key=lambda name: place[name])
        return tuple(self.by_name[name] for name in names)

    @cached_property
    def signals(self) -> Mapping[str, Signal]:
        """The output signal of every node."""
        known: dict[str, Signal] = {}
        for node in self._inference_order():
            known[node.name] = node.op.output(source_signal(node, known))
        return known

    def _inference_order(self) -> Iterator[Node]:
        cut = self.digraph.copy()
        for node in self.nodes:
            seen = node.inputs if node.op.needs_source else ()
            cut.remove_edges_from([(source, node.name) for source in node.sources if source not in seen])
        return (self.by_name[name] for name in nx.topological_sort(cut))

    def source(self, name: str) -> Signal | None:
        """The summed signal that enters a node; None if nothing does."""
        return source_signal(self.by_name[name], self.signals)

    def with_nodes(self, nodes: Iterable[Node], **changes: object) -> Graph:
        """This graph with other nodes (and other fields, by keyword)."""
        return replace(self, nodes=tuple(nodes), **changes)  # type: ignore[arg-type]

    def with_properties(self, **properties: str) -> Graph:
        """This graph with more properties."""
        return replace(self, properties=MappingProxyType({**self.properties, **properties}))

    def with_notes(self, notes: Iterable[object]) -> Graph:
        """This graph with more lines in its property ``notes``: what passes remark for the user."""
        lines = [*self.properties.get("notes", "").splitlines(), *map(str, notes)]
        return self.with_properties(notes="\n".join(lines)) if lines else self


def source_signal(node: Node, signals: Mapping[str, Signal]) -> Signal | None:
    """The sum of a node's inputs, as far as they are known."""
    sources = [signals[name] for name in node.inputs if name in signals]
    return added(sources) if sources else None
