"""Recurrences: a step that is repeated along an axis, as steps of the graph or unrolled.

As steps, the axis is still there in the draft: `Each` is the element of the present step, `State` what the step before
left, `Collect` and `Final` what the loop gives. `steps` takes the axis away and closes the loop by delays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from axonc.ir import Kind, Signal
from axonc.ir.ops import Op, TensorOp
from axonc.ir.ops.tensor import INT64

from .call import Call, Item, Items
from .draft import OperatorError, Value, known

MAX_STEPS = 4096
"""The most steps that are unrolled."""


class NotSequentialError(Exception):
    """The model cannot run step by step: (node, why)."""

    def __init__(self, node: str, why: str) -> None:
        super().__init__(f"{node}: {why}" if node else why)


@dataclass(frozen=True, eq=False)
class Each(TensorOp):
    """The element of the present step along ``axis``."""

    name: ClassVar[str] = "each"
    axis: int

    def result(self) -> Signal:
        x = self.takes[0]
        return Signal((*x.shape[: self.axis], *x.shape[self.axis + 1 :]), Kind.DENSE, x.format)


@dataclass(frozen=True, eq=False)
class Collect(TensorOp):
    """The values of all ``count`` steps along a new ``axis``."""

    name: ClassVar[str] = "collect"
    axis: int
    count: int

    def result(self) -> Signal:
        x = self.takes[0]
        return Signal((*x.shape[: self.axis], self.count, *x.shape[self.axis :]), Kind.DENSE, x.format)


@dataclass(frozen=True, eq=False)
class Final(TensorOp):
    """The value of the last step."""

    name: ClassVar[str] = "final"

    def result(self) -> Signal:
        return self.takes[0]


@dataclass(frozen=True, eq=False)
class Counter(Op):
    """The number of the present step."""

    name: ClassVar[str] = "counter"
    stage: ClassVar[str] = "steps"
    needs_source: ClassVar[bool] = False
    fed: ClassVar[bool] = False

    def output(self, source: Signal | None) -> Signal:
        return Signal((), Kind.DENSE, INT64)


@dataclass(frozen=True, eq=False)
class State(Op):
    """What the step before left in ``follows[0]``, a name that is filled in when the step is known; at first
    ``initial``."""

    name: ClassVar[str] = "state"
    stage: ClassVar[str] = "steps"
    needs_source: ClassVar[bool] = False
    fed: ClassVar[bool] = False
    initial: Value
    follows: list[Value]

    def output(self, source: Signal | None) -> Signal:
        return self.initial.signal


@dataclass(frozen=True, eq=False)
class Loop:
    """A recurrence: ``steps`` of it over elements of ``sequences`` (value, axis, whether backwards)."""

    steps: int
    initials: tuple[Item, ...]
    sequences: tuple[tuple[Value, int, bool], ...] = ()


Step = Callable[[Value, list[Item], list[Value]], tuple[list[Item], list[Value]]]
"""(number of the step, states, elements) -> (next states, outputs)."""


def repeat(call: Call, loop: Loop, step: Step, outputs: Sequence[tuple[int, bool]]) -> tuple[list[Item], list[Value]]:
    """Final states and outputs along the axes that ``outputs`` names (axis, whether backwards)."""
    if call.sequence:
        return _as_steps(call, loop, step, outputs)
    return _unrolled(call, loop, step, outputs)


def _as_steps(
    call: Call, loop: Loop, step: Step, outputs: Sequence[tuple[int, bool]]
) -> tuple[list[Item], list[Value]]:
    draft = call.draft
    if any(back for _, _, back in loop.sequences) or any(back for _, back in outputs):
        raise NotSequentialError(draft.origin, "it runs backwards")
    if any(value.known is not None for value, _, _ in loop.sequences):
        raise NotSequentialError(draft.origin, "it runs over a stored tensor")
    elements = [draft.emit(Each((x.signal,), axis), x) for x, axis, _ in loop.sequences]
    states = [_placeholder(call, initial) for initial in loop.initials]
    counter = Value(Signal((), Kind.DENSE, INT64), draft.add(Counter()))
    follows, made = step(counter, states, elements)
    finals = [_close(call, state, after, loop.steps) for state, after in zip(states, follows, strict=True)]
    given = (broadcastable(call, x) for x in made)
    stacked = [
        draft.emit(Collect((x.signal,), axis, loop.steps), x) for x, (axis, _) in zip(given, outputs, strict=True)
    ]
    return finals, stacked


def broadcastable(call: Call, x: Value) -> Value:
    """A value that a node computes, also where it is known."""
    return x if x.known is None else Value(x.signal, call.draft.node_of(x))


def _placeholder(call: Call, initial: Item) -> Item:
    if isinstance(initial, Items):
        if initial.values or initial.stacked:
            raise NotSequentialError(call.draft.origin, "a sequence with elements enters it")
        return Items(added=())
    return Value(initial.signal, call.draft.add(State(initial, [])))


def _close(call: Call, state: Item, after: Item, steps: int) -> Item:
    """The item after the last step; the loop's state is told what follows it."""
    if isinstance(state, Items):
        if not isinstance(after, Items) or after.added is None or len(after.added) != 1:
            raise NotSequentialError(call.draft.origin, "a sequence does not get one element a step")
        x = broadcastable(call, after.added[0])
        return Items(stacked=call.draft.emit(Collect((x.signal,), 0, steps), x))
    assert isinstance(after, Value)
    op = call.draft.nodes[call.draft.current(state.node)].op
    assert isinstance(op, State)
    if after.signal.shape != state.shape or after.signal.format != state.signal.format:
        raise OperatorError(
            f"a state {state.signal} becomes {after.signal}", "a state keeps its shape and type", "AX301"
        )
    op.follows.append(after)
    held = broadcastable(call, after)
    return call.draft.emit(Final((held.signal,)), held)


def _unrolled(
    call: Call, loop: Loop, step: Step, outputs: Sequence[tuple[int, bool]]
) -> tuple[list[Item], list[Value]]:
    draft = call.draft
    if loop.steps in draft.unknown:
        value, name = draft.unknown[loop.steps]
        found = f"the number of its steps is the axis {name!r} of {value!r}, which the model leaves open"
        raise OperatorError(found, "", "AX133", f"give dim={name}:N")
    if loop.steps > MAX_STEPS:
        raise OperatorError(f"{loop.steps} steps", f"at most {MAX_STEPS} are unrolled", "AX105", "choose time=sequence")
    states, made = list(loop.initials), list[list[Value]]()
    for k in range(loop.steps):
        elements = [_element(call, x, axis, loop.steps - 1 - k if back else k) for x, axis, back in loop.sequences]
        states, out = step(known(np.asarray(k, np.int64)), states, elements)
        made.append(out)
    stacked = []
    for index, (axis, back) in enumerate(outputs):
        values = [out[index] for out in (reversed(made) if back else made)]
        if not values:
            raise OperatorError("a loop without steps", "at least one step", "AX131")
        stacked.append(draft.concat([_with_axis(call, value, axis) for value in values], axis))
    return states, stacked


def _element(call: Call, x: Value, axis: int, index: int) -> Value:
    shape = (*x.shape[:axis], *x.shape[axis + 1 :])
    return call.draft.reshape(call.draft.slice(x, axis, index, 1), shape)


def _with_axis(call: Call, x: Value, axis: int) -> Value:
    return call.draft.reshape(x, (*x.shape[:axis], 1, *x.shape[axis:]))
