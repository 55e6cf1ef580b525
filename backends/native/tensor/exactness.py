"""Which operations give the interpreter's bits, and which come near them."""

from __future__ import annotations

from axonc.ir import Graph, Node
from axonc.ir.elements import dtype_of
from axonc.ir.ops import Cast, Map

EXACT_IN_FLOAT32 = ("pow", "exp", "log", "sigmoid", "tanh", "softplus", "erf", "sin", "cos")
"""The functions of `Map` that are exact in float32, where they are the project's own, and in no other type of floats:
there the interpreter has numpy's, and C its library's."""

TOLERANCE = 1e-5
"""How far a signal that depends on them may be from the reference, in parts of its largest value (at least 1)."""


def inexact_operation(node: Node) -> str | None:
    """What a node computes inexactly; None if it does not."""
    op = node.op
    if isinstance(op, Map):
        number = dtype_of(op.takes[-1].format).name
        other = "float" in number and number != "float32"
        return f"map {op.function}" if other and op.function in EXACT_IN_FLOAT32 else None
    if isinstance(op, Cast) and str(op.to) == "float8e8m0":
        return "cast to float8e8m0"
    return None


def inexact_signals(graph: Graph) -> list[str]:
    """The nodes that depend on an inexact operation, around delays too, and their states."""
    reached: set[str] = set()
    front = [node.name for node in graph if inexact_operation(node) is not None]
    while front:
        name = front.pop()
        if name not in reached:
            reached.add(name)
            front += [consumer.name for consumer in graph.consumers[name]]
    return [name for node in graph if node.name in reached for name in signals_of(node)]


def signals_of(node: Node) -> list[str]:
    """What can be recorded of a node: its output and its states."""
    return [node.name, *(f"{node.name}:{state}" for state in node.op.states())]


def described(graph: Graph) -> dict[str, object]:
    """For the manifest: the inexact operations, the signals that depend on them, the tolerance; nothing if all is
    exact."""
    operations = sorted({found for node in graph if (found := inexact_operation(node)) is not None})
    if not operations:
        return {}
    return {"operations": operations, "signals": inexact_signals(graph), "tolerance": TOLERANCE}
