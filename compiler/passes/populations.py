"""Bringing a graph into the form of a many-core target: populations, joined by single maps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from axonc.ir import Diagnostic, Graph, ModelError, Node, Shape, raise_if_any
from axonc.ir.interpret import KERNELS
from axonc.ir.ops import (
    EGRU,
    GRU,
    LSTM,
    ONE,
    ZERO,
    Array,
    Conv,
    Delay,
    Flatten,
    FromFixed,
    Input,
    Linear,
    Membrane,
    Neuron,
    Output,
    Pool,
    ResetGate,
    Scale,
)

from .base import Pass
from .delays import fresh_name
from .host import GATED, HostNodes
from .terms import Term, behind, is_identity, matrix_of, merged, with_matrix


@dataclass(frozen=True)
class ToPopulations(Pass):
    """Folds everything between two populations into one `Linear` or `Conv` a source and delay, and biases into the
    neurons.

    1. Linear after linear: W2 (W1 x + b1) + b2 = (W2 W1) x + (W2 b1 + b2); scale: diag(s); flatten: the identity.
    2. Pools and one convolution of a population's image stay: sum pools, then the kernel. An average is a sum and a
       factor 1 / taps; factors of whole channels enter the kernel; a linear map of a pooled image is a convolution
       whose kernel is as large as that image; pools alone get a convolution of one tap a channel.
    3. What follows a convolution, or sees an image reshaped, is unrolled: the matrices are multiplied.
    4. Terms of one target with the same source and delay: their matrices, or kernels of one geometry, are added.
    5. A bias b enters the neuron's first stage: offset += gain * b.
    6. An output that shows something else than a population gets one: a readout neuron with decay 0 and gain 1,
       v[k] = x[k].
    7. Gated units are fed by matrices alone. What one reads is folded in the same way, several terms behind a `Scale`
       by 1 that adds them up; the bias of its input, and that of what it reads, stays in the first matrix.
    8. What ``host`` names (see `HostNodes`) stays as it is. Its values count as inputs of what it feeds; what it reads
       passes a `FromFixed`, behind a readout neuron where it is no population.
    9. Nodes that nothing reads any more are dropped.
    """

    name: ClassVar[str] = "populations"
    requires: ClassVar[str] = "stage steps"
    ensures: ClassVar[str] = (
        "every neuron is fed by Linear and Conv nodes without bias, each fed by a population or its Delay, a Conv also "
        "through Pool nodes that sum; gated units by Linear nodes, of which the first may have a bias"
    )
    host: tuple[str, ...] = ()

    def run(self, graph: Graph) -> tuple[Graph, bool]:
        rewrite = _Rewrite(graph, HostNodes(graph, self.host))
        problems: list[Diagnostic] = []
        for node in graph:
            try:
                rewrite.node(node)
            except ModelError as error:
                problems += error.diagnostics
        raise_if_any(dict.fromkeys(problems))
        return graph.with_nodes(_reading_order(graph, rewrite.by_name)), True


@dataclass(frozen=True)
class _Sum:
    """A sum of terms and a constant, flat."""

    terms: tuple[Term, ...] = ()
    bias: Array | None = None

    def __add__(self, other: _Sum) -> _Sum:
        either = self.bias if other.bias is None else other.bias
        bias = either if self.bias is None or other.bias is None else self.bias + other.bias
        return _Sum(self.terms + other.terms, bias)


class _Rewrite:
    """One run of the pass: the new nodes in order, each added once."""

    def __init__(self, graph: Graph, host: HostNodes) -> None:
        self.graph = graph
        self.host = host
        self.by_name: dict[str, Node] = {}
        self.sums: dict[str, _Sum] = {}
        self.pools: dict[tuple[str, object], str] = {}

    def node(self, node: Node) -> None:
        """Add what ``node`` becomes; linear nodes, delays and shape ops are added where they are used."""
        if isinstance(node.op, Input) or node.name in self.host.before:
            self.by_name[node.name] = node
        elif node.name in self.host.after:
            self._leaving(node)
        elif isinstance(node.op, Neuron):
            self._target(node, node.op)
        elif isinstance(node.op, GATED):
            self._gated(node, node.op)
        elif isinstance(node.op, Output):
            self._output(node)

    def _target(self, node: Node, op: Neuron) -> None:
        total = self._sum(node)
        inputs = tuple(self._projection(term, node, op.shape) for term in merged(total.terms))
        self.by_name[node.name] = replace(node, op=with_bias(op, total.bias), inputs=inputs)

    def _gated(self, node: Node, op: EGRU | GRU | ResetGate | LSTM) -> None:
        (rows,) = op.accepts() or (0,)
        inputs = self._matrices(self._sum(node), node, rows)
        if not inputs:
            found, limit = "nothing but constants feeds it", "gated units need an input"
            raise ModelError(Diagnostic("AX601", node.name, found, limit, "connect one"))
        reads = tuple(self._read(name, node, shape) for name, shape in zip(node.reads, op.read_shapes(), strict=True))
        self.by_name[node.name] = replace(node, inputs=tuple(inputs), reads=reads)

    def _read(self, name: str, node: Node, shape: Shape) -> str:
        """What a gated unit reads: a population, late or not, as it is, or the sum of matrices."""
        total = self._expand(self.graph[name])
        terms = list(merged(total.terms))
        if len(terms) == 1 and total.bias is None and is_identity(terms[0]):
            return self._delayed(terms[0].source, terms[0].delay)
        names = self._matrices(total, node, shape[0])
        if len(names) == 1:
            return names[0]
        joined = fresh_name(f"{node.name}.read", {*self.by_name, *(node.name for node in self.graph)})
        self.by_name[joined] = Node(joined, Scale(np.ones(shape)), tuple(names), node.origin)
        return joined

    def _matrices(self, total: _Sum, node: Node, rows: int) -> list[str]:
        """The terms as `Linear` nodes, the first with the bias."""
        matrices = [with_matrix(term, node.name) for term in total.terms]
        names = [self._projection(term, node, (rows,)) for term in merged(matrices)]
        if names and total.bias is not None:
            first = self.by_name[names[0]]
            assert isinstance(first.op, Linear)
            self.by_name[names[0]] = replace(first, op=replace(first.op, bias=total.bias.astype(np.float64)))
        return names

    def _output(self, node: Node) -> None:
        shown = node.inputs[0]
        if len(node.inputs) > 1 or not self._shows_population(shown):
            shown = self._readout(node.name, node.inputs, node.origin)
        else:
            self._keep_flattens(shown)
        self.by_name[node.name] = replace(node, inputs=(shown,))

    def _readout(self, name: str, inputs: tuple[str, ...], origin: str) -> str:
        """A population that shows a sum as it is."""
        readout = Neuron(self.graph.signals[inputs[0]].shape, None, Membrane(ZERO, ONE, ZERO, ZERO), None)
        node = Node(fresh_name(f"{name}.readout", self.graph), readout, inputs, origin)
        self._target(node, readout)
        return node.name

    def _leaving(self, node: Node) -> None:
        """A node of the host, of which some sources may be on cores."""
        self.by_name[node.name] = replace(
            node, inputs=tuple(map(self._to_host, node.inputs)), reads=tuple(map(self._to_host, node.reads))
        )

    def _to_host(self, name: str) -> str:
        if name in self.host.after or name in self.host.before:
            return name
        left = fresh_name(f"{name}.values", self.graph)
        if left not in self.by_name:
            shown = name
            if self._shows_population(name):
                self._keep_flattens(name)
            else:
                shown = self._readout(name, (name,), self.graph[name].origin)
            self.by_name[left] = Node(left, FromFixed(), (shown,), self.graph[name].origin)
        return left

    def _shows_population(self, name: str) -> bool:
        node = self.graph[name]
        while isinstance(node.op, Flatten) and len(node.inputs) == 1:
            node = self.graph[node.inputs[0]]
        return isinstance(node.op, (Neuron, *GATED))

    def _keep_flattens(self, name: str) -> None:
        node = self.graph[name]
        if isinstance(node.op, Flatten):
            self._keep_flattens(node.inputs[0])
            self.by_name[name] = node

    def _sum(self, node: Node) -> _Sum:
        total = _Sum()
        for name in node.inputs:
            total += self._expand(self.graph[name])
        return total

    def _expand(self, node: Node) -> _Sum:
        """A node's output as terms over populations."""
        if node.name not in self.sums:
            self.sums[node.name] = self._expanded(node)
        return self.sums[node.name]

    def _expanded(self, node: Node) -> _Sum:
        if isinstance(node.op, (Input, Neuron, *GATED)) or node.name in self.host.before:
            return _Sum((Term(node.name, self.graph.signals[node.name].shape),))
        if isinstance(node.op, Delay) and node.op.initial is not None:
            return self._begun(node)
        inner = self._sum(node)
        if isinstance(node.op, Delay):
            return _late(node, node.op, inner)
        takes = self.graph.signals[node.inputs[0]].shape
        return _Sum(tuple(behind(term, node, takes) for term in inner.terms), _constant(node, inner.bias, takes))

    def _begun(self, node: Node) -> _Sum:
        """A delay that begins with values stays what it is: it is read as a population is."""
        if len(node.inputs) != 1 or not isinstance(self.graph[node.inputs[0]].op, (Input, Neuron, *GATED)):
            found, limit = "a delay with initial values", "it stands behind one population, or an input"
            raise ModelError(Diagnostic("AX601", node.name, found, limit, "begin with zero, or delay what is sent"))
        self.by_name[node.name] = node
        return _Sum((Term(node.name, self.graph.signals[node.name].shape),))

    def _projection(self, term: Term, target: Node, shape: Shape) -> str:
        source = self._delayed(term.source, term.delay)
        for pool in term.pools:
            source = self._pool(source, pool)
        name = self._name(term, target)
        origins = dict.fromkeys(self.graph[path[-1]].origin for path in term.paths if path)
        self.by_name[name] = Node(name, _op(term, shape), (source,), " + ".join(origins) or target.origin)
        return name

    def _name(self, term: Term, target: Node) -> str:
        last = term.pools[-1].name if term.pools else term.source
        short = term.label or f"{last}->{target.name}"
        name = short if short not in self.by_name else f"{short}->{target.name}"
        while name in self.by_name or (name in self.graph and (name,) not in term.paths):
            name += "'"
        return name

    def _pool(self, source: str, pool: Node) -> str:
        """A pool behind ``source``; targets that pool alike share it."""
        assert isinstance(pool.op, Pool)
        key = (source, pool.op.axes)
        if key not in self.pools:
            taken: Iterable[str] = {*self.by_name, *(node.name for node in self.graph if node.name != pool.name)}
            self.pools[key] = name = fresh_name(pool.name, set(taken))
            self.by_name[name] = replace(pool, name=name, inputs=(source,))
        return self.pools[key]

    def _delayed(self, source: str, steps: int) -> str:
        if steps == 0:
            return source
        for node in self.graph.consumers[source]:
            op = node.op
            if isinstance(op, Delay) and op.steps == steps and op.initial is None and len(node.inputs) == 1:
                self.by_name.setdefault(node.name, node)
                return node.name
        name = fresh_name(f"{source}+{steps}", self.graph)
        self.by_name.setdefault(name, Node(name, Delay(steps), (source,), self.graph[source].origin))
        return name


