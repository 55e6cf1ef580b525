"""Event-based gated units, and the adjoints of their cells and gates."""

from __future__ import annotations

from typing import Any

from axonc.ir import Node
from axonc.ir.ops import EGRU, EGRUAdjoint, EGRUGatesAdjoint, EGRUReadAdjoint
from axonc.ir.ops.egru import GATES

from ..draft import Draft, Side, changed, fields, outputs
from ..pieces import Number, Tensor, Vertices
from .surrogates import surrogate_numbers

UNIT, CELL, GATE = 120, 30, 15
"""Instructions for the update of a unit, for the adjoint of its cell, and for that of a gate."""

INTERNALS = ("m", "o", "u", "r", "g", "d")
"""What a unit leaves for its adjoints; without segments, e is u."""


def egru(draft: Draft, side: Side, node: Node) -> None:
    """The cell of `EGRU`; all that its adjoints take is on the tape."""
    op, place = node.op, draft.place(side, node)
    assert isinstance(op, EGRU)
    y = draft.signal(side, node, "f4")
    cell = draft.state(side, draft.like(place, f"{node.name}/c"), op.initial)
    threshold = draft.records(f"{node.name}/threshold", place, op.threshold)
    left = {name: draft.like(place, f"{node.name}/{name}") for name in INTERNALS}
    (read,) = side.reads(node)
    parts = (
        *fields(inputs=side.sources(node), read=read, threshold=threshold),
        *changed(cell=cell),
        *outputs(**left, y=y),
    )
    numbers: dict[str, Number] = {"batch": draft.task.batch, "zoneout": float(op.zoneout)}
    side.give(node, y, Vertices("axonc::EventUnits", place.layout, parts, numbers, UNIT * draft.busiest(y)))
    side.values.update({f"{node.name}:{name}": tensor for name, tensor in left.items()})
    side.values[f"{node.name}:e"] = left["u"]


def cell_adjoint(draft: Draft, side: Side, node: Node) -> None:
    """The derivative of the cell before the test."""
    op: Any = node.op
    assert isinstance(op, EGRUAdjoint)
    place, y = draft.place(side, node), draft.signal(side, node, "f4")
    state = draft.state(side, draft.like(place, f"{node.name}/c"))
    threshold = draft.records(f"{node.name}/threshold", place, op.threshold)
    before, fired, kept = side.reads(node)
    parts = (
        *fields(inputs=side.sources(node), threshold=threshold, before=before, fired=fired, kept=kept),
        *changed(cell=state),
        *outputs(y=y),
    )
    numbers = {"batch": draft.task.batch, "attached": op.attached, **surrogate_numbers(op.surrogate)}
    side.give(node, y, Vertices("axonc::EventUnitsBack", place.layout, parts, numbers, CELL * draft.busiest(y)))


def gates_adjoint(draft: Draft, side: Side, node: Node) -> None:
    """The derivatives of what enters the three gates."""
    op: Any = node.op
    assert isinstance(op, EGRUGatesAdjoint)
    y = draft.signal(side, node, "f4")
    update, reset, candidate, change, read = side.reads(node)
    parts = (*fields(inputs=side.sources(node), u=update, r=reset, g=candidate, d=change, read=read), *outputs(y=y))
    numbers: dict[str, Number] = {"batch": draft.task.batch, "zoneout": float(op.zoneout)}
    _give_gates(draft, side, node, y, Vertices("axonc::GatesBack", y.layout, parts, numbers, GATE * draft.busiest(y)))


def read_adjoint(draft: Draft, side: Side, node: Node) -> None:
    """The derivatives of the part of it that the unit reads."""
    assert isinstance(node.op, EGRUReadAdjoint)
    y = draft.signal(side, node, "f4")
    (reset,) = side.reads(node)
    parts = (*fields(inputs=side.sources(node), r=reset), *outputs(y=y))
    numbers: dict[str, Number] = {"batch": draft.task.batch}
    _give_gates(draft, side, node, y, Vertices("axonc::ReadBack", y.layout, parts, numbers, GATE * draft.busiest(y)))


def _give_gates(draft: Draft, side: Side, node: Node, y: Tensor, vertices: Vertices) -> None:
    assert draft.place(side, node).lanes == GATES
    side.give(node, y, vertices)
