"""Which tiles hold which signals: those that belong together element by element lie on the same tiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

import networkx as nx

from axonc.ir import Graph, Node, split_reference
from axonc.ir.machine import TileMachine
from axonc.ir.ops import (
    Conv,
    ConvAdjoint,
    Flatten,
    Input,
    KernelTotal,
    Linear,
    OuterTotal,
    Output,
    Pool,
    PoolAdjoint,
    StoredTotal,
    Total,
)

from ...training.task import Task
from ..layout import Layout

Key = tuple[str, str]
"""(``forward`` or ``backward``, node)."""

MAPS = (Linear, Conv, Pool, ConvAdjoint, PoolAdjoint)
"""Ops that take elements of a signal to others."""

USUAL, OF_INPUTS = 24, 64
"""Neurons of a tile where tiles abound: every worker has its share; and elements of an input."""


@dataclass(frozen=True)
class Place:
    """Where a signal is: a layout of neurons, each with ``lanes`` elements."""

    layout: Layout
    lanes: int


def places(task: Task, machine: TileMachine, per_tile: int) -> dict[Key, Place]:
    """The place of every node's signal."""
    made: dict[Key, Place] = {}
    first = 0
    for group in groups_of(task):
        sizes = [prod(shape_of(task, key)) for key in group]
        neurons = min(sizes)
        layout = Layout(neurons, first, min(neurons, on_a_tile(task, group, per_tile)))
        first += layout.tiles
        made.update({key: Place(layout, size // neurons) for key, size in zip(group, sizes, strict=True)})
    return made


def on_a_tile(task: Task, group: list[Key], per_tile: int) -> int:
    """The elements of a tile: of an input, which computes nothing, more than of neurons."""
    fed = any(side == "forward" and isinstance(task.forward[name].op, Input) for side, name in group)
    return max(per_tile, OF_INPUTS) if fed and len(group) == len(_fed(task, group)) else per_tile


def _fed(task: Task, group: list[Key]) -> list[Key]:
    """The members of a group that only pass an input on."""
    graphs = {"forward": task.forward, "backward": task.backward}
    return [(side, name) for side, name in group if isinstance(graphs[side][name].op, (Input, Flatten, Output))]


def tiles_used(found: Mapping[Key, Place]) -> int:
    """The tiles of all signals."""
    return max(place.layout.first_tile + place.layout.tiles for place in found.values())


def groups_of(task: Task) -> list[list[Key]]:
    """The signals of a group, forward before backward, in the order of the graphs."""
    order = [(side, node.name) for side, graph in _sides(task) for node in graph if not _sums(node)]
    links: nx.Graph[Key] = nx.Graph()
    links.add_nodes_from(order)
    links.add_edges_from(edge for edge in _edges(task) if edge[0] in links and edge[1] in links)
    place = {key: index for index, key in enumerate(order)}
    found = [sorted(group, key=place.__getitem__) for group in nx.connected_components(links)]
    return sorted(found, key=lambda group: place[group[0]])


def _edges(task: Task) -> Iterator[tuple[Key, Key]]:
    for side, graph in _sides(task):
        for node in graph:
            if not isinstance(node.op, MAPS) and not _sums(node):
                yield from (((side, name), (side, node.name)) for name in (*node.inputs, *node.reads))
    for name, reference in task.tape.items():
        yield ("forward", split_reference(reference)[0]), ("backward", name)
    for output, name in task.seeds.items():
        yield ("forward", output), ("backward", name)
    for node in task.backward:
        origin = task.origins.get(node.name)
        if origin is not None and not _sums(node):
            op = task.forward[origin].op
            # the adjoint of a map gives what belongs to the map's source
            yield (
                ("forward", task.forward[origin].inputs[0] if isinstance(op, MAPS) else origin),
                ("backward", node.name),
            )


def _sides(task: Task) -> tuple[tuple[str, Graph], tuple[str, Graph]]:
    return ("forward", task.forward), ("backward", task.backward)


def _sums(node: Node) -> bool:
    """Whether a node is a gradient: it lies where its parameter is."""
    return isinstance(node.op, (Total, OuterTotal, StoredTotal, KernelTotal)) or node.name.startswith("grad(")


def shape_of(task: Task, key: Key) -> tuple[int, ...]:
    """The shape of a node's signal."""
    side, name = key
    return (task.forward if side == "forward" else task.backward).signals[name].shape
