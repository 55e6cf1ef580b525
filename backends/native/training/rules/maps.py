"""Ops without neurons and matrices: inputs, outputs, delays, scalings, gradients of biases."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from axonc.ir import Node

from ....training.signals import type_of
from ..draft import Block, Draft, Side, Value, grouped, loop, passes, source_of, sum_of
from ..memory import Member


def enters(draft: Draft, side: Side, node: Node) -> None:
    """Inputs forward are rows of the data; backward, the tape's are what the forward step left, others the derivative
    of an output."""
    signal, task = side.graph.signals[node.name], draft.task
    if side is draft.forward:
        side.values[node.name] = Value(input_name(draft, node), type_of(signal), prod(signal.shape))
    elif node.name in task.tape:
        side.values[node.name] = draft.forward.values[source_of(task.forward, task.tape[node.name])]
    else:
        side.values[node.name] = draft.array(node.name, "f4", prod(signal.shape), "sums")


def input_name(draft: Draft, node: Node) -> str:
    """The row of an input that belongs to a step."""
    return f"x{[other.name for other in draft.task.forward.inputs].index(node.name)}"


def passed(draft: Draft, side: Side, node: Node) -> None:
    """Outputs and flattened signals are their source's array; gradients have theirs already."""
    if node.name in draft.task.gradients:
        return
    if passes(node):
        side.values[node.name] = side.values[node.inputs[0]]
        return
    y = draft.output(side, node)
    _elementwise(side, node, y, sum_of(side.signals(node.inputs)))


def scale(draft: Draft, side: Side, node: Node) -> None:
    """y = factor x."""
    op: Any = node.op
    if passes(node):
        side.values[node.name] = side.values[node.inputs[0]]
        return
    y = draft.output(side, node)
    factor = draft.number(f"{node.name} factor", op.scale, y.width)
    _elementwise(side, node, y, f"{factor} * {grouped(side.signals(node.inputs))}")


def product(draft: Draft, side: Side, node: Node) -> None:
    """y = x r."""
    y = draft.output(side, node)
    _elementwise(side, node, y, f"{grouped(side.signals(node.inputs))} * {grouped(side.signals(node.reads))}")


def _elementwise(side: Side, node: Node, y: Value, text: str) -> None:
    side.emit(node, loop(y.width, [f"{y.text}[at] = {as_held(y, text)};"]))


def as_held(value: Value, text: str) -> str:
    """An expression in the type of a signal."""
    return text if value.dtype == "f4" else f"(uint8_t)({text})"


def delay(draft: Draft, side: Side, node: Node) -> None:
    """What went in some steps ago, out of a ring, when a step begins."""
    op: Any = node.op
    y = draft.output(side, node)
    size = draft.task.batch * y.width
    ring = draft.member(f"{node.name} ring", y.dtype, op.steps * size, side.running)
    side.values[f"{node.name}:line"] = Value(ring.text, y.dtype, y.width)
    side.emit(node, [f"memcpy({y.text}, {_slot(ring, op.steps, size)}, sizeof {y.text});"])
    if op.initial is not None:
        draft.begin_with(f"{node.name} first", side.values[f"{node.name}:line"], ring.count, op.initial)


def close_delay(draft: Draft, side: Side, node: Node) -> None:
    """What comes out after as many steps goes in, when the step is over."""
    op: Any = node.op
    ring = side.values[f"{node.name}:line"]
    size = draft.task.batch * ring.width
    sources = side.signals(node.inputs)
    place = f"{ring.text}[turn % {op.steps} * {size} + at]" if op.steps > 1 else f"{ring.text}[at]"
    lines = loop(ring.width, [f"{place} = {as_held(ring, sum_of(sources))};"])
    side.ends.append(Block(f"{node.name} takes its input.", tuple(lines)))


def _slot(ring: Member, steps: int, size: int) -> str:
    return ring.text if steps == 1 else f"&{ring.text}[turn % {steps} * {size}]"


def total(draft: Draft, side: Side, node: Node) -> None:
    """The gradient of a bias: one for each target, or for so many side by side."""
    gradient = gradient_of(draft, side, node)
    dy = draft.joined(side, node, node.inputs)
    side.emit(
        node, [f"axonc_add_samples({gradient.text}, {dy.text}, BATCH, {dy.width}, {dy.width // gradient.count});"]
    )


def gradient_of(draft: Draft, side: Side, node: Node) -> Member:
    """The sum that is a parameter's gradient."""
    parameter = draft.owner(node)
    value = draft.parameters[parameter]
    made = draft.gradients[parameter] = draft.member(f"gradient {value.name}", "f4", value.count, "sums")
    return made


def begin_sums(draft: Draft, node: Node, y: Value) -> list[str]:
    """What sums begin with: a bias for each target, or for so many side by side, or 0."""
    op: Any = node.op
    bias, each = "NULL", 1
    if getattr(op, "bias", None) is not None:
        held = parameter_of(draft, node, "bias", draft.task.parameters.get((node.name, "bias"), op.bias))
        bias, each = held.text, y.width // held.count
    return [f"axonc_begin_sums({y.text}, {bias}, BATCH, {y.width}, {each});"]


def parameter_of(draft: Draft, node: Node, field: str, array: Any) -> Member:
    """A parameter in the order in which the program has it."""
    made = draft.parameters[node.name, field] = draft.stored(f"{node.name} {field}", np.asarray(array, np.float32))
    return made
