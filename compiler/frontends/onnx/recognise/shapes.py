"""What only changes shapes, takes parts or adds, and can be done where signals enter or leave other ops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from axonc.ir import Float, Node
from axonc.ir.ops import EGRU, Constant, Conv, Delay, GatedCell, Linear, Map, Neuron, Reshape, Slice

from .editing import Editing

SUMMING = (Linear, Conv, Neuron, EGRU, GatedCell)
"""Ops whose inputs can be several."""


def without_detours(editing: Editing) -> None:
    """One `Reshape` in place of several after each other; none where the shape is what it was at first."""
    for name in list(editing.nodes):
        node = editing.nodes[name]
        if not isinstance(node.op, Reshape):
            continue
        (source,) = node.inputs
        first = editing.nodes[source]
        if isinstance(first.op, Reshape):
            (source,) = first.inputs
            editing.replace(name, Reshape(first.op.takes, node.op.shape), (source,))
        if editing.shape(source) == node.op.shape:
            editing.merge(name, source)


def parts_first(editing: Editing) -> None:
    """A part of sigmoid(x) or tanh(x) is that function of the part: gates are told apart before their functions."""
    for name in list(editing.nodes):
        node = editing.nodes[name]
        if isinstance(node.op, Slice) and len(node.op.spans) == 1:
            made = editing.nodes[node.inputs[0]]
            if isinstance(made.op, Map) and made.op.function in ("sigmoid", "tanh"):
                part = editing.add(
                    Node(f"{name}/part", replace(node.op, takes=made.op.takes), made.inputs, node.origin)
                )
                editing.replace(name, Map((editing.signal(part),), made.op.function), (part,))


def states_last(editing: Editing) -> None:
    """(decay v + a) + b is decay v + (a + b), to rounding: what enters a neuron is told apart from what it keeps."""
    for node in list(editing.nodes.values()):
        while _regrouped(editing, node.name):
            pass


def _regrouped(editing: Editing, name: str) -> bool:
    node = editing.nodes[name]
    for first, other in (node.sources, node.sources[::-1]) if _is_sum(editing, name) else ():
        inner = editing.nodes[first]
        if _is_sum(editing, first) and len(list(editing.readers(first))) == 1 and first != other:
            for kept, entering in (inner.sources, inner.sources[::-1]):
                if _keeps(editing, kept) and editing.signal(other) == editing.signal(entering):
                    editing.nodes[first] = replace(inner, inputs=(entering,), reads=(other,))
                    editing.nodes[name] = replace(node, inputs=(kept,), reads=(first,))
                    return True
    return False


def _is_sum(editing: Editing, name: str) -> bool:
    """Whether a node adds two signals of its own shape, in float."""
    op, signal = editing.nodes[name].op, editing.signal(name)
    return isinstance(op, Map) and op.function == "add" and op.takes == (signal, signal) and signal.format == Float()


def _keeps(editing: Editing, name: str) -> bool:
    """Whether a node is a part of a state of the last step, or that less something."""
    node = editing.nodes[name]
    if not isinstance(node.op, Map) or node.op.function not in ("mul", "sub"):
        return False
    if node.op.function == "sub":
        return _keeps(editing, node.inputs[0])
    kinds = {type(editing.nodes[source].op) for source in node.sources}
    return kinds == {Constant, Delay}


def into_maps(editing: Editing) -> None:
    """Linear maps read and give vectors in C order: they take the shape that is there, give the one that is read."""
    for name in list(editing.nodes):
        node = editing.nodes[name]
        if isinstance(node.op, Reshape):
            _gives(editing, node)
        elif isinstance(node.op, Linear) and len(node.inputs) == 1:
            _takes(editing, node, node.op)


def _gives(editing: Editing, node: Node) -> None:
    source = editing.nodes[node.inputs[0]]
    if isinstance(source.op, Linear) and len(list(editing.readers(source.name))) == 1:
        op = replace(source.op, gives=editing.shape(node.name))
        editing.nodes[node.name] = replace(node, op=op, inputs=source.inputs)


def _takes(editing: Editing, node: Node, op: Linear) -> None:
    source = editing.nodes[node.inputs[0]]
    if isinstance(source.op, Reshape):
        taken = replace(op, takes=editing.shape(source.inputs[0]))
        editing.nodes[node.name] = replace(node, op=taken, inputs=source.inputs)


def into_sums(editing: Editing) -> None:
    """The inputs of a node are summed: what is added before a linear map or a cell enters it."""
    for name in list(editing.nodes):
        node = editing.nodes[name]
        if isinstance(node.op, SUMMING):
            inputs = tuple(part for source in node.inputs for part in _summands(editing, source))
            editing.nodes[name] = replace(node, inputs=inputs)


def _summands(editing: Editing, name: str) -> Iterator[str]:
    """The nodes whose sum a node is, of its own shape; itself, if one of them is a constant."""
    node = editing.nodes[name]
    if _is_sum(editing, name) and not any(isinstance(editing.nodes[s].op, Constant) for s in node.sources):
        for source in node.sources:
            yield from _summands(editing, source)
    else:
        yield name
