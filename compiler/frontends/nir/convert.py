"""From the file's nodes to ops: one maker a node type, every problem collected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import prod
from typing import Any

import networkx as nx
import numpy as np

from axonc.ir import Diagnostic, Graph, Kind, ModelError, Node, Shape, Signal, raise_if_any, require_valid
from axonc.ir.ops import (
    IF,
    LI,
    LIF,
    Array,
    CubaLI,
    CubaLIF,
    Flatten,
    I,
    Input,
    Linear,
    Op,
    Output,
    Scale,
    Threshold,
    TimeDelay,
)

from .flatten import Flat, flatten
from .reader import Tree

MAX_ELEMENTS = 1 << 24
"""The largest input or output: what follows takes memory in proportion."""


class FieldError(Exception):
    """A field of a node is missing or unusable."""


def build_graph(tree: Tree, inputs: str) -> Graph:
    """The verified graph of a tree; `ModelError` with every problem."""
    if tree.type != "NIRGraph":
        raise ModelError(Diagnostic("AX101", "", f"the top node is a {tree.type}", "it must be a NIRGraph"))
    flat, problems = flatten(tree)
    signal = input_kind(inputs)
    ops: dict[str, Op] = {}
    for node in flat.nodes:
        try:
            ops[node] = _make(node, flat, signal)
        except FieldError as error:
            problems.append(Diagnostic("AX103", node, str(error), "", "correct the exporter, or export again"))
        except KeyError:
            problems.append(_unknown(node, flat))
    raise_if_any(problems)
    return require_valid(Graph("model", tuple(_nodes(flat, ops))))


def input_kind(inputs: str) -> Signal:
    """The signal of inputs: ``events``, ``events:N`` or ``dense`` (its shape is still open)."""
    kind, _, peak = inputs.partition(":")
    if kind == "dense" and not peak:
        return Signal(())
    if kind == "events" and (peak or "1").isdecimal() and int(peak or 1) > 0:
        return Signal((), Kind.EVENT, peak=int(peak or 1))
    raise ModelError(
        Diagnostic("AX403", "", f"inputs {inputs!r}", "events, events:N (up to N a step) or dense", "choose one")
    )


def _unknown(node: str, flat: Flat) -> Diagnostic:
    found = f"the node type {flat.nodes[node].type!r}"
    return Diagnostic("AX102", node, found, f"supported: {', '.join(MAKERS)}", "replace the node")


def _make(name: str, flat: Flat, signal: Signal) -> Op:
    node = flat.nodes[name]
    if node.type == "Input":
        return Input(Signal(_shape(node.fields), signal.kind, signal.format, signal.peak))
    return MAKERS[node.type](_Fields(node.fields, _shape_hint(name, flat)))


def _shape_hint(name: str, flat: Flat) -> Shape | None:
    """The output shape of the weights that feed a node: what scalar parameters are spread to."""
    for source, target in flat.edges:
        weight = flat.nodes[source].fields.get("weight") if target == name else None
        if isinstance(weight, np.ndarray) and weight.ndim == 2:
            return (weight.shape[0],)
    return None


def _shape(fields: Mapping[str, Any]) -> Shape:
    shape = np.asarray(fields.get("shape", ()))
    if shape.ndim != 1 or not np.issubdtype(shape.dtype, np.integer) or shape.size == 0 or np.any(shape < 1):
        raise FieldError(f"its shape is {fields.get('shape')!r}, not a list of whole numbers above 0")
    extents = tuple(int(extent) for extent in shape)
    if prod(extents) > MAX_ELEMENTS:
        raise FieldError(f"its shape {extents} has more than {MAX_ELEMENTS} elements")
    return extents


class _Fields:
    """A node's fields, checked as they are taken."""

    def __init__(self, fields: Mapping[str, Any], hint: Shape | None) -> None:
        self.fields = fields
        self.hint = hint

    def number(self, name: str) -> Array:
        """A numeric array, floats kept, anything else as float64."""
        if name not in self.fields:
            raise FieldError(f"{name} is missing")
        array = np.asarray(self.fields[name])
        if array.dtype.kind not in "fiu" or array.size == 0:
            raise FieldError(f"{name} holds {array.dtype} of shape {array.shape}, not numbers")
        return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)

    def parameters(self, names: tuple[str, ...]) -> dict[str, Array]:
        """Parameters of one population, float64, all of one shape; scalars are spread to it."""
        found = {name: self.number(name).astype(np.float64) for name in names}
        shapes: set[Shape | None] = {array.shape for array in found.values() if array.ndim} or {self.hint}
        shape = shapes.pop()
        if shapes or shape is None:
            listed = ", ".join(f"{name} {array.shape}" for name, array in found.items())
            raise FieldError(f"the parameters' shapes differ, or all are scalars: {listed}")
        return {name: np.broadcast_to(array, shape).copy() for name, array in found.items()}

    def integer(self, name: str, default: int) -> int:
        """A whole number."""
        return int(np.asarray(self.fields.get(name, default)).reshape(-1)[0])


