"""The parameters of a graph that a gradient exists for, and setting them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from axonc.ir import Graph, Node
from axonc.ir.ops import EGRU, LSTM, Array, Conv, Linear, Neuron, Op, Scale, is_sparse

KINDS = ("weights", "biases", "decays", "thresholds")
"""The kinds of parameters. Decays are trained apart from gains, however the integrator made both of one time
constant."""


@dataclass(frozen=True, order=True)
class Parameter:
    """One array of one node; ``field`` is its dotted name in the op. Of a sparse matrix it is the stored values."""

    node: str
    field: str
    kind: str

    def __str__(self) -> str:
        return f"{self.node}.{self.field}"

    def of(self, op: Op) -> Array:
        """Its value in ``op``."""
        value: Any = op
        for name in self.field.split("."):
            value = getattr(value, name)
        return np.asarray(value.data if is_sparse(value) else value)

    def put(self, op: Op, value: Array) -> Op:
        """``op`` with another value of it."""
        first, _, rest = self.field.partition(".")
        old = getattr(op, first)
        if rest:
            return replace(op, **{first: replace(old, **{rest: value})})
        if is_sparse(old):
            return replace(op, **{first: type(old)((value, old.indices, old.indptr), shape=old.shape)})
        return replace(op, **{first: value})


def parameters(graph: Graph, kinds: Collection[str] = ("weights", "biases")) -> tuple[Parameter, ...]:
    """The parameters of these kinds, in the order of the graph."""
    return tuple(parameter for node in graph for parameter in _of(node) if parameter.kind in kinds)


def _of(node: Node) -> Iterator[Parameter]:
    op = node.op
    if isinstance(op, (Linear, Conv)):
        yield Parameter(node.name, "weight", "weights")
        if op.bias is not None:
            yield Parameter(node.name, "bias", "biases")
    elif isinstance(op, Scale):
        yield Parameter(node.name, "scale", "weights")
    elif isinstance(op, EGRU):
        yield Parameter(node.name, "threshold", "thresholds")
    elif isinstance(op, LSTM) and op.peephole is not None:
        yield Parameter(node.name, "peephole", "weights")
    elif isinstance(op, Neuron):
        yield from _of_neuron(node.name, op)


def _of_neuron(name: str, op: Neuron) -> Iterator[Parameter]:
    if op.synapse is not None:
        yield Parameter(name, "synapse.decay", "decays")
    yield Parameter(name, "membrane.decay", "decays")
    if op.gate is not None:
        yield Parameter(name, "gate.threshold", "thresholds")
