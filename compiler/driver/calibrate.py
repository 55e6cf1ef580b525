"""Calibration: what a run of the interpreter over the user's data tells the mapping."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from axonc.ir import Graph
from axonc.ir.interpret.run import Data, batches, interpret
from axonc.ir.network import network
from axonc.ir.ops import ToFixed

from .data import read_data


def calibrated(graph: Graph, x: Data | str | Path) -> Graph:
    """``graph`` with the activity of its populations over ``x`` (data, or a file of them): the events of the busiest
    step, over the neurons. Of events that carry a value, those are counted whose value is not 0.

    The graph is one that can be mapped. Its property ``activity`` then holds the numbers, by which cores are filled:
    a core must finish that step within a tick.

    Raises:
        ModelError: the data do not fit the inputs.
    """
    data, _ = batches(graph, read_data(Path(x), graph) if isinstance(x, (str, Path)) else x)
    populations = [population for population in network(graph).populations if population.peak]
    seen = {p.name: _sent(graph, p.name) for p in populations}
    recorded = interpret(graph, data, list(seen.values())).recorded
    events = {p.name: recorded[seen[p.name]] != 0 if p.graded else recorded[seen[p.name]] for p in populations}
    busiest = {
        name: values.reshape(*values.shape[:2], -1).sum(axis=2, dtype=np.int64) for name, values in events.items()
    }
    measured = {p.name: int(busiest[p.name].max(initial=0)) / p.count for p in populations}
    return graph.with_properties(activity=json.dumps(measured))


def _sent(graph: Graph, name: str) -> str:
    """The node whose values a population sends: of a dense input, that which rounds them."""
    rounding = (node.name for node in graph.consumers[name] if isinstance(node.op, ToFixed))
    return next(rounding, name)
