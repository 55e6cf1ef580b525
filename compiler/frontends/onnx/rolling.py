"""Rolling up a loop that was unrolled: its steps become those of a Scan, with what one hands to the next as states."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np

from axonc.ir import Node
from axonc.ir.elements import dtype_of
from axonc.ir.ops import Array, Constant, Input, Map, MatMul, Op, Reshape, Slice, TensorOp, Transpose

from .draft import Draft, Value, fold, known
from .recurrence import Collect, Each, Final, State
from .unrolled import NotRolledError, Unrolled, find_unrolled

Late = Callable[[Op], bool]
"""Whether an op of one varying operand is computed after the delay rather than before."""


def _linear(op: Op) -> bool:
    arithmetic = isinstance(op, Map) and op.function in ("add", "sub", "mul", "div")
    return arithmetic or isinstance(op, (MatMul, Slice, Reshape, Transpose))


def _any(op: Op) -> bool:
    return True


WAYS: tuple[Late, ...] = (_linear, _any)
"""A step can hand on a value, or what the next one makes of it alone. The first keeps events as they are, the second
finds the reset of a neuron that was computed with its events."""

MOST = 64
"""The most loops, one after the other, that are rolled up."""


def rolled(draft: Draft, outputs: Mapping[str, Value], late: Late) -> tuple[Draft, dict[str, Value], list[int]]:
    """The draft with every unrolled loop as a recurrence, its outputs, and how many steps each loop had;
    `NotRolledError` if the steps of one are not alike."""
    lengths: list[int] = []
    held = dict(outputs)
    while len(lengths) < MOST and (found := find_unrolled(draft)) is not None:
        found.match()
        draft, held = _Roller(draft, found, late).run(held)
        lengths.append(found.steps)
    return draft, held, lengths


class _Roller:
    """Builds the draft in which one loop is rolled up. ``body`` is the step whose nodes stand for those of all."""

    def __init__(self, old: Draft, found: Unrolled, late: Late) -> None:
        self.old, self.found, self.late = old, found, late
        self.draft = Draft()
        self.draft.reserved, self.draft.unknown = old.reserved, old.unknown
        self.body = found.steps - 2
        self.before = {after: name for name, after in found.after.items()}
        self.outside: dict[str, Value] = {}
        self.inside: dict[str, Value] = {}
        self.states: dict[str, Value] = {}
        self.open: list[str] = []
        self.held: list[tuple[Value, Value]] = []
        self.first = {self.at(name, self.body): value for name, value in found.initial.items()}
        self.initial = cache(self._initial)

    def run(self, outputs: Mapping[str, Value]) -> tuple[Draft, dict[str, Value]]:
        """The new draft, and where the outputs are in it."""
        ends = {name: self.old.current(value.node) for name, value in outputs.items() if value.known is None}
        behind = self._behind([*ends.values()])
        for name, node in self.old.nodes.items():
            apart = name not in self.found.levels and name not in behind and name not in self.found.collected
            if apart and all(source in self.outside for source in node.sources):  # else nothing needs it
                self.outside[name] = self._copied(node, [self.outside[source] for source in node.sources])
        for name, node in self.old.nodes.items():
            if name in behind:
                self.outside[name] = self._copied(node, [self._seen(source) for source in node.sources])
        made = {name: self._seen(end) for name, end in ends.items()}
        while self.open:  # what follows a state can need further states
            name = self.open.pop()
            self._close(self.states[name], self._value(name))
        for state, follows in self.held:
            ends_at = follows if follows.known is not None else self.outside[self.old.current(follows.node)]
            self._close(state, ends_at)
        return self.draft, {name: made.get(name, value) for name, value in outputs.items()}

    def at(self, name: str, step: int) -> str:
        """The node that corresponds to one at another step."""
        levels = self.found.levels
        while levels[name] != step:
            table = self.found.after if levels[name] < step else self.before
            if name not in table:
                raise NotRolledError(f"nothing at step {step} is computed as {name} is")
            name = table[name]
        return name

    def _behind(self, ends: list[str]) -> set[str]:
        """The nodes that see a result of the loop."""
        needed, pending = set[str](), list(ends)
        while pending:
            name = pending.pop()
            if name not in needed and not self._is_result(name):
                needed.add(name)
                pending += self.old.nodes[name].sources
        behind = set[str]()
        for name, node in self.old.nodes.items():
            if name in needed and any(s in behind or self._is_result(s) for s in node.sources):
                behind.add(name)
        return behind

    def _is_result(self, name: str) -> bool:
        """Whether a node joins what a loop gives, or belongs to a step as it does to all."""
        found = self.found
        return name in found.collected or (name in found.levels and (name in self.before or name in found.after))

    def _seen(self, name: str) -> Value:
        """What a node outside sees of another."""
        if name in self.outside:
            return self.outside[name]
        if name in self.found.collected:
            return self._collected(name)
        if self.found.levels.get(name) != self.found.steps - 1:
            raise NotRolledError(f"{name} is a value of one step among others")
        x = self._value(self.at(name, self.body))
        self.outside[name] = self.draft.emit(Final((x.signal,)), x)
        return self.outside[name]

    def _collected(self, name: str) -> Value:
        op, steps = self.old.nodes[name].op, self.found.steps
        axis: int = getattr(op, "axis")  # noqa: B009 - of a concat
        piece = self._value(self.found.collected[name][self.body])
        apart = self.draft.emit(Collect((piece.signal,), axis, steps), piece)
        self.outside[name] = self.draft.reshape(
            apart, (*piece.shape[:axis], steps * piece.shape[axis], *piece.shape[axis + 1 :])
        )
        return self.outside[name]

    def _copied(self, node: Node, operands: list[Value]) -> Value:
        """The same node in the new draft."""
        if isinstance(node.op, Constant):
            return known(node.op.value, node.name)
        if isinstance(node.op, Input):
            return self.draft.input(node.op.signal, node.name)
        if isinstance(node.op, State):
            return self._held(node, node.op)
        assert isinstance(node.op, TensorOp)
        self.draft.hint, self.draft.origin = node.name, node.origin
        names = [self.draft.node_of(operand) for operand in operands]
        return Value(node.op.output(None), self.draft.add(node.op, names, node.name))

    def _held(self, node: Node, op: State) -> Value:
        """The state of a loop that is rolled up already; what follows it comes later."""
        made = Value(op.output(None), self.draft.add(State(op.initial, []), (), node.name))
        self.held.append((made, op.follows[0]))
        return made

    def _value(self, name: str) -> Value:
        """What a node of the body gives in the present step."""
        if name not in self.inside:
            node = self.old.nodes[name]
            element = self.found.elements.get(name)
            if element is not None:
                x = self._seen(element.source)
                each = self.draft.emit(Each((x.signal,), element.axis), x)
                self.inside[name] = self.draft.reshape(each, node.op.output(None).shape)
            else:
                self.inside[name] = self._copied(node, [self._operand(source) for source in node.sources])
        return self.inside[name]

    def _operand(self, name: str) -> Value:
        level = self.found.levels.get(name)
        if level is None:
            return self._seen(name)
        if level == self.body:
            return self._value(name)
        if level < self.body - 1:
            raise NotRolledError(f"{name} is read more than one step later")
        return self._late(self.at(name, self.body))

    def _late(self, name: str) -> Value:
        """What a node of the body gave in the step before: a state, or computed again from states."""
        if name in self.states:
            return self.states[name]
        if self._recomputed(name):
            node = self.old.nodes[name]
            varying = self._varying(name)
            operands = [self._late(s) if s in varying else self._seen(s) for s in node.sources]
            return self._copied(node, operands)
        signal = self.old.nodes[name].op.output(None)
        initial = np.broadcast_to(self.initial(name), signal.shape).astype(dtype_of(signal.format))
        self.draft.hint, self.draft.origin = name, self.old.nodes[name].origin
        self.states[name] = Value(signal, self.draft.add(State(known(initial), []), (), f"{name}/state"))
        self.open.append(name)
        return self.states[name]

    def _varying(self, name: str) -> set[str]:
        """The operands of a node of the body that are no constants."""
        return {s for s in self.old.nodes[name].sources if self.found.constant(s) is None}

    def _recomputed(self, name: str) -> bool:
        """Whether a node has one varying operand, of its step, and begins as what that begins with makes it begin."""
        varying = self._varying(name)
        if name in self.found.elements or len(varying) != 1 or not self.late(self.old.nodes[name].op):
            return False
        (operand,) = varying
        if self.found.levels.get(operand) != self.body or operand in self.found.elements:
            return False
        return name not in self.first or np.allclose(self._first_of(name), self.first[name], rtol=1e-5, atol=1e-6)

    def _first_of(self, name: str) -> Array:
        """What a node of the body makes of what its operands are before the first step."""
        node = self.old.nodes[name]
        stored = ((s, self.found.constant(s)) for s in node.sources)
        return fold(node.op, [self.initial(s) if value is None else value for s, value in stored])

    def _initial(self, name: str) -> Array:
        """What a node of the body is before the first step: as it is known, as it follows, or zeros."""
        signal = self.old.nodes[name].op.output(None)
        if name in self.first:
            return np.broadcast_to(self.first[name], signal.shape)
        if self._recomputed(name):
            return self._first_of(name)
        return np.zeros(signal.shape, dtype_of(signal.format))

    def _close(self, state: Value, after: Value) -> None:
        op = self.draft.nodes[self.draft.current(state.node)].op
        assert isinstance(op, State)
        op.follows.append(after)
