"""Building a graph in Python: populations by the names of their models, weights with delays, scipy.sparse welcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace

import numpy as np
import numpy.typing as npt

from .connections import Padding, PerAxis, by_delay, matrix_of, windows
from .diagnostics import Diagnostic, ModelError, raise_if_any
from .graph import Graph, Node
from .ops import (
    IF,
    LI,
    LIF,
    Array,
    ContinuousNeuron,
    Conv,
    CubaLI,
    CubaLIF,
    I,
    Input,
    Linear,
    Matrix,
    Op,
    Output,
    Pool,
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
        self._targets: dict[str, str] = {}

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
        name = self._fresh(name or f"{source}->{target}")
        constant = None if bias is None else np.asarray(bias, np.float64)
        for label, time, part in by_delay(matrix_of(weight), delay):
            self._join(f"{name}{label}", Linear(part, constant), self._delayed(source, time), target)
            constant = None

    def conv(
        self,
        source: str,
        target: str,
        weight: npt.ArrayLike,
        *,
        bias: npt.ArrayLike | None = None,
        stride: PerAxis = 1,
        padding: Padding = 0,
        dilation: PerAxis = 1,
        groups: int = 1,
        pool: PerAxis = 1,
        delay: float = 0.0,
        name: str | None = None,
    ) -> None:
        """A convolution from one population to another, with one or two spatial axes, as torch defines it.

        ``weight``: [O, I/groups, *K]; ``bias``: [O]. ``stride``, ``padding`` and ``dilation``: one number, or one an
        axis; a padding may be a pair, before and after. ``pool``: before it, events of so many places side by side are
        added up. The target's shape holds as many elements as the convolution gives. ``delay`` as in `connect`.
        """
        kernel = np.asarray(weight, np.float64)
        name = self._fresh(name or f"{source}->{target}")
        axes = windows(name, kernel.shape[2:], stride, padding, dilation)
        entry = self._pooled(self._delayed(source, delay), pool, len(axes))
        constant = None if bias is None else np.asarray(bias, np.float64)
        self._join(name, Conv(kernel, constant, axes, groups), entry, target)

    def graph(self) -> Graph:
        """The graph in continuous time; `ModelError` with every problem."""
        raise_if_any(
            Diagnostic("AX304", linear, f"its target {target!r} does not exist", "", f"add the population {target!r}")
            for target, linears in self._inputs.items()
            if target not in self._nodes
            for linear in linears
        )
        return require_valid(Graph("model", tuple(map(self._finished, self._nodes.values()))))

    def _finished(self, node: Node) -> Node:
        """A node with all its inputs; of a connection, with the shapes of the populations that it joins."""
        inputs = tuple(dict.fromkeys([*node.inputs, *self._inputs.get(node.name, [])]))
        source = self._shape(node.inputs[0]) if node.inputs else None
        target = self._shape(self._targets.get(node.name, ""))
        return Node(node.name, _fitted(node.op, source, target), inputs, node.name)

    def _shape(self, name: str) -> Shape | None:
        """The shape of a population or an input, also behind a delay; None if there is none of this name."""
        node = self._nodes.get(name)
        if node is None or isinstance(node.op, (ContinuousNeuron, Input)):
            return None if node is None else node.op.output(None).shape
        return self._shape(node.inputs[0]) if isinstance(node.op, TimeDelay) else None

    def _add(self, name: str, op: Op, inputs: Sequence[str] = ()) -> None:
        if name in self._nodes:
            raise ModelError(Diagnostic("AX106", name, "the name is taken", "one node a name", "choose another"))
        self._nodes[name] = Node(name, op, tuple(inputs), name)

    def _fresh(self, name: str) -> str:
        candidate, number = name, 2
        while candidate in self._nodes:
            candidate, number = f"{name}.{number}", number + 1
        return candidate

    def _join(self, name: str, op: Op, source: str, target: str) -> None:
        self._add(name, op, [source])
        self._inputs.setdefault(target, []).append(name)
        self._targets[name] = target

    def _delayed(self, source: str, time: float) -> str:
        if time == 0:
            return source
        name = f"{source}@{time:g}"
        if name not in self._nodes:
            self._add(name, TimeDelay(np.asarray(time)), [source])
        return name

    def _pooled(self, source: str, pool: PerAxis, axes: int) -> str:
        taken = windows(source, [1] * axes, pool)  # its strides are its sizes
        sizes = [axis.stride for axis in taken]
        if set(sizes) <= {1}:
            return source
        name = f"{source}.pool{'x'.join(map(str, sizes))}"
        if name not in self._nodes:
            self._add(name, Pool(windows(name, sizes, sizes)), [source])
        return name


def _fitted(op: Op, source: Shape | None, target: Shape | None) -> Op:
    """``op`` between populations of these shapes, as far as they are known."""
    if isinstance(op, TimeDelay) and source is not None:
        return TimeDelay(np.full(source, op.delay))
    if isinstance(op, Linear):
        return replace(op, takes=_unless_flat(source), gives=_unless_flat(target))
    return replace(op, gives=target) if isinstance(op, Conv) else op


def _unless_flat(shape: Shape | None) -> Shape | None:
    return None if shape is None or len(shape) == 1 else shape


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
