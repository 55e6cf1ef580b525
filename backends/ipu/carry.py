"""The state of a graph on tiles: what a run begins with, as the program reads it, and what it leaves.

Voltages and currents lie on tiles. What delays hold are lists of events there, which the host makes of the state; at
the end it knows what was sent, since it records that, and needs no list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from axonc.ir import Graph
from axonc.ir.network import behind_delay
from axonc.ir.ops import Array, Delay
from axonc.ir.state import State, carried, held_as

from ..spinnaker2.carry import History, Sent, under_way
from .inputs import listed

Described = Mapping[str, Any]


def begun(described: Described, graph: Graph, state: State) -> bytes:
    """The tensors with which a sample begins: for each population voltage, current, what it sent in the step before and
    the list of that; such lists of inputs; then the lists, and the values, that are late."""
    sent = under_way(graph, state)
    return b"".join(np.ascontiguousarray(part).tobytes() for part in _parts(described, graph, state, sent))


def _parts(described: Described, graph: Graph, state: State, sent: Mapping[str, Array]) -> Iterator[Array]:
    word = described["word"]
    for unit in described["populations"]:
        name = unit["name"]
        yield from _states(unit, state)
        before = _steps(sent, name, 1, unit["neurons"])
        if unit["sent"]:
            yield before.astype(unit["sent"])
        yield _list(unit, before, word)
    for source in described["inputs"]:
        yield _list(source, _steps(sent, source["name"], 1, source["elements"]), word)
    lists = {one["name"]: one for one in (*described["populations"], *described["inputs"])}
    for name, steps in described["delays"]:
        elements = lists[name].get("neurons") or lists[name]["elements"]
        yield _list(lists[name], _steps(sent, name, steps, elements)[:-1], word)
    for name, steps in described["late_values"]:
        unit = lists[name]
        rows = _steps(sent, name, steps, unit["neurons"])[:-1].astype(unit["sent"])
        for first in range(0, unit["neurons"], unit["per_tile"]):
            yield rows[:, first : first + unit["per_tile"]]


def _states(unit: Described, state: State) -> Iterator[Array]:
    """Voltages, then currents; the number of the step in a segment is that of every unit."""
    for part in unit["states"]:
        values = state[f"{unit['name']}:{part}"]
        yield np.broadcast_to(values.reshape(-1), unit["neurons"]).astype(unit["state"])


def _steps(sent: Mapping[str, Array], name: str, steps: int, elements: int) -> Array:
    """What a population or input sent in the last ``steps`` steps, [steps, elements]; nothing where nobody knows."""
    found = sent.get(name)
    known = np.zeros((0, elements), np.int64) if found is None else found.reshape(len(found), elements)[-steps:]
    return np.concatenate([np.zeros((steps - len(known), elements), known.dtype), known])


def _list(described: Described, values: Array, word: str) -> Array:
    """The lists of some steps; nothing where nobody reads a list."""
    if not described["capacity"] or not len(values):
        return np.zeros(0, word)
    return listed(described["name"], values[None], described, word)


def left_of(
    described: Described, graph: Graph, data: Mapping[str, Array], sent: Sent, before: State, words: Array
) -> State:
    """The state after a run of a sample over ``data`` [T, *shape] that began with the state ``before``; ``words``: the
    voltages and currents that it left, as bytes."""
    found, at = dict(before), 0
    for unit in described["populations"]:
        for part in unit["states"]:
            size = unit["neurons"] * np.dtype(unit["state"]).itemsize
            values = np.ascontiguousarray(words[at : at + size]).view(unit["state"])
            name, at = f"{unit['name']}:{part}", at + size
            found[name] = values[0] if part == "k" else values.reshape(before[name].shape)
    history = History(graph, data, sent, before)
    for node in graph:
        if isinstance(node.op, Delay):
            found[f"{node.name}:line"] = history.line(node, node.op.steps)
    types = {name: held_as(signal) for name, signal in carried(graph).items()}
    return {name: np.asarray(found[name]).astype(dtype, copy=False) for name, dtype in types.items()}


def late_populations(described: Described, graph: Graph) -> list[str]:
    """The populations of which something is late, so that the host must know what they sent."""
    names = {population["name"] for population in described["populations"]}
    behind = (behind_delay(graph, node.name)[0] for node in graph if isinstance(node.op, Delay))
    return sorted(names.intersection(behind))
