"""What is decided before nodes are written: how neurons came to their steps, their primitives, who carries a bias."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod

import numpy as np

from axonc.compiler.node_semantics import node_texts
from axonc.compiler.semantics import PRESETS, Semantics, parse_semantics
from axonc.ir import Graph, ModelError, Node
from axonc.ir.ops import ONE, Array, Conv, ExactNeuron, FixedNeuron, LevelNeuron, Linear, Neuron, QuantConv, QuantLinear

from .neurons import Primitive, Steps, primitive
from .notes import Notes

NeuronOp = Neuron | FixedNeuron | ExactNeuron


@dataclass
class Plan:
    """The primitive of every neuron in steps, and biases by the node that carries them."""

    dt: float
    primitives: dict[str, Primitive] = field(default_factory=dict)
    biases: dict[str, Array] = field(default_factory=dict)


def plan(graph: Graph, notes: Notes) -> Plan:
    """The decisions for a graph at any stage."""
    made = Plan(graph.dt if graph.dt is not None else 1.0)
    if graph.stage == "steps":
        text = graph.properties.get("semantics", "none are stated")
        notes.lose("", f"a graph in steps: dt = {graph.dt}, semantics {text}")
    for node in graph:
        if isinstance(node.op, (Neuron, FixedNeuron, ExactNeuron)):
            _neuron(graph, node, node.op, made, notes)
        elif isinstance(node.op, LevelNeuron):
            _neuron(graph, node, node.op.neuron, made, notes)
            notes.lose(node.name, f"a voltage of {node.op.levels.size} levels: a float stands there")
    return made


def _neuron(graph: Graph, node: Node, op: NeuronOp, made: Plan, notes: Notes) -> None:
    steps = Steps(made.dt, _semantics(graph, node.name))
    unit = _unit(graph, node, op, notes)
    found = primitive(op, unit, steps, carried=True)
    carrier = None if found.bias is None else next(_carriers(graph, node, found.bias), None)
    if carrier is not None and found.bias is not None:
        made.biases[carrier.name] = found.bias.reshape(-1)
        made.primitives[node.name] = found
    else:
        made.primitives[node.name] = primitive(op, unit, steps, carried=False)


def _semantics(graph: Graph, name: str) -> Semantics:
    """Those that a neuron was discretised under; NIR's own where the graph states none that exist."""
    try:
        text = node_texts(graph.properties).get(name) or graph.properties.get("semantics", "nir")
        return parse_semantics(text)
    except (AttributeError, ModelError, TypeError, ValueError):
        return PRESETS["nir"]


def _unit(graph: Graph, node: Node, op: NeuronOp, notes: Notes) -> Array:
    """What one unit of a neuron's input is worth: one for all of them, or one a neuron."""
    ops = [graph[name].op for name in node.inputs]
    scales = [_spread(source.scale, op) for source in ops if isinstance(source, (QuantLinear, QuantConv))]
    if not scales:
        return ONE
    if any(not np.array_equal(scale, scales[0]) for scale in scales) or len(scales) < len(ops):
        notes.lose(node.name, "inputs of several scales in one sum")
    return scales[0]


def _spread(scale: Array, op: NeuronOp) -> Array:
    """The scale of rows or channels, for every neuron in its place."""
    if scale.ndim == 0:
        return scale
    return np.repeat(scale, prod(op.shape) // len(scale)).reshape(op.shape)


def _carriers(graph: Graph, node: Node, bias: Array) -> Iterator[Node]:
    """The nodes that feed nothing but a neuron and can be given a bias for it."""
    for source in (graph[name] for name in dict.fromkeys(node.inputs)):
        if graph.consumers[source.name] != (node,) or node.inputs.count(source.name) != 1:
            continue
        if isinstance(source.op, (Linear, QuantLinear)):
            yield source
        elif isinstance(source.op, (Conv, QuantConv)):
            channels = bias.reshape(len(source.op.weight), -1)
            if np.all(channels == channels[:, :1]):
                yield source
