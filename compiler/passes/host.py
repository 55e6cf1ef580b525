"""What the host computes, before and after the cores: which nodes, and on what grounds."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

import networkx as nx

from axonc.ir import Graph, Node
from axonc.ir.ops import (
    EGRU,
    GRU,
    LSTM,
    Conv,
    Delay,
    ExactNeuron,
    Flatten,
    Input,
    Linear,
    Neuron,
    Output,
    Pool,
    ResetGate,
    Scale,
)

GATED = (EGRU, GRU, ResetGate, LSTM)
"""Populations of gated units."""

CORE_OPS = (Input, Output, Flatten, Linear, Scale, Conv, Pool, Delay, Neuron, *GATED)
"""What can become populations, weights and delays."""

AUTO = "auto"
"""In place of names: everything that cores cannot run, if nothing that they run stands on both sides of it."""


@dataclass(frozen=True)
class HostNodes:
    """The nodes of a graph in steps that the host runs: those that ``chosen`` names, what stands before them and no
    population, or behind them and before no population. Populations themselves stay on cores."""

    graph: Graph
    chosen: Collection[str] = ()

    @cached_property
    def before(self) -> frozenset[str]:
        """Nodes whose values enter the cores."""
        early = [node for node in self.graph if node.name not in self._behind]
        wanted = {node.name for node in early if self._is_wanted(node)}
        return frozenset(self._within(wanted, early, nx.ancestors))

    @cached_property
    def after(self) -> frozenset[str]:
        """Nodes that take what leaves the cores."""
        late = [node for node in self.graph if node.name in self._behind and node.name not in self._ahead]
        wanted = {node.name for node in late if self._is_wanted(node)}
        return frozenset(self._within(wanted, late, nx.descendants))

    def _is_wanted(self, node: Node) -> bool:
        foreign = AUTO in self.chosen and not isinstance(node.op, CORE_OPS)
        return not _is_population(node) and (foreign or node.name in self.chosen)

    def _within(self, wanted: Iterable[str], nodes: Iterable[Node], more: object) -> set[str]:
        assert callable(more)
        found = {name for start in wanted for name in (start, *more(self.graph.digraph, start))}
        return found & {node.name for node in nodes}

    @cached_property
    def _populations(self) -> list[str]:
        return [node.name for node in self.graph if _is_population(node)]

    @cached_property
    def _behind(self) -> set[str]:
        """Populations, and what depends on them."""
        return {name for start in self._populations for name in (start, *nx.descendants(self.graph.digraph, start))}

    @cached_property
    def _ahead(self) -> set[str]:
        """Populations, and what they depend on."""
        return {name for start in self._populations for name in (start, *nx.ancestors(self.graph.digraph, start))}


def _is_population(node: Node) -> bool:
    return isinstance(node.op, (Neuron, ExactNeuron, *GATED))
