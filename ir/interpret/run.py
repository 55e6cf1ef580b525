"""Running a graph in steps over a sequence."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..diagnostics import Diagnostic, ModelError, raise_if_any
from ..elements import dtype_of
from ..graph import Graph, Node
from ..ops import INTERNALS, STATES, Array, Delay, Op
from ..result import Result
from ..signal import Format, Kind, Signal
from ..state import State, carried, held_as, sample_of, state_of
from .base import beginning
from .kernels import KERNELS, Kernel, Precision
from .kernels import State as States

Data = npt.ArrayLike | Mapping[str, npt.ArrayLike]
Carried = Mapping[str, npt.ArrayLike]
"""A state, as users give it."""


def split_reference(reference: str) -> tuple[str, str | None]:
    """``"lif1:v"`` -> ("lif1", "v"); ``"lif1"`` -> ("lif1", None). No node's name ends like a state."""
    node, _, state = reference.rpartition(":")
    return (node, state) if node and state in (*STATES, *INTERNALS) else (reference, None)


def recordable(op: Op) -> Mapping[str, Signal]:
    """What can be recorded of an op beside its output: states and internals, by name."""
    return {**op.states(), **op.internals()}


def interpret(
    graph: Graph,
    x: Data,
    record: str | Sequence[str] = (),
    precision: Precision = "float32",
    state: Carried | None = None,
) -> Result:
    """Run ``graph`` (stage ``steps``) over ``x`` and return its outputs, what ``record`` names, and its state.

    Args:
        graph: a graph in steps; integer parts are exact, float parts run in ``precision``.
        x: [T, *shape] or [B, T, *shape], or a mapping from input names to such arrays.
        record: nodes (``"lif1"``: the output), states (``"lif1:v"``, ``"lif1:i"``) and `Op.internals` (``"lif1:m"``,
            the v before test and reset).
        precision: ``float32`` (canonical: what targets equal) or ``float64``.
        state: what to go on from, such as the ``state`` of another result; None: every sequence begins anew.

    Raises:
        ModelError: the data do not fit the inputs, the state does not fit the graph, or a recorded name does not exist.
    """
    if graph.stage != "steps":
        raise ModelError(Diagnostic("AX305", "", "the graph is not in steps", "", "discretise it with semantics"))
    record = [record] if isinstance(record, str) else record
    data, batched = batches(graph, x)
    check_references(graph, record)
    batch = next(iter(data.values())).shape[0]
    first = None if state is None else state_of(graph, state, batch, precision)
    traces, last = run_on(graph, data, record, precision, first)
    shaped = {name: trace if batched else trace[0] for name, trace in traces.items()}
    outputs = {node.name: shaped[node.name] for node in graph.outputs}
    left = last if batched else sample_of(last, 0)
    return result(graph, outputs, {name: shaped[name] for name in record}, state=left)


def initial_state(graph: Graph, batch: int | None = None, precision: Precision = "float32") -> State:
    """The state with which a sequence begins if none is given: one to change and to give to a run.

    Every part of it [*shape] in its type, or [batch, *shape]; `ir.state` names the parts.
    """
    of_nodes = {node.name: _initial(graph, node, 1 if batch is None else batch, precision) for node in graph}
    parts = ((name, *name.rpartition(":")[::2]) for name in carried(graph))
    state = {name: of_nodes[node][part] for name, node, part in parts}
    return state if batch is not None else sample_of(state, 0)


def _initial(graph: Graph, node: Node, batch: int, precision: Precision) -> States:
    """The state of a node before step 0; nothing of one that hands nothing on."""
    if isinstance(node.op, Delay):
        first = _before(node.op, graph.signals[node.name], batch, precision)
        return {"line": np.repeat(first[:, None], node.op.steps, axis=1)}
    if not node.op.carried(graph.source(node.name)):
        return {}
    return KERNELS[type(node.op)](node.op, precision).initial(batch)


def result(
    graph: Graph,
    outputs: dict[str, Array],
    recorded: dict[str, Array],
    stats: Mapping[str, Any] | None = None,
    state: State | None = None,
) -> Result:
    """A run's traces as a `Result`: with the format of each, and which of them are graded events."""
    names = [*outputs, *recorded]
    graded = frozenset(name for name in names if name in graph and graph.signals[name].kind is Kind.GRADED)
    return Result(outputs, recorded, formats(graph, names), stats or {}, graded, state or {})


