"""Bringing a graph into the form of a many-core target: populations, joined by single weight matrices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from scipy import sparse

from axonc.ir import Diagnostic, Graph, ModelError, Node, Shape
from axonc.ir.ops import ONE, ZERO, Array, Delay, Flatten, Input, Linear, Matrix, Membrane, Neuron, Op, Output, Scale

from .base import Pass
from .delays import fresh_name


@dataclass(frozen=True)
class ToPopulations(Pass):
    """Folds everything between two populations into one `Linear` a source and delay, and biases into the neurons.

    1. Linear after linear: W2 (W1 x + b1) + b2 = (W2 W1) x + (W2 b1 + b2); scale: diag(s); flatten: the identity.
    2. Terms of one target with the same source and delay: their matrices are added.
    3. A bias b enters the neuron's first stage: offset += gain * b.
    4. An output that shows something else than a population gets one: a readout neuron with decay 0 and gain 1,
       v[k] = x[k].
    5. Nodes that nothing reads any more are dropped.
    """

    name: ClassVar[str] = "populations"
    requires: ClassVar[str] = "stage steps"
    ensures: ClassVar[str] = "every neuron is fed by Linear nodes without bias, each fed by a population or its Delay"

    def run(self, graph: Graph) -> tuple[Graph, bool]:
        rewrite = _Rewrite(graph)
        for node in graph:
            rewrite.node(node)
        return graph.with_nodes(_reading_order(graph, rewrite.by_name)), True


@dataclass(frozen=True)
class _Term:
    """``matrix`` (None: identity) applied to ``source``, ``delay`` steps late.

    ``paths``: the linear nodes that it runs through; several paths where terms were added.
    """

    source: str
    delay: int
    matrix: Matrix | None = None
    paths: tuple[tuple[str, ...], ...] = ((),)

    @property
    def label(self) -> str:
        """Its linear nodes, as a product or a sum of products; empty if there are none."""
        return "+".join(dict.fromkeys("*".join(path) for path in self.paths if path))

    def through(self, node: str, matrix: Matrix) -> _Term:
        """This term behind one more linear node."""
        paths = tuple((*path, node) for path in self.paths)
        return replace(self, matrix=matrix if self.matrix is None else matrix @ self.matrix, paths=paths)


@dataclass
class _Sum:
    """A sum of terms and a constant."""

    terms: list[_Term] = field(default_factory=list)
    bias: Array | None = None

    def add(self, other: _Sum) -> None:
        self.terms += other.terms
        if other.bias is not None:
            self.bias = other.bias if self.bias is None else self.bias + other.bias


class _Rewrite:
    """One run of the pass: the new nodes in order, each added once."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.by_name: dict[str, Node] = {}

    def node(self, node: Node) -> None:
        """Add what ``node`` becomes; linear nodes, delays and shape ops are added where they are used."""
        if isinstance(node.op, Input):
            self.by_name[node.name] = node
        elif isinstance(node.op, Neuron):
            self._target(node, node.op)
        elif isinstance(node.op, Output):
            self._output(node)

    def _target(self, node: Node, op: Neuron) -> None:
        total = self._sum(node)
        inputs = tuple(self._linear(term, node, op.shape) for term in _merged(total.terms, self.graph))
        self.by_name[node.name] = replace(node, op=_with_bias(op, total.bias), inputs=inputs)

    def _output(self, node: Node) -> None:
        if len(node.inputs) == 1 and self._shows_population(node.inputs[0]):
            self._keep_flattens(node.inputs[0])
            self.by_name[node.name] = node
            return
        name = fresh_name(f"{node.name}.readout", self.graph)
        shape = self.graph.signals[node.name].shape
        readout = Neuron(shape, None, Membrane(ZERO, ONE, ZERO, ZERO), None)
        self._target(Node(name, readout, node.inputs, node.origin), readout)
        self.by_name[node.name] = replace(node, inputs=(name,))

    def _shows_population(self, name: str) -> bool:
        node = self.graph[name]
        while isinstance(node.op, Flatten) and len(node.inputs) == 1:
            node = self.graph[node.inputs[0]]
        return isinstance(node.op, Neuron)

    def _keep_flattens(self, name: str) -> None:
        node = self.graph[name]
        if isinstance(node.op, Flatten):
            self._keep_flattens(node.inputs[0])
            self.by_name[name] = node

    def _sum(self, node: Node) -> _Sum:
        total = _Sum()
        for name in node.inputs:
            total.add(self._expand(self.graph[name]))
        return total

    def _expand(self, node: Node) -> _Sum:
        """A node's output as terms over populations."""
        if isinstance(node.op, (Input, Neuron)):
            return _Sum([_Term(node.name, 0)])
        inner = self._sum(node)
        return _APPLY[type(node.op)](node, inner)

    def _linear(self, term: _Term, target: Node, shape: Shape) -> str:
        source = self._delayed(term.source, term.delay)
        short = term.label or f"{term.source}->{target.name}"
        name = short if short not in self.by_name else f"{short}->{target.name}"
        while name in self.by_name or (name in self.graph and (name,) not in term.paths):
            name += "'"
        matrix = sparse.eye_array(int(np.prod(shape)), format="csr") if term.matrix is None else term.matrix
        origins = dict.fromkeys(self.graph[path[-1]].origin for path in term.paths if path)
        origin = " + ".join(origins) or target.origin
        takes = self.graph.signals[term.source].shape
        self.by_name[name] = Node(
            name, Linear(matrix, None, _unless_flat(takes), _unless_flat(shape)), (source,), origin
        )
        return name

    def _delayed(self, source: str, steps: int) -> str:
        if steps == 0:
            return source
        for node in self.graph.consumers[source]:
            if isinstance(node.op, Delay) and node.op.steps == steps and len(node.inputs) == 1:
                self.by_name.setdefault(node.name, node)
                return node.name
        name = fresh_name(f"{source}+{steps}", self.graph)
        self.by_name.setdefault(name, Node(name, Delay(steps), (source,), self.graph[source].origin))
        return name