def _op(term: Term, shape: Shape) -> Conv | Linear:
    """The op that a term becomes in front of a population of ``shape``."""
    if isinstance(term.map, Conv):
        return replace(term.map, gives=None if term.shape == shape else shape)
    return Linear(matrix_of(term, term.source), None, _unless_flat(term.image), _unless_flat(shape))


def _unless_flat(shape: Shape) -> Shape | None:
    return shape if len(shape) != 1 else None


def _reading_order(graph: Graph, by_name: dict[str, Node]) -> list[Node]:
    """Nodes that were there before keep their order; a new one stands before the first that reads it."""
    order: dict[str, Node] = {}

    def place(node: Node) -> None:
        for name in (*node.inputs, *node.reads):
            if name not in graph and name not in order:
                place(by_name[name])
        order.setdefault(node.name, node)

    for old in graph:
        if old.name in by_name:
            place(by_name[old.name])
    return list(order.values())


def _late(node: Node, op: Delay, inner: _Sum) -> _Sum:
    if inner.bias is not None and np.any(inner.bias != 0):
        found = "a constant (a bias) passes through a delay, which is zero in its first steps"
        raise ModelError(Diagnostic("AX601", node.name, found, "delays carry events only", "delay the events instead"))
    return _Sum(tuple(replace(term, delay=term.delay + op.steps) for term in inner.terms))


def _constant(node: Node, bias: Array | None, takes: Shape) -> Array | None:
    """What a linear node makes of a constant, its own bias included, by its own meaning: padding is no constant."""
    if bias is None and getattr(node.op, "bias", None) is None:
        return None
    x = np.zeros(takes) if bias is None else bias.reshape(takes)
    _, y = KERNELS[type(node.op)](node.op, "float64").step({}, x[None])
    return np.asarray(y).reshape(-1)


def with_bias(op: Neuron, bias: Array | None) -> Neuron:
    """``op`` with a constant, one value a neuron, added to its input."""
    if bias is None:
        return op
    shaped = bias.reshape(op.shape).astype(np.float64)
    if op.synapse is not None:
        return replace(op, synapse=replace(op.synapse, offset=op.synapse.offset + op.synapse.gain * shaped))
    return replace(op, membrane=replace(op.membrane, offset=op.membrane.offset + op.membrane.gain * shaped))
