"""Patterns over maps: what an expression must look like, with names for its parts.

A pattern is a name (any node; the same node wherever the name stands), a number (a constant that is it everywhere), or
a tuple: a function of `Map` and patterns of its operands, ``("cast", pattern)``, ``("any", *patterns)``, or
``("as", name, pattern)``. Operands of commutative functions match in any order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any

import numpy as np

from axonc.ir import Node
from axonc.ir.ops import Array, Cast, Constant, Map

Pattern = Any
Names = dict[str, str]
COMMUTATIVE = ("add", "mul", "equal", "max", "min")


def matches(nodes: Mapping[str, Node], name: str, pattern: Pattern, names: Names) -> Iterator[Names]:
    """Every way in which the node is what the pattern says, as names of its parts (with those given)."""
    if isinstance(pattern, str):
        if names.get(pattern, name) == name:
            yield {**names, pattern: name}
    elif isinstance(pattern, (int, float)):
        if is_number(nodes[name], pattern):
            yield names
    elif pattern[0] == "any":
        for choice in pattern[1:]:
            yield from matches(nodes, name, choice, names)
    elif pattern[0] == "as":
        if names.get(pattern[1], name) == name:
            yield from matches(nodes, name, pattern[2], {**names, pattern[1]: name})
    else:
        yield from _call(nodes, nodes[name], pattern, names)


def _call(nodes: Mapping[str, Node], node: Node, pattern: Pattern, names: Names) -> Iterator[Names]:
    function, *operands = pattern
    found = "cast" if isinstance(node.op, Cast) else node.op.function if isinstance(node.op, Map) else ""
    if found != function or len(node.inputs) != 1:
        return
    orders = permutations(node.sources) if function in COMMUTATIVE else (node.sources,)
    for sources in orders:
        yield from _all(nodes, sources, operands, names)


def _all(
    nodes: Mapping[str, Node], sources: Sequence[str], patterns: Sequence[Pattern], names: Names
) -> Iterator[Names]:
    if not sources:
        yield names
        return
    for found in matches(nodes, sources[0], patterns[0], names):
        yield from _all(nodes, sources[1:], patterns[1:], found)


def constant(node: Node) -> Array | None:
    """The numbers of a constant."""
    return node.op.value if isinstance(node.op, Constant) else None


def is_number(node: Node, number: float) -> bool:
    """Whether a node is a constant that is this number everywhere."""
    value = constant(node)
    return value is not None and value.size > 0 and bool(np.all(value == number))


def above(x: Pattern, threshold: Pattern) -> Pattern:
    """x > threshold, strictly, as bool."""
    over = ("sub", x, threshold)
    return ("any", ("greater", x, threshold), ("less", threshold, x), ("greater", over, 0), ("less", 0, over))


def events(x: Pattern, threshold: Pattern) -> Pattern:
    """1 where x > threshold, else 0: a cast, a choice, a sign, or torch's heaviside(d, d) with d = x - threshold."""
    over = ("sub", x, threshold)
    heaviside = ("select", ("equal", over, 0), ("any", over, 0), ("select", ("less", over, 0), 0, 1))
    return (
        "any",
        ("cast", above(x, threshold)),
        ("select", above(x, threshold), 1, 0),
        ("relu", ("sign", over)),
        heaviside,
    )
