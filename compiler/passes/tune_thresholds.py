"""Thresholds that bring the activity of neurons to a wanted rate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from math import inf
from typing import ClassVar, Literal

import numpy as np

from axonc.ir import Diagnostic, Graph, Node, raise_if_any
from axonc.ir.ops import EGRU, Array, Neuron, Op

from .base import Pass
from .remove_silent import spiking
from .scores import unknown

By = Literal["layer", "unit"]


@dataclass(frozen=True, eq=False)
class Thresholds:
    """``of``: the new thresholds of nodes, () or of their shape; ``before`` and ``after``: the mean events of one of
    their units in a step, with the old and with the new ones."""

    of: Mapping[str, Array] = field(default_factory=dict)
    before: Mapping[str, float] = field(default_factory=dict)
    after: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"those of {len(self.of)} nodes" if self.of else "none"


NO_THRESHOLDS = Thresholds()
"""No data."""


@dataclass(frozen=True)
class TuneThresholds(Pass):
    """Moves thresholds so that units send about ``rate`` events a step over the user's data.

    1. Layer by layer, in the order in which a step computes them, every threshold becomes t + d, at least 0, and of
       an EGRU at most 1: with one d for all units (``by`` layer), or one for each (unit). d is sought over runs of the
       data, in which earlier layers have their new thresholds; what came nearest to the rate is taken.

    ``nodes``: names or patterns of the neurons that this is for; none: all that send events. What is subtracted at a
    spike moves with the threshold. It changes what the network computes: a note says how far each layer came.
    """

    name: ClassVar[str] = "tune_thresholds"
    requires: ClassVar[str] = "stage steps, neurons in float"
    ensures: ClassVar[str] = "the same nodes and shapes, other thresholds"
    rate: float
    by: By = "layer"
    nodes: tuple[str, ...] = ()
    thresholds: Thresholds = NO_THRESHOLDS

    def run(self, graph: Graph) -> tuple[Graph, bool]:
        raise_if_any(self._problems(graph))
        new = self.thresholds.of
        nodes = [with_threshold(node, new[node.name]) if node.name in new else node for node in graph]
        return graph.with_nodes(nodes).with_notes(self._said()), bool(new)

    def meant(self, graph: Graph) -> list[Node]:
        """The nodes that this is for, in the order in which a step computes them."""
        able = {node.name for node in spiking(graph)}
        named = [node for node in graph.order if node.name in able]
        return [node for node in named if not self.nodes or any(fnmatchcase(node.name, p) for p in self.nodes)]

    def _problems(self, graph: Graph) -> Iterator[Diagnostic]:
        if not 0 <= self.rate < inf:
            yield Diagnostic("AX403", "", f"rate={self.rate}", "a number from 0 on", "give events of a unit in a step")
        yield from unknown("by", self.by, By)
        names = [node.name for node in spiking(graph)]
        for pattern in self.nodes:
            if not any(fnmatchcase(name, pattern) for name in names):
                limit = f"known: {', '.join(names)}"
                yield Diagnostic("AX411", pattern, "no neurons of that name that send events", limit, "correct it")
        if {node.name for node in self.meant(graph)} - self.thresholds.of.keys():
            found, limit = "thresholds for a rate without data", "they follow from the activity that data cause"
            yield Diagnostic("AX407", "", found, limit, "give data: --calibrate X.npz")

    def _said(self) -> Iterator[Diagnostic]:
        for name, before in self.thresholds.before.items():
            after = self.thresholds.after[name]
            found = f"{after:.3g} events of a unit in a step over the given data, {before:.3g} before"
            yield Diagnostic("AX413", name, found, f"{self.rate:g} was wanted", "evaluate the result")


def threshold_of(op: Op) -> Array:
    """The thresholds of a population, of its shape."""
    assert isinstance(op, (EGRU, Neuron))
    held = op.threshold if isinstance(op, EGRU) else op.gate.threshold  # type: ignore[union-attr]
    return np.array(np.broadcast_to(held, op.shape), np.float64)


def with_threshold(node: Node, threshold: Array) -> Node:
    """The node with another threshold."""
    op = node.op
    if isinstance(op, EGRU):
        return replace(node, op=replace(op, threshold=threshold))
    assert isinstance(op, Neuron)
    assert op.gate is not None
    return replace(node, op=replace(op, gate=replace(op.gate, threshold=threshold)))
