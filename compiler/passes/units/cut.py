"""A graph without some units: what holds a number for each of them is cut, and so are the matrices and kernels on both
sides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np

from axonc.ir import Graph, Node, Shape
from axonc.ir.ops import (
    EGRU,
    GRU,
    LSTM,
    Array,
    Conv,
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
    Pool,
    QuantConv,
    QuantLinear,
    ResetGate,
    Scale,
    ToFixed,
    is_sparse,
)

from .layers import CONVOLUTIONS, MATRICES, PARTING, Layer

T = TypeVar("T")


def without(graph: Graph, found: Mapping[str, Layer], kept: Mapping[str, Array]) -> Graph:
    """The graph in which each layer has the units that ``kept`` says, by the names of its nodes."""

    def elements(name: str) -> Array:
        return found[name].elements(name, kept[name])

    def shape(name: str) -> Shape:
        """The new shape of a node's output: images lose channels, all else becomes flat."""
        old, units = graph.signals[name].shape, kept[name]
        if units.all():
            return old
        return (int(units.sum()), *old[1:]) if _is_image(found[name], old) else (int(elements(name).sum()),)

    def channels(name: str, count: int) -> Array:
        return kept[name] if found[name].channels else np.ones(count, bool)

    def node(node: Node) -> Node:
        source = node.inputs[0] if node.inputs else ""
        if isinstance(node.op, PARTING) and kept[node.name].all() and kept[source].all():
            return node
        if isinstance(node.op, MATRICES):
            cut = _matrix(node.op, elements(node.name), elements(source), shape(source), shape(node.name))
            return replace(node, op=cut)
        if isinstance(node.op, CONVOLUTIONS):
            there, here = channels(node.name, node.op.weight.shape[0]), channels(source, node.op.weight.shape[1])
            return replace(node, op=_kernel(node.op, there, here, shape(node.name)))
        if kept[node.name].all():
            return node
        return replace(node, op=CUTS[type(node.op)](node.op, elements(node.name), shape(node.name)))

    return graph.with_nodes(map(node, graph))


def _is_image(layer: Layer, shape: Shape) -> bool:
    return layer.channels and len(shape) > 1


def _matrix(op: Linear | QuantLinear, rows: Array, columns: Array, source: Shape, target: Shape) -> Op:
    """The matrix between sides of new shapes, which flat ones need not say."""
    weight = op.weight[rows][:, columns] if is_sparse(op.weight) else np.asarray(op.weight)[np.ix_(rows, columns)]
    takes = op.takes if columns.all() else source if len(source) > 1 else None
    gives = op.gives if rows.all() else target if len(target) > 1 else None
    changed: Any = replace(op, weight=weight, takes=takes, gives=gives)
    if isinstance(op, QuantLinear):
        scale, shift = (None if a is None else _of(a, op.weight.shape[:1], rows) for a in (op.scale, op.shift))
        return replace(changed, scale=scale, shift=shift)  # type: ignore[no-any-return]
    return replace(changed, bias=None if op.bias is None else op.bias[rows])  # type: ignore[no-any-return]


def _kernel(op: Conv | QuantConv, there: Array, here: Array, target: Shape) -> Op:
    """The kernel from the channels that stay ``here`` to those that stay ``there``."""
    changed: Any = replace(op, weight=op.weight[there][:, here], gives=None if op.gives is None else target)
    if isinstance(op, QuantConv):
        scale, shift = (None if a is None else _of(a, there.shape, there) for a in (op.scale, op.shift))
        return replace(changed, scale=scale, shift=shift)  # type: ignore[no-any-return]
    return replace(changed, bias=None if op.bias is None else op.bias[there])  # type: ignore[no-any-return]


def _of(array: Array, shape: Shape, units: Array, left: Shape = (-1,)) -> Array:
    """The part of an array that has an element for each of ``shape``, in the shape that is ``left``; others hold for
    all."""
    return array.reshape(-1)[units].reshape(left) if array.shape == shape != () else array


def _parts(value: T, shape: Shape, units: Array, left: Shape) -> T:
    """A part of an op, or an op, with every array cut."""
    changes = {}
    for field in fields(value):  # type: ignore[arg-type]
        member = getattr(value, field.name)
        if isinstance(member, np.ndarray):
            changes[field.name] = _of(member, shape, units, left)
        elif hasattr(member, "__dataclass_fields__"):
            changes[field.name] = _parts(member, shape, units, left)
    return replace(value, **changes)  # type: ignore[type-var]


def _neuron(op: Neuron | FixedNeuron, units: Array, left: Shape) -> Op:
    return replace(_parts(op, op.shape, units, left), shape=left)


def _level_neuron(op: LevelNeuron, units: Array, left: Shape) -> Op:
    inner = _neuron(op.neuron, units, left)
    assert isinstance(inner, Neuron)
    return replace(op, neuron=inner)


def _cell(op: Any, units: Array, left: Shape) -> Op:
    """A gated unit: arrays with a value a unit, or a row of them a gate."""
    changed: Any = replace(_parts(op, op.shape, units, left), units=int(units.sum()))
    if isinstance(op, LSTM) and op.peephole is not None:
        changed = replace(changed, peephole=op.peephole[:, units])
    if isinstance(op, FixedGated):
        changed = replace(changed, gates=_lanes(op.gates, units))
    return changed  # type: ignore[no-any-return]


def _lanes(gates: FixedLanes, units: Array) -> FixedLanes:
    cut = {field.name: getattr(gates, field.name) for field in fields(gates)}
    return FixedLanes(**{name: a[:, units] if a.shape[1] == units.size else a for name, a in cut.items()})


def _delay(op: Delay, units: Array, left: Shape) -> Op:
    return op if op.initial is None else replace(op, initial=op.initial.reshape(-1)[units].reshape(left))


CUTS: Mapping[type[Op], Callable[[Any, Array, Shape], Op]] = {
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
    Flatten: lambda op, units, left: Flatten() if len(left) == 1 else op,
    Scale: lambda op, units, left: Scale(op.scale.reshape(-1)[units].reshape(left)),
    ToFixed: lambda op, units, left: op,
    Pool: lambda op, units, left: op,
}
"""(op, which elements of its output stay, the shape that is left) -> the op of these."""
