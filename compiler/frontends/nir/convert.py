"""From the tree of a file to a verified graph: flattened, shapes found, ops made, every problem collected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import networkx as nx

from axonc.ir import Diagnostic, Graph, Kind, ModelError, Node, Signal, raise_if_any, require_valid
from axonc.ir.ops import Input, Op

from .flatten import Flat, flatten
from .infer import infer
from .report import Report
from .structure import settle_ends
from .tree import Tree

MAX_WAYS = 1 << 20
"""The most ways from node to node through nodes that only pass on: side by side and one behind the other, these
multiply them."""


def build_graph(tree: Tree, inputs: str, report: Report) -> Graph:
    """The verified graph of a tree, its repairs among the properties; `ModelError` with every problem."""
    if tree.type != "NIRGraph":
        raise ModelError(Diagnostic("AX101", "", f"the top node is a {tree.type}", "it must be a NIRGraph"))
    signal = input_kind(inputs)
    flat = settle_ends(flatten(tree, report), report)
    ops = infer(flat, signal, report)
    inputs_of = _inputs_of(ops, flat, report)
    raise_if_any(report.problems)
    graph = require_valid(Graph("model", tuple(_nodes(flat, ops, inputs_of))))
    return graph.with_properties(repairs=report.lines()) if report.repairs else graph


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


def with_inputs(graph: Graph, inputs: str | None) -> Graph:
    """A graph that is whole already, its inputs of the kind that is asked for; None: as they are."""
    if inputs is None:
        return graph
    kind = input_kind(inputs)
    shapes = {node.name: graph.signals[node.name].shape for node in graph.inputs}
    made = {name: Input(replace(kind, shape=shape)) for name, shape in shapes.items()}
    if all(op.signal == graph.signals[name] for name, op in made.items()):
        return graph
    if graph.stage != "model":
        found = f"inputs {inputs!r} for a graph in steps"
        raise ModelError(Diagnostic("AX202", "", found, "its inputs are settled", "leave them out"))
    return graph.with_nodes(replace(node, op=made.get(node.name, node.op)) for node in graph)


def _inputs_of(names: Iterable[str], flat: Flat, report: Report) -> dict[str, tuple[str, ...]]:
    """The nodes that feed each node, those before a port in its place; every way through ports counts once."""
    found: dict[str, list[str]] = {name: [] for name in names}
    through, ways = flat.ports | flat.passing, MAX_WAYS
    for name in found:
        pending = flat.before[name][::-1]
        while pending and ways > 0:
            source = pending.pop()
            if source in through:
                pending += flat.before[source][::-1]
                ways -= len(flat.before[source])
            else:
                found[name].append(source)
        if pending:
            limit = f"at most {MAX_WAYS} ways through them"
            report.refuse("AX105", name, "a cycle, or a maze, of nodes that only pass on", limit, "flatten the graph")
            break
    return {name: tuple(sources) for name, sources in found.items()}


def _nodes(flat: Flat, ops: Mapping[str, Op], inputs_of: Mapping[str, tuple[str, ...]]) -> Iterator[Node]:
    """The nodes in reading order: from the inputs along the edges, each after its inputs where cycles allow."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    names = sorted(ops, key=lambda name: (not isinstance(ops[name], Input), name))
    graph.add_nodes_from(names)
    graph.add_edges_from((source, name) for name in names for source in inputs_of[name])
    for name in reversed([str(node) for node in nx.dfs_postorder_nodes(graph)]):
        yield Node(name, ops[name], inputs_of[name], flat.origins[name])
