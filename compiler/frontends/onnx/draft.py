"""A graph in the making: values, known or computed by nodes, and the functions that make ops of them.

Whatever follows from known values alone is computed at once, by the interpreter's own kernels, and becomes a known
value itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from axonc.ir import Kind, Node, Shape, Signal
from axonc.ir.elements import dtype_of, format_of
from axonc.ir.interpret import KERNELS
from axonc.ir.ops import (
    Array,
    Broadcast,
    Cast,
    Concat,
    Constant,
    Gather,
    Input,
    Map,
    MatMul,
    Op,
    Reduce,
    Reshape,
    Slice,
    TensorOp,
    Transpose,
)
from axonc.ir.ops.tensor import size_of
from axonc.ir.signal import Format

MAX_BYTES = 2 << 30
"""The most that one value may take in memory: a shape can claim any size."""

MAX_NODES = 100_000
"""The most nodes that a model may become: functions and loops can multiply them."""


class OperatorError(Exception):
    """What is wrong with one operator of a model: (found, limit), a code and a remedy."""

    def __init__(self, found: str, limit: str = "", code: str = "AX103", remedy: str = "correct the model") -> None:
        super().__init__(found)
        self.found, self.limit, self.code, self.remedy = found, limit, code, remedy


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor of the model: its signal, and the node that computes it or the numbers that it is known to be."""

    signal: Signal
    node: str = ""
    known: Array | None = None

    @property
    def shape(self) -> Shape:
        """Its extents."""
        return self.signal.shape

    @property
    def rank(self) -> int:
        """How many axes it has."""
        return len(self.signal.shape)


def known(array: Array, name: str = "") -> Value:
    """A value that is known; ``name`` is what its node is called if it needs one."""
    return Value(Signal(array.shape, Kind.DENSE, format_of(array.dtype)), name, array)


