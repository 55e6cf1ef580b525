"""A graph that is being rewritten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from axonc.ir import Graph, Node
from axonc.ir.ops import Input, Op, Output


class Editing:
    """Nodes by name. ``states``: outputs that have become states of an op, and which."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.nodes = {node.name: node for node in graph}
        self.states: dict[str, str] = {}

    def graph(self) -> Graph:
        """The graph, without nodes that nothing needs."""
        alive = self.alive()
        return self._graph.with_nodes(node for node in self.nodes.values() if node.name in alive)

    def alive(self) -> set[str]:
        """The inputs, and what the outputs depend on."""
        pending = [node.name for node in self.nodes.values() if isinstance(node.op, Output)]
        found = {node.name for node in self.nodes.values() if isinstance(node.op, Input)}
        while pending:
            name = pending.pop()
            if name not in found:
                found.add(name)
                pending += self.nodes[name].sources
        return found

    def readers(self, name: str) -> Iterator[Node]:
        """The nodes that see a node's output."""
        return (node for node in self.nodes.values() if name in node.sources)

    def replace(self, name: str, op: Op, inputs: tuple[str, ...], reads: tuple[str, ...] = ()) -> None:
        """Another op under the same name."""
        self.nodes[name] = replace(self.nodes[name], op=op, inputs=inputs, reads=reads)

    def add(self, node: Node) -> str:
        """A new node, renamed if its name is taken."""
        name, number = node.name, 2
        while name in self.nodes:
            name, number = f"{node.name}.{number}", number + 1
        self.nodes[name] = replace(node, name=name)
        return name

    def merge(self, name: str, into: str) -> None:
        """Let all that read a node read another."""
        for node in list(self.readers(name)):
            inputs, reads = (
                tuple(into if source == name else source for source in part) for part in (node.inputs, node.reads)
            )
            self.nodes[node.name] = replace(node, inputs=inputs, reads=reads)

    def become_state(self, follows: str, state: str) -> dict[str, Node]:
        """Take away the outputs that show what follows a state: the op that replaces it holds it. They are given
        back, so that `restore` can undo it."""
        ends = {n.name: n for n in self.readers(follows) if isinstance(n.op, Output)}
        for name in ends:
            del self.nodes[name]
            self.states[name] = state
        return ends

    def restore(self, nodes: dict[str, Node], ends: dict[str, Node]) -> None:
        """The nodes and outputs as they were."""
        self.nodes = nodes
        for name in ends:
            self.states.pop(name, None)
