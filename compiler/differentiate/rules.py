"""One rule an op: which backward nodes it becomes. ``into`` names the nodes that give the derivative of its output."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from axonc.ir import Node, Shape, Signal
from axonc.ir.ops import (
    EGRU,
    GRU,
    LSTM,
    Conv,
    ConvAdjoint,
    Delay,
    EGRUAdjoint,
    EGRUGatesAdjoint,
    EGRUReadAdjoint,
    EGRUThresholdAdjoint,
    Flatten,
    FlattenAdjoint,
    Input,
    KernelTotal,
    Linear,
    Map,
    Neuron,
    Op,
    OuterTotal,
    Output,
    Pool,
    PoolAdjoint,
    ResetGate,
    Scale,
    StoredTotal,
    is_sparse,
)

from .draft import Draft, of_input, of_read
from .gated import gru, lstm, reset_gate
from .neurons import neuron

Rule = Callable[[Draft, Node, Sequence[str]], None]


def _nothing(draft: Draft, node: Node, into: Sequence[str]) -> None:
    """Outputs are seeds already; inputs end the walk."""


def _flatten(draft: Draft, node: Node, into: Sequence[str]) -> None:
    shape = draft.enters(node)
    draft.add(of_input(node), node, lambda op: FlattenAdjoint(shape), into)


def _delay(draft: Draft, node: Node, into: Sequence[str]) -> None:
    """The same delay, which begins at 0: nothing comes after the last step."""

    def again(op: Any) -> Op:
        return Delay(op.steps)

    draft.add(of_input(node), node, again, into)


def _map(draft: Draft, node: Node, into: Sequence[str]) -> None:
    """Of a product: x̄ = ȳ r and r̄ = ȳ x, elementwise."""
    other, signal = draft.read(node.reads[0]), Signal(draft.enters(node))
    product = Map((signal, signal), "mul")
    draft.add(of_input(node), node, lambda op: product, into, (other,))
    draft.add(of_read(node), node, lambda op: product, into, draft.entering(node))


def _scale(draft: Draft, node: Node, into: Sequence[str]) -> None:
    draft.add(of_input(node), node, lambda op: op, into)
    for parameter in draft.wanted.get(node.name, ()):
        draft.gradient(parameter, draft.total(parameter, into, draft.enters(node), draft.entering(node)))


def _linear(draft: Draft, node: Node, into: Sequence[str]) -> None:
    """x̄ = W^T ȳ, W̄ = sum of ȳ x^T, b̄ = sum of ȳ."""
    takes, gives = draft.enters(node), draft.forward.signals[node.name].shape
    draft.add(of_input(node), node, _transposed, into)
    for parameter in draft.wanted.get(node.name, ()):
        if parameter.field == "bias":
            draft.gradient(parameter, draft.total(parameter, into, gives))
            continue
        name, reads = f"sum({parameter})", draft.entering(node)
        draft.nodes[name] = Node(
            name, _matrix_total(node.op, gives, takes, len(reads)), tuple(into), node.origin, reads
        )
        draft.gradient(parameter, name)


def _transposed(op: Any) -> Op:
    weight = op.weight.T.tocsr() if is_sparse(op.weight) else op.weight.T
    return Linear(weight, None, op.gives, op.takes)


def _matrix_total(op: Any, gives: Shape, takes: Shape, terms: int) -> Op:
    if not is_sparse(op.weight):
        return OuterTotal(op.weight.shape, gives, takes, terms)
    rows = np.repeat(np.arange(op.weight.shape[0]), np.diff(op.weight.indptr))
    return StoredTotal(rows, np.asarray(op.weight.indices, np.int64), gives, takes, terms)


def _conv(draft: Draft, node: Node, into: Sequence[str]) -> None:
    """As `_linear`, with a kernel for all places."""
    takes, gives = draft.enters(node), draft.forward.signals[node.name].shape
    draft.add(of_input(node), node, lambda op: _conv_adjoint(op, takes), into)
    assert isinstance(node.op, Conv)
    for parameter in draft.wanted.get(node.name, ()):
        if parameter.field == "bias":
            draft.gradient(parameter, draft.total(parameter, into, gives))
            continue
        name, reads = f"sum({parameter})", draft.entering(node)
        op = KernelTotal(node.op.weight.shape, gives, takes, node.op.axes, node.op.groups, len(reads))
        draft.nodes[name] = Node(name, op, tuple(into), node.origin, reads)
        draft.gradient(parameter, name)


def _conv_adjoint(op: Any, takes: Shape) -> Op:
    return ConvAdjoint(takes, op.weight, op.axes, op.groups)


def _pool(draft: Draft, node: Node, into: Sequence[str]) -> None:
    takes = draft.enters(node)
    draft.add(of_input(node), node, lambda op: _pool_adjoint(op, takes), into)


def _pool_adjoint(op: Any, takes: Shape) -> Op:
    return PoolAdjoint(takes, op.axes, op.average)


def _egru(draft: Draft, node: Node, into: Sequence[str]) -> None:
    """Cell, gates, then the part of what it reads."""
    surrogate = draft.surrogates[node.name]
    assert surrogate is not None
    attached, shape, entering = draft.attached, draft.forward.signals[node.name].shape, draft.enters(node)
    assert isinstance(node.op, EGRU)
    m, o, u, r, g, d = (draft.read(f"{node.name}:{name}") for name in ("m", "o", "u", "r", "g", "d"))
    e = u if node.op.segment is None else draft.read(f"{node.name}:e")

    def cell(op: Any) -> Op:
        return EGRUAdjoint(shape, op.threshold, surrogate, attached)

    def gates(op: Any) -> Op:
        return EGRUGatesAdjoint(entering, op.zoneout)

    def threshold(op: Any) -> Op:
        return EGRUThresholdAdjoint(shape, op.threshold, surrogate, attached)

    late = draft.add(f"d({node.name}:c)", node, cell, into, (m, o, e))
    read = draft.read(node.reads[0])
    whole = draft.add(of_input(node), node, gates, (late,), (u, r, g, d, read))
    draft.add(of_read(node), node, lambda op: EGRUReadAdjoint(entering), (whole,), (r,))
    for parameter in draft.wanted.get(node.name, ()):
        reads = (m, o, draft.late(e), draft.late(late))
        step = draft.add(f"d({parameter})", node, threshold, into, reads)
        draft.gradient(parameter, draft.total(parameter, (step,), shape))


RULES: Mapping[type[Op], Rule] = {
    Input: _nothing,
    Output: _nothing,
    Flatten: _flatten,
    Delay: _delay,
    Scale: _scale,
    Map: _map,
    Linear: _linear,
    Conv: _conv,
    Pool: _pool,
    Neuron: neuron,
    EGRU: _egru,
    GRU: gru,
    ResetGate: reset_gate,
    LSTM: lstm,
}
"""The rule of every op that can be differentiated."""
