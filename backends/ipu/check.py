"""What the codelets cannot run."""

from __future__ import annotations

from collections.abc import Iterator

from axonc.ir import Diagnostic, Graph, Node
from axonc.ir.interpret.run import initial_state
from axonc.ir.network import FLOAT_LANES, behind_delay, matrices_behind, output_population
from axonc.ir.ops import (
    EGRU,
    GRU,
    LSTM,
    Constant,
    Conv,
    Delay,
    ExactNeuron,
    FixedNeuron,
    Flatten,
    Input,
    LevelNeuron,
    Limit,
    Linear,
    Neuron,
    Op,
    Output,
    Pool,
    QuantConv,
    QuantLinear,
    ResetGate,
    Scale,
    TensorOp,
    ToFixed,
)

from ..spinnaker2.carry import disagreements
from ..spinnaker2.graded_checks import graded_problems
from .lower.units import UNITS
from .operations.check import OPERATIONS, operation_problems
from .operations.operation import Operation

BESIDE = (Input, Output, Flatten, Delay, Limit, QuantLinear, QuantConv, Pool, ToFixed)
"""Ops that are no populations: what projections, inputs and outputs are made of."""

SPIKING = tuple(op for op in UNITS if op not in (Pool, Linear, Conv, Operation))
"""Populations of units, whose events may be limited."""

UNITS_IN_FLOAT = (Neuron, ExactNeuron, EGRU, GRU, LSTM, ResetGate)
"""What is a population with float32 weights."""

IN_FLOAT = (Input, Output, Flatten, Delay, Limit, Linear, Conv, Pool, Scale, *UNITS_IN_FLOAT, Constant, *OPERATIONS)
"""What runs with float32 weights."""

MOST_COUNT = 1 << 24
"""Whole numbers up to here are float32."""

MOST_SPIKES = 255
"""Spikes of a neuron in a step: they are counted in a byte."""


def problems(graph: Graph, target: str) -> Iterator[Diagnostic]:
    """One diagnostic for every node that does not run on tiles."""
    for node in graph:
        yield from _problems(node, target, (*BESIDE, *(op for op in SPIKING if op not in (*FLOAT_LANES, ExactNeuron))))
    yield from graded_problems(graph, target)
    yield from graph_problems(graph, target)


def float_problems(graph: Graph, target: str) -> Iterator[Diagnostic]:
    """One diagnostic for every node that does not run on tiles with float32 weights."""
    general = any(isinstance(node.op, (TensorOp, Constant, ExactNeuron)) for node in graph)
    wiring = operation_problems if general else _wiring_problems
    for node in graph:
        found = list(_problems(node, target, IN_FLOAT))
        yield from found or wiring(graph, node, target)
        yield from _count_problems(graph, node, target)
    yield from graph_problems(graph, target)


def graph_problems(graph: Graph, target: str) -> Iterator[Diagnostic]:
    """Limits beside which others read, and delays of one source that begin with different events."""
    for node in graph:
        readers = graph.consumers[node.name]
        limits = [reader for reader in readers if isinstance(reader.op, Limit)]
        others = [reader.name for reader in readers if not isinstance(reader.op, (Limit, Output))]
        if limits and (others or len(limits) > 1 or not isinstance(node.op, (Input, *SPIKING))):
            found = f"{', '.join(others) or 'another limit'} reads {node.name!r} beside it"
            limit = f"in {target} everything reads a population or input through one limit"
            yield Diagnostic("AX602", limits[0].name, found, limit, "let all read the limit")
    yield from disagreements(graph, initial_state(graph))


def _wiring_problems(graph: Graph, node: Node, target: str) -> Iterator[Diagnostic]:
    """Units take sums of matrices, matrices what one population or input sends, outputs show populations."""
    names, limit = _wrong_inputs(graph, node, target)
    if names:
        found = f"its input is {', '.join(f'{graph[name].op.name} {name!r}' for name in names)}"
        yield Diagnostic("AX602", node.name, found, limit, "choose --target native, or --weights int8")


