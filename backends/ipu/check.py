"""What the codelets cannot run."""

from __future__ import annotations

from collections.abc import Iterator

from axonc.ir import Diagnostic, Graph, Node
from axonc.ir.ops import Delay, FixedNeuron, Flatten, Input, Neuron, Op, Output, Pool, QuantConv, QuantLinear, ToFixed

from ..spinnaker2.graded_checks import graded_problems
from .lower.units import UNITS

BESIDE = (Input, Output, Flatten, Delay, QuantLinear, QuantConv, Pool, ToFixed)
"""Ops that are no populations: what projections, inputs and outputs are made of."""

MOST_SPIKES = 255
"""Spikes of a neuron in a step: they are counted in a byte."""


def problems(graph: Graph, target: str) -> Iterator[Diagnostic]:
    """One diagnostic for every node that does not run on tiles."""
    for node in graph:
        yield from _problems(node, target)
    yield from graded_problems(graph, target)


def _problems(node: Node, target: str) -> Iterator[Diagnostic]:
    supported: tuple[type[Op], ...] = (*BESIDE, *UNITS)
    if not isinstance(node.op, supported):
        listed = ", ".join(op.name for op in supported)
        yield Diagnostic("AX601", node.name, f"{target} does not run {node.op.name}", f"it runs {listed}", "replace it")
    elif getattr(node.op, "initial", None) is not None:
        limit = f"in {target} states and delays begin with zero"
        yield Diagnostic("AX601", node.name, "initial values", limit, "choose --target spinnaker2 or native")
    elif isinstance(node.op, (Neuron, FixedNeuron)) and node.op.gate is not None and node.op.gate.spikes > MOST_SPIKES:
        found = f"up to {node.op.gate.spikes} spikes a step"
        limit = f"{target} counts {MOST_SPIKES} at most"
        yield Diagnostic("AX601", node.name, found, limit, f"choose spikes={MOST_SPIKES}")