def batches(graph: Graph, x: Data) -> tuple[dict[str, Array], bool]:
    """The data as [B, T, *shape] by input name, and whether they came with a batch axis."""
    given = dict(x) if isinstance(x, Mapping) else {node.name: x for node in graph.inputs[:1]}
    names = {node.name for node in graph.inputs}
    if set(given) != names:
        raise ModelError(
            Diagnostic(
                "AX701",
                "",
                f"data for {sorted(given) or 'no input'}",
                f"the inputs are {sorted(names)}",
                "give one array an input",
            )
        )
    arrays = {name: _as_array(name, value) for name, value in given.items()}
    raise_if_any(problem for node in graph.inputs for problem in _data_problems(node.name, graph, arrays))
    batched = any(arrays[node.name].ndim == len(graph.signals[node.name].shape) + 2 for node in graph.inputs)
    full = {name: array if batched else array[None] for name, array in arrays.items()}
    if len({array.shape[:2] for array in full.values()}) > 1:
        raise ModelError(Diagnostic("AX701", "", "the inputs differ in batch or steps", "they must agree"))
    return full, batched


def _as_array(name: str, value: npt.ArrayLike) -> Array:
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ModelError(Diagnostic("AX701", name, f"the data are no array: {error}")) from error


def _data_problems(name: str, graph: Graph, arrays: Mapping[str, Array]) -> list[Diagnostic]:
    signal, array = graph.signals[name], arrays[name]
    shape, rank = signal.shape, len(signal.shape)
    if array.ndim not in (rank + 1, rank + 2) or array.shape[array.ndim - rank :] != shape:
        found, limit = f"data of shape {array.shape}", f"it takes [T, {', '.join(map(str, shape))}]"
        return [Diagnostic("AX701", name, found, limit + ", with or without a batch before T", "reshape the data")]
    if array.dtype.kind not in "biuf":
        return [Diagnostic("AX701", name, f"data of type {array.dtype}", "real numbers are needed")]
    if array.dtype.kind == "f" and not np.all(np.isfinite(array)):
        return [Diagnostic("AX701", name, "data with NaN or infinite values", "all must be finite")]
    return _event_problems(name, signal, array)


def _event_problems(name: str, signal: Signal, array: Array) -> list[Diagnostic]:
    if signal.kind is not Kind.EVENT or array.size == 0:
        return []
    whole = array.dtype.kind in "biu" or np.all(array == np.rint(array))
    if whole and array.min() >= 0 and array.max() <= signal.peak:
        return []
    found = f"values from {array.min():g} to {array.max():g}"
    limit = f"the input takes events: whole numbers from 0 to {signal.peak} a step"
    return [Diagnostic("AX701", name, found, limit, "encode the data as spikes, or raise the input's peak")]


def check_references(graph: Graph, record: Sequence[str], recordable: Sequence[str] | None = None) -> None:
    """Raise `ModelError` for every name in ``record`` that is not ``recordable`` (None: any node or state)."""
    everything = {node.name for node in graph} | {f"{n.name}:{state}" for n in graph for state in n.op.states()}
    known = everything if recordable is None else set(recordable)
    inside = {f"{n.name}:{name}" for n in graph for name in n.op.internals()} if recordable is None else set()
    raise_if_any(
        Diagnostic("AX702", name, "this cannot be recorded", f"known: {', '.join(sorted(known))}")
        for name in record
        if name not in known | inside
    )


def formats(graph: Graph, names: Sequence[str]) -> dict[str, Format]:
    """The number format of each recorded name."""
    split = {name: split_reference(name) for name in names}
    return {
        name: (recordable(graph[node].op)[state] if state else graph.signals[name]).format
        for name, (node, state) in split.items()
        if state or graph.signals[name].kind is not Kind.EVENT
    }


