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


REDUCTION: Mapping[str, Callable[[Call], Made]] = {
    "ArgMax": _arg("argmax"),
    "ArgMin": _arg("argmin"),
    "ReduceL1": _reduce("sum", "abs"),
    "ReduceL2": _reduce("sum", "mul", "sqrt"),
    "ReduceMax": _reduce("max"),
    "ReduceMean": _reduce("sum", after="mean"),
    "ReduceMin": _reduce("min"),
    "ReduceProd": _reduce("prod"),
    "ReduceSum": _reduce("sum"),
    "ReduceSumSquare": _reduce("sum", "mul"),
}
