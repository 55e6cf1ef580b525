"""Finding thresholds over runs of the user's data, layer by layer.

A threshold goes up where its unit is too busy and down where it is too quiet, by a stride that is halved whenever the
direction turns and grows a little where it does not, as Rprop has it (Riedmiller and Braun, 1993): units of a loop move
together, so that no bracket of one of them would hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import networkx as nx
import numpy as np

from axonc.ir import Graph, Node
from axonc.ir.interpret.run import Data, interpret
from axonc.ir.ops import EGRU, Array, Output

from ...passes.tune_thresholds import Thresholds, TuneThresholds, threshold_of, with_threshold
from ..calibrate import chunks, read_inputs
from .activity import events_of, steps_of

TRIES = 24
"""The most runs for a layer."""

LONGER = 1.2
"""A stride grows by this factor."""

CLOSE = 0.01
"""A rate is near enough where it is off by less than this share of the target."""


def tuned(step: TuneThresholds, graph: Graph, data: Data | str | Path) -> Thresholds:
    """The thresholds that bring each of the meant nodes to the rate of ``step``, in turn."""
    x = read_inputs(graph, data)
    new, before, after = {}, {}, {}
    for node in step.meant(graph):
        search = _Search(_ahead(graph, node.name), graph[node.name], x, step)
        before[node.name] = float(search.rates(search.start).mean())
        new[node.name] = search.best()
        after[node.name] = float(search.rates(new[node.name]).mean())
        graph = graph.with_nodes(with_threshold(n, new[n.name]) if n.name == node.name else n for n in graph)
    return Thresholds(new, before, after)


def _ahead(graph: Graph, name: str) -> Graph:
    """What a node depends on, and an output that shows it."""
    names = {name, *nx.ancestors(graph.digraph, name), *(node.name for node in graph.inputs)}
    return graph.with_nodes(
        [*(node for node in graph if node.name in names), Node(f"{name} (seen)", Output(), (name,))]
    )


@dataclass(frozen=True)
class _Search:
    """The search for the thresholds of one node."""

    graph: Graph
    node: Node
    x: Mapping[str, Array]
    step: TuneThresholds

    @property
    def start(self) -> Array:
        """The thresholds that it has."""
        return threshold_of(self.node.op)

    def best(self) -> Array:
        """The thresholds of the rates nearest to the target among those tried, the first ones included."""
        low, high = self._range()
        shift, stride, last = np.zeros(low.shape), (high - low) / 8, np.zeros(low.shape)
        best, error = self.start, np.inf
        for _ in range(TRIES):
            threshold = self._bounded(self.start + shift)
            missed = self._pooled(self.rates(threshold)) - self.step.rate
            if np.abs(missed).sum() < error:
                best, error = threshold, np.abs(missed).sum()
            if np.all(np.abs(missed) <= CLOSE * self.step.rate):
                break
            side = np.sign(missed)
            stride = np.where(side * last < 0, stride / 2, stride * LONGER)
            shift, last = np.clip(shift + side * stride, low, high), side
        return best

    def rates(self, threshold: Array) -> Array:
        """The mean events of each unit in a step."""
        graph = self.graph.with_nodes(
            with_threshold(node, threshold) if node.name == self.node.name else node for node in self.graph
        )
        counts = np.zeros(threshold.shape)
        for chunk in chunks(self.x):
            trace = interpret(graph, chunk, self.node.name).recorded[self.node.name]
            counts += events_of(trace, graph.signals[self.node.name]).sum(axis=(0, 1))
        return np.asarray(counts / steps_of(self.x))

    def _pooled(self, rates: Array) -> Array:
        return np.full(rates.shape, rates.mean()) if self.step.by == "layer" else rates

    def _bounded(self, threshold: Array) -> Array:
        return np.clip(threshold, 0, 1 if isinstance(self.node.op, EGRU) else None)

    def _range(self) -> tuple[Array, Array]:
        """Shifts by which all thresholds are 0, and by which no unit fires."""
        start = self.start
        top = np.ones(()) if isinstance(self.node.op, EGRU) else np.maximum(self._highest(), start.max(initial=0))
        low, high = -start, top - start
        if self.step.by == "unit":
            return low, high
        return np.full(start.shape, low.min()), np.full(start.shape, high.max())

    def _highest(self) -> Array:
        """The largest membrane of a unit if none of them ever fires."""
        vast = np.full(self.graph.signals[self.node.name].shape, 1e30)
        graph = self.graph.with_nodes(
            with_threshold(node, vast) if node.name == self.node.name else node for node in self.graph
        )
        name = f"{self.node.name}:m"
        found = [interpret(graph, chunk, name).recorded[name].max(initial=0.0) for chunk in chunks(self.x)]
        return np.asarray(max(found, default=0.0), np.float64)