def _count_problems(graph: Graph, node: Node, target: str) -> Iterator[Diagnostic]:
    """Pools count events exactly, as long as a float does."""
    if isinstance(node.op, Pool) and len(node.inputs) == 1:
        most = graph.signals[node.inputs[0]].peak * node.op.taps
        if most > MOST_COUNT:
            found, limit = f"it sums up to {most} events", f"floats of {target} count {MOST_COUNT}"
            yield Diagnostic("AX601", node.name, found, limit, "choose --target native, or fewer events a step")


def _wrong_inputs(graph: Graph, node: Node, target: str) -> tuple[list[str], str]:
    """What a node takes and cannot take, and what it can."""
    if isinstance(node.op, UNITS_IN_FLOAT):
        weights = (Linear, Conv) if isinstance(node.op, Neuron) else (Linear,)
        strange = [name for name in node.inputs if not isinstance(graph[name].op, weights)]
        strange += [name for name in node.reads if not _reads(graph, node, name)]
        return strange, f"{target} adds up linear nodes, and convolutions for neurons"
    if isinstance(node.op, (Linear, Conv, Pool)):
        limit = f"weights of {target} take what one population or input sends, convolutions and pools in its shape"
        return [] if _takes(graph, node) else list(node.inputs), limit
    if isinstance(node.op, Output):
        shown = isinstance(graph[output_population(graph, node)].op, UNITS_IN_FLOAT)
        return [] if shown else list(node.inputs), f"{target} shows populations"
    if isinstance(node.op, Scale):
        return [] if _joins(graph, node) else list(node.inputs), f"{target} scales nothing"
    one = len(node.inputs) == 1 and not isinstance(graph[node.inputs[0]].op, (Linear, Conv, Scale))
    passing = isinstance(node.op, (Flatten, Delay, Limit)) and not one
    return list(node.inputs) if passing else [], f"{target} delays and flattens one population or input"


def _takes(graph: Graph, node: Node) -> bool:
    """Whether weights see one population or input that sends; a convolution its image, not reshaped."""
    if len(node.inputs) != 1 or not _sends(graph, node.inputs[0]):
        return False
    seen, sent = (graph.signals[name].shape for name in (node.inputs[0], behind_delay(graph, node.inputs[0])[0]))
    return isinstance(node.op, Linear) or seen == sent


def _reads(graph: Graph, node: Node, read: str) -> bool:
    """Whether what a gated unit reads is a sum of matrices; of a reset gate, a population."""
    return _sends(graph, read) if isinstance(node.op, ResetGate) else bool(matrices_behind(graph, read))


def _joins(graph: Graph, node: Node) -> bool:
    """Whether a scale by 1 joins matrices, for gated units that read the sum."""
    assert isinstance(node.op, Scale)
    alone = all(node.name in reader.reads for reader in graph.consumers[node.name])
    return alone and bool((node.op.scale == 1).all()) and all(isinstance(graph[n].op, Linear) for n in node.inputs)


def _sends(graph: Graph, name: str) -> bool:
    """Whether events, or values, come from a node: of an input, a pool, or a population."""
    op = graph[behind_delay(graph, name)[0]].op
    return isinstance(op, (Input, Pool, Neuron, *FLOAT_LANES))


def _problems(node: Node, target: str, supported: tuple[type[Op], ...]) -> Iterator[Diagnostic]:
    if not isinstance(node.op, supported):
        listed = ", ".join(op.name for op in supported)
        yield Diagnostic("AX601", node.name, f"{target} does not run {node.op.name}", f"it runs {listed}", "replace it")
        return
    op = node.op.neuron if isinstance(node.op, LevelNeuron) else node.op
    if isinstance(op, (Neuron, ExactNeuron, FixedNeuron)) and op.gate is not None and op.gate.spikes > MOST_SPIKES:
        found = f"up to {op.gate.spikes} spikes a step"
        limit = f"{target} counts {MOST_SPIKES} at most"
        yield Diagnostic("AX601", node.name, found, limit, f"choose spikes={MOST_SPIKES}")
