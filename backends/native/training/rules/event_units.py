"""Event-based gated units, and the adjoints of their cells and gates. What belongs to the three gates has a part for
each: update, reset, candidate."""

from __future__ import annotations

from typing import Any

from axonc.ir import Node
from axonc.ir.ops import EGRU, EGRUAdjoint
from axonc.ir.ops.egru import GATES

from ...tensor.types import F32, literal
from ..draft import Draft, Side, grouped, loop, sum_of
from .cells import cell_of, places
from .neurons import surrogate


def egru(draft: Draft, side: Side, node: Node) -> None:
    """The cell of `EGRU`."""
    op = node.op
    assert isinstance(op, EGRU)
    units, y = op.units, draft.output(side, node)
    cell = cell_of(draft, side, node, units)
    threshold = draft.number(f"{node.name} threshold", op.threshold, units)
    begins = "" if op.segment is None else f"step % {op.segment} == 0 ? 0.0f : "
    a, (h,) = side.signals(node.inputs), side.signals(node.reads)
    update, reset, candidate = places(units, GATES)
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
    texts = {**{name: name for name in "ourgd"}, "m": "m_c", "e": f"{begins}u"}
    lines += draft.recorded(side, node, units, texts)
    side.emit(node, loop(units, lines))


def _zoned(zoneout: float) -> str:
    """What the update gate's sigmoid is multiplied with."""
    return "" if zoneout == 0 else f"{literal(zoneout, F32)} + (1.0f - {literal(zoneout, F32)}) * "


def cell_adjoint(draft: Draft, side: Side, node: Node) -> None:
    """The derivative of the cell before the test."""
    op: Any = node.op
    assert isinstance(op, EGRUAdjoint)
    y = draft.output(side, node)
    later = draft.array(f"{node.name} later", "f4", y.width, side.running)
    before, fired, kept = side.signals(node.reads)
    threshold = draft.number(f"{node.name} threshold", op.threshold, y.width)
    attached = f" - {threshold} * {later.at()}" if op.attached else ""
    lines = [
        f"const float sent = {sum_of(side.signals(node.inputs))}, before = {before.at()};",
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
    u, r, g, d, h = side.signals(node.reads)
    update, reset, candidate = places(op.units, GATES)
    zoneout = literal(op.zoneout, F32)
    lines = [
        f"const float m_c = {sum_of(side.signals(node.inputs))}, u = {u.at()}, r = {r.at()}, g = {g.at()};",
        "const float change = m_c * (1.0f - u) * (1.0f - g * g);",
        f"{y.at(update)} = m_c * {d.at()} * ((u - {zoneout}) * (1.0f - u) / (1.0f - {zoneout}));",
        f"{y.at(reset)} = change * {h.at(candidate)} * (r * (1.0f - r));",
        f"{y.at(candidate)} = change;",
    ]
    side.emit(node, loop(op.units, lines))


def read_adjoint(draft: Draft, side: Side, node: Node) -> None:
    """The derivatives of the part of it that the unit reads."""
    y = draft.output(side, node)
    (r,) = side.signals(node.reads)
    update, reset, candidate = places(r.width, GATES)
    a = side.signals(node.inputs)
    lines = [
        f"{y.at(update)} = {grouped(a, update)};",
        f"{y.at(reset)} = {grouped(a, reset)};",
        f"{y.at(candidate)} = {r.at()} * {grouped(a, candidate)};",
    ]
    side.emit(node, loop(r.width, lines))
