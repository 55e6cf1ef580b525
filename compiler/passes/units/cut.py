"""A graph without some units: what holds a number for each of them is cut, and so are the matrices on both sides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np

from axonc.ir import Graph, Node
from axonc.ir.ops import (
    EGRU,
    GRU,
    LSTM,
    Array,
    Delay,
    FixedGated,
    FixedGRU,
    FixedLanes,
    FixedLSTM,
    FixedNeuron,
    FixedResetGate,
    Flatten,
    LevelNeuron,
    Linear,
    Neuron,
    Op,
    QuantLinear,
    ResetGate,
    Scale,
    ToFixed,
    is_sparse,
)

from .layers import MATRICES, Layer

T = TypeVar("T")


def without(graph: Graph, found: Mapping[str, Layer], kept: Mapping[str, Array]) -> Graph:
    """The graph in which each layer has the units that ``kept`` says, by the names of its nodes."""

    def elements(name: str) -> Array:
        return found[name].elements(name, kept[name])

    def node(node: Node) -> Node:
        if isinstance(node.op, MATRICES):
            rows, columns = elements(node.name), elements(node.inputs[0])
            whole = rows.all() and columns.all()
            return node if whole else replace(node, op=_matrix(node.op, rows, columns))
        if kept[node.name].all():
            return node
        return replace(node, op=CUTS[type(node.op)](node.op, elements(node.name)))

    return graph.with_nodes(map(node, graph))


def _matrix(op: Linear | QuantLinear, rows: Array, columns: Array) -> Op:
    weight = op.weight[rows][:, columns] if is_sparse(op.weight) else np.asarray(op.weight)[np.ix_(rows, columns)]
    takes, gives = (op.takes if columns.all() else None), (op.gives if rows.all() else None)
    changed: Any = replace(op, weight=weight, takes=takes, gives=gives)
    if isinstance(op, QuantLinear):
        scale, shift = (None if a is None else _of(a, op.weight.shape[:1], rows) for a in (op.scale, op.shift))
        return replace(changed, scale=scale, shift=shift)  # type: ignore[no-any-return]
    return replace(changed, bias=None if op.bias is None else op.bias[rows])  # type: ignore[no-any-return]


def _of(array: Array, shape: tuple[int, ...], units: Array) -> Array:
    """The part of an array that has an element for each of ``shape``; others hold for all."""
    return array.reshape(-1)[units] if array.shape == shape != () else array


def _parts(value: T, shape: tuple[int, ...], units: Array) -> T:
    """A part of an op, or an op, with every array cut."""
    changes = {}
    for field in fields(value):  # type: ignore[arg-type]
        member = getattr(value, field.name)
        if isinstance(member, np.ndarray):
            changes[field.name] = _of(member, shape, units)
        elif hasattr(member, "__dataclass_fields__"):
            changes[field.name] = _parts(member, shape, units)
    return replace(value, **changes)  # type: ignore[type-var]


def _neuron(op: Neuron | FixedNeuron, units: Array) -> Op:
    return replace(_parts(op, op.shape, units), shape=(int(units.sum()),))


def _level_neuron(op: LevelNeuron, units: Array) -> Op:
    inner = _neuron(op.neuron, units)
    assert isinstance(inner, Neuron)
    return replace(op, neuron=inner)


def _cell(op: Any, units: Array) -> Op:
    """A gated unit: arrays with a value a unit, or a row of them a gate."""
    changed: Any = replace(_parts(op, op.shape, units), units=int(units.sum()))
    if isinstance(op, LSTM) and op.peephole is not None:
        changed = replace(changed, peephole=op.peephole[:, units])
    if isinstance(op, FixedGated):
        changed = replace(changed, gates=_lanes(op.gates, units))
    return changed  # type: ignore[no-any-return]


def _lanes(gates: FixedLanes, units: Array) -> FixedLanes:
    cut = {field.name: getattr(gates, field.name) for field in fields(gates)}
    return FixedLanes(**{name: a[:, units] if a.shape[1] == units.size else a for name, a in cut.items()})


def _delay(op: Delay, units: Array) -> Op:
    return op if op.initial is None else replace(op, initial=op.initial.reshape(-1)[units])


CUTS: Mapping[type[Op], Callable[[Any, Array], Op]] = {
    Neuron: _neuron,
    FixedNeuron: _neuron,
    LevelNeuron: _level_neuron,
    EGRU: _cell,
    GRU: _cell,
    ResetGate: _cell,
    LSTM: _cell,
    FixedGRU: _cell,
    FixedLSTM: _cell,
    FixedResetGate: _cell,
    Delay: _delay,
    Flatten: lambda op, units: Flatten(),
    Scale: lambda op, units: Scale(op.scale.reshape(-1)[units]),
    ToFixed: lambda op, units: op,
}
"""(op, which elements of its output stay) -> the op of these, flat."""
