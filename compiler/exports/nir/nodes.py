"""How each op becomes nodes of NIR: one maker an op."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from math import prod
from typing import Any

import nir
import numpy as np

from axonc.ir import Diagnostic, Graph, ModelError, Node, Shape
from axonc.ir.ops import (
    IF,
    LI,
    LIF,
    Array,
    Conv,
    CubaLI,
    CubaLIF,
    Delay,
    ExactNeuron,
    FixedNeuron,
    Flatten,
    I,
    Input,
    LevelNeuron,
    Linear,
    Matrix,
    Neuron,
    Op,
    Output,
    Pool,
    QuantConv,
    QuantLinear,
    Scale,
    Threshold,
    TimeDelay,
    is_sparse,
)

from .neurons import Primitive
from .notes import Notes
from .windows import conv_node, pool_node

MAX_BYTES = 1 << 30
"""The most that the weights of one node may take: NIR holds dense matrices only."""


@dataclass(frozen=True)
class Place:
    """A node where it stands: the shapes around it, the primitives of neurons, and biases that neurons leave to it."""

    graph: Graph
    node: Node
    dt: float
    primitives: Mapping[str, Primitive]
    biases: Mapping[str, Array]
    notes: Notes

    @property
    def takes(self) -> Shape:
        """The shape of what enters."""
        source = self.graph.source(self.node.name)
        assert source is not None
        return source.shape

    @property
    def gives(self) -> Shape:
        """The shape of what leaves."""
        return self.graph.signals[self.node.name].shape

    def lose(self, what: str) -> None:
        """NIR has no field for ``what`` of this node."""
        self.notes.lose(self.node.name, what)


@dataclass(frozen=True)
class Written:
    """The node of NIR that an op becomes, and reshaping nodes before and behind it."""

    node: nir.NIRNode
    before: tuple[nir.NIRNode, ...] = ()
    behind: tuple[nir.NIRNode, ...] = field(default=())


Maker = Callable[[Any, Place], Written]


def written(place: Place) -> Written:
    """What a node becomes."""
    return MAKERS[type(place.node.op)](place.node.op, place)


def _input(op: Input, place: Place) -> Written:
    if str(op.signal) != f"event[{'x'.join(map(str, op.signal.shape)) or 'scalar'}]":
        place.lose(f"an input of {op.signal}")
    return Written(nir.Input({"input": np.array(op.signal.shape, np.int64)}))


def _output(op: Output, place: Place) -> Written:
    return Written(nir.Output({"output": np.array(place.gives, np.int64)}))


def _flatten(op: Flatten, place: Place) -> Written:
    return Written(nir.Flatten({"input": np.array(place.takes, np.int64)}, op.start_dim, op.end_dim))


def flat(shape: Shape) -> nir.NIRNode:
    """A node that makes one axis of all."""
    return nir.Flatten({"input": np.array(shape, np.int64)}, 0, -1)


def _linear(op: Linear, place: Place) -> Written:
    return _matrix(op.weight, op.bias, op.takes, op.gives, place)


def _quant_linear(op: QuantLinear, place: Place) -> Written:
    _check_size(place.node.name, prod(op.weight.shape))
    scale = op.weight_scale
    weight = _dense(op.weight) * (scale[:, None] if scale.ndim else scale)
    return _matrix(weight, None, op.takes, op.gives, place)


def _matrix(weight: Matrix, bias: Array | None, takes: Shape | None, gives: Shape | None, place: Place) -> Written:
    extra = place.biases.get(place.node.name)
    if extra is not None:
        bias = extra if bias is None else bias + extra
    blocks = None if takes is None or gives is None else _blocks(weight, takes, gives)
    if blocks is not None:
        return Written(_linear_node(blocks, None if bias is None else _shared(bias, gives or ())))
    _check_size(place.node.name, prod(weight.shape))
    if gives is not None and len(gives) != 1:
        place.lose(f"a matrix that gives the shape {gives}: the file says ({prod(gives)},)")
    before = () if takes is None or len(takes) == 1 else (flat(takes),)
    return Written(_linear_node(_dense(weight), bias), before)


def _linear_node(weight: Array, bias: Array | None) -> nir.NIRNode:
    return nir.Linear(weight) if bias is None else nir.Affine(weight, bias)


def _blocks(weight: Matrix, takes: Shape, gives: Shape) -> Array | None:
    """A weight of shape (*B, O, I) where the matrix has blocks of (O, I) along its diagonal and nothing else."""
    if takes[:-1] != gives[:-1] or len(takes) < 2 or not is_sparse(weight):
        return None
    rows, columns, count = gives[-1], takes[-1], prod(takes[:-1])
    entries = weight.tocoo()
    if np.any(entries.row // rows != entries.col // columns):
        return None
    made = np.zeros((count, rows, columns), weight.dtype)
    made[entries.row // rows, entries.row % rows, entries.col % columns] = entries.data
    return made.reshape(*takes[:-1], rows, columns)


def _shared(bias: Array, gives: Shape) -> Array:
    """The bias of one block, where all have the same; else that of all."""
    rows = bias.reshape(-1, gives[-1])
    return rows[0].copy() if np.all(rows == rows[0]) else bias.reshape(gives)


def _dense(weight: Matrix) -> Array:
    return weight.toarray() if is_sparse(weight) else np.asarray(weight)


def _check_size(name: str, count: int) -> None:
    if count * 8 > MAX_BYTES:
        found = f"its weights are {count} numbers where no zero is left out"
        limit = f"NIR has no sparse weights, and {MAX_BYTES >> 30} GB a node are written"
        raise ModelError(Diagnostic("AX713", name, found, limit, "save an axonc graph file (.axg)"))


def _conv(op: Conv, place: Place) -> Written:
    bias = np.zeros(op.weight.shape[0]) if op.bias is None else op.bias
    return _convolved(op, op.weight, bias, place)


def _quant_conv(op: QuantConv, place: Place) -> Written:
    scale = op.weight_scale
    scale = scale.reshape(-1, *(1,) * (op.weight.ndim - 1)) if scale.ndim else scale
    return _convolved(op, op.weight * scale, np.zeros(op.weight.shape[0]), place)


def _convolved(op: Conv | QuantConv, weight: Array, bias: Array, place: Place) -> Written:
    extra = place.biases.get(place.node.name)
    if extra is not None:
        bias = bias + extra.reshape(len(bias), -1)[:, 0]
    node = conv_node(weight, bias, op.axes, op.groups, place.takes[1:])
    if op.gives is None:
        return Written(node)
    extents = tuple(axis.extent(size) for axis, size in zip(op.axes, place.takes[1:], strict=True))
    if len(op.gives) == 1:
        return Written(node, behind=(flat((len(bias), *extents)),))
    place.lose(f"a convolution that gives the shape {op.gives}: the file says {(len(bias), *extents)}")
    return Written(node)


def _delay(op: Delay, place: Place) -> Written:
    return Written(nir.Delay(np.full(place.gives, op.steps * place.dt)))


def _continuous(op: Op, place: Place) -> Written:
    given = {member.name: getattr(op, member.name) for member in fields(op)}
    if given.get("v_reset", op) is None:
        place.lose("what a spike does is left open: v_reset = 0 stands there")
        given["v_reset"] = np.zeros_like(given["v_threshold"])
    return Written(getattr(nir, _NAMES.get(type(op), type(op).__name__))(**given))


def _neuron(op: Op, place: Place) -> Written:
    made = place.primitives[place.node.name]
    for what in made.lost:
        place.lose(what)
    return Written(getattr(nir, made.type)(**made.parameters))


_NAMES: Mapping[type[Op], str] = {TimeDelay: "Delay"}

MAKERS: Mapping[type[Op], Maker] = {
    Input: _input,
    Output: _output,
    Flatten: _flatten,
    Linear: _linear,
    QuantLinear: _quant_linear,
    Conv: _conv,
    QuantConv: _quant_conv,
    Pool: lambda op, place: Written(pool_node(op, place.takes)),
    Scale: _continuous,
    Delay: _delay,
    TimeDelay: _continuous,
    **dict.fromkeys((Threshold, I, LI, IF, LIF, CubaLI, CubaLIF), _continuous),
    **dict.fromkeys((Neuron, FixedNeuron, LevelNeuron, ExactNeuron), _neuron),
}
"""How each op becomes nodes of NIR."""


def unwritten(graph: Graph) -> Iterator[Diagnostic]:
    """The nodes for which NIR has none."""
    for node in graph:
        if type(node.op) not in MAKERS:
            limit = f"only {', '.join(sorted({op.name for op in MAKERS}))} are written"
            yield Diagnostic("AX714", node.name, f"{node.op.name}", limit, "save an axonc graph file (.axg)")
