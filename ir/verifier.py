"""The verifier: what must hold of every graph between any two passes. One check, one function."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import networkx as nx

from .diagnostics import Diagnostic, raise_if_any
from .graph import Graph, Node
from .ops import INTERNALS, STATES, Delay, Output


def verify(graph: Graph) -> list[Diagnostic]:
    """Every problem of ``graph``. Later checks assume the earlier ones, so they run only where those pass."""
    for group in (_STRUCTURE, _CONTENT):
        problems = [problem for check in group for problem in check(graph)]
        if problems:
            return problems
    return []


def require_valid(graph: Graph) -> Graph:
    """``graph``, or `ModelError` with every problem."""
    raise_if_any(verify(graph))
    return graph


def _names(graph: Graph) -> Iterator[Diagnostic]:
    for name, count in Counter(node.name for node in graph).items():
        if count > 1:
            yield Diagnostic("AX106", name, f"{count} nodes have this name", "one node a name", "rename them")


def _usable_names(graph: Graph) -> Iterator[Diagnostic]:
    for node in graph:
        if not node.name or not node.name.isprintable():
            found = f"the name {node.name!a} is empty or cannot be shown"
            yield Diagnostic("AX108", ascii(node.name), found, "a name is printable text", "rename the node")
        elif node.name.endswith(tuple(f":{state}" for state in (*STATES, *INTERNALS))):
            found = f"the name {node.name!r} reads like a state of another node"
            yield Diagnostic("AX108", node.name, found, f"no name ends in :{node.name[-1]}", "rename the node")


def _inputs_exist(graph: Graph) -> Iterator[Diagnostic]:
    for node in graph:
        for source in node.sources:
            if source not in graph:
                yield Diagnostic(
                    "AX304",
                    node.name,
                    f"its input {source!r} does not exist",
                    "an edge joins two nodes of the graph",
                    "add the node or remove the edge",
                )
        if not node.inputs and node.op.fed:
            yield Diagnostic(
                "AX304",
                node.name,
                "nothing feeds it",
                "every node but an input needs an input",
                "connect it or remove it",
            )


def _ends(graph: Graph) -> Iterator[Diagnostic]:
    for kind, nodes in (("input", graph.inputs), ("output", graph.outputs)):
        if not nodes:
            yield Diagnostic("AX107", "", f"the graph has no {kind} node", "at least one", f"add an {kind} node")


def _cycles(graph: Graph) -> Iterator[Diagnostic]:
    broken_by_state = graph.stage == "model"
    cut = graph.digraph.copy()
    cut.remove_nodes_from(
        node.name for node in graph if isinstance(node.op, Delay) or (broken_by_state and node.op.stateful)
    )
    for component in nx.strongly_connected_components(cut):
        if len(component) > 1 or any(cut.has_edge(name, name) for name in component):
            names = sorted(component)
            yield Diagnostic(
                "AX303",
                names[0],
                f"the cycle of {', '.join(names)} has no delay" + " and no state" * broken_by_state,
                "a cycle needs a stateful node or a delay of at least one step",
                "add a delay to the cycle",
            )


def _stage(graph: Graph) -> Iterator[Diagnostic]:
    for node in graph:
        if node.op.stage not in ("both", graph.stage):
            yield Diagnostic(
                "AX305",
                node.name,
                f"{node.op.name} stands in a graph of stage {graph.stage!r}",
                f"it belongs to stage {node.op.stage!r}",
                "run the passes in their order",
            )


def _shapes(graph: Graph) -> Iterator[Diagnostic]:
    for node in graph:
        wanted = node.op.accepts()
        for source in node.inputs:
            yield from _edge_shape(graph, source, node, wanted or graph.signals[node.inputs[0]].shape)


def _edge_shape(graph: Graph, source: str, node: Node, wanted: tuple[int, ...]) -> Iterator[Diagnostic]:
    shape = graph.signals[source].shape
    if shape != wanted:
        kind = "output" if isinstance(node.op, Output) else node.op.name
        yield Diagnostic(
            "AX301",
            node.name,
            f"its input {source!r} has shape {shape}",
            f"this {kind} takes {wanted}",
            "correct the weights or add a flatten node",
        )


def _reads(graph: Graph) -> Iterator[Diagnostic]:
    for node in graph:
        found, wanted = tuple(graph.signals[name].shape for name in node.reads), node.op.read_shapes()
        if len(found) != len(wanted):
            limit = f"{node.op.name} reads {len(wanted)}"
            yield Diagnostic("AX304", node.name, f"it reads {len(found)} signals beside its input", limit, "correct it")
        elif found != wanted:
            limit = f"{node.op.name} reads {', '.join(map(str, wanted))}"
            yield Diagnostic(
                "AX301", node.name, f"it reads signals of {', '.join(map(str, found))}", limit, "correct it"
            )


def _ops(graph: Graph) -> Iterator[Diagnostic]:
    for node in graph:
        for problem in node.op.verify(graph.source(node.name)):
            yield Diagnostic(problem.code, node.name, problem.found, problem.limit, problem.remedy)


Check = Callable[[Graph], Iterator[Diagnostic]]
_STRUCTURE: tuple[Check, ...] = (_names, _usable_names, _inputs_exist, _ends, _cycles, _stage)
_CONTENT: tuple[Check, ...] = (_shapes, _reads, _ops)
