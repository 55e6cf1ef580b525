"""Running a graph of which the host computes what stands before and behind the cores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..graph import Graph
from ..host import Parts, exit_of, parts
from ..ops import Array, ToFixed
from ..result import Result
from ..signal import Kind
from ..state import State, carried, part_of, state_of
from .run import Carried, Data, batches, interpret
from .run import result as as_result

RunCores = Callable[[Graph, Data, Sequence[str], State | None], Result]
"""(the part of the cores, its inputs, what to record, its state) -> its outputs, what it recorded, its state."""


def run_parts(
    graph: Graph, x: Data, record: Sequence[str], run_cores: RunCores, state: Carried | None = None
) -> Result:
    """A run of ``graph`` over ``x``, as `interpret` gives it: the interpreter computes the host's parts, ``run_cores``
    the other; what can be recorded is that one's, and so are the counters. The state is that of all parts."""
    split = parts(graph)
    data, batched = batches(graph, x)
    first = None if state is None else state_of(graph, state, next(iter(data.values())).shape[0])
    if split.before is None and split.after is None:
        return run_cores(graph, x, record, first)
    given = {name: array if batched else array[0] for name, array in data.items()}
    before = None if split.before is None else interpret(split.before, given, state=_of(split.before, first))
    result = run_cores(split.cores, _given(split, given, before), record, _of(split.cores, first))
    outputs, left = dict(result.outputs), {**(before.state if before else {}), **result.state}
    if split.after is not None:
        after = interpret(split.after, _handed(split.after, result), state=_of(split.after, first))
        outputs, left = outputs | after.outputs, {**left, **after.state}
    shown = {node.name: outputs[node.name] for node in graph.outputs}
    whole = all(name in left for name in carried(graph))  # samples back to back leave no state on cores
    return as_result(graph, shown, result.recorded, result.stats, part_of(graph, left) if whole else {})


def _of(graph: Graph, state: State | None) -> State | None:
    return None if state is None else part_of(graph, state)


def sent_by_host(graph: Graph, x: Data) -> dict[str, Array]:
    """How many events each element that the host gives to the cores sends, [B, T, *shape] by the input of the cores
    (or what the host computes for them): spikes, or one for a value that is not 0 after rounding. Dense inputs that
    nothing rounds send none and are left out."""
    split, (data, _) = parts(graph), batches(graph, x)
    before = None if split.before is None else interpret(split.before, data)
    sent = {name: _sent(split.cores, name, values) for name, values in _given(split, data, before).items()}
    return {name: events for name, events in sent.items() if events is not None}


def _sent(graph: Graph, name: str, values: Array) -> Array | None:
    if graph.signals[name].kind is Kind.EVENT:
        return np.asarray(values).astype(np.int64)
    scales = [node.op.format.scale for node in graph.consumers[name] if isinstance(node.op, ToFixed)]
    return (np.rint(values / scales[0]) != 0).astype(np.int64) if scales else None


def _given(split: Parts, data: Mapping[str, Array], before: Result | None) -> dict[str, Array]:
    """The inputs of the cores: those of the whole, and what the host computes of them."""
    given = {**data, **_handed(split.cores, before)}
    return {node.name: given[node.name] for node in split.cores.inputs}


def _handed(graph: Graph, result: Result | None) -> Mapping[str, Array]:
    """What one part gives to the next: inputs of ``graph`` that are exits of the part before."""
    if result is None:
        return {}
    exits = {node.name: exit_of(node.name) for node in graph.inputs}
    return {name: result.outputs[left] for name, left in exits.items() if left in result.outputs}
