"""Calibration: what a run of the interpreter over the user's data tells the mapping."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from axonc.ir import Graph, Kind
from axonc.ir.interpret.run import Data, batches, interpret
from axonc.ir.network import network
from axonc.ir.ops import Array

from .data import read_data


def calibrated(graph: Graph, x: Data | str | Path) -> Graph:
    """``graph`` with the activity of its populations over ``x`` (data, or a file of them): the events of the busiest
    step, over the neurons.

    The graph is one that can be mapped. Its property ``activity`` then holds the numbers, by which cores are filled:
    a core must finish that step within a tick.

    Raises:
        ModelError: the data do not fit the inputs.
    """
    data = _data(graph, x)
    populations = [population for population in network(graph).populations if population.peak]
    recorded = interpret(graph, data, [p.name for p in populations if p.name not in data]).recorded
    events = {p.name: np.asarray(data[p.name] if p.name in data else recorded[p.name]) for p in populations}
    busiest = {
        name: values.reshape(*values.shape[:2], -1).sum(axis=2, dtype=np.int64) for name, values in events.items()
    }
    measured = {p.name: int(busiest[p.name].max(initial=0)) / p.count for p in populations}
    return graph.with_properties(activity=json.dumps(measured))


def input_ranges(graph: Graph, x: Data | str | Path | None) -> tuple[tuple[str, float], ...]:
    """The largest magnitude of every dense input in ``x``, by name; nothing without data."""
    dense = {node.name for node in graph.inputs if graph.signals[node.name].kind is Kind.DENSE}
    if x is None or not dense:
        return ()
    return tuple(
        (name, float(np.abs(values).max(initial=0))) for name, values in _data(graph, x).items() if name in dense
    )


def _data(graph: Graph, x: Data | str | Path) -> dict[str, Array]:
    return batches(graph, read_data(Path(x), graph) if isinstance(x, (str, Path)) else x)[0]
