"""Reductions along axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from ..call import Call, Made, axis_of
from ..draft import OperatorError, Value


def _reduce(function: str, before: str = "", after: str = "") -> Callable[[Call], Made]:
    """A reduction of a function of the elements, and a function of the result."""

    def make(call: Call) -> Made:
        x = call.draft.map(before, *_twice(before, call[0])) if before else call[0]
        given = call.whole_of("axes", 1)
        if not given and call.get("noop_with_empty_axes", 0):
            return call[0] if not before else x
        axes = [axis_of(axis, x.rank) for axis in given] if given else list(range(x.rank))
        y = call.draft.reduce(function, x, axes, bool(call.get("keepdims", 1)))
        if after == "mean":
            return call.draft.map("div", y, call.number(prod(x.shape[axis] for axis in axes), y))
        return call.draft.map(after, y) if after else y

    return make


def _twice(function: str, x: Value) -> tuple[Value, ...]:
    return (x, x) if function == "mul" else (x,)


def _arg(function: str) -> Callable[[Call], Made]:
    def make(call: Call) -> Made:
        if call.get("select_last_index", 0):
            raise OperatorError("select_last_index", "the first of equal values is taken", "AX131")
        return call.draft.reduce(function, call[0], [call.axis(call[0].rank)], bool(call.get("keepdims", 1)))

    return make


JOINT_SOFTMAX = 13
"""Before this operator set, a softmax is one over its axis and all that follow, 1 and on where none is said."""


def _softmax(call: Call) -> Made:
    """exp(x - max) / sum."""
    powers, total = _powers(call)
    return call.draft.map("div", call.draft.map("exp", powers), total)


def _log_softmax(call: Call) -> Made:
    """x - max - log(sum)."""
    powers, total = _powers(call)
    return call.draft.map("sub", powers, call.draft.map("log", total))


def _powers(call: Call) -> tuple[Value, Value]:
    """x - max, and the sum of its exp."""
    draft, x, old = call.draft, call[0], call.version < JOINT_SOFTMAX
    axis = call.axis(x.rank, 1 if old else -1)
    axes = list(range(axis, x.rank)) if old else [axis]
    powers = draft.map("sub", x, draft.reduce("max", x, axes, True))
    return powers, draft.reduce("sum", draft.map("exp", powers), axes, True)


REDUCTION: Mapping[str, Callable[[Call], Made]] = {
    "ArgMax": _arg("argmax"),
    "ArgMin": _arg("argmin"),
    "LogSoftmax": _log_softmax,
    "ReduceL1": _reduce("sum", "abs"),
    "ReduceL2": _reduce("sum", "mul", "sqrt"),
    "ReduceMax": _reduce("max"),
    "ReduceMean": _reduce("sum", after="mean"),
    "ReduceMin": _reduce("min"),
    "ReduceProd": _reduce("prod"),
    "ReduceSum": _reduce("sum"),
    "ReduceSumSquare": _reduce("sum", "mul"),
    "Softmax": _softmax,
}
