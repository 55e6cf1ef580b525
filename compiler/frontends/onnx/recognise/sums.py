"""What enters the gates of a cell: sums of parts of linear maps, put together to as few maps as there can be.

Exporters split one product into gates, or make one product a gate; they add products before or after they split them.
So a gate is read as terms, which are rows of nodes, and the input of a cell is put together from the terms of its
gates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from axonc.ir import Float, Node, Shape, Signal
from axonc.ir.ops import Array, Concat, Linear, Map, Slice

from .editing import Editing
from .patterns import constant


@dataclass(frozen=True)
class Term:
    """``count`` rows, from ``start`` on, of the vector that a node gives."""

    node: str
    start: int
    count: int


Terms = list[Term]
Source = tuple[tuple[str, ...], Shape | None]


def terms(editing: Editing, name: str) -> Terms:
    """The terms whose sum a vector is; of what is no vector, one without rows."""
    shape = editing.shape(name)
    return [*_terms(editing, Term(name, 0, shape[0]))] if len(shape) == 1 else [Term(name, 0, 0)]


def _terms(editing: Editing, term: Term) -> Iterator[Term]:
    node = editing.nodes[term.node]
    op, shape = node.op, editing.shape(term.node)
    if isinstance(op, Map) and op.function == "add" and all(editing.shape(name) == shape for name in node.sources):
        for name in node.sources:
            yield from _terms(editing, replace(term, node=name))
    elif isinstance(op, Slice) and len(op.spans) == 1 and op.spans[0][2] == 1:
        yield from _terms(editing, Term(node.inputs[0], op.spans[0][0] + term.start, term.count))
    else:
        yield term


def comes_from(editing: Editing, term: Term) -> tuple[str, ...]:
    """The sources of a term's linear map, else its node itself."""
    node = editing.nodes[term.node]
    return node.inputs if isinstance(node.op, Linear) else (term.node,)


def joined(editing: Editing, gates: Sequence[Terms], units: int, name: str) -> tuple[str, ...] | None:
    """Nodes whose sum holds all gates of so many units; None if they cannot be put together. New ones get ``name``.

    A node that holds a term of every gate, in their order, is taken as it is. Of the other linear maps, those of one
    source become one, with zeros for gates that do not have it; constants enter its bias. What is left, one term a
    gate at most, is joined.
    """
    left = [list(gate) for gate in gates]
    if any(term.count != units for gate in left for term in gate):
        return None
    whole = _take_whole(editing, left, units)
    if any(constant(editing.nodes[term.node]) is not None for gate in left for term in gate):
        _give_back(editing, left, whole, units)
    maps = _take_maps(editing, left, units, name)
    if maps is None:
        return None
    rest = _take_rest(editing, left, units, name)
    return None if rest is None else (*whole, *maps, *rest) or None


def as_one(editing: Editing, names: Sequence[str], name: str) -> str:
    """One node that is the sum of several."""
    total, *others = names
    for other in others:
        signal = Signal(editing.shape(total))
        total = editing.add(Node(name, Map((signal, signal), "add"), (total,), editing.nodes[total].origin, (other,)))
    return total


def _take_whole(editing: Editing, left: list[Terms], units: int) -> list[str]:
    found = []
    for first in list(left[0]):
        parts = [Term(first.node, gate * units, units) for gate in range(len(left))]
        fits = editing.shape(first.node) == (len(left) * units,)
        if fits and all(part in gate for part, gate in zip(parts, left, strict=True)):
            found.append(first.node)
            for part, gate in zip(parts, left, strict=True):
                gate.remove(part)
    return found


def _give_back(editing: Editing, left: list[Terms], whole: list[str], units: int) -> None:
    """One linear map, so that its bias can take constants."""
    maps = [node for node in whole if isinstance(editing.nodes[node].op, Linear)]
    for node in maps[:1]:
        whole.remove(node)
        for index, gate in enumerate(left):
            gate.append(Term(node, index * units, units))


def _take_maps(editing: Editing, left: list[Terms], units: int, name: str) -> list[str] | None:
    """New linear maps, one a source; None if constants have no map to go with."""
    rows = len(left) * units
    weights: dict[Source, Array] = {}
    biases: dict[Source, Array] = {}
    offset, origins = np.zeros(rows, np.float32), dict[Source, str]()
    for index, gate in enumerate(left):
        at = slice(index * units, (index + 1) * units)
        for term in list(gate):
            node, part = editing.nodes[term.node], slice(term.start, term.start + term.count)
            value = constant(node)
            if value is not None:
                offset[at] += value[part]
                gate.remove(term)
            elif isinstance(node.op, Linear):
                source = (node.inputs, node.op.takes)
                weight = np.asarray(node.op.weight)
                weights.setdefault(source, np.zeros((rows, weight.shape[1]), weight.dtype))[at] += weight[part]
                if node.op.bias is not None:
                    biases.setdefault(source, np.zeros(rows, node.op.bias.dtype))[at] += node.op.bias[part]
                origins.setdefault(source, node.origin)
                gate.remove(term)
    if np.any(offset):
        if not weights:
            return None
        first = next(iter(weights))
        biases[first] = biases.get(first, 0) + offset
    return [
        editing.add(Node(name, Linear(weight, biases.get(source), source[1]), source[0], origins[source]))
        for source, weight in weights.items()
    ]


def _take_rest(editing: Editing, left: list[Terms], units: int, name: str) -> list[str] | None:
    if not any(left):
        return []
    if any(len(gate) != 1 for gate in left):
        return None
    parts = [gate[0] for gate in left]
    if any((part.start, part.count) != (0, editing.shape(part.node)[0]) for part in parts):
        return None
    names = [part.node for part in parts]
    op = Concat((Signal((units,), format=Float()),) * len(names), 0)
    return [editing.add(Node(name, op, tuple(names[:1]), editing.nodes[names[0]].origin, tuple(names[1:])))]
