"""What quantisation cost each node: a property of the graph, which reports, ``inspect`` and ``check`` show."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .graph import Graph

PROPERTY = "precision"


def with_precision(graph: Graph, weights: Mapping[str, Mapping[str, Any]], states: Mapping[str, Any]) -> Graph:
    """``graph`` with what is said of its weights and states.

    ``weights``, by node: ``format``, ``scales`` (how many), ``sqnr_db`` = 10 log10(sum W^2 / sum (W - s Wq)^2), null
    where the integers are exact. ``states``, by state (``cell:v``): ``format``, ``decay_error`` = |decay' - decay| /
    (1 - decay), the relative error of the time constant and of what a constant input comes to; ``steady_error``: the
    most that rounding moves that, in the model's units; null where nothing decays.
    """
    return graph.with_properties(**{PROPERTY: json.dumps({"weights": weights, "states": states})})


def precision(graph: Graph) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """What `with_precision` said; empty for a graph that was not quantised by it, or of which a file says something
    else."""
    try:
        found: dict[str, Any] = json.loads(graph.properties[PROPERTY])
        list(_lines(found))
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return {}
    return found


def precision_lines(graph: Graph) -> list[str]:
    """A sentence for the weights of each node and for each state."""
    return list(_lines(said)) if (said := precision(graph)) else []


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    for name, said in found["weights"].items():
        scales = "one scale" if said["scales"] == 1 else f"{said['scales']} scales"
        yield f"{name}: {said['format']} weights, {scales}, {decibels(said['sqnr_db'])}"
    for name, said in found["states"].items():
        yield f"{name}: {said['format']}{_errors(said)}"


def decibels(sqnr: float | None) -> str:
    """A signal-to-quantisation-noise ratio as text."""
    return "exact" if sqnr is None else f"SQNR {sqnr:.1f} dB"


def _errors(said: Mapping[str, Any]) -> str:
    if said["decay_error"] is None:
        return ""
    return f", time constant off by {said['decay_error']:.2g}, steady state by up to {said['steady_error']:.2g}"
