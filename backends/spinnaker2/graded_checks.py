"""What the runtime asks of graded events and of the inputs that give them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from axonc.ir import Diagnostic, Graph, Kind, Node
from axonc.ir.network import behind_delay
from axonc.ir.ops import Delay, FixedGated, FixedResetGate, Input, QuantLinear, ToFixed, row_sums

from .graded_inputs import roundings

PAYLOAD = 32767
"""The largest value of a graded event."""


def graded_problems(graph: Graph, target: str) -> Iterator[Diagnostic]:
    """Every node that gives or takes values in a way that the runtime does not."""
    for node in graph:
        if isinstance(node.op, Input) and node.op.signal.kind is not Kind.EVENT:
            yield from _input_problems(graph, node, target)
        elif isinstance(node.op, ToFixed):
            yield from _rounding_problems(graph, node, target)
        elif isinstance(node.op, FixedGated):
            yield from _unit_problems(graph, node)


def _input_problems(graph: Graph, node: Node, target: str) -> Iterator[Diagnostic]:
    """A dense input is rounded, in one way, by whatever takes it."""
    ways = roundings(graph, node.name)
    formats = {op.format for op in ways if op is not None}
    remedy = "import with --inputs events, or quantise the input"
    if None in ways or not formats:
        yield Diagnostic(
            "AX602", node.name, f"the input is a {graph.signals[node.name]}", f"{target} takes events", remedy
        )
    elif len(formats) > 1:
        found = f"the input is rounded to {' and '.join(sorted(map(str, formats)))}"
        yield Diagnostic("AX602", node.name, found, f"{target} sends a value once, in one format", "choose one")


def _rounding_problems(graph: Graph, node: Node, target: str) -> Iterator[Diagnostic]:
    assert isinstance(node.op, ToFixed)
    source = node.inputs[0]
    while isinstance(graph[source].op, Delay):
        source = graph[source].inputs[0]
    if not isinstance(graph[source].op, Input) or graph.signals[source].kind is not Kind.DENSE:
        found, limit = f"it rounds {source!r}, a {graph.signals[source]}", f"{target} rounds dense inputs alone"
        yield Diagnostic("AX602", node.name, found, limit, "send events, or values of an input")
    if node.op.format.limit > PAYLOAD:
        limit = f"the payload of an event is an int16, {PAYLOAD} at most"
        yield Diagnostic("AX607", node.name, f"values to {node.op.format.limit}", limit, "round to 16 bits or fewer")


def _unit_problems(graph: Graph, node: Node) -> Iterator[Diagnostic]:
    """What gated units cannot take: sums that are shifted, and a reset gate too large values."""
    for name in node.inputs:
        op = graph[name].op
        if isinstance(op, QuantLinear) and op.shift is not None and np.any(op.shift):
            found, limit = "weights whose sum is shifted", "sums of gated units have scales of their own"
            yield Diagnostic("AX601", name, found, limit, "quantise the graph without shifts")
    if isinstance(node.op, FixedResetGate):
        yield from _gate_problems(graph, node)


def _gate_problems(graph: Graph, node: Node) -> Iterator[Diagnostic]:
    """What a reset gate scales and passes on, its second lane, must fit the payload."""
    assert isinstance(node.op, FixedResetGate)
    most = np.zeros(node.op.units)
    for name in node.inputs:
        weights = graph[name]
        if isinstance(weights.op, QuantLinear):
            most += row_sums(weights.op.weight)[node.op.units :] * float(_most_of(graph, weights))
    if most.max(initial=0.0) > PAYLOAD:
        found, limit = f"what it scales may reach {most.max():.0f}", f"an event carries {PAYLOAD} at most"
        yield Diagnostic("AX607", node.name, found, limit, "feed its second lane one unit through a weight of 1")


def _most_of(graph: Graph, weights: Node) -> int:
    """The largest magnitude of what a source of weights sends in a step."""
    source, _ = behind_delay(graph, weights.inputs[0])
    op, signal = graph[source].op, graph.signals[source]
    if isinstance(op, FixedGated):
        return op.most
    return signal.peak if signal.kind is Kind.EVENT else PAYLOAD
