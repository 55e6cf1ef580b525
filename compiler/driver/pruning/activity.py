"""How often elements of nodes are active in the user's data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from axonc.ir import Diagnostic, Graph, Kind, ModelError, Signal
from axonc.ir.interpret.run import Data, interpret
from axonc.ir.ops import Array

from ...passes.scores import Rates
from ..calibrate import chunks, read_inputs


@dataclass(frozen=True, eq=False)
class Counts:
    """``of``: by the name of a node, the events that each of its elements sends in ``steps`` steps, flat, int64; of
    graded events and dense values, the steps in which they are not 0."""

    of: Mapping[str, Array]
    steps: int

    @property
    def rates(self) -> Rates:
        """The same, of a step."""
        return Rates({name: count / self.steps for name, count in self.of.items()}, self.steps)


def counts(graph: Graph, names: Iterable[str], data: Data | str | Path) -> Counts:
    """Run a graph over data and count.

    Raises:
        ModelError: the data do not fit the inputs, or have no steps.
    """
    x = read_inputs(graph, data)
    steps = steps_of(x)
    of = {name: np.zeros(prod(graph.signals[name].shape), np.int64) for name in names}
    for chunk in chunks(x):
        traces = interpret(graph, chunk, list(of)).recorded
        for name, count in of.items():
            count += events_of(traces[name], graph.signals[name]).sum(axis=(0, 1), dtype=np.int64).reshape(-1)
    return Counts(of, steps)


def steps_of(x: Mapping[str, Array]) -> int:
    """The steps of all samples of [B, T, *shape] by input name; `ModelError` if there are none."""
    steps = prod(next(iter(x.values())).shape[:2])
    if not steps:
        found = "data of no samples or no steps to prune with"
        raise ModelError(Diagnostic("AX701", "", found, "at least one step", "give more"))
    return steps


def events_of(trace: Array, signal: Signal) -> Array:
    """The events in a trace: spikes as they are counted, one for each value of another kind that is not 0."""
    return trace if signal.kind is Kind.EVENT else trace != 0
