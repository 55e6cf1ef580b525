"""A graph seen as populations and projections: the form in which many-core targets map and lower it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from scipy import sparse

from .graph import Graph, Node
from .ops import Delay, FixedNeuron, Flatten, Input, Neuron, Output, QuantLinear


@dataclass(frozen=True)
class Population:
    """An input or a population of neurons: ``count`` neurons (flat, C order of the shape)."""

    name: str
    op: Input | Neuron | FixedNeuron
    count: int
    peak: int
    """The most events that one of its neurons sends in a step; 0 if it sends none."""


@dataclass(frozen=True, eq=False)
class Projection:
    """Synapses: events of step k of ``source`` act on step k + ``delay`` of ``target``, with int8 ``weight``.

    ``weight``: CSC, [target neurons, source neurons], so that a source's synapses lie together.
    """

    name: str
    source: str
    target: str
    delay: int
    weight: sparse.csc_array


@dataclass(frozen=True, eq=False)
class Network:
    """Populations (inputs first) and projections of a quantised graph."""

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]

    @cached_property
    def by_name(self) -> dict[str, Population]:
        """The populations by their names."""
        return {population.name: population for population in self.populations}

    @cached_property
    def fan_in(self) -> dict[str, tuple[Projection, ...]]:
        """The projections into each population."""
        return {p.name: tuple(j for j in self.projections if j.target == p.name) for p in self.populations}

    @cached_property
    def fan_out(self) -> dict[str, tuple[Projection, ...]]:
        """The projections out of each population."""
        return {p.name: tuple(j for j in self.projections if j.source == p.name) for p in self.populations}


def network(graph: Graph) -> Network:
    """The network of a graph in which every neuron is fed by `QuantLinear` nodes, each fed by one population,
    through at most one `Delay`. `compiler.passes` bring a graph into this form."""
    populations = tuple(_population(graph, node) for node in graph if isinstance(node.op, (Input, Neuron, FixedNeuron)))
    ordered = sorted(populations, key=lambda population: not isinstance(population.op, Input))
    return Network(tuple(ordered), tuple(_projections(graph)))


def _population(graph: Graph, node: Node) -> Population:
    signal = graph.signals[node.name]
    assert isinstance(node.op, (Input, Neuron, FixedNeuron))
    spikes = isinstance(node.op, Input) or node.op.gate is not None
    return Population(node.name, node.op, prod(signal.shape), signal.peak if spikes else 0)


def _projections(graph: Graph) -> Iterator[Projection]:
    for node in graph:
        if isinstance(node.op, (Neuron, FixedNeuron)):
            for linear in (graph[name] for name in node.inputs):
                source, delay = behind_delay(graph, linear.inputs[0])
                assert isinstance(linear.op, QuantLinear)
                weight = sparse.csc_array(linear.op.weight.astype(np.int8))
                weight.eliminate_zeros()
                weight.sort_indices()
                yield Projection(linear.name, source, node.name, delay, weight)


def behind_delay(graph: Graph, name: str) -> tuple[str, int]:
    """The node behind any chain of delays that ends in ``name``, and their total in steps."""
    delay = 0
    while isinstance(op := graph[name].op, Delay):
        delay += op.steps
        name = graph[name].inputs[0]
    return name, delay


def output_population(graph: Graph, output: Node) -> str:
    """The population whose events or voltages an output node shows, behind any flattening."""
    assert isinstance(output.op, Output)
    node = graph[output.inputs[0]]
    while isinstance(node.op, Flatten):
        node = graph[node.inputs[0]]
    return node.name
