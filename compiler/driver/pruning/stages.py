"""Running passes that prune, with what they take from the user's data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from axonc.ir import Graph
from axonc.ir.interpret.run import Data

from ...passes import Pass, Prune, PruneGroups, RemoveSilent, TuneThresholds, run_pipeline
from ...passes.remove_silent import spiking
from ...passes.scores import chosen
from .activity import counts
from .tuning import tuned


def prune_stages(graph: Graph, steps: Sequence[Pass], data: Data | str | Path | None) -> list[tuple[Pass, Graph]]:
    """The graph after every pass; what a pass takes from ``data`` is that of the graph before it."""
    stages: list[tuple[Pass, Graph]] = []
    for step in steps:
        stages += run_pipeline(graph, [completed(step, graph, data)])
        graph = stages[-1][1]
    return stages


def completed(step: Pass, graph: Graph, data: Data | str | Path | None) -> Pass:
    """A pass with what it takes from data, where they are given and it has nothing yet."""
    if data is None:
        return step
    if isinstance(step, TuneThresholds):
        return step if step.thresholds.of else replace(step, thresholds=tuned(step, graph, data))
    names = list(dict.fromkeys(ACTIVE[type(step)](step, graph))) if type(step) in ACTIVE else []
    return replace(step, rates=counts(graph, names, data).rates) if names else step  # type: ignore[call-arg]


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
