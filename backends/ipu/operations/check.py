"""What tiles cannot compute of a graph with tensor operations."""

from __future__ import annotations

from collections.abc import Iterator

from axonc.ir import Diagnostic, Graph, Node
from axonc.ir.elements import dtype_of
from axonc.ir.network import FLOAT_LANES, behind_delay, matrices_behind
from axonc.ir.ops import Conv, Delay, Limit, Linear, Map, ResetGate, Scale
from axonc.ir.ops.tensor import TensorOp
from axonc.ir.signal import Fixed, Float, Kind

from ...native.tensor.elementwise import runs_map
from ...native.tensor.exactness import inexact_operation
from .normal import Padded
from .operation import NAMES, key
from .rules import RULES

OPERATIONS = tuple(op for op in RULES if op is not Padded)
"""The tensor operations that run on tiles."""

NATIVE = "choose --target native"


def operation_problems(graph: Graph, node: Node, target: str) -> Iterator[Diagnostic]:
    """What a node of a graph with tensor operations computes and tiles do not."""
    yield from _number_problems(graph, node, target)
    if isinstance(node.op, TensorOp):
        yield from _function_problems(node, target)
        yield from _limit_problems(graph, node, target)
    if type(node.op) in FLOAT_LANES:
        yield from _matrix_problems(graph, node, target)
    yield from _sum_problems(graph, node, target)


def _number_problems(graph: Graph, node: Node, target: str) -> Iterator[Diagnostic]:
    """Numbers that tiles do not hold."""
    signals = [graph.signals[node.name], *(node.op.takes if isinstance(node.op, TensorOp) else ())]
    strange = [s for s in signals if isinstance(s.format, Fixed) or key(dtype_of(s.format)) not in NAMES]
    if strange:
        found = f"numbers in {', '.join(dict.fromkeys(str(signal.format) for signal in strange))}"
        limit = f"operations of {target} compute with float32, bool and integers of 8 to 64 bits"
        yield Diagnostic("AX604", node.name, found, limit, f"cast to float32, or {NATIVE}")


def _function_problems(node: Node, target: str) -> Iterator[Diagnostic]:
    """Functions that have no definition of bits, or none for the type."""
    if (inexact := inexact_operation(node)) is not None:
        limit = f"{target} gives the interpreter's bits, and these are the C library's"
        yield Diagnostic("AX601", node.name, inexact, limit, f"{NATIVE}, which verifies it within a tolerance")
    elif isinstance(node.op, Map) and not runs_map(node.op):
        found = f"map {node.op.function} of {node.op.takes[-1].format}"
        yield Diagnostic("AX604", node.name, found, "the function is one of floats", f"cast to float32, or {NATIVE}")


def _limit_problems(graph: Graph, node: Node, target: str) -> Iterator[Diagnostic]:
    """Operations read the values of all elements, which know no limit."""
    limits = [name for name in node.sources if _is_limited(graph, name)]
    if limits:
        found, limit = f"it reads {', '.join(map(repr, limits))}", f"operations of {target} read what has no limit"
        yield Diagnostic("AX602", node.name, found, limit, "limit no events that operations see")


def _is_limited(graph: Graph, name: str) -> bool:
    source = behind_delay(graph, name)[0]
    return any(isinstance(reader.op, Limit) for reader in graph.consumers[source])


def _matrix_problems(graph: Graph, node: Node, target: str) -> Iterator[Diagnostic]:
    """Gated units add up matrices themselves."""
    strange = [name for name in node.inputs if not isinstance(graph[name].op, Linear)]
    gate = isinstance(node.op, ResetGate)
    strange += [name for name in node.reads if not gate and not matrices_behind(graph, name)]
    if strange:
        found = f"its input is {', '.join(f'{graph[name].op.name} {name!r}' for name in strange)}"
        yield Diagnostic("AX602", node.name, found, f"{target} adds up linear nodes for gated units", NATIVE)


def _sum_problems(graph: Graph, node: Node, target: str) -> Iterator[Diagnostic]:
    """Sums and weights are of floats."""
    kinds = {graph.signals[name].kind for name in node.inputs}
    sums = len(node.inputs) > 1 or isinstance(node.op, (Linear, Conv, Scale))
    strange = [n for n in node.inputs if not isinstance(graph.signals[n].format, Float)] if sums else []
    mixed = len(kinds) > 1 and Kind.EVENT in kinds and isinstance(node.op, (TensorOp, Delay, Linear, Conv, Scale))
    if strange or mixed:
        found = f"its inputs are {', '.join(str(graph.signals[name]) for name in node.inputs)}"
        limit = f"{target} adds up and weighs float32, not with events among them"
        yield Diagnostic("AX602", node.name, found, limit, "cast to float32")
