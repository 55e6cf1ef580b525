"""Sharing the inputs of a matrix out among cores: each sums up its part, the core of the neurons adds up the sums."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy import sparse

from axonc.ir import Graph, Node
from axonc.ir.ops import Array, FixedGated, PartialSums, QuantLinear
from axonc.ir.ops.gated_fixed import DIGIT, SUM
from axonc.ir.ops.linear import MOST_SHIFT

from .base import Pass
from .delays import fresh_name
from .weights import accumulator_bound, most_of


@dataclass(frozen=True)
class SplitInputs(Pass):
    """Replaces each of some matrices W into neurons by several with a part of its columns each: W x = sum of W_p x_p.

    1. ``parts``: by the name of a matrix, into how many it is split. Its columns stay in order; parts have about the
       same number of weights.
    2. A part is a matrix into a population of `PartialSums`, which sends its sums within the step, in two digits. Ones
       bring the lower digits to the neurons, and ones whose sum is shifted the upper ones.
    3. The neurons' accumulators are the same integers: nothing is rounded or clipped. `splits` says of which matrices
       that is so.
    """

    name: ClassVar[str] = "split_inputs"
    requires: ClassVar[str] = "every accumulator is an exact int32"
    ensures: ClassVar[str] = "the same accumulators of all neurons"
    parts: tuple[tuple[str, int], ...] = ()

    def run(self, graph: Graph) -> tuple[Graph, bool]:
        wanted, taken = dict(self.parts), {node.name for node in graph}
        made = {node.name: list(_split(node, wanted[node.name], taken)) for node in graph if node.name in wanted}
        ends = {name: tuple(node.name for node in nodes[-2 * wanted[name] :]) for name, nodes in made.items()}
        nodes = (new for node in graph for new in made.get(node.name, [node]))
        return graph.with_nodes(replace(node, inputs=_resolved(node.inputs, ends)) for node in nodes), bool(made)


def _resolved(inputs: tuple[str, ...], ends: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(end for name in inputs for end in ends.get(name, (name,)))


def splits(graph: Graph, name: str) -> bool:
    """Whether the inputs of a matrix can be split: neurons take its sums, which two digits hold, and another shift."""
    op = graph[name].op
    if not isinstance(op, QuantLinear) or any(isinstance(node.op, FixedGated) for node in graph.consumers[name]):
        return False
    bound = accumulator_bound(replace(op, shift=None), most_of(graph, graph[name].inputs[0]), op.weight.shape[0])
    shift = 0 if op.shift is None else int(op.shift.max())
    return op.weight.shape[1] > 1 and float(bound.max(initial=0.0)) <= SUM and shift + DIGIT <= MOST_SHIFT


def _split(node: Node, parts: int, taken: set[str]) -> Iterator[Node]:
    """What stands for a matrix: matrices and sums of all parts, then what leads on, two nodes a part."""
    assert isinstance(node.op, QuantLinear)
    weight = sparse.csc_array(node.op.weight)
    count, last = int(weight.shape[0]), []
    for number, (first, end) in enumerate(_ranges(weight, parts)):
        into, sums, low, high = (_named(f"{node.name}.part{number}{part}", taken) for part in ("", ".s", ".0", ".1"))
        yield replace(node, name=into, op=_part(node.op, weight, first, end))
        yield replace(node, name=sums, op=PartialSums(2 * count), inputs=(into,))
        last += [replace(node, name=low, op=_digits(node.op, 0), inputs=(sums,))]
        last += [replace(node, name=high, op=_digits(node.op, 1), inputs=(sums,))]
    yield from last


def _named(name: str, taken: set[str]) -> str:
    found = fresh_name(name, taken)
    taken.add(found)
    return found


def _ranges(weight: sparse.csc_array, parts: int) -> Iterator[tuple[int, int]]:
    """The columns of each part, of about as many weights."""
    columns = weight.shape[1]
    done = weight.indptr + np.arange(columns + 1) / columns  # columns without weights count, too
    bounds = np.searchsorted(done, done[-1] * np.arange(1, parts) / parts).tolist()
    yield from zip([0, *bounds], [*bounds, columns], strict=True)


def _part(op: QuantLinear, weight: sparse.csc_array, first: int, end: int) -> QuantLinear:
    """The matrix of some columns, into the lower digits: those are every second accumulator."""
    start, stop = weight.indptr[first], weight.indptr[end]
    indptr = np.clip(weight.indptr, start, stop) - start
    shape = (2 * weight.shape[0], weight.shape[1])
    own = sparse.csc_array((weight.data[start:stop], 2 * weight.indices[start:stop], indptr), shape=shape)
    return replace(op, weight=sparse.csr_array(own), scale=_twice(op.scale), gives=None, shift=None)


def _twice(scale: Array) -> Array:
    return np.repeat(scale, 2) if scale.ndim else scale


def _digits(op: QuantLinear, digit: int) -> QuantLinear:
    """The matrix from the digits of sums to the sums."""
    count = int(op.weight.shape[0])
    ones = (np.ones(count, np.int8), (np.arange(count), 2 * np.arange(count) + digit))
    weight = sparse.csr_array(ones, shape=(count, 2 * count))
    shift = np.asarray((0 if op.shift is None else op.shift) + np.int64(DIGIT * digit))
    return replace(op, weight=weight, bits=2, takes=(count, 2), shift=shift if np.any(shift) else None)
