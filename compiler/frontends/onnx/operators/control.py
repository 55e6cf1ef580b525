"""Scan, Loop, If, and the sequences that loops collect."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ..call import Call, Item, Items, Made, axis_of
from ..draft import OperatorError, Value, known
from ..recurrence import Loop, NotSequentialError, repeat


def _scan(call: Call) -> Made:
    """The body once for each element; its last outputs are collected."""
    if call.version < 9:
        raise OperatorError("Scan of operator set 8", "9 and later", "AX131", "export with a newer operator set")
    body, count = call.get("body"), int(call.get("num_scan_inputs"))
    states = len(call.inputs) - count
    given = [call[states + index] for index in range(count)]
    axes = [axis_of(a, x.rank) for a, x in zip(call.get("scan_input_axes", [0] * count), given, strict=True)]
    lengths = {x.shape[axis] for x, axis in zip(given, axes, strict=True)}
    if len(lengths) != 1:
        raise OperatorError(f"scans of lengths {sorted(lengths)}", "one length", "AX301")
    back = call.get("scan_input_directions", [0] * count)
    made = len(body.output) - states
    ways = [bool(way) for way in call.get("scan_output_directions", [0] * made)]

    def once(counter: Value, held: list[Item], elements: list[Value]) -> tuple[list[Item], list[Value]]:
        out = call.body(body, [*held, *elements])
        return out[:states], [item for item in out[states:] if isinstance(item, Value)]

    sequences = tuple((x, axis, bool(way)) for x, axis, way in zip(given, axes, back, strict=True))
    initials = tuple(call[index] for index in range(states))
    stated = call.get("scan_output_axes", [0] * made)
    ranks = [len(value.type.tensor_type.shape.dim) + 1 for value in body.output[states:]]
    outputs = [(axis_of(a, rank) if a < 0 else int(a), way) for a, rank, way in zip(stated, ranks, ways, strict=True)]
    finals, stacked = repeat(call, Loop(lengths.pop(), initials, sequences), once, outputs)
    return [*finals, *stacked]


def _loop(call: Call) -> Made:
    """A loop of a known number of steps; what its body returns beside states is collected along a new first axis."""
    body = call.get("body")
    initials = [item for item in call.inputs[2:] if item is not None]
    steps = int(call.known(0).reshape(())) if call.has(0) else -1
    if call.has(1) and not bool(call.known(1).reshape(())):
        steps = 0
    if steps < 0:
        raise OperatorError("a loop of no known number of steps", "it must be known", "AX131", "give a trip count")
    states = len(initials)

    def once(counter: Value, held: list[Item], elements: list[Value]) -> tuple[list[Item], list[Value]]:
        condition, *out = call.body(body, [counter, known(np.asarray(True)), *held])
        if not isinstance(condition, Value) or condition.known is None or not bool(condition.known.reshape(())):
            raise OperatorError("a loop that may end early", "a constant condition", "AX131", "loop a fixed number")
        return out[:states], [item for item in out[states:] if isinstance(item, Value)]

    made = len(body.output) - 1 - states
    finals, stacked = repeat(call, Loop(steps, tuple(initials)), once, [(0, False)] * made)
    return [*finals, *stacked]


def _if(call: Call) -> Made:
    """The branch that is taken; where that is not known, both, and one of their values."""
    branches = call.get("then_branch"), call.get("else_branch")
    condition = call[0]
    if condition.known is not None:
        return call.body(branches[0] if bool(condition.known.reshape(())) else branches[1], [])
    chosen = []
    for one, other in zip(call.body(branches[0], []), call.body(branches[1], []), strict=True):
        if not isinstance(one, Value) or not isinstance(other, Value) or one.shape != other.shape:
            raise OperatorError("branches of different shapes", "the same, or a known condition", "AX131")
        chosen.append(call.draft.map("select", call.draft.reshape(condition, ()), one, other))
    return chosen


def _items(call: Call, index: int = 0) -> Items:
    found = call.inputs[index] if call.has(index) else None
    if not isinstance(found, Items):
        raise OperatorError(f"input {index} is no sequence", "a sequence of tensors")
    return found


def _insert(call: Call) -> Made:
    items = _items(call)
    if items.added is not None:
        if call.has(2):
            raise NotSequentialError(call.draft.origin, "it inserts inside a sequence")
        return Items(added=(*items.added, call[1]))
    at = int(call.known(2).reshape(())) if call.has(2) else len(items.values)
    values = list(items.values)
    values.insert(at, call[1])
    return Items(tuple(values))


def _at(call: Call) -> Made:
    items, index = _items(call), int(call.known(1).reshape(()))
    if not -len(items.values) <= index < len(items.values):
        raise OperatorError(f"element {index} of a sequence", f"it has {len(items.values)}", "AX301")
    return items.values[index]


def _joined(call: Call) -> Made:
    """The elements of a sequence along a new axis, or one that they have."""
    items, axis, new = _items(call), int(call.get("axis", 0)), bool(call.get("new_axis", 0))
    draft = call.draft
    if items.stacked is not None:
        return _joined_stack(call, items.stacked, axis, new)
    if not items.values:
        raise OperatorError("a sequence without elements", "at least one", "AX131")
    at = axis_of(axis, items.values[0].rank + new)
    if new:
        values = [draft.reshape(v, (*v.shape[:at], 1, *v.shape[at:])) for v in items.values]
        return draft.concat(values, at)
    return draft.concat(items.values, at)


def _joined_stack(call: Call, x: Value, axis: int, new: bool) -> Value:
    """[T, *shape] with T at the new axis, or merged with one of the others."""
    at = axis_of(axis, x.rank if new else x.rank - 1)
    order = [*range(1, at + 1), 0, *range(at + 1, x.rank)]
    moved = call.draft.transpose(x, order) if at else x
    if new:
        return moved
    return call.draft.reshape(moved, (*moved.shape[:at], moved.shape[at] * moved.shape[at + 1], *moved.shape[at + 2 :]))


def _empty(call: Call) -> Made:
    return Items()


def _construct(call: Call) -> Made:
    return Items(tuple(call.tensors))


def _length(call: Call) -> Made:
    return known(np.asarray(len(_items(call).values), np.int64))


CONTROL: Mapping[str, Callable[[Call], Made]] = {
    "ConcatFromSequence": _joined,
    "If": _if,
    "Loop": _loop,
    "Scan": _scan,
    "SequenceAt": _at,
    "SequenceConstruct": _construct,
    "SequenceEmpty": _empty,
    "SequenceInsert": _insert,
    "SequenceLength": _length,
}
