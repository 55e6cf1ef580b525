"""Running a graph of which the host computes what stands before and behind the cores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..graph import Graph
from ..host import exit_of, parts
from ..ops import Array
from ..result import Result
from .run import Data, batches, formats, interpret

RunCores = Callable[[Graph, Data, Sequence[str]], Result]
"""(the part of the cores, its inputs, what to record) -> its outputs and what it recorded."""


def run_parts(graph: Graph, x: Data, record: Sequence[str], run_cores: RunCores) -> Result:
    """A run of ``graph`` over ``x``, as `interpret` gives it: the interpreter computes the host's parts, ``run_cores``
    the other; what can be recorded is that one's, and so are the counters."""
    split = parts(graph)
    if split.before is None and split.after is None:
        return run_cores(graph, x, record)
    data, batched = batches(graph, x)
    whole = {name: array if batched else array[0] for name, array in data.items()}
    given = {**whole, **_handed(split.cores, None if split.before is None else interpret(split.before, whole))}
    result = run_cores(split.cores, {node.name: given[node.name] for node in split.cores.inputs}, record)
    outputs = dict(result.outputs)
    if split.after is not None:
        outputs |= interpret(split.after, _handed(split.after, result)).outputs
    shown = {node.name: outputs[node.name] for node in graph.outputs}
    return Result(shown, result.recorded, formats(graph, [*shown, *record]), result.stats)


def _handed(graph: Graph, result: Result | None) -> Mapping[str, Array]:
    """What one part gives to the next: inputs of ``graph`` that are exits of the part before."""
    if result is None:
        return {}
    exits = {node.name: exit_of(node.name) for node in graph.inputs}
    return {name: result.outputs[left] for name, left in exits.items() if left in result.outputs}