def _unless_flat(shape: Shape) -> Shape | None:
    return shape if len(shape) != 1 else None


def _reading_order(graph: Graph, by_name: dict[str, Node]) -> list[Node]:
    """Nodes that were there before keep their order; a new one stands before the first that reads it."""
    order: dict[str, Node] = {}

    def place(node: Node) -> None:
        for name in node.inputs:
            if name not in graph and name not in order:
                place(by_name[name])
        order.setdefault(node.name, node)

    for old in graph:
        if old.name in by_name:
            place(by_name[old.name])
    return list(order.values())


def _delay(node: Node, inner: _Sum) -> _Sum:
    assert isinstance(node.op, Delay)
    if inner.bias is not None and np.any(inner.bias != 0):
        found = "a constant (a bias) passes through a delay, which is zero in its first steps"
        raise ModelError(Diagnostic("AX601", node.name, found, "delays carry events only", "delay the events instead"))
    return _Sum([replace(term, delay=term.delay + node.op.steps) for term in inner.terms])


def _apply_linear(node: Node, inner: _Sum) -> _Sum:
    assert isinstance(node.op, Linear)
    return _apply(node, inner, node.op.weight, node.op.bias)


def _apply_scale(node: Node, inner: _Sum) -> _Sum:
    assert isinstance(node.op, Scale)
    return _apply(node, inner, sparse.diags_array(node.op.scale.reshape(-1), format="csr"), None)


def _apply(node: Node, inner: _Sum, weight: Matrix, bias: Array | None) -> _Sum:
    total = _Sum([term.through(node.name, weight) for term in inner.terms])
    total.add(_Sum([], None if inner.bias is None else weight @ inner.bias.reshape(-1)))
    total.add(_Sum([], bias))
    return total


_APPLY: dict[type[Op], Callable[[Node, _Sum], _Sum]] = {
    Delay: _delay,
    Linear: _apply_linear,
    Scale: _apply_scale,
    Flatten: lambda node, inner: inner,
}


def _merged(terms: list[_Term], graph: Graph) -> Iterator[_Term]:
    """Terms with the same source and delay, added up."""
    groups: dict[tuple[str, int], list[_Term]] = {}
    for term in terms:
        groups.setdefault((term.source, term.delay), []).append(term)
    for group in groups.values():
        if len(group) == 1:
            yield group[0]
            continue
        size = int(np.prod(graph.signals[group[0].source].shape))
        eye = sparse.eye_array(size, format="csr")
        matrices = [eye if term.matrix is None else term.matrix for term in group]
        paths = tuple(path for term in group for path in term.paths)
        yield replace(group[0], matrix=_added(matrices), paths=paths)


def _added(matrices: list[Matrix]) -> Matrix:
    total = matrices[0]
    for matrix in matrices[1:]:
        total = total + matrix
    return total if sparse.issparse(total) else np.asarray(total)


def _with_bias(op: Neuron, bias: Array | None) -> Neuron:
    if bias is None:
        return op
    shaped = bias.reshape(op.shape).astype(np.float64)
    if op.synapse is not None:
        return replace(op, synapse=replace(op.synapse, offset=op.synapse.offset + op.synapse.gain * shaped))
    return replace(op, membrane=replace(op.membrane, offset=op.membrane.offset + op.membrane.gain * shaped))
