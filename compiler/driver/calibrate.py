"""Calibration: what a run of the interpreter over the user's data tells the mapping."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from axonc.ir import Graph, Kind, Node
from axonc.ir.host import parts
from axonc.ir.interpret.run import Data, batches, interpret
from axonc.ir.network import Population, network
from axonc.ir.ops import Array, Input, Output, ToFixed

from ..passes import HostNodes
from .data import read_data


def calibrated(graph: Graph, x: Data | str | Path) -> Graph:
    """``graph`` with the activity of its populations over ``x`` (data, or a file of them): the events of the busiest
    step, over the neurons. Of events that carry a value, those are counted whose value is not 0.

    The graph is one that can be mapped. Its property ``activity`` then holds the numbers, by which cores are filled:
    a core must finish that step within a tick.

    Raises:
        ModelError: the data do not fit the inputs.
    """
    cores = parts(graph).cores
    populations = [population for population in network(cores).populations if population.peak]
    seen = {p.name: _sent(cores, p.name) for p in populations}
    recorded = interpret(graph, _data(graph, x), list(seen.values())).recorded
    measured = {p.name: _busiest(np.asarray(recorded[seen[p.name]]), p) / p.count for p in populations}
    return graph.with_properties(activity=json.dumps(measured))


def _sent(graph: Graph, name: str) -> str:
    """The node whose values a population sends: of a dense input, that which rounds them."""
    rounding = (node.name for node in graph.consumers[name] if isinstance(node.op, ToFixed))
    return next(rounding, name)


def _busiest(values: Array, population: Population) -> int:
    """The events of the busiest step: spikes counted, of graded ones those that are sent."""
    events = values != 0 if population.graded else values
    steps = events.reshape(*events.shape[:2], -1).sum(axis=2, dtype=np.int64)
    return int(steps.max(initial=0))


def input_ranges(graph: Graph, x: Data | str | Path | None, on_host: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """The largest magnitude in ``x`` of everything dense that enters the cores, by name; nothing without data.

    ``graph``: in steps, as it was loaded. What the host computes of the data is computed here.
    """
    if x is None:
        return ()
    host = HostNodes(graph, tuple(on_host))
    entries = [node.name for node in graph if _enters(graph, node, host.before)]
    if not entries:
        return ()
    away = [node for node in graph if node.name in host.before]
    inputs = [node for node in graph.inputs if node.name not in host.before]
    ahead = graph.with_nodes([*away, *inputs, *(Node(f"{name} (to the cores)", Output(), (name,)) for name in entries)])
    traces = interpret(ahead, _data(graph, x), entries).recorded
    return tuple((name, float(np.abs(traces[name]).max(initial=0))) for name in entries)


def _enters(graph: Graph, node: Node, before: Collection[str]) -> bool:
    """Whether a dense value goes from the host to the cores."""
    given = node.name in before or isinstance(node.op, Input)
    read = any(reader.name not in before for reader in graph.consumers[node.name])
    return given and read and graph.signals[node.name].kind is Kind.DENSE


def _data(graph: Graph, x: Data | str | Path) -> dict[str, Array]:
    return batches(graph, read_data(Path(x), graph) if isinstance(x, (str, Path)) else x)[0]
