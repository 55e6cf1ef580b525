"""The rules of GRU and LSTM: the cell, its gates, then the part of what it reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from axonc.ir import Node
from axonc.ir.ops import (
    GRU,
    EGRUGatesAdjoint,
    EGRUReadAdjoint,
    GRUAdjoint,
    GRUGatesAdjoint,
    LSTMAdjoint,
    Op,
    PeepholeAdjoint,
    ResetGateAdjoint,
    ResetGateReadAdjoint,
)

from .draft import Draft, of_input, of_read


def gru(draft: Draft, node: Node, into: Sequence[str]) -> None:
    """Of reset ``after``, gates and what is read are those of an EGRU."""
    assert isinstance(node.op, GRU)
    shape, entering = draft.forward.signals[node.name].shape, draft.enters(node)
    u, g, d = _internals(draft, node, *"ugd")
    cell = draft.add(f"d({node.name}:c)", node, lambda op: GRUAdjoint(shape), into, (u,))
    if node.op.reset == "before":
        draft.add(of_input(node), node, lambda op: GRUGatesAdjoint(entering), (cell,), (u, g, d))
        return
    (r,), read = _internals(draft, node, "r"), draft.read(node.reads[0])
    whole = draft.add(of_input(node), node, lambda op: EGRUGatesAdjoint(entering), (cell,), (u, r, g, d, read))
    draft.add(of_read(node), node, lambda op: EGRUReadAdjoint(entering), (whole,), (r,))


def reset_gate(draft: Draft, node: Node, into: Sequence[str]) -> None:
    """q = r y."""
    shape = draft.forward.signals[node.name].shape
    (r,), y = _internals(draft, node, "r"), draft.read(node.reads[0])
    draft.add(of_input(node), node, lambda op: ResetGateAdjoint(shape), into, (r, y))
    draft.add(of_read(node), node, lambda op: ResetGateReadAdjoint(shape), into, (r,))


def lstm(draft: Draft, node: Node, into: Sequence[str]) -> None:
    """The gates, and the peepholes where there are some."""
    entering, units = draft.enters(node), draft.forward.signals[node.name].shape[0]

    def gates(op: Any) -> Op:
        return LSTMAdjoint(entering, op.peephole)

    whole = draft.add(of_input(node), node, gates, into, _internals(draft, node, *"iofgt", "last"))
    for parameter in draft.wanted.get(node.name, ()):
        reads = _internals(draft, node, "last", "c")
        step = draft.add(f"d({parameter})", node, lambda op: PeepholeAdjoint((3, units)), (whole,), reads)
        draft.gradient(parameter, draft.total(parameter, (step,), (3, units)))


def _internals(draft: Draft, node: Node, *names: str) -> tuple[str, ...]:
    """What was recorded of a cell, by name."""
    return tuple(draft.read(f"{node.name}:{name}") for name in names)
