"""What a training program for tiles cannot do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod

import numpy as np

from axonc.ir import Diagnostic, Graph, Kind, Node
from axonc.ir.ops import EGRU, Conv, Delay, Input, Linear, Pool, Total

from ...training.check import REPLACE, bounded, first_of_each, owner, unknown
from ...training.task import Task
from .groups import Key, groups_of, shape_of
from .rules.table import RULES


def problems(task: Task) -> Iterator[Diagnostic]:
    """One diagnostic for every node that has no vertices, or stands where they cannot reach what they need."""
    return first_of_each(_all(task))


def _all(task: Task) -> Iterator[Diagnostic]:
    """Of a node the plainest first."""
    for node in task.forward:
        yield from _forward_problems(task.forward, node)
    without = list(unknown(task, RULES, "tiles"))
    yield from without
    yield from bounded(task, "tiles")
    for node in task.backward:
        yield from _backward_problems(task, node)
    if not without:
        yield from _group_problems(task)


def _forward_problems(graph: Graph, node: Node) -> Iterator[Diagnostic]:
    if isinstance(node.op, (Linear, Conv, Pool)):
        if len(node.inputs) != 1:
            found, limit = f"{node.op.name} of {len(node.inputs)} signals", "on tiles it takes one"
            yield Diagnostic("AX602", node.name, found, limit, "give each signal one of its own")
    elif _below_0(graph, node):
        yield Diagnostic("AX601", node.name, "events below 0", "on tiles they are counts", REPLACE)
    elif isinstance(node.op, EGRU) and node.op.segment is not None:
        yield Diagnostic("AX601", node.name, "a cell with segments", "tiles train cells without", REPLACE)
    elif isinstance(node.op, Delay) and any(isinstance(graph[name].op, Delay) for name in node.inputs):
        limit = "on tiles it follows something else"
        yield Diagnostic("AX602", node.name, "a delay of a delay", limit, "make both one delay")
    elif not isinstance(node.op, Input) and len(node.inputs) > 1:
        kinds = {graph.signals[name].kind for name in node.inputs}
        if len(kinds) > 1:
            found = f"its input adds up {', '.join(sorted(kind.name.lower() for kind in kinds))} signals"
            yield Diagnostic("AX602", node.name, found, "on tiles all are of one kind", "put matrices between")


def _below_0(graph: Graph, node: Node) -> bool:
    """Whether a delay begins with fewer events than none."""
    if not isinstance(node.op, Delay) or node.op.initial is None:
        return False
    return graph.signals[node.name].kind is Kind.EVENT and bool(np.any(node.op.initial < 0))


def _backward_problems(task: Task, node: Node) -> Iterator[Diagnostic]:
    name = owner(task, node)
    if isinstance(node.op, Total) and not isinstance(task.forward[name].op, (Linear, Conv)):
        limit = "tiles train matrices and biases"
        yield Diagnostic("AX601", name, f"a gradient of shape {node.op.gives}", limit, "choose other kinds")


def _group_problems(task: Task) -> Iterator[Diagnostic]:
    for group in groups_of(task):
        sizes: Mapping[Key, int] = {key: prod(shape_of(task, key)) for key in group}
        fewest = min(sizes.values())
        for (side, name), size in sizes.items():
            if side == "forward" and size % fewest:
                found = f"{size} elements beside signals of {fewest}"
                yield Diagnostic("AX602", name, found, "on tiles one is a multiple of the other", REPLACE)
