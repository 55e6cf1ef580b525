"""Event-based gated units, and the adjoints of their cells and gates. What belongs to the three gates has a part for
each: update, reset, candidate."""

from __future__ import annotations

from typing import Any

from axonc.ir import Node
from axonc.ir.ops import EGRU, EGRUAdjoint
from axonc.ir.ops.egru import GATES

from ...tensor.types import F32, literal
from ..draft import Draft, Side, Value, grouped, loop
from .neurons import surrogate

INTERNALS = ("m", "o", "u", "r", "g", "d", "e")
"""What a unit may leave for its adjoints, all of them on the tape or nowhere."""


def egru(draft: Draft, side: Side, node: Node) -> None:
    """The cell of `EGRU`."""
    op = node.op
    assert isinstance(op, EGRU)
    units, y = op.units, draft.output(side, node)
    cell = draft.array(f"{node.name} c", "f4", units, side.running)
    if op.initial is not None:
        first = draft.number(f"{node.name} first", op.initial, units, f"k % {units}")
        size = draft.task.batch * units
        draft.reset += [f"for (size_t k = 0; k < {size}; k++) {{", f"    {cell.text}[k] = {first};", "}"]
    threshold = draft.number(f"{node.name} threshold", op.threshold, units)
    begins = "" if op.segment is None else f"step % {op.segment} == 0 ? 0.0f : "
    a, (h,) = [side.values[name] for name in node.inputs], [side.values[name] for name in node.reads]
    update, reset, candidate = places(units)
    lines = [
        f"const float old = {begins}{cell.at()};",
        f"const float u = {_zoned(op.zoneout)}axonc_sigmoidf({grouped(a, update)} + {h.at(update)});",
        f"const float r = axonc_sigmoidf({grouped(a, reset)} + {h.at(reset)});",
        f"const float g = axonc_tanhf({grouped(a, candidate)} + r * {h.at(candidate)});",
        "const float d = old - g, m_c = u * old + (1.0f - u) * g;",
        f"const float o = m_c > {threshold} ? 1.0f : 0.0f;",
        f"{cell.at()} = m_c - o * {threshold};",
        f"{y.at()} = o * m_c;",
    ]
    names = {"m": "m_c", "e": f"{begins}u"}
    for name in INTERNALS:
        if f"{node.name}:{name}" in draft.taped:
            kept = draft.signal(side, f"{node.name}:{name}", "f4", units)
            lines.append(f"{kept.at()} = {names.get(name, name)};")
    side.emit(node, loop(units, lines))


def _zoned(zoneout: float) -> str:
    """What the update gate's sigmoid is multiplied with."""
    return "" if zoneout == 0 else f"{literal(zoneout, F32)} + (1.0f - {literal(zoneout, F32)}) * "


def places(units: int) -> tuple[str, ...]:
    """The places of a unit's gates."""
    return tuple(f"b * {GATES * units} + {gate * units} + n" for gate in range(GATES))


def cell_adjoint(draft: Draft, side: Side, node: Node) -> None:
    """The derivative of the cell before the test."""
    op: Any = node.op
    assert isinstance(op, EGRUAdjoint)
    y = draft.output(side, node)
    later = draft.array(f"{node.name} later", "f4", y.width, side.running)
    before, fired, kept = (side.values[name] for name in node.reads)
    threshold = draft.number(f"{node.name} threshold", op.threshold, y.width)
    attached = f" - {threshold} * {later.at()}" if op.attached else ""
    lines = [
        f"const float sent = {_input(side, node)}, before = {before.at()};",
        f"const float slope = {surrogate(op.surrogate, f'before - {threshold}')};",
        f"const float event = sent * before{attached};",
        f"{y.at()} = ({fired.at()} * sent + {later.at()}) + slope * event;",
        f"{later.at()} = {kept.at()} * {y.at()};",
    ]
    side.emit(node, loop(y.width, lines))


def gates_adjoint(draft: Draft, side: Side, node: Node) -> None:
    """The derivatives of what enters the three gates."""
    op: Any = node.op
    y = draft.output(side, node)
    u, r, g, d, h = (side.values[name] for name in node.reads)
    update, reset, candidate = places(op.units)
    zoneout = literal(op.zoneout, F32)
    lines = [
        f"const float m_c = {_input(side, node)}, u = {u.at()}, r = {r.at()}, g = {g.at()};",
        "const float change = m_c * (1.0f - u) * (1.0f - g * g);",
        f"{y.at(update)} = m_c * {d.at()} * ((u - {zoneout}) * (1.0f - u) / (1.0f - {zoneout}));",
        f"{y.at(reset)} = change * {h.at(candidate)} * (r * (1.0f - r));",
        f"{y.at(candidate)} = change;",
    ]
    side.emit(node, loop(op.units, lines))


def read_adjoint(draft: Draft, side: Side, node: Node) -> None:
    """The derivatives of the part of it that the unit reads."""
    y = draft.output(side, node)
    (r,) = (side.values[name] for name in node.reads)
    update, reset, candidate = places(r.width)
    a = [side.values[name] for name in node.inputs]
    lines = [
        f"{y.at(update)} = {grouped(a, update)};",
        f"{y.at(reset)} = {grouped(a, reset)};",
        f"{y.at(candidate)} = {r.at()} * {grouped(a, candidate)};",
    ]
    side.emit(node, loop(r.width, lines))


def _input(side: Side, node: Node) -> str:
    values: list[Value] = [side.values[name] for name in node.inputs]
    return grouped(values)