def _weight(fields: _Fields) -> Array:
    weight = fields.number("weight")
    if weight.ndim != 2:
        raise FieldError(f"the weight has {weight.ndim} dimensions, not 2")
    return weight


def _neuron(op: Callable[..., Op], *names: str) -> Callable[[_Fields], Op]:
    def make(fields: _Fields) -> Op:
        optional = ("v_reset",) if "v_reset" in fields.fields else ()
        return op(**fields.parameters((*names, *(optional if "v_threshold" in names else ()))))

    return make


def _cuba(op: Callable[..., Op], *names: str) -> Callable[[_Fields], Op]:
    def make(fields: _Fields) -> Op:
        if "w_in" not in fields.fields:  # NIR: optional, 1.0
            fields.fields = {**fields.fields, "w_in": np.float64(1.0)}
        return _neuron(op, *names, "w_in")(fields)

    return make


def _output(fields: _Fields) -> Op:
    return Output(_shape(fields.fields) if "shape" in fields.fields else None)


MAKERS: dict[str, Callable[[_Fields], Op]] = {
    "Input": lambda fields: Input(Signal(())),
    "Output": _output,
    "Affine": lambda fields: Linear(_weight(fields), fields.number("bias").reshape(-1)),
    "Linear": lambda fields: Linear(_weight(fields)),
    "Scale": lambda fields: Scale(fields.number("scale")),
    "Flatten": lambda fields: Flatten(fields.integer("start_dim", 1), fields.integer("end_dim", -1)),
    "Delay": lambda fields: TimeDelay(**fields.parameters(("delay",))),
    "Threshold": _neuron(Threshold, "threshold"),
    "I": _neuron(I, "r"),
    "LI": _neuron(LI, "tau", "r", "v_leak"),
    "IF": _neuron(IF, "r", "v_threshold"),
    "LIF": _neuron(LIF, "tau", "r", "v_leak", "v_threshold"),
    "CubaLI": _cuba(CubaLI, "tau_syn", "tau_mem", "r", "v_leak"),
    "CubaLIF": _cuba(CubaLIF, "tau_syn", "tau_mem", "r", "v_leak", "v_threshold"),
}
"""How each NIR node type becomes an op."""


def _nodes(flat: Flat, ops: Mapping[str, Op]) -> Iterator[Node]:
    """The nodes in reading order: from the inputs along the edges, each after its inputs where cycles allow."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    names: list[str] = sorted(flat.nodes, key=lambda name: (not isinstance(ops[name], Input), name))
    graph.add_nodes_from(names)
    graph.add_edges_from(flat.edges)
    for name in reversed([str(node) for node in nx.dfs_postorder_nodes(graph)]):
        inputs = tuple(source for source, target in flat.edges if target == name)
        yield Node(name, ops[name], inputs, flat.origins[name])
