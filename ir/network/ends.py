"""Which population a node shows, or hears."""

from __future__ import annotations

from ..graph import Graph, Node
from ..ops import Delay, Flatten, Limit, Output, Pool, ToFixed


def behind_pools(graph: Graph, name: str) -> tuple[list[Pool], str]:
    """The pools between a node and what they pool, in the order in which they act, and the name of that."""
    pools: list[Pool] = []
    while isinstance(op := graph[name].op, Pool):
        pools.insert(0, op)
        name = graph[name].inputs[0]
    return pools, name


def behind_delay(graph: Graph, name: str) -> tuple[str, int]:
    """The population behind any chain of delays (of flattening, and of the rounding of an input) that ends in ``name``,
    and their total in steps."""
    delay = 0
    while isinstance(op := graph[name].op, (Delay, Flatten, Limit, ToFixed)):
        delay += op.steps if isinstance(op, Delay) else 0
        name = graph[name].inputs[0]
    return name, delay


def output_population(graph: Graph, output: Node) -> str:
    """The population whose events or voltages an output node shows, behind any flattening."""
    assert isinstance(output.op, Output)
    node = graph[output.inputs[0]]
    while isinstance(node.op, Flatten):
        node = graph[node.inputs[0]]
    return node.name
