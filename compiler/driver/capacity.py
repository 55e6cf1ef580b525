"""How many events of a step a list has room for, on targets that send lists, and what becomes of the others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from axonc.ir import Diagnostic, Graph, Kind, Node
from axonc.ir.network import FLOAT_LANES, POPULATIONS
from axonc.ir.ops import Limit, Output
from axonc.ir.target import Backend

from .options import OVERFLOWS, Options

LISTING = ("ipu",)
"""The targets that send lists of events."""


def limited(graph: Graph, options: Options) -> Graph:
    """The graph that says how many events there is room for: with ``overflow`` drop by a `Limit` behind each
    population, so that what is dropped is part of what it means; else as a note, by which an overflow is an error."""
    rooms = capacities(graph, options)
    if not rooms:
        return graph
    if options.overflow == "error":
        return graph.with_properties(capacity=json.dumps(rooms, sort_keys=True))
    nodes = [made for node in graph for made in _behind(node, rooms)]
    return graph.with_nodes([node if isinstance(node.op, (Limit, Output)) else _moved(node, rooms) for node in nodes])


def capacities(graph: Graph, options: Options) -> Mapping[str, int]:
    """The capacity of the list of every population that has one."""
    said = options.capacity
    if said is None:
        return {}
    return dict(said) if isinstance(said, Mapping) else dict.fromkeys(_listed(graph), said)


def _listed(graph: Graph) -> list[str]:
    """The populations and inputs that send events."""
    units = (*POPULATIONS, *FLOAT_LANES)
    return [node.name for node in graph if isinstance(node.op, units) and graph.signals[node.name].kind != Kind.DENSE]


def _behind(node: Node, rooms: Mapping[str, int]) -> Iterator[Node]:
    yield node
    if node.name in rooms:
        yield Node(_limit(node.name), Limit(rooms[node.name]), (node.name,), node.origin)


def _moved(node: Node, rooms: Mapping[str, int]) -> Node:
    """The node with limits in place of what they limit."""
    inputs, reads = (tuple(_limit(name) if name in rooms else name for name in n) for n in (node.inputs, node.reads))
    return replace(node, inputs=inputs, reads=reads)


def _limit(name: str) -> str:
    return f"{name}/limit"


def capacity_problems(graph: Graph, target: Backend, options: Options) -> Iterator[Diagnostic]:
    """Capacities of what sends no events, that hold none, or for a target without lists."""
    if options.overflow not in OVERFLOWS:
        known = ", ".join(OVERFLOWS)
        yield Diagnostic("AX403", "", f"overflow {options.overflow!r}", f"one of {known}", "choose one of them")
    if options.capacity is None:
        return
    if target.name not in LISTING:
        limit = f"{' and '.join(LISTING)} sends lists of events"
        yield Diagnostic("AX403", "", f"a capacity for target {target.name}", limit, "leave --capacity out")
        return
    known = ", ".join(_listed(graph))
    for name, size in capacities(graph, options).items():
        if name not in _listed(graph):
            yield Diagnostic("AX403", name, "a capacity", f"these send events: {known}", "correct the name")
        elif size < 1:
            yield Diagnostic("AX403", name, f"a capacity of {size}", "one event at least", "give a larger one")
