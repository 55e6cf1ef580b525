"""How good and how large one compilation is, over the user's data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod

import numpy as np

from axonc.ir import Fixed, Graph, Kind, Result, interpret
from axonc.ir.ops import Array, FixedGated, FixedNeuron, LevelNeuron, Neuron

from ..calibrate import chunks
from ..evaluate.costs import weight_bytes
from ..evaluate.dataset import DataSet
from ..evaluate.measure import decisions
from ..evaluate.subject import layers_of
from ..options import Options
from ..pipeline import Compiled, compile_graph

ACCURACY, AGREEMENT, DECISIONS = "accuracy", "agreement", "decisions"


@dataclass(frozen=True)
class Measured:
    """A point: its quality from 0 to 1, and the bytes of its program."""

    quality: float
    bytes: int


@dataclass(frozen=True)
class Judge:
    """What is asked of every point.

    With labels the quality is the accuracy. Without, it is the share of bins (samples x steps x neurons) of all layers
    of events that equal those of the graph in float; where there is no such layer, the share of samples whose
    decision does.
    """

    graph: Graph
    target: str
    data: DataSet
    output: str
    decide: str = "sum"
    _events: dict[str, Array] = field(default_factory=dict, repr=False)

    @cached_property
    def layers(self) -> tuple[str, ...]:
        """The layers whose events are compared."""
        if self.data.y is not None:
            return ()
        return tuple(layer.name for layer in layers_of(self.graph) if layer.events and not layer.given)

    @property
    def measure(self) -> str:
        """What the quality is."""
        if self.data.y is not None:
            return ACCURACY
        return AGREEMENT if self.layers else DECISIONS

    @cached_property
    def reference(self) -> float:
        """The quality of the graph in float."""
        return 1.0 if self.data.y is None else float(np.mean(self._decided(self.graph) == self.data.y))

    def measured(self, options: Options) -> Measured:
        """Compile and run; `ModelError` where the target refuses it."""
        compiled = compile_graph(self.graph, self.target, options)
        return Measured(self._quality(compiled.graph), program_bytes(compiled))

    def _quality(self, graph: Graph) -> float:
        if self.measure == AGREEMENT:
            return self._agreement(graph)
        wanted = self.data.y if self.data.y is not None else self._float_decisions
        return float(np.mean(self._decided(graph) == wanted))

    @cached_property
    def _float_decisions(self) -> Array:
        return self._decided(self.graph)

    def _decided(self, graph: Graph) -> Array:
        parts = [decisions(interpret(graph, x), self.output, self.decide) for x in chunks(self.data.x)]
        return np.concatenate(parts)

    def _agreement(self, graph: Graph) -> float:
        equal = bins = 0
        for number, x in enumerate(chunks(self.data.x)):
            ours = interpret(graph, x, self.layers)
            for name in self.layers:
                same = _happened(graph, ours, name) == self._float_events(number, name, x)
                equal, bins = equal + int(same.sum()), bins + same.size
        return equal / bins

    def _float_events(self, number: int, name: str, x: Mapping[str, Array]) -> Array:
        """The events of the graph in float, which are kept."""
        if f"{number}:{name}" not in self._events:
            found = interpret(self.graph, x, self.layers)
            self._events.update({f"{number}:{each}": _happened(self.graph, found, each) for each in self.layers})
        return self._events[f"{number}:{name}"]


def _happened(graph: Graph, found: Result, name: str) -> Array:
    """Counts of events; of graded ones whether there is one."""
    trace = found.recorded[name]
    return trace if graph.signals[name].kind is Kind.EVENT else trace != 0


def program_bytes(compiled: Compiled) -> int:
    """The bytes that all cores hold; of what is not mapped those of weights and states, each in its own bits, without
    any table that finds them."""
    report = json.loads(compiled.program.files["report.json"])
    if "cores" in report:
        return sum(sum(core["bytes"].values()) for core in report["cores"])
    return weight_bytes(compiled.graph) + state_bytes(compiled.graph)


def state_bytes(graph: Graph) -> int:
    """Bytes of all states, each in its own bits."""
    return -(-sum(_bits(node.op) for node in graph) // 8)


def _bits(op: object) -> int:
    if isinstance(op, LevelNeuron):
        code = int(len(op.levels) - 1).bit_length()
        return prod(op.shape) * (code + 32 * (len(op.states()) - 1))
    if isinstance(op, (FixedNeuron, FixedGated)):
        formats = ((prod(signal.shape), signal.format) for signal in op.states().values())
        return sum(count * (number.bits if isinstance(number, Fixed) else 32) for count, number in formats)
    return 32 * prod(op.shape) * len(op.states()) if isinstance(op, Neuron) else 0