def run_batches(
    graph: Graph, data: Mapping[str, Array], record: Sequence[str] = (), precision: Precision = "float32"
) -> dict[str, Array]:
    """Outputs and recorded signals over data [B, T, *shape] by input name, which are taken as they are."""
    return run_on(graph, data, record, precision)[0]


def run_on(
    graph: Graph,
    data: Mapping[str, Array],
    record: Sequence[str] = (),
    precision: Precision = "float32",
    state: State | None = None,
) -> tuple[dict[str, Array], State]:
    """The same from a complete state of the batch (None: the initial one), and the state at the end."""
    batch, steps = next(iter(data.values())).shape[:2]
    run = _Run(graph, batch, precision, state)
    wanted = dict.fromkeys([*(node.name for node in graph.outputs), *record])
    traces: dict[str, list[Array]] = {name: [] for name in wanted}
    for step in range(steps):
        values = run.step({name: array[:, step] for name, array in data.items()})
        for name, trace in traces.items():
            trace.append(values[name])
    return {name: _stack(graph, name, trace, batch) for name, trace in traces.items()}, run.carried()


def _stack(graph: Graph, name: str, trace: list[Array], batch: int) -> Array:
    if trace:
        return np.stack(trace, axis=1)
    return np.zeros((batch, 0, *graph.signals[split_reference(name)[0]].shape))


def _before(op: Delay, signal: Signal, batch: int, precision: Precision) -> Array:
    """What a delay gives before anything has reached it."""
    return beginning(op.initial, batch, signal.shape, held_as(signal, precision))


class _Run:
    """The states of a run in progress."""

    def __init__(self, graph: Graph, batch: int, precision: Precision, state: State | None = None) -> None:
        self.graph, self.precision = graph, precision
        self.kernels: dict[str, Kernel] = {
            node.name: KERNELS[type(node.op)](node.op, precision) for node in graph if not isinstance(node.op, Delay)
        }
        self.states: dict[str, States] = {name: kernel.initial(batch) for name, kernel in self.kernels.items()}
        self.buffers: dict[str, deque[Any]] = {}
        for name, array in (initial_state(graph, batch, precision) if state is None else state).items():
            owner, _, part = name.rpartition(":")
            if isinstance(graph[owner].op, Delay):
                self.buffers[owner] = deque(array.swapaxes(0, 1))
            else:
                self.states[owner] = {**self.states[owner], part: array}

    def carried(self) -> State:
        """The state after the last step."""
        parts = ((name, *name.rpartition(":")[::2], signal) for name, signal in carried(self.graph).items())
        return {
            name: (
                np.stack(list(self.buffers[node]), axis=1) if node in self.buffers else self.states[node][part]
            ).astype(held_as(signal, self.precision), copy=False)
            for name, node, part, signal in parts
        }

    def step(self, data: Mapping[str, Array]) -> dict[str, Array]:
        """One step: every node's output and state, by name."""
        values: dict[str, Array] = {name: buffer.popleft() for name, buffer in self.buffers.items()}
        for node in self.graph.order:
            if node.name not in self.buffers:
                given = self._operands(node, data, values)
                state, values[node.name] = self.kernels[node.name].step(self.states[node.name], *given)
                self.states[node.name] = state
                values.update({f"{node.name}:{key}": value for key, value in state.items()})
        for name, buffer in self.buffers.items():
            buffer.append(self._sum(self.graph[name].inputs, values))
        return values

    def _operands(self, node: Node, data: Mapping[str, Array], values: Mapping[str, Array]) -> list[Array]:
        """The summed input, if there is one, and what the node reads."""
        if node.name in data:
            return [self._given(node, data)]
        summed = [self._sum(node.inputs, values)] if node.inputs else []
        return summed + [values[name] for name in node.reads]

    def _given(self, node: Node, data: Mapping[str, Array]) -> Array:
        """An input's data in its format; events as integers, so that counts add up exactly."""
        x, signal = data[node.name], self.graph.signals[node.name]
        return x.astype(np.int64 if signal.kind is Kind.EVENT else dtype_of(signal.format, self.precision), copy=False)

    @staticmethod
    def _sum(inputs: Sequence[str], values: Mapping[str, Array]) -> Array:
        total = values[inputs[0]]
        for name in inputs[1:]:
            total = total + values[name]
        return total
