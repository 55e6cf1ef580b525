"""Layers: signals whose elements belong together, so that a unit is in all of them or in none.

A matrix parts what it reads from what it writes, and so does a convolution. Whatever works element by element ties its
output to its input: neurons, delays, factors, sums. A gated unit ties each of its elements to one element of every gate
of its input. Where a convolution or a pool reads or writes a layer, its units are whole channels; a pool ties those of
its output to those of its input.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

import networkx as nx
import numpy as np

from axonc.ir import Graph, Node
from axonc.ir.ops import (
    EGRU,
    GRU,
    LSTM,
    Array,
    Conv,
    Delay,
    FixedGated,
    FixedNeuron,
    Flatten,
    LevelNeuron,
    Linear,
    Neuron,
    Op,
    Pool,
    QuantConv,
    QuantLinear,
    ResetGate,
    Scale,
    ToFixed,
)

MATRICES = (Linear, QuantLinear)
CONVOLUTIONS = (Conv, QuantConv)
PARTING = (*MATRICES, *CONVOLUTIONS)
ELEMENTWISE = (Neuron, FixedNeuron, LevelNeuron, Delay, Flatten, Scale, ToFixed)
GATED = (EGRU, GRU, LSTM, ResetGate, FixedGated)


@dataclass(frozen=True)
class Layer:
    """The nodes whose outputs a layer is, with the ``copies`` of its units that each output holds: element e is of unit
    e mod ``size``, or if units are ``channels`` of unit e div its copies. A ``fixed`` layer keeps its units: something
    else than matrices and convolutions reads or writes them."""

    size: int
    copies: Mapping[str, int]
    fixed: bool
    channels: bool = False

    def elements(self, name: str, units: Array) -> Array:
        """What holds of the units, for the elements of a node's output."""
        return np.repeat(units, self.copies[name]) if self.channels else np.tile(units, self.copies[name])

    def any_of(self, name: str, elements: Array) -> Array:
        """For which units something holds of any element of a node's output."""
        if self.channels:
            return np.asarray(elements.reshape(self.size, self.copies[name]).any(axis=1))
        return np.asarray(elements.reshape(self.copies[name], self.size).any(axis=0))


def layers(graph: Graph) -> dict[str, Layer]:
    """The layer of every node's output."""
    ties: nx.Graph[str] = nx.Graph()
    ties.add_nodes_from(node.name for node in graph)
    ties.add_edges_from((source, node.name) for node in graph for source, _ in _tied(node))
    ties.add_edges_from((node.inputs[0], other) for node in graph for other in node.inputs[1:])
    held = {name for node in graph if _holds(node) for name in (node.name, *node.sources)}
    stated = _stated(graph)
    found: dict[str, Layer] = {}
    for names in nx.connected_components(ties):
        ordered, fixed = sorted(names), bool(names & held)
        channels = {count for name in ordered for count in stated[name]}
        layer = _maps(graph, ordered, channels, fixed) if channels else _layer(graph, ordered, fixed)
        found.update(dict.fromkeys(names, layer))
    return found


def _holds(node: Node) -> bool:
    if isinstance(node.op, CONVOLUTIONS):
        return node.op.groups > 1
    return not isinstance(node.op, (*MATRICES, *ELEMENTWISE, *GATED, Pool))


def _stated(graph: Graph) -> Mapping[str, set[int]]:
    """How many channels convolutions and pools say that the output of a node has."""
    found: dict[str, set[int]] = defaultdict(set)
    for node in graph:
        if isinstance(node.op, (*CONVOLUTIONS, Pool)):
            for name in node.inputs:
                found[name].add(graph.signals[name].shape[0])
        if isinstance(node.op, CONVOLUTIONS):
            found[node.name].add(len(node.op.weight))
    return found


def _maps(graph: Graph, names: list[str], channels: set[int], fixed: bool) -> Layer:
    """A layer of channels: fixed where not all agree in how many there are, or where something has other units."""
    size, shapes = min(channels), [graph.signals[name].shape for name in names]
    alike = all(shape[0] == size or (len(shape) == 1 and shape[0] % size == 0) for shape in shapes)
    cells = any(isinstance(graph[name].op, GATED) for name in names)
    if len(channels) > 1 or not alike or cells:
        return _layer(graph, names, True)
    return Layer(size, {name: prod(shape) // size for name, shape in zip(names, shapes, strict=True)}, fixed, True)


def _tied(node: Node) -> Iterator[tuple[str, int]]:
    """The sources whose elements belong to those of a node's output, and how many each has for one of them."""
    if isinstance(node.op, (*ELEMENTWISE, Pool)):
        yield from ((name, 1) for name in node.sources)
    elif isinstance(node.op, GATED):
        yield from ((name, _extent(node.op) // node.op.units) for name in node.inputs)
        shapes = zip(node.reads, node.op.read_shapes(), strict=True)
        yield from ((name, prod(shape) // node.op.units) for name, shape in shapes)


def _extent(op: Op) -> int:
    accepted = op.accepts()
    assert accepted is not None
    return prod(accepted)


def _layer(graph: Graph, names: list[str], fixed: bool) -> Layer:
    counts = {name: prod(graph.signals[name].shape) for name in names}
    size = min(counts.values())
    copies = {name: count // max(size, 1) for name, count in counts.items()}
    return Layer(size, copies, fixed or size == 0 or not _agree(graph, copies, size, counts))


def _agree(graph: Graph, copies: Mapping[str, int], size: int, counts: Mapping[str, int]) -> bool:
    """Whether every output is whole copies of the layer, and every node ties as many as there are."""
    whole = all(copies[name] * size == count for name, count in counts.items())
    return whole and all(
        copies[source] == ratio * copies[name] for name in copies for source, ratio in _tied(graph[name])
    )


def readers(graph: Graph, found: Mapping[str, Layer]) -> dict[int, list[Node]]:
    """The matrices that read each layer, by its id."""
    reading: dict[int, list[Node]] = defaultdict(list)
    for node in graph:
        if isinstance(node.op, MATRICES):
            reading[id(found[node.inputs[0]])].append(node)
    return reading
