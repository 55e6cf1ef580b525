"""The numpy types in which the interpreter holds each signal: what a native program's values must equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from axonc.ir import Graph, Node
from axonc.ir.elements import dtype_of
from axonc.ir.ops import Constant as ConstantOp
from axonc.ir.ops import Delay, Flatten, Output, Pool
from axonc.ir.ops.tensor import TensorOp
from axonc.ir.signal import Kind

from .types import F32, I64, DType


def held_types(graph: Graph) -> dict[str, DType]:
    """The type of every node's output, under float32. Sums promote as numpy's do, around loops too."""
    known = {node.name: _initial(graph, node) for node in graph if isinstance(node.op, Delay)}
    while True:
        before = dict(known)
        for node in graph.order:
            known[node.name] = _held(graph, node, known)
        if known == before:
            return known


def _initial(graph: Graph, node: Node) -> DType:
    signal = graph.signals[node.name]
    return I64 if signal.kind is Kind.EVENT else dtype_of(signal.format)


def _held(graph: Graph, node: Node, known: Mapping[str, DType]) -> DType:
    if isinstance(node.op, Delay):
        return (
            np.result_type(_initial(graph, node), summed(node.inputs, known))
            if node.inputs[0] in known
            else _initial(graph, node)
        )
    if isinstance(node.op, (Output, Flatten)):
        return summed(node.inputs, known)
    if isinstance(node.op, Pool):
        whole = not node.op.average and summed(node.inputs, known).kind in "biu"
        return I64 if whole else F32
    if isinstance(node.op, (TensorOp, ConstantOp)):
        return dtype_of(graph.signals[node.name].format)
    signal = graph.signals[node.name]
    if signal.kind is Kind.EVENT:
        return I64
    return dtype_of(signal.format) if not node.op.fed else F32


def summed(names: Sequence[str], known: Mapping[str, DType]) -> DType:
    """The type of a sum."""
    types = [known[name] for name in names if name in known]
    return types[0] if len(types) == 1 else np.result_type(*types)
