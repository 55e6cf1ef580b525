"""Neurons, and the adjoint of their membrane; every operation is rounded once."""

from __future__ import annotations

from math import isinf
from typing import Any

from axonc.ir import Node
from axonc.ir.ops import FastSigmoid, Gate, Neuron, NeuronAdjoint, StraightThrough, SuperSpike, Surrogate, Triangle

from ...tensor.types import F32, literal
from ..draft import Draft, Side, loop, sum_of


def neuron(draft: Draft, side: Side, node: Node) -> None:
    """Synapse, membrane, gate; without a gate the output is the voltage."""
    op = node.op
    assert isinstance(op, Neuron)
    y = draft.output(side, node)
    v = draft.array(f"{node.name} v", "f4", y.width, side.running)
    lines = [f"const float x = {sum_of(side.signals(node.inputs)) or '0.0f'};"]
    seen = "x" if op.synapse is None else _synapse(draft, side, node, lines)
    decay, gain, constant = (
        draft.number(f"{node.name} {name}", getattr(op.membrane, name), y.width)
        for name in ("decay", "gain", "constant")
    )
    lines.append(f"const float m_v = ({decay} * {v.at()} + {gain} * {seen}) + {constant};")
    if op.gate is None:
        lines += [f"{v.at()} = m_v;", f"{y.at()} = m_v;"]
    else:
        lines += draft.recorded(side, node, y.width, {"m": "m_v"})
        lines += _gate(draft, node, op.gate, v.at(), f"{y.text}[at]")
    side.emit(node, loop(y.width, lines))


def _synapse(draft: Draft, side: Side, node: Node, lines: list[str]) -> str:
    """Lines of the current; gives which one the membrane sees."""
    op = node.op
    assert isinstance(op, Neuron)
    width = side.values[node.name].width
    i = draft.array(f"{node.name} i", "f4", width, side.running)
    decay, gain, offset = (
        draft.number(f"{node.name} i {name}", getattr(op.synapse, name), width) for name in ("decay", "gain", "offset")
    )
    lines.append(f"const float old = {i.at()}, current = ({decay} * old + {gain} * x) + {offset};")
    lines.append(f"{i.at()} = current;")
    return "current" if op.membrane.sees == "new" else "old"


def _gate(draft: Draft, node: Node, gate: Gate, v: str, y: str) -> list[str]:
    """Test and reset."""
    width = draft.forward.values[node.name].width
    threshold = draft.number(f"{node.name} threshold", gate.threshold, width)
    sign = ">" if gate.compare == "gt" else ">="
    lines = [f"const bool fired = m_v {sign} {threshold};"]
    after = "m_v"
    if gate.reset == "value":
        after = f"fired ? {draft.number(f'{node.name} value', gate.value, width)} : m_v"
    elif gate.reset == "subtract":
        after = f"m_v - (fired ? {threshold} : 0.0f)"
    return [*lines, f"{v} = {after};", f"{y} = fired;"]


def neuron_adjoint(draft: Draft, side: Side, node: Node) -> None:
    """The derivative of the membrane, which is also its state."""
    op: Any = node.op
    assert isinstance(op, NeuronAdjoint)
    y = draft.output(side, node)
    later = draft.array(f"{node.name} later", "f4", y.width, side.running)
    before, *events = side.signals(node.reads)
    threshold = draft.number(f"{node.name} threshold", op.gate.threshold, y.width)
    decay = draft.number(f"{node.name} decay", op.decay, y.width)
    sent = sum_of(side.signals(node.inputs))
    lines = [
        f"const float before = {before.at()}, kept = {decay} * {later.at()};",
        f"const float slope = {surrogate(op.surrogate, f'before - {threshold}')};",
        f"const float fired = {sent}{_attached(draft, node, threshold)};",
    ]
    through = f"kept * (1.0f - {events[0].at()})" if op.gate.reset == "value" else "kept"
    lines += [f"{later.at()} = {through} + slope * fired;", f"{y.at()} = {later.at()};"]
    side.emit(node, loop(y.width, lines))


def _attached(draft: Draft, node: Node, threshold: str) -> str:
    """What an event's derivative has of the reset's."""
    op: Any = node.op
    if not op.attached or op.gate.reset == "none":
        return ""
    if op.gate.reset == "value":
        width = draft.backward.values[node.name].width
        return f" + kept * ({draft.number(f'{node.name} value', op.gate.value, width)} - before)"
    return f" - kept * {threshold}"


def surrogate(kind: Surrogate, x: str) -> str:
    """The surrogate of an event at a distance ``x`` from the threshold."""
    calls: dict[type[Surrogate], tuple[str, tuple[str, ...]]] = {
        SuperSpike: ("axonc_superspike", ("beta",)),
        FastSigmoid: ("axonc_fast_sigmoid", ("slope",)),
        Triangle: ("axonc_triangle", ("damping", "support")),
        StraightThrough: ("axonc_straight_through", ()),
    }
    function, constants = calls[type(kind)]
    values = "".join(f", {literal(getattr(kind, name), F32)}" for name in constants)
    bell = f"{function}({x}{values})"
    return bell if isinf(kind.below) else f"{x} > {literal(-kind.below, F32)} ? {bell} : 0.0f"
