"""The graph drawn: populations as boxes, weights and delays on the edges between them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from axonc.ir import Graph, Kind, Node
from axonc.ir.host import of_host
from axonc.ir.ops import (
    Conv,
    Delay,
    Flatten,
    FromFixed,
    Input,
    Linear,
    Op,
    Output,
    Pool,
    QuantConv,
    QuantLinear,
    Scale,
    ToFixed,
    is_sparse,
)

from ..units import GATED, UNITS, kind_of
from .figure import Box, Figure, Path, Shape, Text, fixed, shortened
from .layers import Layout, layered

BOX_WIDTH, BOX_HEIGHT, ROW, LOOP, GAP, MARGIN = 196.0, 44.0, 112.0, 34.0, 40.0, 12.0
LETTER = 6.4
"""About the width of a letter on an edge."""


@dataclass(frozen=True)
class Link:
    """An edge as drawn, with what lies on it: weights and delays."""

    source: str
    target: str
    text: str
    graded: bool = False


def network_figure(graph: Graph) -> Figure:
    """Boxes for what has a state, or more than one input; what only weighs or delays is written on the edges."""
    nodes = [node for node in graph.order if not _on_edge(node)]
    links = list(dict.fromkeys(link for node in nodes for link in _links(graph, node)))
    loops = {link.source: 2 * (LOOP + LETTER * len(link.text)) for link in links if link.source == link.target}
    widths = {node.name: BOX_WIDTH + loops.get(node.name, 0) for node in nodes}
    layout = layered([node.name for node in nodes], [(link.source, link.target) for link in links], widths, GAP)
    host = of_host(graph)
    shapes = [*_edges(links, layout), *(shape for node in nodes for shape in _box(graph, node, layout, host))]
    size = layout.width + 2 * MARGIN, (layout.layers - 1) * ROW + BOX_HEIGHT + 2 * MARGIN
    return Figure("The network", *size, shapes, "; ".join(_caption(links, bool(host))) + ".")


def _caption(links: Sequence[Link], host: bool) -> Iterator[str]:
    yield "Weights and delays (in steps) stand on the edges"
    yield "dashed edges are delayed"
    if any(link.graded for link in links):
        yield "thick edges carry values (graded events)"
    if host:
        yield "the host runs what has a dashed frame"


ON_EDGES: tuple[type[Op], ...] = (Delay, Linear, QuantLinear, Scale, Conv, QuantConv, Pool, Flatten)
"""What is written on an edge."""


def _on_edge(node: Node) -> bool:
    return isinstance(node.op, ON_EDGES) and len(node.inputs) == 1


def _links(graph: Graph, node: Node) -> Iterator[Link]:
    for name in dict.fromkeys(node.sources):
        parts: list[str] = []
        passed: set[str] = set()
        while _on_edge(graph[name]) and name not in passed:
            passed.add(name)
            parts.insert(0, _on_edge_text(graph[name], node.op))
            name = graph[name].inputs[0]
        yield Link(name, node.name, ", ".join(parts), graph.signals[name].kind is Kind.GRADED)


def _on_edge_text(node: Node, target: Op) -> str:
    op = node.op
    if isinstance(op, Delay):
        return f"delay {op.steps}"
    if isinstance(op, Pool):
        return f"pool {'×'.join(str(axis.kernel) for axis in op.axes)}"
    if isinstance(op, (Linear, QuantLinear, Conv, QuantConv)):
        kind = "conv " if isinstance(op, (Conv, QuantConv)) else ""
        bits = f" int{op.bits}" if isinstance(op, (QuantLinear, QuantConv)) else ""
        return f"{kind}{'×'.join(map(str, _extents(op, target)))}{bits}"
    return op.name


def _extents(op: Linear | QuantLinear | Conv | QuantConv, target: Op) -> tuple[int, ...]:
    """The shape of the weights; into gated units: lanes that they feed, units, sources."""
    if not isinstance(op, (Linear, QuantLinear)) or not isinstance(target, GATED) or len(op.weight.shape) != 2:
        return tuple(op.weight.shape)
    weight = op.weight
    rows = weight.nonzero()[0] if is_sparse(weight) else np.nonzero(np.asarray(weight))[0]
    return max(len(np.unique(rows // target.units)), 1), target.units, weight.shape[1]


def _at(layout: Layout, name: str) -> tuple[float, float]:
    x, level = layout.centre[name]
    return MARGIN + x, MARGIN + level * ROW + BOX_HEIGHT / 2


def _box(graph: Graph, node: Node, layout: Layout, host: Collection[str]) -> Iterator[Shape]:
    x, y = _at(layout, node.name)
    style = "input" if isinstance(node.op, Input) else "output" if isinstance(node.op, Output) else "node"
    style += " host" * (node.name in host)
    signal = graph.signals[node.name]
    tip = f"{node.name}: {signal}" + (f", from {node.origin}" if node.origin and node.origin != node.name else "")
    yield Box(x - BOX_WIDTH / 2, y - BOX_HEIGHT / 2, BOX_WIDTH, BOX_HEIGHT, f"{style} round", tip)
    yield Text(x, y - 3, shortened(node.name, 26), "name", "middle", tip)
    extents = "×".join(map(str, signal.shape)) or "scalar"
    yield Text(x, y + 14, shortened(f"{extents} · {_kind(node)}", 30), "tick", "middle", tip)


def _kind(node: Node) -> str:
    op = node.op
    if isinstance(op, UNITS):
        return kind_of(op)
    if isinstance(op, ToFixed):
        return f"rounded to {op.format}"
    return "back to float32" if isinstance(op, FromFixed) else op.name


def _edges(links: Sequence[Link], layout: Layout) -> Iterator[Shape]:
    ports = _ports(links, layout)
    texts: list[Text] = []
    for index, link in enumerate(links):
        style = "edge" + " graded" * link.graded + " late" * ("delay" in link.text)
        tip = f"{link.source} to {link.target}" + (f": {link.text}" if link.text else "")
        if link.source == link.target:
            yield from _loop(link, layout, style, tip)
            continue
        points = _points(index, link, layout, ports)
        yield Path(_curve(points), style, tip)
        yield Path(_arrow(points), "arrow")
        if link.text:
            texts.append(_edge_text(points, link.text, texts))
    yield from texts


def _ports(links: Sequence[Link], layout: Layout) -> dict[tuple[int, bool], float]:
    """Where each edge meets its boxes: side by side, in the order of where they come from."""
    ends: dict[tuple[str, bool], list[tuple[float, int, bool]]] = {}
    for index, link in enumerate(links):
        if link.source != link.target:
            through = layout.through[link.source, link.target]
            below = through[1][1] > through[0][1]
            ends.setdefault((link.source, below), []).append((through[1][0], index, True))
            ends.setdefault((link.target, not below), []).append((through[-2][0], index, False))
    offsets: dict[tuple[int, bool], float] = {}
    for met in ends.values():
        pitch = min(44.0, (BOX_WIDTH - 24) / len(met))
        for place, (_, index, leaves) in enumerate(sorted(met)):
            offsets[index, leaves] = (place - (len(met) - 1) / 2) * pitch
    return offsets


def _points(index: int, link: Link, layout: Layout, ports: dict[tuple[int, bool], float]) -> list[tuple[float, float]]:
    through = layout.through[link.source, link.target]
    down = 1 if through[1][1] > through[0][1] else -1
    middle = [(MARGIN + x, MARGIN + level * ROW + BOX_HEIGHT / 2) for x, level in through[1:-1]]
    (x0, y0), (x1, y1) = _at(layout, link.source), _at(layout, link.target)
    start = x0 + ports[index, True], y0 + down * BOX_HEIGHT / 2
    return [start, *middle, (x1 + ports[index, False], y1 - down * (BOX_HEIGHT / 2 + 2))]


def _curve(points: Sequence[tuple[float, float]]) -> str:
    drawn = f"M{fixed(points[0][0])} {fixed(points[0][1])}"
    for (x0, y0), (x1, y1) in pairwise(points):
        half = fixed((y0 + y1) / 2)
        drawn += f"C{fixed(x0)} {half} {fixed(x1)} {half} {fixed(x1)} {fixed(y1)}"
    return drawn


def _arrow(points: Sequence[tuple[float, float]]) -> str:
    x, y = points[-1]
    back = -7 if points[-2][1] < y else 7
    return f"M{fixed(x)} {fixed(y)}l-4 {back}h8z"


def _edge_text(points: Sequence[tuple[float, float]], text: str, others: Sequence[Text]) -> Text:
    """The text on the first stretch of the edge, where it covers no other one."""
    placed = [_on_curve(points[0], points[1], text, share) for share in (0.5, 0.2, 0.8, 0.35, 0.65)]
    return next((place for place in placed if not any(_overlap(place, other) for other in others)), placed[0])


def _on_curve(start: tuple[float, float], end: tuple[float, float], text: str, share: float) -> Text:
    bend = 3 * share**2 - 2 * share**3
    rise = 1.5 * share - 1.5 * share**2 + share**3
    x, y = start[0] + (end[0] - start[0]) * bend, start[1] + (end[1] - start[1]) * rise
    return Text(x, y + 4, text, "tick halo", "middle")


def _overlap(one: Text, other: Text) -> bool:
    width = LETTER * (len(one.text) + len(other.text)) / 2
    return abs(one.x - other.x) < width + 8 and abs(one.y - other.y) < 15


def _loop(link: Link, layout: Layout, style: str, tip: str) -> Iterator[Shape]:
    x, y = _at(layout, link.source)
    right = x + BOX_WIDTH / 2
    yield Path(f"M{fixed(right)} {fixed(y - 10)}c34 -14 34 34 2 20", style, tip)
    yield Path(f"M{fixed(right + 2)} {fixed(y + 10)}l8 -1l-5 7z", "arrow")
    yield Text(right + LOOP, y + 4, link.text, "tick")
