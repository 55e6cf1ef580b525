"""What only changes shapes, takes parts or adds, and can be done where signals enter or leave other ops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from axonc.ir import Float, Node
from axonc.ir.ops import EGRU, Constant, Conv, GatedCell, Linear, Map, Neuron, Reshape, Slice

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
    node, signal = editing.nodes[name], editing.signal(name)
    added = isinstance(node.op, Map) and node.op.function == "add" and node.op.takes == (signal, signal)
    if added and signal.format == Float() and not any(isinstance(editing.nodes[s].op, Constant) for s in node.sources):
        for source in node.sources:
            yield from _summands(editing, source)
    else:
        yield name
