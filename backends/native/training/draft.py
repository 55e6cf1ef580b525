"""The program while it grows: where the signals of both graphs lie, and the lines of C of a step either way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np

from axonc.ir import Graph, Node
from axonc.ir.ops import Array, Flatten, Output, Scale

from ...training.signals import type_of
from ...training.task import Task
from ..tensor.names import Names, comment_text
from ..tensor.types import F32, literal
from .memory import Group, Member

C_TYPES = {"u1": "uint8_t", "u4": "uint32_t", "f4": "float"}


@dataclass(frozen=True)
class Value:
    """A signal: the name of its array in C, the numpy type, the elements of a sample."""

    text: str
    dtype: str
    width: int

    def at(self, index: str = "at") -> str:
        """An element as a float."""
        return f"{self.text}[{index}]" if self.dtype == "f4" else f"(float){self.text}[{index}]"


@dataclass(frozen=True)
class Block:
    """What a node does: a comment, and lines."""

    comment: str
    lines: tuple[str, ...]


@dataclass
class Side:
    """One of the two graphs: its signals by name (also ``node:internal``), and its blocks; ``ends``: those that come
    when all others are through. ``temporary``, ``running``: the groups of signals and of states."""

    graph: Graph
    temporary: Group
    running: Group
    values: dict[str, Value] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    ends: list[Block] = field(default_factory=list)

    def signals(self, names: Sequence[str]) -> list[Value]:
        """Signals by name."""
        return [self.values[name] for name in names]

    def emit(self, node: Node, lines: Sequence[str]) -> None:
        """Lines of a node."""
        said = f"{comment_text(node.name)}: {node.op.name} -> {self.graph.signals[node.name]}"
        self.blocks.append(Block(said, tuple(lines)))


@dataclass(frozen=True)
class Table:
    """The arrays that say which sources and targets meet, and by which weight; NULL where there are none."""

    first: str
    targets: str
    entries: str
    weights: str

    @property
    def pairs(self) -> str:
        """The arguments that say who meets whom."""
        return f"{self.first}, {self.targets}, {self.entries}"


@dataclass
class Draft:
    """``begun``: the numbers that members begin with; ``starts``: lines at the beginning of a step of training;
    ``reset``: those that set up states, which are 0 otherwise; ``longest``: the most elements that are listed;
    ``parameters``, ``gradients``: (node, field) -> where it is; ``tables``: of forward nodes that have one."""

    task: Task
    forward: Side = field(init=False)
    backward: Side = field(init=False)
    members: list[Member] = field(default_factory=list)
    begun: dict[str, Array] = field(default_factory=dict)
    starts: list[str] = field(default_factory=list)
    reset: list[str] = field(default_factory=list)
    parameters: dict[tuple[str, str], Member] = field(default_factory=dict)
    gradients: dict[tuple[str, str], Member] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    longest: int = 1

    def __post_init__(self) -> None:
        self.forward = Side(self.task.forward, "forward", "state")
        self.backward = Side(self.task.backward, "backward", "sums")
        self.names = Names()
        self.taped = {reference: source_of(self.task.forward, reference) for reference in self.task.tape.values()}

    def owner(self, node: Node) -> tuple[str, str]:
        """The parameter whose gradient a node of the backward graph adds up."""
        readers = self.backward.graph.consumers[node.name]
        (output,) = (reader.name for reader in readers if reader.name in self.task.gradients)
        return self.task.gradients[output]

    def member(self, name: str, dtype: str, count: int, group: Group) -> Member:
        """An array of the memory."""
        made = Member(self.names.unique(name), dtype, count, group)
        self.members.append(made)
        return made

    def array(self, name: str, dtype: str, width: int, group: Group) -> Value:
        """An array with ``width`` elements of every sample."""
        return Value(self.member(name, dtype, self.task.batch * width, group).text, dtype, width)

    def signal(self, side: Side, name: str, dtype: str, width: int) -> Value:
        """An array for a signal, on the tape if the way back takes it."""
        on_tape = side is self.forward and name in self.taped.values()
        value = side.values[name] = self.array(name, dtype, width, "tape" if on_tape else side.temporary)
        return value

    def output(self, side: Side, node: Node) -> Value:
        """An array for a node's output."""
        found = side.graph.signals[node.name]
        return self.signal(side, node.name, type_of(found), prod(found.shape))

    def stored(self, name: str, array: Array, dtype: str = "f4") -> Member:
        """Numbers that training begins with."""
        held = np.ascontiguousarray(array, dtype).reshape(-1)
        made = self.member(name, dtype, held.size, "numbers")
        self.begun[made.name] = held
        return made

    def number(self, name: str, array: Array, width: int, index: str = "n") -> str:
        """A parameter of neurons: one number in the text where all have the same, else that of neuron ``index``."""
        held = np.asarray(array, np.float32).reshape(-1)
        if np.all(held == held[0]):
            return literal(held[0], F32)
        assert held.size == width
        return f"{self.stored(name, held).text}[{index}]"

    def begin_with(self, name: str, held: Value, count: int, first: Array) -> None:
        """Before the first step ``held``, of ``count`` elements, has these values for every sample."""
        number = self.number(name, first, held.width, f"k % {held.width}")
        self.reset += [f"for (size_t k = 0; k < {count}; k++) {{", f"    {held.text}[k] = {number};", "}"]

    def recorded(self, side: Side, node: Node, width: int, texts: Mapping[str, str]) -> list[str]:
        """Lines that keep what the way back takes of a node's internals, each by the text that has it."""
        wanted = {name: text for name, text in texts.items() if f"{node.name}:{name}" in self.taped}
        kept = {name: self.signal(side, f"{node.name}:{name}", "f4", width) for name in wanted}
        return [f"{kept[name].at()} = {text};" for name, text in wanted.items()]

    def joined(self, side: Side, node: Node, names: Sequence[str]) -> Value:
        """The sum of signals, one after the other; a single one is itself."""
        values = side.signals(names)
        if len(values) == 1:
            return values[0]
        total = self.array(f"{node.name} sum", "f4", values[0].width, side.temporary)
        side.emit(node, loop(total.width, [f"{total.at()} = {sum_of(values)};"]))
        return total


