"""Graphs in which a neuron has more inputs than a core has memory or time for: they are shared out among cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from axonc.ir import Graph, ModelError
from axonc.ir.network import in_dram
from axonc.ir.ops import PartialSums, QuantLinear, is_sparse

from ..passes import SplitInputs, run_pipeline, splits

TOO_WIDE = ("AX501", "AX505")
"""The codes of a neuron that is too much for a core."""

GROWTH = 1.5
"""How many times as many parts are tried next."""

T = TypeVar("T")
Parts = Mapping[str, int]
"""Into how many parts the inputs of a matrix are split."""


def placed(
    graph: Graph, place: Callable[[Graph], T], cores: Callable[[T], int], measured: Callable[[Graph], Graph]
) -> tuple[Graph, T]:
    """A quantised graph and what ``place`` makes of it; where a neuron alone is too much for a core, the graph with the
    inputs of its matrices split: into as few parts as fit, or up to twice as many, whatever takes the fewest ``cores``.
    What is split is ``measured`` again.

    Raises:
        ModelError: of the graph as it is, where splitting inputs does not help.
    """

    def split(parts: Parts) -> Graph:
        return measured(run_pipeline(graph, [SplitInputs(tuple(sorted(parts.items())))])[-1][1])

    parts, best = _fitting(graph, place, split)
    for more in _up_to_twice(graph, parts):
        found = _mapped(split(more), place)
        if found is not None and cores(found[1]) < cores(best[1]):
            best = found
    return best


def _fitting(
    graph: Graph, place: Callable[[Graph], T], split: Callable[[Parts], Graph]
) -> tuple[Parts, tuple[Graph, T]]:
    """The fewest parts that fit, none where the graph does as it is."""
    parts: Parts = {}
    tried, first = graph, None
    while True:
        try:
            return parts, (tried, place(tried))
        except ModelError as error:
            wide = [problem.node for problem in error.diagnostics if problem.code in TOO_WIDE]
            first = first or error
            more = _more(graph, tried, parts, wide)
            if more is None:
                raise (first if wide else error) from None
        parts, tried = more, split(more)


def _up_to_twice(graph: Graph, parts: Parts) -> Iterator[Parts]:
    """More parts of every matrix, step by step."""
    grown = parts
    while parts:
        grown = {matrix: _grown(graph, matrix, count) for matrix, count in grown.items()}
        if any(count > 2 * parts[matrix] for matrix, count in grown.items()) or grown == parts:
            return
        yield grown


def _mapped(graph: Graph, place: Callable[[Graph], T]) -> tuple[Graph, T] | None:
    try:
        return graph, place(graph)
    except ModelError:
        return None


def _more(graph: Graph, tried: Graph, parts: Parts, wide: Sequence[str]) -> Parts | None:
    """More parts, of matrices that lead to populations of which a core holds no neuron; None if that cannot help."""
    found = dict(parts)
    for name in wide:
        matrix = _matrix_of(graph, tried, parts, name)
        if matrix is None or found.get(matrix) == _columns(graph, matrix):
            return None
        found[matrix] = _grown(graph, matrix, parts.get(matrix, 1))
    return found if wide else None


def _grown(graph: Graph, matrix: str, parts: int) -> int:
    return min(max(parts + 1, int(GROWTH * parts)), _columns(graph, matrix))


def _matrix_of(graph: Graph, tried: Graph, parts: Parts, name: str) -> str | None:
    """The matrix to split where a population is too much: that whose sums it has, else its largest that is whole."""
    if name in graph:
        able = [m for m in graph[name].inputs if m not in parts and m not in in_dram(graph) and splits(graph, m)]
        return max(able, key=lambda matrix: _weights(graph, matrix), default=None)
    if name in tried and isinstance(tried[name].op, PartialSums):
        return next(matrix for matrix in parts if name.startswith(f"{matrix}.part"))
    return None


def _weights(graph: Graph, matrix: str) -> int:
    op = graph[matrix].op
    assert isinstance(op, QuantLinear)
    return int(op.weight.nnz if is_sparse(op.weight) else op.weight.size)


def _columns(graph: Graph, matrix: str) -> int:
    op = graph[matrix].op
    assert isinstance(op, QuantLinear)
    return int(op.weight.shape[1])
