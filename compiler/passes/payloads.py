"""Graded events: the formats of the values that they carry, and what one unit of an integer signal is worth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import floor, log2, prod

import numpy as np

from axonc.ir import Diagnostic, Fixed, Graph, Kind, Node
from axonc.ir.network import matrices_behind
from axonc.ir.ops import EGRU, Array, Conv, Delay, Linear, Neuron, Pool, ResetGate, ToFixed, channel_sums, row_sums

from .host import GATED
from .weights import ACCUMULATOR, row_peaks

PAYLOAD_BITS = 16
CELL_FRAC = 13
"""Fractional bits of gated units, where sums have room for them: 16 bits hold up to 4."""


@dataclass(frozen=True)
class Sources:
    """What the integers of a graph's signals stand for. ``formats``: those of rounded inputs and gated units."""

    graph: Graph
    formats: Mapping[str, Fixed]

    def origin(self, name: str) -> Node:
        """The node behind delays."""
        node = self.graph[name]
        while isinstance(node.op, Delay):
            node = self.graph[node.inputs[0]]
        return node

    def unit(self, name: str) -> float:
        """The value of 1 in a signal."""
        node = self.origin(name)
        return self.formats[node.name].scale if node.name in self.formats else 1.0

    def most(self, name: str) -> int:
        """The largest magnitude of an element in a step: events, or the value of a graded one."""
        node = self.origin(name)
        if node.name not in self.formats:
            return self.graph.signals[node.name].peak
        number = self.formats[node.name]
        first = round(first_values(self.graph, node.name) / number.scale)
        return max(1 << number.frac, first) if _within_one(node) else number.limit

    def is_integer(self, name: str) -> bool:
        """Whether a signal is one of events, plain or graded."""
        node = self.origin(name)
        return node.name in self.formats or self.graph.signals[node.name].kind is Kind.EVENT


def first_values(graph: Graph, name: str) -> float:
    """The largest magnitude with which a node, or a delay of what it sends, begins."""
    found = [getattr(graph[name].op, "initial", None)]
    largest = max((float(np.abs(value).max(initial=0.0)) for value in found if value is not None), default=0.0)
    late = (node.name for node in graph.consumers[name] if isinstance(node.op, Delay))
    return max([largest, *(first_values(graph, delay) for delay in late)])


def _within_one(node: Node) -> bool:
    """Whether what a gated unit sends stays within [-1, 1]."""
    return isinstance(node.op, GATED) and not (isinstance(node.op, EGRU) and bool(np.any(node.op.threshold < 0)))


Limit = Callable[[Node, Sequence[Node]], int]
"""The largest integer of the weights of matrices into a population."""


def payload_formats(graph: Graph, limit: Limit) -> Sources:
    """16-bit formats of all graded signals: `CELL_FRAC` fractional bits, inputs as `ToFixed` says, fewer where the sums
    that they enter might not fit in an int32. A reset gate sends what it receives."""
    formats = {node.name: _cell_format(graph, node) for node in graph if isinstance(node.op, GATED)}
    formats |= {node.name: node.op.format for node in graph if isinstance(node.op, ToFixed)}
    sources = Sources(graph, formats)
    while excess := _in_excess(sources, limit):
        lowered = {name: _coarser(graph[name], formats[name]) for name in excess}
        if any(number.frac < 0 for number in lowered.values()):
            break  # the sums of other sources alone are too large: the quantisation will say so
        formats |= lowered
        sources = Sources(graph, formats)
    return sources


def _cell_format(graph: Graph, node: Node) -> Fixed:
    """`CELL_FRAC` fractional bits, or fewer where the unit begins with values that do not fit."""
    return Fixed(PAYLOAD_BITS, min(CELL_FRAC, input_format(first_values(graph, node.name)).frac))


def _coarser(node: Node, number: Fixed) -> Fixed:
    """One fractional bit less; of an input the range stays, a cell keeps its bits."""
    return Fixed(number.bits - isinstance(node.op, ToFixed), number.frac - 1)


def _in_excess(sources: Sources, limit: Limit) -> set[str]:
    """Sources of sums that might overflow, and what must keep the format of one of these."""
    groups = [
        group
        for node, group in matrix_groups(sources.graph)
        if group and _overflows(sources, group, limit(node, group))
    ]
    names = {name for group in groups for name in _graded(sources, group)}
    for node in sources.graph:
        if isinstance(node.op, ResetGate):
            tied = {node.name, sources.origin(node.reads[0]).name}
            names |= tied if names & tied else set()
    return names


def matrix_groups(graph: Graph) -> Iterator[tuple[Node, list[Node]]]:
    """Each population with the matrices and convolutions that add up to its input, or to a thing that it reads."""
    for node in graph:
        if isinstance(node.op, GATED):
            yield node, [graph[name] for name in node.inputs]
            for read in node.reads:
                yield node, matrices_behind(graph, read)
        elif isinstance(node.op, Neuron):
            yield node, [graph[name] for name in node.inputs]


def _graded(sources: Sources, group: list[Node]) -> list[str]:
    return [origin for node in group if (origin := sources.origin(node.inputs[0]).name) in sources.formats]


def _overflows(sources: Sources, group: list[Node], limit: int) -> bool:
    """Whether sums of weights of up to ``limit`` might pass an int32: at the finest scale that the group may
    get, for every row; where a convolution is among them, for the largest of all rows."""
    group = [node for node in group if isinstance(node.op, (Linear, Conv))]
    units = [sources.unit(node.inputs[0]) for node in group]
    peaks = [_peak(node) * unit for node, unit in zip(group, units, strict=True)]
    if not max(peaks, default=0.0) or not _graded(sources, group):
        return False
    scale = max(peaks) / limit
    rows = [_bound(node, unit / scale) * sources.most(node.inputs[0]) for node, unit in zip(group, units, strict=True)]
    if any(isinstance(node.op, Conv) for node in group):
        rows = [np.max(bound, initial=0.0) for bound in rows]
    return float(np.max(np.sum(rows, axis=0))) > ACCUMULATOR.limit


def _peak(node: Node) -> float:
    assert isinstance(node.op, (Linear, Conv))
    return float(row_peaks(node.op.weight).max(initial=0.0))


def _bound(node: Node, ratio: float) -> Array:
    """The row sums of integer weights, each rounded by one half at most; of a convolution, those of its channels."""
    assert isinstance(node.op, (Linear, Conv))
    sums = channel_sums(node.op.weight) if isinstance(node.op, Conv) else row_sums(node.op.weight)
    return np.asarray(sums * ratio + prod(node.op.weight.shape[1:]) / 2)


def input_format(largest: float) -> Fixed:
    """The format of a dense input whose values reach ``largest``; 13 fractional bits where that is 0."""
    return Fixed(PAYLOAD_BITS, floor(log2(Fixed(PAYLOAD_BITS).limit / largest)) if largest > 0 else CELL_FRAC)


def dense_sources(sources: Sources, node: Node) -> Iterator[Diagnostic]:
    """The problem of a matrix or convolution whose source is not one of events that its integers can take: values are
    not pooled."""
    direct = name = node.inputs[0]
    while isinstance(sources.graph[name].op, Pool):
        name = sources.graph[name].inputs[0]
    graded = sources.origin(name).name in sources.formats
    if not sources.is_integer(name) or (graded and name != direct):
        takes = (
            "integer weights take events only" if name == direct else "only spikes are pooled before integer weights"
        )
        yield Diagnostic(
            "AX602",
            node.name,
            f"its source {name!r} is a {sources.graph.signals[name]}",
            takes,
            "put a spiking neuron before it, or compile for target reference",
        )
