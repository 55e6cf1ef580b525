"""Building a graph in Python: populations by the names of their models, weights with delays, scipy.sparse welcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .diagnostics import Diagnostic, ModelError, raise_if_any
from .graph import Graph, Node
from .ops import (
    IF,
    LI,
    LIF,
    Array,
    ContinuousNeuron,
    CubaLI,
    CubaLIF,
    I,
    Input,
    Linear,
    Matrix,
    Op,
    Output,
    Threshold,
    TimeDelay,
)
from .signal import Kind, Shape, Signal
from .verifier import require_valid

NEURONS: Mapping[str, type[ContinuousNeuron]] = {op.name: op for op in (Threshold, I, LI, IF, LIF, CubaLI, CubaLIF)}
"""The neuron models by name."""

DEFAULTS = {"r": 1.0, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0, "w_in": 1.0}
"""Parameters that need not be given. Time constants must be."""


class Builder:
    """Collects populations and connections; `graph` gives the verified graph in continuous time.

    >>> net = Builder()
    >>> net.input("in", 12)
    >>> net.population("hidden", "lif", 64, tau=20e-3)
    >>> net.connect("in", "hidden", weight)  # [64, 12], dense or scipy.sparse
    >>> net.connect("hidden", "hidden", recurrent, delay=2e-3)
    >>> net.output("out", "hidden")
    >>> graph = axonc.load(net.graph(), semantics="nir,dt=1e-3")
    """

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._inputs: dict[str, list[str]] = {}

    def input(self, name: str, shape: int | Shape, *, events: int = 1, dense: bool = False) -> None:
        """An input of ``shape``: up to ``events`` events an element and step, or any number if ``dense``."""
        extents = (shape,) if isinstance(shape, int) else tuple(shape)
        self._add(name, Input(Signal(extents) if dense else Signal(extents, Kind.EVENT, peak=events)))

    def output(self, name: str, source: str) -> None:
        """An output that shows what ``source`` sends (its events, or the voltage of a model without threshold)."""
        self._add(name, Output(), [source])

    def population(self, name: str, model: str, shape: int | Shape, **parameters: npt.ArrayLike) -> None:
        """Neurons of a model in `NEURONS`; every parameter a number or an array of ``shape``.

        Defaults: r 1, w_in 1, v_leak 0, v_threshold 1, v_reset 0; a threshold's own parameter is ``threshold``.
        """
        if model not in NEURONS:
            raise ModelError(Diagnostic("AX102", name, f"the model {model!r}", f"known: {', '.join(NEURONS)}"))
        extents = (shape,) if isinstance(shape, int) else tuple(shape)
        names = {field.name for field in fields(NEURONS[model])}
        values = {key: value for key, value in {**DEFAULTS, **parameters}.items() if key in names}
        problems = [*_missing(name, names - set(values)), *_unknown(name, set(parameters) - names)]
        if problems:
            raise ModelError(problems)
        self._add(name, NEURONS[model](**{key: _spread(name, key, values[key], extents) for key in values}))

    def connect(
        self,
        source: str,
        target: str,
        weight: npt.ArrayLike | Matrix,
        *,
        bias: npt.ArrayLike | None = None,
        delay: float | npt.ArrayLike | Matrix = 0.0,
        name: str | None = None,
    ) -> None:
        """Weights [target, source] from one population to another, added to what else the target receives.

        ``delay``: in the unit of the time constants, for all synapses or one for each (an array like ``weight``);
        rounded to whole steps when the graph is discretised, halves up. ``bias``: [target], acts at every step.
        """
        matrix = _matrix(weight)
        name = self._fresh(name or f"{source}->{target}")
        constant = None if bias is None else np.asarray(bias, np.float64)
        for label, time, part in _by_delay(matrix, delay):
            entry = self._delayed(source, time, part.shape[1])
            linear = f"{name}{label}"
            self._add(linear, Linear(part, constant), [entry])
            self._inputs.setdefault(target, []).append(linear)
            constant = None

    def graph(self) -> Graph:
        """The graph in continuous time; `ModelError` with every problem."""
        raise_if_any(
            Diagnostic("AX304", linear, f"its target {target!r} does not exist", "", f"add the population {target!r}")
            for target, linears in self._inputs.items()
            if target not in self._nodes
            for linear in linears
        )
        nodes = (
            Node(node.name, node.op, tuple(dict.fromkeys([*node.inputs, *self._inputs.get(node.name, [])])), node.name)
            for node in self._nodes.values()
        )
        return require_valid(Graph("model", tuple(nodes)))

    def _add(self, name: str, op: Op, inputs: Sequence[str] = ()) -> None:
        if name in self._nodes:
            raise ModelError(Diagnostic("AX106", name, "the name is taken", "one node a name", "choose another"))
        self._nodes[name] = Node(name, op, tuple(inputs), name)

    def _fresh(self, name: str) -> str:
        candidate, number = name, 2
        while candidate in self._nodes:
            candidate, number = f"{name}.{number}", number + 1
        return candidate

    def _delayed(self, source: str, time: float, count: int) -> str:
        if time == 0:
            return source
        name = f"{source}@{time:g}"
        if name not in self._nodes:
            self._add(name, TimeDelay(np.full(count, time)), [source])
        return name


def _missing(name: str, keys: set[str]) -> Iterator[Diagnostic]:
    for key in sorted(keys):
        yield Diagnostic("AX103", name, f"{key} is missing", "it has no default", f"give {key}=")


def _unknown(name: str, keys: set[str]) -> Iterator[Diagnostic]:
    for key in sorted(keys):
        yield Diagnostic("AX103", name, f"{key} is no parameter of this model", "", "remove it")


def _spread(name: str, key: str, value: npt.ArrayLike, shape: Shape) -> Array:
    array = np.asarray(value, np.float64)
    if array.shape not in ((), shape):
        raise ModelError(Diagnostic("AX103", name, f"{key} has shape {array.shape}", f"a number, or {shape}"))
    return np.broadcast_to(array, shape).copy()


def _matrix(weight: npt.ArrayLike | Matrix) -> Matrix:
    if sparse.issparse(weight):
        matrix = sparse.csr_array(weight)
        matrix.sum_duplicates()
        return matrix
    return np.atleast_2d(np.asarray(weight))


def _by_delay(matrix: Matrix, delay: float | npt.ArrayLike | Matrix) -> Iterator[tuple[str, float, Matrix]]:
    """The synapses of each distinct delay: a suffix for the name, the delay, the weights."""
    delays = delay.toarray() if sparse.issparse(delay) else np.asarray(delay, np.float64)
    if delays.ndim == 0:
        yield "", float(delays), matrix
        return
    synapses = sparse.csr_array(matrix)
    rows, columns = synapses.nonzero()
    if delays.shape != synapses.shape:
        found, limit = f"delays of shape {delays.shape}", f"the weights have {synapses.shape}"
        raise ModelError(Diagnostic("AX103", "", found, limit, "give one delay a synapse"))
    times = delays[rows, columns]
    for time in np.unique(times):
        mine = times == time
        values = np.asarray(synapses[rows[mine], columns[mine]]).reshape(-1)
        part = sparse.csr_array((values, (rows[mine], columns[mine])), shape=synapses.shape)
        yield f"@{time:g}", float(time), part