def printable(name: str) -> str:
    """A name without characters that cannot be shown."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in name)


class Draft:
    """Collects nodes. ``hint`` and ``origin`` name the operator of the model that is being converted;
    ``unknown``: extents that stand in for unknown ones, with input and name."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.reserved: set[str] = set()
        self._constants: dict[int, str] = {}
        self._renamed: dict[str, str] = {}
        self.hint, self.origin = "value", ""
        self.unknown: dict[int, tuple[str, str]] = {}

    def fresh(self, name: str) -> str:
        """A name that no node has, printable and not that of a state."""
        shown = printable(name).replace(":", ".") or "value"
        candidate, number = shown, 2
        while candidate in self.nodes or candidate in self.reserved or candidate in self._renamed:
            candidate, number = f"{shown}.{number}", number + 1
        return candidate

    def add(self, op: Op, sources: Sequence[str] = (), name: str = "") -> str:
        """A new node; the first source is its input, it reads the others."""
        if len(self.nodes) >= MAX_NODES:
            raise OperatorError(
                "the model becomes too large", f"at most {MAX_NODES} nodes", "AX105", "export with scan"
            )
        name = self.fresh(name or f"{self.hint}/{getattr(op, 'function', op.name)}")
        self.nodes[name] = Node(name, op, tuple(sources[:1]), printable(self.origin or name), tuple(sources[1:]))
        return name

    def input(self, signal: Signal, name: str) -> Value:
        """An input of the graph."""
        return Value(signal, self.add(Input(signal), (), name))

    def node_of(self, value: Value) -> str:
        """The node of a value; a known one becomes a constant."""
        if value.known is None:
            return self.current(value.node)
        if id(value.known) not in self._constants:  # the node keeps the array, so that no other one gets its id
            name = self.add(Constant(value.known), (), value.node or f"{self.hint}/constant")
            self._constants[id(value.known)] = name
        return self._constants[id(value.known)]

    def emit(self, op: TensorOp, *operands: Value) -> Value:
        """The value of an op, computed now if all operands are known."""
        problems = list(op.verify(None))
        if problems:
            raise OperatorError(problems[0].found, problems[0].limit, problems[0].code, problems[0].remedy)
        signal = op.result()
        if size_of(signal) > MAX_BYTES or min(signal.shape, default=0) < 0:
            raise OperatorError(f"a tensor of {signal.shape}", f"at most {MAX_BYTES >> 30} GiB each", "AX105")
        arrays = [operand.known for operand in operands if operand.known is not None]
        if len(arrays) == len(operands):
            return known(fold(op, arrays))
        return Value(signal, self.add(op, [self.node_of(operand) for operand in operands]))

    def current(self, name: str) -> str:
        """What a node is called now."""
        while name in self._renamed:
            name = self._renamed[name]
        return name

    def rename(self, old: str, new: str, since: int) -> None:
        """Give another name to a node that came after the first ``since`` ones; only those can read it."""
        self._renamed[old] = new
        tail = [self.nodes.popitem()[1] for _ in range(len(self.nodes) - since)]
        for node in reversed(tail):
            inputs, reads = (tuple(new if name == old else name for name in part) for part in (node.inputs, node.reads))
            name = new if node.name == old else node.name
            self.nodes[name] = replace(node, name=name, inputs=inputs, reads=reads)

    def map(self, function: str, *operands: Value) -> Value:
        """`Map`."""
        return self.emit(Map(_signals(operands), function), *operands)

    def scalar(self, number: float, like: Value) -> Value:
        """A number in the format of another value."""
        return known(np.asarray(number).astype(dtype_of(like.signal.format)))

    def cast(self, x: Value, to: Format) -> Value:
        """`Cast`, where it changes anything."""
        return x if x.signal.format == to else self.emit(Cast(_signals([x]), to), x)

    def reshape(self, x: Value, shape: Sequence[int]) -> Value:
        """`Reshape`, where it changes anything."""
        return x if x.shape == tuple(shape) else self.emit(Reshape(_signals([x]), tuple(map(int, shape))), x)

    def transpose(self, x: Value, axes: Sequence[int]) -> Value:
        """`Transpose`."""
        return self.emit(Transpose(_signals([x]), tuple(map(int, axes))), x)

    def slice(self, x: Value, axis: int, start: int, count: int, step: int = 1) -> Value:
        """`Slice` along one axis."""
        spans = [(0, extent, 1) for extent in x.shape]
        spans[axis] = (int(start), int(count), int(step))
        return x if count == x.shape[axis] and step == 1 else self.emit(Slice(_signals([x]), tuple(spans)), x)

    def concat(self, values: Sequence[Value], axis: int) -> Value:
        """`Concat`."""
        return values[0] if len(values) == 1 else self.emit(Concat(_signals(values), axis), *values)

    def matmul(self, a: Value, b: Value) -> Value:
        """`MatMul`."""
        return self.emit(MatMul(_signals([a, b])), a, b)

    def reduce(self, function: str, x: Value, axes: Sequence[int], keep: bool) -> Value:
        """`Reduce`."""
        return self.emit(Reduce(_signals([x]), function, tuple(sorted(set(axes))), keep), x)

    def gather(self, x: Value, indices: Value, axis: int) -> Value:
        """`Gather`."""
        return self.emit(Gather(_signals([x, indices]), axis), x, indices)

    def broadcast(self, x: Value, shape: Sequence[int]) -> Value:
        """`Broadcast`, where it changes anything."""
        return x if x.shape == tuple(shape) else self.emit(Broadcast(_signals([x]), tuple(map(int, shape))), x)


def _signals(values: Sequence[Value]) -> tuple[Signal, ...]:
    return tuple(value.signal for value in values)


def fold(op: Op, arrays: Sequence[Array]) -> Array:
    """What an op makes of known operands, by its kernel in the interpreter."""
    kernel = KERNELS[type(op)](op, "float32")
    try:
        return np.asarray(kernel.step(kernel.initial(1), *(array[None] for array in arrays))[1][0])
    except (IndexError, ValueError) as error:
        raise OperatorError(f"{op.name} cannot be computed: {error}") from error
