"""Making transport explicit: which edges carry a delay, and the `Delay` nodes that say so."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import networkx as nx
import numpy as np

from axonc.ir import Diagnostic, Graph, ModelError, Node
from axonc.ir.ops import IF, LIF, Array, CubaLIF, Delay, Flatten, Input, Scale, TimeDelay


def in_steps(graph: Graph, dt: float | None) -> Graph:
    """``graph`` with every `TimeDelay` as whole steps: floor(delay / dt + 1/2).

    Elements with different delays are split: one `Delay` a distinct number of steps, each behind a mask. Elements
    without delay pass straight on.
    """
    made: dict[str, list[Node]] = {
        node.name: _step_delays(graph, node, node.op, dt) for node in graph if isinstance(node.op, TimeDelay)
    }
    ends = {name: tuple(n.name for n in nodes if _is_end(n, nodes)) for name, nodes in made.items()}
    members = [member for node in graph for member in made.get(node.name, [node])]
    return graph.with_nodes(
        replace(node, inputs=tuple(end for name in node.inputs for end in _resolved(name, ends, graph)))
        for node in members
    )


def _resolved(name: str, ends: Mapping[str, tuple[str, ...]], graph: Graph) -> Iterator[str]:
    """What feeds a node instead of ``name``: its parts; of a delay of no steps, its own inputs."""
    if name not in ends:
        yield name
    elif ends[name]:
        yield from ends[name]
    else:
        for source in graph[name].inputs:
            yield from _resolved(source, ends, graph)


def _is_end(node: Node, nodes: Sequence[Node]) -> bool:
    return not any(node.name in other.inputs for other in nodes)


def _step_delays(graph: Graph, node: Node, op: TimeDelay, dt: float | None) -> list[Node]:
    if dt is None:
        raise ModelError(dt_missing(node))
    steps = np.floor(op.delay / dt + 0.5).astype(np.int64)
    distinct = [int(count) for count in np.unique(steps)]
    if len(distinct) == 1:
        return [replace(node, op=Delay(distinct[0]))] if distinct[0] else []
    return [part for count in distinct for part in _masked(graph, node, count, (steps == count).astype(np.float64))]


def dt_missing(node: Node) -> Diagnostic:
    """That ``node`` cannot be put in steps without a time step."""
    remedy = "give --dt SECONDS, or dt in the semantics or a configuration file"
    limit = "the model does not say which, and there is no default"
    return Diagnostic("AX201", node.name, f"{node.op.name} needs the time step dt", limit, remedy)


def _masked(graph: Graph, node: Node, steps: int, mask: Array) -> list[Node]:
    """The elements with this delay: a delay, then a mask that lets only them pass."""
    masked = Node(fresh_name(f"{node.name}.mask{steps}", graph), Scale(mask), node.inputs, node.origin)
    if steps == 0:
        return [masked]
    delay = replace(node, name=fresh_name(f"{node.name}+{steps}", graph), op=Delay(steps))
    return [delay, replace(masked, inputs=(delay.name,))]


@dataclass(frozen=True)
class Transport:
    """Which edges carry a step of delay.

    ``forward``: steps of edges that leave an input or a stateful node for anything but a model output. ``feedback``:
    ``source``: edges that leave a stateful node for a node of its strongly connected component; ``target``: edges
    that enter a stateful node from there. ``late``: neurons; all edges that leave one with a threshold, outputs
    included.
    """

    forward: int = 0
    feedback: str = "source"
    late: frozenset[str] = frozenset()

    def steps(self, source: Node, target: Node, looped: bool, shown: bool) -> int:
        """The delay of an edge; ``looped``: both its ends lie on one cycle; ``shown``: it leads to outputs only."""
        if isinstance(source.op, Delay):
            return 0
        if source.name in self.late and isinstance(source.op, (IF, LIF, CubaLIF)):
            return 1
        if looped and (source if self.feedback == "source" else target).op.stateful:
            return self.forward if isinstance(target.op, Delay) else 1
        leaves = source.op.stateful or isinstance(source.op, Input)
        return self.forward if leaves and not shown else 0


def insert_delays(graph: Graph, transport: Transport) -> Graph:
    """``graph`` with the delays that ``transport`` asks for as `Delay` nodes.

    The rule does not depend on the order of the nodes. An edge into a `Delay` of the model needs no feedback delay:
    that delay closes the cycle. Edges of one source with the same delay share one node, ``source+steps``.
    """
    component, shown = _components(graph), _shown(graph)
    delays: dict[str, Node] = {}

    def entry(source: str, target: Node) -> str:
        looped = source in component and component[source] == component.get(target.name)
        steps = transport.steps(graph[source], target, looped, target.name in shown)
        return _delayed(graph, graph[source], steps, delays)

    nodes = [replace(node, inputs=tuple(entry(source, node) for source in node.inputs)) for node in graph]
    return graph.with_nodes(_beside_sources(nodes, delays))


def _components(graph: Graph) -> dict[str, int]:
    """The number of each node's strongly connected component; those of single nodes without a loop are left out."""
    cyclic = (
        names
        for names in nx.strongly_connected_components(graph.digraph)
        if len(names) > 1 or any(graph.digraph.has_edge(name, name) for name in names)
    )
    return {name: index for index, names in enumerate(cyclic) for name in names}


def _shown(graph: Graph) -> set[str]:
    """Outputs, and the shape ops that lead to nothing else."""
    names = {node.name for node in graph.outputs}
    pending = list(graph.outputs)
    while pending:
        for source in (graph[name] for name in pending.pop().inputs):
            if isinstance(source.op, Flatten) and all(node.name in names for node in graph.consumers[source.name]):
                names.add(source.name)
                pending.append(source)
    return names


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
