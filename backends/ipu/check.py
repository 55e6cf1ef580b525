"""What the codelets cannot run."""

from __future__ import annotations

from collections.abc import Iterator

from axonc.ir import Diagnostic, Graph, Kind, Node
from axonc.ir.network import behind_delay, output_population
from axonc.ir.ops import (
    Delay,
    FixedNeuron,
    Flatten,
    Input,
    Linear,
    Neuron,
    Op,
    Output,
    Pool,
    QuantConv,
    QuantLinear,
    ToFixed,
)

from ..spinnaker2.graded_checks import graded_problems
from .lower.units import UNITS

BESIDE = (Input, Output, Flatten, Delay, QuantLinear, QuantConv, Pool, ToFixed)
"""Ops that are no populations: what projections, inputs and outputs are made of."""

IN_FLOAT = (Input, Output, Flatten, Delay, Linear, Neuron)
"""What runs with float32 weights."""

MOST_SPIKES = 255
"""Spikes of a neuron in a step: they are counted in a byte."""


def problems(graph: Graph, target: str) -> Iterator[Diagnostic]:
    """One diagnostic for every node that does not run on tiles."""
    for node in graph:
        yield from _problems(node, target, (*BESIDE, *UNITS))
    yield from graded_problems(graph, target)


def float_problems(graph: Graph, target: str) -> Iterator[Diagnostic]:
    """One diagnostic for every node that does not run on tiles with float32 weights."""
    for node in graph:
        found = list(_problems(node, target, IN_FLOAT))
        yield from found or _wiring_problems(graph, node, target)


def _wiring_problems(graph: Graph, node: Node, target: str) -> Iterator[Diagnostic]:
    """Neurons take sums of matrices, matrices what one population or input sends, outputs show populations."""
    if isinstance(node.op, Neuron):
        limit = f"{target} adds up linear nodes"
        names = [name for name in node.inputs if not isinstance(graph[name].op, Linear)]
    elif isinstance(node.op, Linear):
        limit = f"a matrix of {target} takes the spikes of one population, or an input; a dense one without delay"
        names = [] if len(node.inputs) == 1 and _sends(graph, node.inputs[0]) else list(node.inputs)
    elif isinstance(node.op, Output):
        limit = f"{target} shows populations"
        names = [] if isinstance(graph[output_population(graph, node)].op, Neuron) else list(node.inputs)
    elif isinstance(node.op, (Flatten, Delay)):
        limit = f"{target} delays and flattens one population or input"
        names = [] if len(node.inputs) == 1 and not isinstance(graph[node.inputs[0]].op, Linear) else list(node.inputs)
    else:
        return
    if names:
        found = f"its input is {', '.join(f'{graph[name].op.name} {name!r}' for name in names)}"
        yield Diagnostic("AX602", node.name, found, limit, "choose --target native, or --weights int8")


def _sends(graph: Graph, name: str) -> bool:
    """Whether events, or values of a dense input in the same step, come from a node."""
    source, delay = behind_delay(graph, name)
    op = graph[source].op
    if isinstance(op, Input):
        return delay == 0 or op.signal.kind is Kind.EVENT
    return isinstance(op, Neuron) and op.gate is not None


def _problems(node: Node, target: str, supported: tuple[type[Op], ...]) -> Iterator[Diagnostic]:
    if not isinstance(node.op, supported):
        listed = ", ".join(op.name for op in supported)
        yield Diagnostic("AX601", node.name, f"{target} does not run {node.op.name}", f"it runs {listed}", "replace it")
    elif getattr(node.op, "initial", None) is not None:
        limit = f"in {target} states and delays begin with zero"
        yield Diagnostic("AX601", node.name, "initial values", limit, "choose --target spinnaker2 or native")
    elif isinstance(node.op, (QuantLinear, QuantConv)) and node.op.shift is not None and node.op.shift.any():
        limit = f"{target} adds up sums of one scale"
        yield Diagnostic("AX601", node.name, "a shifted sum", limit, "leave out the option shifts of --quantize")
    elif isinstance(node.op, (Neuron, FixedNeuron)) and node.op.gate is not None and node.op.gate.spikes > MOST_SPIKES:
        found = f"up to {node.op.gate.spikes} spikes a step"
        limit = f"{target} counts {MOST_SPIKES} at most"
        yield Diagnostic("AX601", node.name, found, limit, f"choose spikes={MOST_SPIKES}")
