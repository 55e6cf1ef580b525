"""What a program is and what it means: graphs, signals, ops, arithmetic, the interpreter."""

from .diagnostics import CODES, AxoncError, Diagnostic, MismatchError, ModelError, ToolError, raise_if_any
from .graph import Graph, Node
from .interpret import initial_state, interpret, split_reference
from .result import Result
from .signal import Fixed, Float, Format, Kind, Shape, Signal
from .text import print_graph
from .verifier import require_valid, verify

__all__ = [
    "CODES",
    "AxoncError",
    "Diagnostic",
    "Fixed",
    "Float",
    "Format",
    "Graph",
    "Kind",
    "MismatchError",
    "ModelError",
    "Node",
    "Result",
    "Shape",
    "Signal",
    "ToolError",
    "initial_state",
    "interpret",
    "print_graph",
    "raise_if_any",
    "require_valid",
    "split_reference",
    "verify",
]
