"""Whether a graph that is quantised already has the form that targets with cores run.

What the passes make has it; a file may hold anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import get_args

from axonc.ir import Diagnostic, Graph, Kind, Node
from axonc.ir.network import POPULATIONS, Units
from axonc.ir.ops import Delay, FixedGated, FixedNeuron, Flatten, Pool, QuantConv, QuantLinear, ToFixed

from .weights import ACCUMULATOR, accumulator_bound, most_of, overflow

REMEDY = "export or save the graph before it is quantised, and quantise it here"


UNITS = get_args(Units)


def is_quantised(graph: Graph) -> bool:
    """Whether any weight or state is an integer."""
    return any(isinstance(node.op, (QuantLinear, QuantConv, FixedNeuron, FixedGated)) for node in graph)


def form_problems(graph: Graph) -> Iterator[Diagnostic]:
    """One problem for every node that stands where the form has no place for it, and every overflow."""
    for node in graph:
        if isinstance(node.op, UNITS):
            yield from _population_problems(graph, node)
    for node in graph.outputs:
        if not _shows_population(graph, node):
            limit = "an output shows one population, flattened or not"
            yield Diagnostic("AX601", node.name, "it shows something else than a population", limit, REMEDY)


def _population_problems(graph: Graph, node: Node) -> Iterator[Diagnostic]:
    bound = 0.0
    for name in node.inputs:
        source = graph[name]
        if not isinstance(source.op, (QuantLinear, QuantConv)) or len(graph.consumers[name]) > 1:
            limit = "a population is fed by integer weights of its own"
            yield Diagnostic("AX601", node.name, f"{name!r}, a {source.op.name}, feeds it", limit, REMEDY)
            return
        yield from _source_problems(graph, source)
        sums = graph.signals[name].shape
        bound += float(accumulator_bound(source.op, most_of(graph, source.inputs[0]), prod(sums)).max(initial=0.0))
    if bound > ACCUMULATOR.limit:
        yield overflow(node.name, bound)


def _source_problems(graph: Graph, weights: Node) -> Iterator[Diagnostic]:
    """Behind weights: pools that sum (of a convolution), then delays, then a population or input that sends events; a
    dense input is rounded before."""
    node, behind_delay = weights, False
    while len(node.inputs) == 1:
        node = graph[node.inputs[0]]
        if isinstance(node.op, ToFixed):
            return
        if isinstance(node.op, POPULATIONS):
            if graph.signals[node.name].kind is Kind.DENSE:
                found, limit = (
                    f"its source {node.name!r} is a {graph.signals[node.name]}",
                    "integer weights take events",
                )
                yield Diagnostic("AX602", weights.name, found, limit, REMEDY)
            return
        pools = isinstance(node.op, Pool) and isinstance(weights.op, QuantConv) and not node.op.average
        behind_delay |= isinstance(node.op, Delay)
        if not isinstance(node.op, Delay) and (not pools or behind_delay):
            break
    limit = "integer weights see one population, late or (a convolution) through sums"
    yield Diagnostic("AX601", weights.name, f"it sees {node.name!r}, a {node.op.name}", limit, REMEDY)


def _shows_population(graph: Graph, output: Node) -> bool:
    node = output
    while len(node.inputs) == 1:
        node = graph[node.inputs[0]]
        if not isinstance(node.op, Flatten):
            break
    return isinstance(node.op, UNITS)
