"""Looking at the matrices of graphs that were pruned."""

from __future__ import annotations

from typing import Any

import numpy as np

from axonc import Graph
from axonc.ir import Node, Signal
from axonc.ir.ops import Input, Linear, Output, is_sparse

Array = np.ndarray[Any, Any]


def one(weight: Any) -> Graph:
    """in -> fc -> out."""
    op = Linear(weight, np.full(weight.shape[0], 0.25))
    nodes = (Node("in", Input(Signal((weight.shape[1],)))), Node("fc", op, ("in",)), Node("out", Output(), ("fc",)))
    return Graph("one", nodes, "steps")


def weight(graph: Graph, name: str = "fc") -> Array:
    """The weights of a node, dense."""
    found: Any = graph[name].op
    return np.asarray(found.weight.toarray() if is_sparse(found.weight) else found.weight)


def names(graph: Graph) -> list[str]:
    """The nodes with matrices."""
    return [node.name for node in graph if isinstance(node.op, Linear)]