def sum_of(values: Sequence[Value], index: str = "at") -> str:
    """The sum of elements, in their order."""
    return " + ".join(value.at(index) for value in values)


def grouped(values: Sequence[Value], index: str = "at") -> str:
    """The sum as a factor or a term of something else."""
    return sum_of(values, index) if len(values) == 1 else f"({sum_of(values, index)})"


def call(function: str, *groups: str) -> list[str]:
    """A call with a line for each group of arguments."""
    first, *rest = groups
    lines = [f"{function}({first}", *(f"    {group}" for group in rest)]
    return [*(f"{line}," for line in lines[:-1]), f"{lines[-1]});"]


def loop(width: int, lines: Sequence[str], extent: int | None = None) -> list[str]:
    """Lines for every sample b and neuron n; ``at`` is the element's place. ``extent``: where it is not the width."""
    inner = [f"        {line}" for line in (f"const size_t at = b * {width} + n;", *lines)]
    count = width if extent is None else extent
    head = ["for (size_t b = 0; b < BATCH; b++) {", "    AXONC_INDEPENDENT"]
    return [*head, f"    for (size_t n = 0; n < {count}; n++) {{", *inner, "    }", "}"]


def passes(node: Node) -> bool:
    """Whether a node's output is its only input."""
    plain = isinstance(node.op, (Output, Flatten)) or (isinstance(node.op, Scale) and _ones(node.op))
    return plain and len(node.inputs) == 1


def _ones(op: Scale) -> bool:
    return bool(np.all(np.asarray(op.scale, np.float32) == 1))


def source_of(graph: Graph, reference: str) -> str:
    """The forward signal whose array has what a reference names."""
    while reference in graph and passes(graph[reference]):
        (reference,) = graph[reference].inputs
    return reference
