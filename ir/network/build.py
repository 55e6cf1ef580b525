"""The network of a graph."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from ..graph import Graph, Node
from ..ops import Conv, FixedNeuron, Input, LevelNeuron, Limit, Linear, Neuron, Pool
from ..signal import Kind, Shape
from .net import Network, by_end
from .population import FLOAT_LANES, POPULATIONS, Population, Units
from .projection import Projection, SharedKernel
from .projections import in_lanes, projections_into, shifts_of


def network(graph: Graph) -> Network:
    """The network of a graph in which every population is fed by `QuantLinear` and `QuantConv` nodes, each fed by one
    population, through at most one `Delay`; a convolution also through summing `Pool` nodes, behind the delay. Dense
    inputs pass `ToFixed` before that. `compiler.passes` bring a graph into this form. In float `Linear` nodes take the
    place of `QuantLinear`, and `Conv` that of `QuantConv`; what gated units read has accumulators of its own, behind
    those of their inputs. A pool is a population there that sends what it gives: the rounded product with a sum is not
    the sum of the products.
    """
    senders = (*POPULATIONS, *FLOAT_LANES, *((Pool,) if _weighs_in_float(graph) else ()))
    nodes = [node for node in graph if isinstance(node.op, senders)]
    return joined(graph, nodes, [one for node in nodes for one in in_lanes(projections_into(graph, node))])


def joined(graph: Graph, nodes: Sequence[Node], projections: Sequence[Projection]) -> Network:
    """The network of nodes that are populations, and of projections between them."""
    into, out_of = (by_end(nodes, projections, end) for end in ("target", "source"))
    shapes = {node.name: _maps(graph.signals[node.name].shape, into[node.name], out_of[node.name]) for node in nodes}
    shifts = {node.name: shifts_of(into[node.name]) for node in nodes}
    populations = (replace(_population(graph, node, shapes[node.name]), shifts=shifts[node.name]) for node in nodes)
    ordered = sorted(populations, key=lambda population: not isinstance(population.op, Input))
    return Network(
        tuple(ordered), tuple(fitted for projection in projections for fitted in _fitted(projection, shapes))
    )


def _weighs_in_float(graph: Graph) -> bool:
    return any(isinstance(node.op, (Linear, Conv)) for node in graph)


def _population(graph: Graph, node: Node, shape: Shape) -> Population:
    op = node.op.neuron if isinstance(node.op, LevelNeuron) else node.op
    sends = not isinstance(op, (Neuron, FixedNeuron)) or op.gate is not None
    peak = graph.signals[node.name].peak if sends else 0
    graded = sends and (isinstance(op, Pool) or graph.signals[node.name].kind is not Kind.EVENT)
    limits = (reader.op.capacity for reader in graph.consumers[node.name] if isinstance(reader.op, Limit))
    known = (activity(graph).get(node.name), min(limits, default=None), rooms(graph).get(node.name))
    return Population(node.name, cast(Units, node.op), shape, peak, *known, graded)


def rooms(graph: Graph) -> Mapping[str, int]:
    """What the options say of the room for the events of a step (`Population.room`), by population."""
    return dict(json.loads(graph.properties.get("capacity", "{}")))


def activity(graph: Graph) -> Mapping[str, float]:
    """What the calibration of a graph measured (`Population.activity`), by population; empty without one."""
    return dict(json.loads(graph.properties.get("activity", "{}")))


def _maps(shape: Shape, into: Sequence[Projection], out_of: Sequence[Projection]) -> Shape:
    """The shape of a population, seen as the maps between which convolutions lead."""
    if any(isinstance(projection.weight, SharedKernel) for projection in out_of):
        return shape
    kernels = (projection.weight for projection in into if isinstance(projection.weight, SharedKernel))
    return next((kernel.target for kernel in kernels), shape)


def _fitted(projection: Projection, shapes: Mapping[str, Shape]) -> Iterator[Projection]:
    """The projection; as matrices where its kernel's maps are not those that its target is seen as."""
    kernel = projection.weight
    if not isinstance(kernel, SharedKernel) or kernel.target == shapes[projection.target]:
        yield projection
    else:
        yield from (replace(projection, weight=matrix) for matrix in kernel.matrices())
