"""A graph that is being rewritten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from axonc.ir import Graph, Node, Shape, Signal
from axonc.ir.ops import Input, Op, Output, Reshape


class Editing:
    """Nodes by name. ``states``: outputs that have become states of an op, and which."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.nodes = {node.name: node for node in graph}
        self.states: dict[str, str] = {}

    def signal(self, name: str) -> Signal:
        """The signal of a node; that of a new one must not follow from others."""
        known = self._graph.signals.get(name)
        return self.nodes[name].op.output(None) if known is None else known

    def shape(self, name: str) -> Shape:
        """The shape of a node's signal."""
        return self.signal(name).shape

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
        """Take away the outputs that show what follows a state, in whatever shape: the op that replaces it holds it.
        They are given back, so that `restore` can undo it."""
        ends = {n.name: n for name in self._shapes(follows) for n in self.readers(name) if isinstance(n.op, Output)}
        for name in ends:
            del self.nodes[name]
            self.states[name] = state
        return ends

    def _shapes(self, name: str) -> Iterator[str]:
        """A node and those that show it in another shape."""
        yield name
        for node in list(self.readers(name)):
            if isinstance(node.op, Reshape):
                yield from self._shapes(node.name)

    def settled(self, before: dict[str, Node], follows: str, cell: str, state: str) -> bool:
        """Whether the op ``cell`` can stand for a cell: nobody else reads ``state``, what it held at the step before,
        and it has no problems. Else all is as it was ``before``; outputs of what ``follows`` are its states now."""
        ends = self.become_state(follows, f"{cell}:c")
        if state not in self.alive() and not list(self.nodes[cell].op.verify(None)):
            return True
        self.restore(before, ends)
        return False

    def restore(self, nodes: dict[str, Node], ends: dict[str, Node]) -> None:
        """The nodes and outputs as they were."""
        self.nodes = nodes
        for name in ends:
            self.states.pop(name, None)
