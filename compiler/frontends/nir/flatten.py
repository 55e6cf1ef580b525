"""Inlining nested graphs: nodes get dotted names, edges attach to the nodes that they mean."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, takewhile

from .report import Report
from .tree import Tree

MOST_PARTS = 100
"""The most parts of an inlined graph among which its only Input or Output is looked for."""


@dataclass
class Flat:
    """Nodes by dotted name, their paths in the file, and the edges between them, in file order.

    ``ports`` are the nodes that only pass on: inputs and outputs of nested graphs, identities. ``passing`` are outputs
    of the model that pass on, too.
    """

    nodes: dict[str, Tree] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    ports: set[str] = field(default_factory=set)
    passing: set[str] = field(default_factory=set)

    @cached_property
    def before(self) -> Mapping[str, list[str]]:
        """For every node, those that feed it, in file order. Fixed once asked for."""
        return self._neighbours(1, 0)

    @cached_property
    def after(self) -> Mapping[str, list[str]]:
        """For every node, those that it feeds, in file order. Fixed once asked for."""
        return self._neighbours(0, 1)

    def _neighbours(self, of: int, other: int) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {name: [] for name in self.nodes}
        for edge in self.edges:
            found[edge[of]].append(edge[other])
        return found


def flatten(tree: Tree, report: Report) -> Flat:
    """All nodes of a nested graph in one; problems of its structure are reported."""
    flat = Flat()
    _Level(tree, "", "").collect(flat, report)
    return flat


@dataclass(frozen=True)
class _Level:
    """One graph of the nest: what its nodes' names and paths in the file begin with."""

    tree: Tree
    prefix: str
    path: str

    def collect(self, flat: Flat, report: Report) -> None:
        """Add the nodes of this graph and of those in it, then its edges."""
        for name, node in self.tree.nodes.items():
            full, origin = self.prefix + name, self.path + name
            if node.type == "NIRGraph":
                _Level(node, full + ".", origin + "/").collect(flat, report)
            elif full in flat.nodes:
                report.refuse("AX106", full, "two nodes get this name", "one node a name", "rename one")
            else:
                flat.nodes[full], flat.origins[full] = node, origin
                if node.type == "Identity" or (self.prefix and node.type in ("Input", "Output")):
                    flat.ports.add(full)
        flat.edges.extend(self._edges(report))

    def _edges(self, report: Report) -> Iterator[tuple[str, str]]:
        for (source, target), count in Counter(self.tree.edges).items():
            shown = f"{self.prefix}{source} -> {self.prefix}{target}"
            if count > 1:
                report.refuse("AX104", shown, f"the edge stands {count} times", "once", "remove the copies")
            ends = (self._end(source, "Output", shown, report), self._end(target, "Input", shown, report))
            if ends[0] and ends[1]:
                yield ends[0], ends[1]

    def _end(self, name: str, kind: str, shown: str, report: Report) -> str:
        """The node to which an edge's end attaches; empty where that is not certain."""
        if name in self.tree.nodes:
            return self._inside(name, kind, report)
        meant = self._addressed(name) or self._wrapped(name, kind)
        if meant:
            found = f"there is no node {name!r}"
            report.repair("AX110", shown, found, f"attached to {self.prefix}{meant}, the only node that it can mean")
            return self.prefix + meant
        report.refuse("AX104", shown, f"there is no node {name!r}", "an edge joins two nodes", self._hint)
        return ""

    @cached_property
    def _hint(self) -> str:
        idle = sorted(set(self.tree.nodes) - {end for edge in self.tree.edges for end in edge})
        return f"correct the edge (no edge names {', '.join(idle[:5])})" if idle else "correct the edge"

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.tree.nodes)

    def _inside(self, name: str, kind: str, report: Report) -> str:
        """The node itself; for a nested graph its only Input or Output, or the only node that takes that place."""
        node, full = self.tree.nodes[name], self.prefix + name
        while node.type == "NIRGraph":
            found = [inner for inner, other in node.nodes.items() if other.type == kind] or _ends(node, kind)
            if len(found) != 1:
                limit = f"an edge to a nested graph needs exactly one {kind} in it"
                report.refuse("AX104", full, f"{len(found)} nodes of type {kind}", limit, "flatten the graph")
                return ""
            node, full = node.nodes[found[0]], f"{full}.{found[0]}"
            if node.type != kind:
                report.repair("AX111", full, f"the graph around it has no {kind}", "edges of the graph attach to it")
        return full

    def _addressed(self, name: str) -> str:
        """``graph.node`` for a node in a nested graph, if that is what the name reads as."""
        node, rest = self.tree, name
        while rest not in node.nodes:
            heads = [head for head in node.nodes if rest.startswith(head + ".") and node.nodes[head].type == "NIRGraph"]
            if len(heads) != 1:
                return ""
            node, rest = node.nodes[heads[0]], rest[len(heads[0]) + 1 :]
        return name if node is not self.tree and node.nodes[rest].type != "NIRGraph" else ""

    def _wrapped(self, name: str, kind: str) -> str:
        """For a graph that an exporter inlined, leaving the edges to it: its only Input or Output, or its only node."""
        parts = list(islice(below(self._sorted, name + "."), MOST_PARTS))
        ports = [other for other in parts if self.tree.nodes[other].type == kind]
        chosen = ports if ports else parts
        return chosen[0] if len(chosen) == 1 and self.tree.nodes[chosen[0]].type != "NIRGraph" else ""


def below(names: list[str], prefix: str) -> Iterator[str]:
    """Those of the sorted names that begin with ``prefix``."""
    return takewhile(lambda name: name.startswith(prefix), islice(names, bisect_left(names, prefix), None))


def _ends(tree: Tree, kind: str) -> list[str]:
    """The nodes that no edge enters (for an Input) or leaves (for an Output)."""
    side = 1 if kind == "Input" else 0
    taken = {edge[side] for edge in tree.edges}
    return [name for name in tree.nodes if name not in taken]
