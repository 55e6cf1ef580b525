"""GRU and LSTM, and their adjoints; gates and what is read of a GRU whose reset comes after the matrix go back as those
of event-based units do."""

from __future__ import annotations

from typing import Any

import numpy as np

from axonc.ir import Node
from axonc.ir.ops import GRU, LSTM, Array, GRUAdjoint, LSTMAdjoint

from ..draft import Draft, Side, changed, fields, outputs
from ..groups import Place
from ..pieces import Field, Tensor, Vertices

UNIT, GATE = 120, 15
"""Instructions for the update of a unit, and for the adjoint of a gate."""


def gru(draft: Draft, side: Side, node: Node) -> None:
    """The cell of `GRU`."""
    op = node.op
    assert isinstance(op, GRU)
    read = {"read": side.reads(node)[0]} if op.reset == "after" else {}
    codelet = {"after": "axonc::GruAfter", "before": "axonc::GruBefore"}[op.reset]
    parts = (*fields(inputs=side.sources(node), **read), *changed(cell=_cell(draft, side, node, op.initial)))
    _unit(draft, side, node, codelet, parts)


def lstm(draft: Draft, side: Side, node: Node) -> None:
    """The cell of `LSTM`."""
    op = node.op
    assert isinstance(op, LSTM)
    cell, peephole = _cell(draft, side, node, op.initial), _peephole(draft, side, node)
    _unit(
        draft, side, node, "axonc::Lstm", (*fields(inputs=side.sources(node), peephole=peephole), *changed(cell=cell))
    )


def reset_gate(draft: Draft, side: Side, node: Node) -> None:
    """A `ResetGate`."""
    (read,) = side.reads(node)
    _unit(draft, side, node, "axonc::ResetGate", fields(inputs=side.sources(node), read=read))


def _unit(draft: Draft, side: Side, node: Node, codelet: str, parts: tuple[Field, ...]) -> None:
    """A forward step, with all that its adjoints take."""
    op: Any = node.op
    place, y = draft.place(side, node), draft.signal(side, node, "f4")
    assert place.lanes == 1
    left = {name: draft.like(place, f"{node.name}/{name}") for name in op.internals()}
    numbers = {} if codelet == "axonc::ResetGate" else {"batch": draft.task.batch}
    vertices = Vertices(codelet, place.layout, (*parts, *outputs(**left, y=y)), numbers, UNIT * draft.busiest(y))
    side.give(node, y, vertices)
    side.values.update({f"{node.name}:{name}": tensor for name, tensor in left.items()})


def _cell(draft: Draft, side: Side, node: Node, initial: Array | None = None) -> Tensor:
    """A number of each unit that the next step goes on from."""
    alone = Place(draft.place(side, node).layout, 1)
    return draft.state(side, draft.like(alone, f"{node.name}/c"), initial)


def _peephole(draft: Draft, side: Side, node: Node) -> Tensor:
    """What gates see of the cell of each unit; without peepholes 0."""
    op: Any = node.op
    rows = np.zeros((3, op.units)) if op.peephole is None else op.peephole
    return draft.records(f"{node.name}/peephole", draft.place(side, node), *rows)


def gru_adjoint(draft: Draft, side: Side, node: Node) -> None:
    """The derivative of the state."""
    assert isinstance(node.op, GRUAdjoint)
    (kept,) = side.reads(node)
    parts = (*fields(inputs=side.sources(node), kept=kept), *changed(cell=_cell(draft, side, node)))
    _back(draft, side, node, "axonc::GruBack", parts, {})


def gru_gates_adjoint(draft: Draft, side: Side, node: Node) -> None:
    """The derivatives of what enters the two gates."""
    update, candidate, change = side.reads(node)
    parts = fields(inputs=side.sources(node), u=update, g=candidate, d=change)
    _back(draft, side, node, "axonc::GruGatesBack", parts, {"batch": draft.task.batch})


def reset_gate_adjoint(draft: Draft, side: Side, node: Node) -> None:
    """The derivative of what enters a reset gate."""
    reset, read = side.reads(node)
    _back(draft, side, node, "axonc::ResetGateBack", fields(inputs=side.sources(node), r=reset, read=read), {})


def reset_gate_read_adjoint(draft: Draft, side: Side, node: Node) -> None:
    """The derivative of what it reads."""
    (reset,) = side.reads(node)
    _back(draft, side, node, "axonc::ResetGateReadBack", fields(inputs=side.sources(node), r=reset), {})


def lstm_adjoint(draft: Draft, side: Side, node: Node) -> None:
    """The derivatives of what enters the four gates."""
    assert isinstance(node.op, LSTMAdjoint)
    taken = dict(zip(("i", "o", "f", "g", "t", "last"), side.reads(node), strict=True))
    known = fields(inputs=side.sources(node), peephole=_peephole(draft, side, node), **taken)
    parts = (*known, *changed(cell=_cell(draft, side, node)))
    _back(draft, side, node, "axonc::LstmBack", parts, {"batch": draft.task.batch})


def _back(
    draft: Draft, side: Side, node: Node, codelet: str, parts: tuple[Field, ...], numbers: dict[str, int | float | bool]
) -> None:
    y = draft.signal(side, node, "f4")
    side.give(node, y, Vertices(codelet, y.layout, (*parts, *outputs(y=y)), numbers, GATE * draft.busiest(y)))
