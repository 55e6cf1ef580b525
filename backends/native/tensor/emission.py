"""The state of an emission: where every signal lies, and the lines of C so far."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np

from axonc.ir import Graph, Node
from axonc.ir.ops import Array

from .expressions import expression
from .held import held_types, summed
from .loops import nest
from .names import Names
from .types import BOOL, DType, c_type, carrier, literal
from .values import Buffer, Shape, Value, constant_number, whole


@dataclass(frozen=True)
class Block:
    """What one node does in a step: a comment and lines of C."""

    comment: str
    lines: tuple[str, ...]


@dataclass
class Emission:
    """A graph on its way to C.

    ``values``: the output of every node so far, and what nodes hand to the next step; ``buffers``: all members of the
    program's memory, of which those in ``states`` live on from step to step; ``constants``: the members of the
    constants, with their numbers; ``reset``: what a run sets up, after all memory is 0; ``kernels``: the headers of
    products that are used, and for how many lanes; ``longest``: the most sources of a matrix.
    """

    graph: Graph
    values: dict[str, Value] = field(default_factory=dict)
    buffers: dict[str, Buffer] = field(default_factory=dict)
    states: set[str] = field(default_factory=set)
    constants: dict[str, tuple[Buffer, Array]] = field(default_factory=dict)
    reset: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    kernels: set[tuple[str, int]] = field(default_factory=set)
    longest: int = 0

    def __post_init__(self) -> None:
        self.held = held_types(self.graph)
        self.names = Names()
        self._lines: list[str] = []
        self._same: dict[str, Value] = {}

    def emit(self, lines: Sequence[str]) -> None:
        """More lines of the node in hand."""
        self._lines += lines

    def close(self, comment: str) -> None:
        """End the node in hand."""
        if self._lines:
            self.blocks.append(Block(comment, tuple(self._lines)))
        self._lines = []

    def new(self, name: str, shape: Shape, dtype: DType) -> Value:
        """A buffer that lives as long as something uses it."""
        buffer = Buffer(self.names.unique(name), carrier(dtype), prod(shape))
        self.buffers[buffer.name] = buffer
        return whole(buffer, shape)

    def state(self, name: str, shape: Shape, dtype: DType) -> Value:
        """A buffer that lives as long as the program, 0 at first."""
        value = self.new(name, shape, dtype)
        self.states.add(value.buffer.name)
        return value

    def constant(self, name: str, array: Array, dtype: DType) -> Value:
        """Numbers that are known: one of them stands in the text, others in the constants, equal ones once."""
        held = np.asarray(array).astype(carrier(dtype))
        if held.size and np.all(_bits(held) == _bits(held).flat[0]):
            number = constant_number(literal(held.flat[0], held.dtype), held.dtype)
            return number.spread(held.shape)
        return self.table(name, held)

    def table(self, name: str, array: Array) -> Value:
        """Numbers in the constants."""
        held = np.ascontiguousarray(array).reshape(array.shape)
        digest = hashlib.sha256(repr((held.dtype.str, held.shape)).encode() + held.tobytes()).hexdigest()
        if digest not in self._same:
            buffer = Buffer(self.names.unique(name), held.dtype, held.size, "c")
            self.constants[buffer.name] = (buffer, held)
            self._same[digest] = whole(buffer, held.shape)
        return self._same[digest]

    def number(self, node: Node) -> int:
        """What a step returns where the data do not fit a node: its place in the order of the graph, from 1."""
        return 1 + self.graph.order.index(node)

    def operands(self, node: Node) -> list[Value]:
        """The summed input, if there is one, and what the node reads."""
        given = [self.sum(node)] if node.inputs else []
        return given + [self.values[name] for name in node.reads]

    def sum(self, node: Node) -> Value:
        """The sum of a node's inputs, one after the other."""
        parts = [self.values[name] for name in node.inputs]
        if len(parts) == 1:
            return parts[0]
        total = self.new(f"{node.name}_sum", parts[0].shape, summed(node.inputs, self.held))
        types = [self.held[name] for name in node.inputs]

        def add(to: str, first: str, *others: str) -> list[str]:
            text, own = first, types[0]
            for other, theirs in zip(others, types[1:], strict=True):
                both = np.result_type(own, theirs)
                text = added(converted(text, own, both), converted(other, theirs, both), both)
                own = both
            return [f"{to} = {text};"]

        self.emit(nest(total.shape, [total, *parts], add))
        return total

    def laid_out(self, value: Value, dtype: DType, name: str) -> Value:
        """The value in a buffer of that type, side by side; itself where it is that already."""
        if value.contiguous and value.dtype == carrier(dtype):
            return value
        copy = self.new(name, value.shape, dtype)
        self.copy(copy, value)
        return copy

    def copy(self, to: Value, value: Value) -> None:
        """Every element, converted where the types differ."""
        self.emit(copied(to, value))


def copied(to: Value, value: Value) -> list[str]:
    """A block of bytes where both lie side by side, else loops."""
    if to.dtype == value.dtype and to.contiguous and value.contiguous:
        return [f"memcpy({to.pointer}, {value.pointer}, {to.size * to.dtype.itemsize});"] if to.size else []
    return nest(to.shape, [to, value], lambda a, b: [f"{a} = {converted(b, value.dtype, to.dtype)};"])


def converted(text: str, source: DType, target: DType) -> str:
    """A number of one type of C as another, as numpy has it."""
    if source == target:
        return text
    if target == BOOL:
        return f"({text} != 0)"
    if source.kind == "f" and target.kind in "iu":
        return f"({c_type(target)})axonc_truncated_{target.name}({text})"
    return f"({c_type(target)})({text})" if " " in text.split("[")[0] else f"({c_type(target)}){text}"


def added(a: str, b: str, dtype: DType) -> str:
    """a + b in a type; integers wrap."""
    return expression("add", [a, b], dtype)


def _bits(array: Array) -> Array:
    """Floats by their bits, so that 0.0 and -0.0 differ and NaN is itself."""
    return array.view(f"u{array.dtype.itemsize}") if array.dtype.kind == "f" else array
