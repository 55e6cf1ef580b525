"""Inlining nested graphs: their inputs and outputs become plain edges, their nodes get dotted names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from axonc.ir import Diagnostic

from .reader import Tree


@dataclass(frozen=True)
class Flat:
    """Nodes by dotted name, their paths in the file, and the edges between them, in file order."""

    nodes: dict[str, Tree]
    origins: dict[str, str]
    edges: list[tuple[str, str]]


def flatten(tree: Tree) -> tuple[Flat, list[Diagnostic]]:
    """All nodes of a nested graph in one, and the problems of its structure."""
    flat, problems = Flat({}, {}, []), list[Diagnostic]()
    _collect(tree, "", "", flat, problems)
    for name in [name for name in flat.nodes if _is_port(name, flat)]:
        _bypass(name, flat)
    return flat, problems


def _is_port(name: str, flat: Flat) -> bool:
    nested = "/" in flat.origins[name]
    return nested and flat.nodes[name].type in ("Input", "Output")


def _collect(tree: Tree, prefix: str, path: str, flat: Flat, problems: list[Diagnostic]) -> None:
    problems.extend(_edge_problems(tree, prefix))
    for name, node in tree.nodes.items():
        full, origin = prefix + name, path + name
        if node.type == "NIRGraph":
            _collect(node, full + ".", origin + "/", flat, problems)
        elif full in flat.nodes:
            problems.append(Diagnostic("AX106", full, "two nodes get this name", "one node a name", "rename one"))
        else:
            flat.nodes[full], flat.origins[full] = node, origin
    ports = {name: _ports(node, prefix + name, problems) for name, node in tree.nodes.items()}
    flat.edges.extend(
        (sources[1], targets[0])
        for source, target in dict.fromkeys(tree.edges)
        if (sources := ports.get(source)) and (targets := ports.get(target)) and sources[1] and targets[0]
    )


def _ports(node: Tree, full: str, problems: list[Diagnostic]) -> tuple[str, str]:
    """Where edges into a node and out of it attach: for a nested graph, its Input and its Output."""
    if node.type != "NIRGraph":
        return full, full
    return _port(node, full, "Input", problems), _port(node, full, "Output", problems)


def _port(node: Tree, full: str, kind: str, problems: list[Diagnostic]) -> str:
    found = [name for name, inner in node.nodes.items() if inner.type == kind]
    if len(found) == 1:
        return f"{full}.{found[0]}"
    limit = f"an edge to a nested graph needs exactly one {kind} in it"
    problems.append(Diagnostic("AX104", full, f"{len(found)} nodes of type {kind}", limit, "flatten the graph"))
    return ""


def _edge_problems(tree: Tree, prefix: str) -> Iterator[Diagnostic]:
    for edge, count in Counter(tree.edges).items():
        shown = f"{prefix}{edge[0]} -> {prefix}{edge[1]}"
        if count > 1:
            yield Diagnostic("AX104", shown, f"the edge stands {count} times", "once", "remove the copies")
        missing = [name for name in edge if name not in tree.nodes]
        if missing:
            names = " and ".join(repr(name) for name in missing)
            yield Diagnostic("AX104", shown, f"there is no node {names}", "an edge joins two nodes", "correct the edge")


def _bypass(name: str, flat: Flat) -> None:
    """Join everything before a pass-through node to everything behind it, at the place of the edge before."""
    after = [target for source, target in flat.edges if source == name]
    joined: list[tuple[str, str]] = []
    for source, target in flat.edges:
        if target == name:
            joined += [(source, follower) for follower in after]
        elif source != name:
            joined.append((source, target))
    flat.edges[:] = joined
    del flat.nodes[name], flat.origins[name]
