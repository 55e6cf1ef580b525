"""A layered drawing of a directed graph: layers, order within them, positions. Deterministic, a few sweeps each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx

Edge = tuple[str, str]
SWEEPS = 8
WAYPOINT = 110.0


@dataclass(frozen=True)
class Layout:
    """Centres of the vertices by name, and for every edge the points that it passes, source first."""

    layers: int
    width: float
    centre: Mapping[str, tuple[float, int]]
    through: Mapping[Edge, Sequence[tuple[float, int]]]


def layered(names: Sequence[str], edges: Sequence[Edge], widths: Mapping[str, float], gap: float) -> Layout:
    """Lay out vertices from top to bottom, what has no source first; edges that close a cycle go upwards.

    Long edges get a waypoint, ``WAYPOINT`` wide, in every layer that they cross. Self-loops take no part.
    """
    proper = list(dict.fromkeys(edge for edge in edges if edge[0] != edge[1]))
    upward = _closing(names, proper)
    forward = {edge: edge[::-1] if edge in upward else edge for edge in proper}
    layer = _layers(names, list(forward.values()))
    chains = {edge: _chain(forward[edge], layer) for edge in proper}
    rows = _rows(names, layer, chains)
    pairs = [pair for chain in dict.fromkeys(chains.values()) for pair in pairwise(chain)]
    up, down = _neighbours(pairs)
    for sweep in range(SWEEPS):
        _order(rows, up if sweep % 2 == 0 else down, downwards=sweep % 2 == 0)
    x = _positions(rows, up, down, widths, gap)
    height = {name: index for index, row in enumerate(rows) for name in row}
    points = {edge: [(x[name], height[name]) for name in chain] for edge, chain in chains.items()}
    through = {edge: found[::-1] if edge in upward else found for edge, found in points.items()}
    width = max((x[name] + widths.get(name, WAYPOINT) / 2 for name in x), default=0)
    return Layout(len(rows), width, {name: (x[name], height[name]) for name in names}, through)


def _closing(names: Sequence[str], edges: Sequence[Edge]) -> set[Edge]:
    """Edges within a cycle that lead back towards the sources: without them there is no cycle."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from(edges)
    sources = [name for name in names if not graph.in_degree(name)] or list(names[:1])
    depth = nx.multi_source_dijkstra_path_length(graph, sources) if sources else {}
    place = {name: (depth.get(name, len(names)), index) for index, name in enumerate(names)}
    cycle = {name: index for index, part in enumerate(nx.strongly_connected_components(graph)) for name in part}
    return {edge for edge in edges if cycle[edge[0]] == cycle[edge[1]] and place[edge[0]] > place[edge[1]]}


def _layers(names: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """The longest path from a source; sources move down to just above what they feed."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from(edges)
    layer: dict[str, int] = {}
    for name in nx.topological_sort(graph):
        layer[name] = max((layer[source] + 1 for source in graph.predecessors(name)), default=0)
    for name in names:
        if not graph.in_degree(name) and graph.out_degree(name):
            layer[name] = min(layer[target] for target in graph.successors(name)) - 1
    return layer


def _chain(edge: Edge, layer: Mapping[str, int]) -> tuple[str, ...]:
    source, target = edge
    between = (f"{source}\0{target}\0{level}" for level in range(layer[source] + 1, layer[target]))
    return (source, *between, target)


def _rows(names: Sequence[str], layer: Mapping[str, int], chains: Mapping[Edge, Sequence[str]]) -> list[list[str]]:
    rows: list[list[str]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for name in names:
        rows[layer[name]].append(name)
    for chain in dict.fromkeys(map(tuple, chains.values())):
        for level, name in enumerate(chain[1:-1], layer[chain[0]] + 1):
            rows[level].append(name)
    return rows


def _neighbours(pairs: Sequence[Edge]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    up: dict[str, list[str]] = {}
    down: dict[str, list[str]] = {}
    for source, target in pairs:
        up.setdefault(target, []).append(source)
        down.setdefault(source, []).append(target)
    return up, down


def _order(rows: list[list[str]], neighbours: Mapping[str, list[str]], downwards: bool) -> None:
    """Sort every row by the mean place of its neighbours in the row before it."""
    indices = range(1, len(rows)) if downwards else range(len(rows) - 2, -1, -1)
    for index in indices:
        before = rows[index - 1 if downwards else index + 1]
        place = {name: (at + 0.5) / len(before) for at, name in enumerate(before)}
        here = {name: (at + 0.5) / len(rows[index]) for at, name in enumerate(rows[index])}
        mean = {
            name: sum(place[other] for other in found) / len(found) if (found := neighbours.get(name)) else here[name]
            for name in rows[index]
        }
        rows[index].sort(key=mean.__getitem__)


def _positions(
    rows: list[list[str]],
    up: Mapping[str, list[str]],
    down: Mapping[str, list[str]],
    widths: Mapping[str, float],
    gap: float,
) -> dict[str, float]:
    x: dict[str, float] = {}
    for row in rows:
        x |= _packed(row, {name: 0.0 for name in row}, widths, gap)
    for _ in range(SWEEPS):
        for row in rows:
            wanted = {}
            for name in row:
                near = [*up.get(name, ()), *down.get(name, ())]
                wanted[name] = sum(x[other] for other in near) / len(near) if near else x[name]
            x |= _packed(row, wanted, widths, gap)
    left = min((x[name] - widths.get(name, WAYPOINT) / 2 for name in x), default=0)
    return {name: value - left for name, value in x.items()}


def _packed(
    row: Sequence[str], wanted: Mapping[str, float], widths: Mapping[str, float], gap: float
) -> dict[str, float]:
    """As near to ``wanted`` as the widths allow, in order; the row as a whole is not pushed to either side."""
    x: dict[str, float] = {}
    edge = float("-inf")
    for name in row:
        half = widths.get(name, WAYPOINT) / 2
        x[name] = max(wanted[name], edge + gap + half)
        edge = x[name] + half
    drift = sum(x[name] - wanted[name] for name in row) / max(len(row), 1)
    return {name: value - drift for name, value in x.items()}
