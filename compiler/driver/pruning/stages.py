"""Running passes that prune, with what they take from the user's data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from axonc.ir import Diagnostic, Graph, Kind, ModelError
from axonc.ir.interpret.run import Data, interpret
from axonc.ir.ops import Array

from ...passes import Pass, Prune, PruneGroups, RemoveSilent, run_pipeline
from ...passes.remove_silent import spiking
from ...passes.scores import Rates, chosen
from ..calibrate import chunks, read_inputs


def prune_stages(graph: Graph, steps: Sequence[Pass], data: Data | str | Path | None) -> list[tuple[Pass, Graph]]:
    """The graph after every pass; what a pass takes from ``data`` is that of the graph before it."""
    stages: list[tuple[Pass, Graph]] = []
    for step in steps:
        stages += run_pipeline(graph, [completed(step, graph, data)])
        graph = stages[-1][1]
    return stages


def completed(step: Pass, graph: Graph, data: Data | str | Path | None) -> Pass:
    """A pass with what it takes from data, where they are given and it has nothing yet."""
    if data is None or type(step) not in ACTIVE:
        return step
    names = list(dict.fromkeys(ACTIVE[type(step)](step, graph)))
    return replace(step, rates=rates(graph, names, data)) if names else step  # type: ignore[call-arg]


def _sources(step: Prune | PruneGroups, graph: Graph) -> list[str]:
    if step.score == "magnitude" or step.rates.of:
        return []
    return [name for node in chosen(graph, step.nodes) for name in node.inputs]


ACTIVE: Mapping[type[Pass], Callable[..., list[str]]] = {
    Prune: _sources,
    PruneGroups: _sources,
    RemoveSilent: lambda step, graph: [] if step.rates.of else [node.name for node in spiking(graph)],
}
"""(pass, graph) -> the nodes whose rates it needs and does not have."""


def rates(graph: Graph, names: Iterable[str], data: Data | str | Path) -> Rates:
    """How often each element of some nodes is active in ``data``; see `Rates`.

    Raises:
        ModelError: the data do not fit the inputs, or have no steps.
    """
    x = read_inputs(graph, data)
    steps = int(np.prod(next(iter(x.values())).shape[:2]))
    if not steps:
        found = "data of no samples or no steps to prune with"
        raise ModelError(Diagnostic("AX701", "", found, "at least one step", "give more"))
    counts: dict[str, Array] = {name: np.zeros(int(np.prod(graph.signals[name].shape))) for name in names}
    for chunk in chunks(x):
        traces = interpret(graph, chunk, list(counts)).recorded
        for name, count in counts.items():
            trace = traces[name] if graph.signals[name].kind is Kind.EVENT else traces[name] != 0
            count += trace.sum(axis=(0, 1), dtype=np.float64).reshape(-1)
    return Rates({name: count / steps for name, count in counts.items()}, steps)
