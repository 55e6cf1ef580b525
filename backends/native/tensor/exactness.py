"""Which operations give the interpreter's bits, and which come near them."""

from __future__ import annotations

from collections.abc import Mapping

from axonc.ir import Graph, Node
from axonc.ir.elements import dtype_of
from axonc.ir.ops import Cast, ExactNeuron, Map, Op

INEXACT_FUNCTIONS = ("pow", "erf", "sin", "cos")
"""The functions of `Map` that are not exact on floats: the interpreter has numpy's, C has its library's."""

EXACT_IN_FLOAT32 = ("sigmoid", "tanh", "exp", "log", "softplus")
"""Those that are in float32, where they are the project's own, and in no other type of floats."""

INEXACT_OPS: Mapping[type[Op], str] = {ExactNeuron: "exp and log"}
"""Other ops, and what in them is not exact."""

TOLERANCE = 1e-5
"""How far a signal that depends on them may be from the reference, in parts of its largest value (at least 1)."""


def inexact_operation(node: Node) -> str | None:
    """What a node computes inexactly; None if it does not."""
    op = node.op
    if isinstance(op, Map):
        number = dtype_of(op.takes[-1].format).name
        inexact = INEXACT_FUNCTIONS if number == "float32" else (*INEXACT_FUNCTIONS, *EXACT_IN_FLOAT32)
        return f"map {op.function}" if "float" in number and op.function in inexact else None
    if isinstance(op, Cast) and str(op.to) == "float8e8m0":
        return "cast to float8e8m0"
    return f"{op.name} ({INEXACT_OPS[type(op)]})" if type(op) in INEXACT_OPS else None


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
