"""What all gated cells have: a state that may begin with values, and gates side by side."""

from __future__ import annotations

from typing import Any

from axonc.ir import Node

from ..draft import Draft, Side, Value


def places(units: int, gates: int) -> tuple[str, ...]:
    """The places of a unit's gates."""
    return tuple(f"b * {gates * units} + {gate * units} + n" for gate in range(gates))


def cell_of(draft: Draft, side: Side, node: Node, units: int) -> Value:
    """The array of a cell, which may begin with values."""
    op: Any = node.op
    cell = draft.array(f"{node.name} c", "f4", units, side.running)
    if op.initial is not None:
        draft.begin_with(f"{node.name} first", cell, draft.task.batch * units, op.initial)
    return cell
