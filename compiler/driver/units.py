"""Populations as reports and evaluations count them: spiking neurons and gated units, in float and in fixed point."""

from __future__ import annotations

from math import prod

from axonc.ir import Graph, Kind
from axonc.ir.ops import EGRU, GRU, LSTM, ExactNeuron, FixedGated, FixedNeuron, LevelNeuron, Neuron, Op, ResetGate

NEURONS = (Neuron, FixedNeuron, LevelNeuron, ExactNeuron)
GATED = (EGRU, GRU, ResetGate, LSTM, FixedGated)
UNITS = (*NEURONS, *GATED)
"""The ops whose nodes are populations."""

SENT = (Kind.EVENT, Kind.GRADED)
"""Signals of events: spikes, and values of which those that are not 0 are sent."""


def has_graded(graph: Graph) -> bool:
    """Whether some events carry a value."""
    return any(signal.kind is Kind.GRADED for signal in graph.signals.values())


def counted(graph: Graph) -> int:
    """Neurons and units of all populations: what every step updates."""
    return sum(prod(graph.signals[node.name].shape) for node in graph if isinstance(node.op, UNITS))


def called(graph: Graph) -> str:
    """What the elements of a graph's populations are called: units where there are gated ones, else neurons."""
    return "units" if any(isinstance(node.op, GATED) for node in graph) else "neurons"


def kind_of(op: Op) -> str:
    """The field's name of a population's op."""
    if isinstance(op, LevelNeuron):
        return kind_of(op.neuron)
    if isinstance(op, (Neuron, FixedNeuron)):
        return "+".join(part for part in ("synapse", "membrane", "gate") if getattr(op, part) is not None)
    return op.kind if isinstance(op, FixedGated) else KINDS.get(type(op), op.name)


KINDS: dict[type[Op], str] = {EGRU: "EGRU", GRU: "GRU", LSTM: "LSTM", ResetGate: "reset gate"}
