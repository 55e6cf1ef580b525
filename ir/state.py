"""The state of a graph: what a run hands to the next, so that sequences in parts are one sequence.

It is defined by the graph alone, in the numbers of the interpreter, so that every target can go on where another one
stopped. Its parts are named ``node:part``:

* ``v``, ``i``, ``c``, ``t``: the states of an op, of the node's shape (`Op.states`);
* ``line``: what is under way in a delay of d steps, [d, *shape], the oldest first;
* ``k``: of a cell with segments, the number of the next step within its segment, ();
* ``sum``: of a running total, what it has reached.

Floats are held as float32 (or as the run's precision), fixed point as its stored integers in int64, spikes as their
counts in int64. A state of a batch has an axis of samples in front.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .diagnostics import Diagnostic, raise_if_any
from .elements import dtype_of
from .graph import Graph, Node
from .ops import EGRU, Array, Delay, FixedGated, FixedGRU, LevelNeuron
from .ops.base import COUNT
from .signal import Fixed, Kind, Signal

State = Mapping[str, Array]
"""Arrays by ``node:part``; a complete one has all of `carried`, in that order."""


def carried(graph: Graph) -> dict[str, Signal]:
    """The parts of a graph's state, in the order of its nodes; the shape and the format of each."""
    return {
        f"{node.name}:{part}": signal
        for node in graph
        for part, signal in node.op.carried(graph.source(node.name)).items()
    }


def held_as(signal: Signal, precision: str = "float32") -> np.dtype[Any]:
    """The numpy type of a part of a state."""
    return np.dtype(np.int64) if signal.kind is Kind.EVENT else dtype_of(signal.format, precision)


def state_of(graph: Graph, state: Mapping[str, npt.ArrayLike], batch: int, precision: str = "float32") -> State:
    """A given state as one of ``batch`` samples, every part [B, *shape] in its type.

    A part without an axis of samples is that of every sample.

    Raises:
        ModelError: with every part that is missing, unknown, misshapen, of another type, or out of its range.
    """
    parts = carried(graph)
    raise_if_any([*_name_problems(parts, state), *_part_problems(graph, parts, state, batch)])
    return {name: _full(np.asarray(state[name]), signal, batch, precision) for name, signal in parts.items()}


def part_of(graph: Graph, state: State) -> State:
    """What of a state belongs to a graph, which may be a part of another."""
    return {name: state[name] for name in carried(graph)}


def sample_of(state: State, sample: int) -> State:
    """The state of one sample of a batch."""
    return {name: array[sample, ...] for name, array in state.items()}


def _full(array: Array, signal: Signal, batch: int, precision: str) -> Array:
    held = array.astype(held_as(signal, precision), copy=False)
    return held if held.ndim > len(signal.shape) else np.broadcast_to(held, (batch, *signal.shape))


def _name_problems(parts: Mapping[str, Signal], state: Mapping[str, Any]) -> Iterator[Diagnostic]:
    remedy = "give the state of a run of this model, or one made from axonc.initial_state"
    for name in parts:
        if name not in state:
            yield Diagnostic("AX708", name, "the state has no such part", "a state is complete", remedy)
    for name in state:
        if name not in parts:
            limit = f"its parts are {', '.join(parts) or 'none'}"
            yield Diagnostic("AX708", name, "the model has no such state", limit, remedy)


def _part_problems(
    graph: Graph, parts: Mapping[str, Signal], state: Mapping[str, Any], batch: int
) -> Iterator[Diagnostic]:
    for name in (name for name in parts if name in state):
        array = np.asarray(state[name])
        problem = _shape_problem(parts[name], array, batch) or _type_problem(parts[name], array)
        problem = problem or _range_problem(bounds(graph, name), array) or _level_problem(graph, name, array)
        if problem:
            yield Diagnostic("AX708", name, *problem)


def _shape_problem(signal: Signal, array: Array, batch: int) -> tuple[str, str] | None:
    if array.shape in (signal.shape, (batch, *signal.shape)):
        return None
    return f"a state of shape {array.shape}", f"{signal.shape}, or {(batch, *signal.shape)} for {batch} sample(s)"


def _type_problem(signal: Signal, array: Array) -> tuple[str, str] | None:
    held = held_as(signal)
    if array.dtype == held or (array.dtype.kind in "biu" and held.kind in "biu"):
        return None
    if held.kind == "f" and array.dtype.kind in "biuf":
        return None
    return f"a state of type {array.dtype}", f"this is a {signal}: {held}"


def _level_problem(graph: Graph, name: str, array: Array) -> tuple[str, str] | None:
    node, _, part = name.rpartition(":")
    op = graph[node].op
    if (
        not isinstance(op, LevelNeuron)
        or part != "v"
        or np.all(np.isin(array, [op.levels, op.levels.astype(np.float32)]))
    ):
        return None
    return (
        "a voltage that is none of its levels",
        f"it has {op.levels.size}, from {op.levels[0]:g} to {op.levels[-1]:g}",
    )


def bounds(graph: Graph, name: str) -> tuple[int, int] | None:
    """Between what the numbers of a part lie; None for floats and plain machine types.

    What enters weights is bounded by what its source may ever send: on that the sums are proved not to overflow.
    """
    node, signal = graph[name.rpartition(":")[0]], carried(graph)[name]
    if isinstance(node.op, (EGRU, FixedGRU)) and signal == COUNT:
        assert node.op.segment is not None
        return 0, node.op.segment - 1
    if signal.kind is Kind.EVENT:
        return 0, signal.peak
    if not isinstance(signal.format, Fixed):
        return None
    sender = _behind_delays(graph, node).op
    sent = isinstance(sender, FixedGRU) or (isinstance(node.op, Delay) and isinstance(sender, FixedGated))
    most = max(sender.most, _first(node)) if sent else signal.format.limit  # type: ignore[attr-defined]
    return -most, most


def _first(node: Node) -> int:
    """The largest magnitude of what a delay begins with."""
    initial = node.op.initial if isinstance(node.op, Delay) else None
    return 0 if initial is None else int(np.abs(initial).max(initial=0))


def _behind_delays(graph: Graph, node: Node) -> Node:
    while isinstance(node.op, Delay) and len(node.inputs) == 1:
        node = graph[node.inputs[0]]
    return node


def _range_problem(allowed: tuple[int, int] | None, array: Array) -> tuple[str, str] | None:
    if allowed is None or array.size == 0 or (allowed[0] <= array.min() and array.max() <= allowed[1]):
        return None
    return f"values from {array.min()} to {array.max()}", f"from {allowed[0]} to {allowed[1]}"
