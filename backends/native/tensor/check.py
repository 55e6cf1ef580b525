"""What cannot be run in float, node by node."""

from __future__ import annotations

from collections.abc import Iterator

from axonc.ir import Diagnostic, Graph, Node
from axonc.ir.elements import dtype_of
from axonc.ir.ops import (
    Broadcast,
    Cast,
    Concat,
    Constant,
    Delay,
    DequantizeTensor,
    Flatten,
    Gather,
    Input,
    Map,
    Output,
    QuantizeTensor,
    Reshape,
    Slice,
    Transpose,
)
from axonc.ir.ops.tensor import TensorOp
from axonc.ir.signal import Fixed, Signal

from .elementwise import runs_map
from .emitters import EMITTERS
from .types import narrow

CARRIES = (
    *(Input, Output, Delay, Constant, Cast, QuantizeTensor, DequantizeTensor),
    *(Reshape, Flatten, Slice, Transpose, Concat, Gather, Broadcast),
)
"""The ops that store, move or convert numbers of 16 bits and fewer that C does not have."""


def problems(graph: Graph) -> list[Diagnostic]:
    """Every node that has no emitter, or numbers that its emitter does not take."""
    return [problem for node in graph for problem in _problems(graph, node)]


def _problems(graph: Graph, node: Node) -> Iterator[Diagnostic]:
    signals = [graph.signals[node.name], *(node.op.takes if isinstance(node.op, TensorOp) else ())]
    remedy = "choose --target reference"
    if type(node.op) not in EMITTERS:
        listed = ", ".join(op.name for op in EMITTERS)
        yield Diagnostic(
            "AX601", node.name, f"native does not run {node.op.name} in float", f"it runs {listed}", remedy
        )
    elif any(isinstance(signal.format, Fixed) for signal in signals):
        limit = "with float32 weights native takes plain machine types"
        yield Diagnostic("AX604", node.name, f"numbers in {_formats(signals)}", limit, "choose --weights int8")
    elif not isinstance(node.op, CARRIES) and (found := _formats([s for s in signals if narrow(dtype_of(s.format))])):
        limit = "native converts and moves such numbers, and computes with types of C"
        yield Diagnostic("AX604", node.name, f"{node.op.name} of {found}", limit, f"cast to float32, or {remedy}")
    elif isinstance(node.op, Map) and not runs_map(node.op):
        found = f"map {node.op.function} of {node.op.takes[-1].format}"
        yield Diagnostic("AX604", node.name, found, "the function is one of floats", f"cast to float32, or {remedy}")


def _formats(signals: list[Signal]) -> str:
    return ", ".join(dict.fromkeys(str(signal.format) for signal in signals))
