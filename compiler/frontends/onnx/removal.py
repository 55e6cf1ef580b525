"""Taking an axis out of a draft: that of time, which becomes the steps, or that of samples, which signals do not have.

Every value is placed: it has the axis somewhere, or does not vary along it, or (time only) is of one step or of the
last one. Each op has a rule: the op without the axis, and where its result has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from axonc.ir import Signal
from axonc.ir.ops import Constant, Input, TensorOp

from .draft import Draft, OperatorError, Value, known
from .recurrence import Collect, Counter, Each, Final, State

STEP, LAST = "step", "last"
At = int | str | None
"""Where a value has the axis: a number; `STEP`: it is of one step; `LAST`: of the last one; None: it does not vary."""


class KeptError(Exception):
    """The axis cannot be taken out: (node, why)."""

    def __init__(self, node: str, why: str) -> None:
        super().__init__(f"{node}: {why}" if node else why)


@dataclass(frozen=True, eq=False)
class Placed:
    """A value of the new draft, where the old one had the axis, and whether it is the number of the step."""

    value: Value
    at: At = None
    counter: bool = False


class Removal:
    """Builds the draft without the axis; ``inputs`` says where the inputs (and states) have it."""

    def __init__(self, old: Draft, inputs: Mapping[str, int], time: bool) -> None:
        self.old, self.inputs, self.time = old, inputs, time
        self.draft = Draft()
        self.draft.reserved = old.reserved
        self.placed: dict[str, Placed] = {}

    def run(self) -> Draft:
        """The new draft; `KeptError` if the axis must stay."""
        for name, node in self.old.nodes.items():
            self.draft.hint, self.draft.origin = name, node.origin
            try:
                self.placed[name] = self._node(name)
            except OperatorError as error:
                raise KeptError(name, error.found) from error
        for name, node in self.old.nodes.items():
            if isinstance(node.op, State):
                self._close(name, node.op)
        return self.draft

    def of(self, value: Value) -> Placed:
        """Where a value of the old draft is."""
        return Placed(value) if value.known is not None else self.placed[self.old.current(value.node)]

    def _node(self, name: str) -> Placed:
        node = self.old.nodes[name]
        if isinstance(node.op, Constant):
            return Placed(known(node.op.value, name))
        if isinstance(node.op, Input):
            return self._input(name, node.op)
        if isinstance(node.op, State):
            return self._state(name, node.op)
        if isinstance(node.op, Counter):
            op = node.op
            return Placed(Value(op.output(None), self.draft.add(op, (), name)), STEP, True)
        assert isinstance(node.op, TensorOp)
        since = len(self.draft.nodes)
        made = self._op(node.op, [self.placed[source] for source in node.sources])
        return replace(made, value=self._named(made.value, name, since))

    def _named(self, value: Value, name: str, since: int) -> Value:
        """The value under the old name, where its node is new."""
        taken = self.draft.fresh(name) != name
        if value.known is not None or taken or value.node not in self._after(since):
            return value
        self.draft.rename(value.node, name, since)
        return replace(value, node=name)

    def _after(self, since: int) -> set[str]:
        return set(islice(reversed(self.draft.nodes), len(self.draft.nodes) - since))

    def _input(self, name: str, op: Input) -> Placed:
        at = self.inputs.get(name)
        signal = op.signal if at is None else without(op.signal, at)
        return Placed(self.draft.input(signal, name), at)

    def _state(self, name: str, op: State) -> Placed:
        initial, at = op.initial, self.inputs.get(name)
        place: At
        if self.time:
            start, place = self.of(initial), STEP
            if start.at is not None or start.value.known is None:
                raise KeptError(name, "its first state is computed from the data")
            made = State(start.value, [])
        else:
            place = at
            made = State(self.dropped(Placed(initial), at) if at is not None else initial, [])
        return Placed(Value(made.initial.signal, self.draft.add(made, (), name)), place)

    def _close(self, name: str, op: State) -> None:
        after, here = self.of(op.follows[0]), self.placed[name]
        fits = after.at in (None, STEP) if self.time else after.at == here.at
        if not fits and after.at is None and isinstance(here.at, int):
            after, fits = Placed(self.dropped(after, here.at)), True
        if not fits:
            raise KeptError(name, "its state has the axis elsewhere")
        state = self.draft.nodes[self.draft.current(here.value.node)].op
        assert isinstance(state, State)
        state.follows.append(after.value)

    def _op(self, op: TensorOp, operands: list[Placed]) -> Placed:
        from .rules import RULES

        if isinstance(op, Each):
            return self._each(op, operands[0])
        if isinstance(op, Collect):
            return self._collect(op, operands[0])
        if isinstance(op, Final):
            (x,) = operands
            return x if not self.time else Placed(x.value, LAST if x.at == STEP else x.at)
        places = {operand.at for operand in operands} - {None}
        if not any(isinstance(place, int) for place in places):
            if len(places) > 1:
                raise KeptError(self.draft.hint, "it mixes values of a step with values of the last one")
            at = next(iter(places), None)
            made = self.emit(op, [operand.value for operand in operands])
            return Placed(made, at, operands[0].counter and len(operands) == 1)
        rule = RULES.get(type(op))
        if rule is None:
            raise KeptError(self.draft.hint, f"{op.name} with this axis")
        if STEP in places and not any(operand.counter for operand in operands):
            raise KeptError(self.draft.hint, "a step reads a whole sequence")
        if LAST in places:
            raise KeptError(self.draft.hint, "it needs the end of a sequence before its beginning")
        return rule(self, op, operands)

    def _each(self, op: Each, x: Placed) -> Placed:
        if x.at != op.axis:
            raise KeptError(self.draft.hint, "it runs over another axis")
        return Placed(x.value, STEP)

    def _collect(self, op: Collect, x: Placed) -> Placed:
        if x.at not in (STEP, None):
            raise KeptError(self.draft.hint, "it collects values of another kind")
        return Placed(x.value, op.axis)

    def emit(self, op: TensorOp, values: list[Value]) -> Value:
        """An op over values that may have other shapes than before."""
        signals = tuple(value.signal for value in values)
        return self.draft.emit(replace(op, takes=signals), *values)

    def dropped(self, x: Placed, at: int) -> Value:
        """A value that does not vary, without an axis that it has: of extent 1, or along which it is constant."""
        value = x.value
        shape = (*value.shape[:at], *value.shape[at + 1 :])
        if value.known is not None:
            first = np.take(value.known, [0], at) if value.shape[at] else value.known
            if not np.array_equal(np.broadcast_to(first, value.shape), value.known, equal_nan=_has_nan(value)):
                raise KeptError(self.draft.hint, "a constant varies along this axis")
            return known(first.reshape(shape))
        if value.shape[at] != 1:
            raise KeptError(self.draft.hint, "an operand varies along this axis in another way")
        return self.draft.reshape(value, shape)


def _has_nan(value: Value) -> bool:
    return value.known is not None and value.known.dtype.kind == "f"


def without(signal: Signal, at: int) -> Signal:
    """A signal without an axis."""
    return replace(signal, shape=(*signal.shape[:at], *signal.shape[at + 1 :]))
