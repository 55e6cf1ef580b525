"""Making transport explicit: which edges carry a delay, and the `Delay` nodes that say so."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

import networkx as nx

from axonc.ir import Graph, Node
from axonc.ir.ops import Delay, Input, Output


def insert_delays(graph: Graph, forward: int) -> Graph:
    """``graph`` with a `Delay` of one step on every feedback edge, and of ``forward`` steps on the other edges that
    leave an input or a stateful node for anything but a model output.

    A feedback edge leaves a stateful node for a node of the same strongly connected component. The rule does not
    depend on the order of the nodes. Edges of one source with the same delay share one node, ``source+steps``.
    """
    component = _components(graph)
    delays: dict[str, Node] = {}
    nodes: list[Node] = []
    for node in graph:
        inputs = [
            _delayed(graph, graph[source], _steps(graph[source], node, component, forward), delays)
            for source in node.inputs
        ]
        nodes.append(replace(node, inputs=tuple(inputs)))
    return graph.with_nodes(_beside_sources(nodes, delays))


def _components(graph: Graph) -> dict[str, int]:
    """The number of each node's strongly connected component; those of single nodes without a loop are left out."""
    cyclic = (
        names
        for names in nx.strongly_connected_components(graph.digraph)
        if len(names) > 1 or any(graph.digraph.has_edge(name, name) for name in names)
    )
    return {name: index for index, names in enumerate(cyclic) for name in names}


def _steps(source: Node, target: Node, component: dict[str, int], forward: int) -> int:
    if source.op.stateful and source.name in component and component[source.name] == component.get(target.name):
        return 1
    leaves = source.op.stateful or isinstance(source.op, Input)
    return forward if leaves and not isinstance(target.op, Output) else 0


def _delayed(graph: Graph, source: Node, steps: int, delays: dict[str, Node]) -> str:
    if steps == 0:
        return source.name
    name = fresh_name(f"{source.name}+{steps}", graph)
    delays.setdefault(name, Node(name, Delay(steps), (source.name,), source.origin))
    return name


def fresh_name(name: str, taken: Container[str]) -> str:
    """``name``, with primes added until nothing has it."""
    while name in taken:
        name += "'"
    return name


def _beside_sources(nodes: list[Node], delays: dict[str, Node]) -> list[Node]:
    """Each delay directly behind its source, as one would write it."""
    behind: dict[str, list[Node]] = {}
    for delay in delays.values():
        behind.setdefault(delay.inputs[0], []).append(delay)
    return [member for node in nodes for member in (node, *behind.get(node.name, ()))]
