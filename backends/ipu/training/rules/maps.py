"""Ops without neurons and matrices: inputs, outputs, delays, scalings."""

from __future__ import annotations

from typing import Any

import numpy as np

from axonc.ir import Node

from ..draft import Draft, Side, changed, fields, nothing, outputs
from ..pieces import Vertices
from ..small import ELEMENT
from ..types import CPP


def given(draft: Draft, side: Side, node: Node) -> None:
    """Inputs forward, which rows of a buffer fill; backward, the tape's are what the forward step left."""
    if side is draft.forward:
        side.give(node, draft.signal(side, node))
        return
    task = draft.task
    if node.name in task.tape:
        side.give(node, draft.forward.values[task.tape[node.name]])
        return
    seed = draft.signal(side, node, "f4")
    draft.cleared.append(seed)
    side.give(node, seed)


def passed(draft: Draft, side: Side, node: Node) -> None:
    """Outputs and flattened signals are their source's tensor; gradients have theirs already."""
    if node.name not in draft.task.gradients:
        (source,) = side.sources(node)
        side.give(node, source)


def delay(draft: Draft, side: Side, node: Node) -> None:
    """The value of some steps before: a line that moves on when the step is over."""
    op: Any = node.op
    place = draft.place(side, node)
    value = draft.state(side, draft.signal(side, node), op.initial)
    line = draft.like(place, f"{value.name}/line", value.dtype, op.steps - 1) if op.steps > 1 else None
    if line is not None:
        draft.state(side, line, op.initial)
    side.values[node.name], side.ready[node.name] = value, 0


def close_delay(draft: Draft, side: Side, node: Node) -> None:
    """What moves the line on, once its source is known."""
    value = side.values[node.name]
    line = next((state for state in side.states if state.name == f"{value.name}/line"), None)
    sources = side.sources(node)
    if side is draft.forward and draft.forms.get(node.name) == "gradients":  # who reads it makes lists of it
        sources = (draft.marks[node.inputs[0]][0],)
    moved = (nothing("line", value.dtype, "inout"),) if line is None else changed(line=line)
    parts = (*fields(inputs=sources), *moved, *outputs(y=value))
    steps = 1 if line is None else 1 + line.each // value.each
    codelet = f"axonc::Shift<{CPP[value.dtype]}>"
    side.end.vertices.append(Vertices(codelet, value.layout, parts, {}, ELEMENT * steps * draft.busiest(value)))


def scale(draft: Draft, side: Side, node: Node) -> None:
    """y = factor x; nothing where all factors are 1."""
    op: Any = node.op
    sources = side.sources(node)
    if np.all(op.scale.astype(np.float32) == 1) and len(sources) == 1:
        side.give(node, sources[0])
        return
    place, y = draft.place(side, node), draft.signal(side, node, "f4")
    factors = draft.records(f"{y.name}/factors", place, op.scale)
    parts = (*fields(inputs=sources, factors=factors), *outputs(y=y))
    vertices = Vertices("axonc::Scale", place.layout, parts, {"batch": draft.task.batch}, ELEMENT * draft.busiest(y))
    side.give(node, y, vertices)


def product(draft: Draft, side: Side, node: Node) -> None:
    """y = x r, elementwise."""
    sources, (other,) = side.sources(node), side.reads(node)
    y = draft.signal(side, node, "f4")
    parts = (*fields(inputs=sources, factors=other), *outputs(y=y))
    codelet = f"axonc::Times<{CPP[sources[0].dtype]}>"
    side.give(node, y, Vertices(codelet, y.layout, parts, {}, ELEMENT * draft.busiest(y)))
