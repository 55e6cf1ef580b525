"""Ops without neurons: inputs, outputs, delays, scalings, and matrices forward and backward.

A matrix lies on the tiles of the neurons that it leads to, and so does its gradient. Backward, every tile adds up what
its own neurons contribute; the tiles of the source add these parts up, in the order of the tiles.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from axonc.ir import Node

from ..draft import Draft, Side, changed, fields, in_pieces, nothing, outputs, spread, whole
from ..pieces import Field, Tensor, Vertices
from ..small import ELEMENT
from ..types import CPP

VALUE, WEIGHT = 4, 4
"""Instructions to look at a source's value, and for a weight that is used."""

BUSY = 8
"""One source in so many is taken to be active, for estimates of cycles alone."""


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
    value = draft.state(side, draft.signal(side, node))
    line = draft.like(place, f"{value.name}/line", value.dtype, op.steps - 1) if op.steps > 1 else None
    if line is not None:
        draft.state(side, line)
    side.values[node.name], side.ready[node.name] = value, 0


def close_delay(draft: Draft, side: Side, node: Node) -> None:
    """What moves the line on, once its source is known."""
    value = side.values[node.name]
    line = next((state for state in side.states if state.name == f"{value.name}/line"), None)
    sources = side.sources(node)
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


def linear(draft: Draft, side: Side, node: Node) -> None:
    """A matrix, or the adjoint of one."""
    if side is draft.forward:
        _forward(draft, node)
    else:
        _backward(draft, node)


def _forward(draft: Draft, node: Node) -> None:
    side, op, task = draft.forward, node.op, draft.task
    assert hasattr(op, "weight")
    place, (x,) = draft.place(side, node), side.sources(node)
    source = draft.places["forward", node.inputs[0]]
    y, weight = draft.signal(side, node, "f4"), _matrix(draft, node, "weight")
    bias = _matrix(draft, node, "bias") if getattr(op, "bias", None) is not None else None
    parts = (whole("x", x), *fields(weights=weight, bias=bias), *outputs(y=y))
    sources = source.layout.neurons * source.lanes
    work = task.batch * sources * VALUE + WEIGHT * (sources // BUSY + 1) * draft.busiest(y)
    vertices = Vertices(f"axonc::Product<{CPP[x.dtype]}>", place.layout, parts, spread(source, task.batch), work)
    side.give(node, y, vertices)


def _matrix(draft: Draft, node: Node, name: str) -> Tensor:
    """A matrix, or the bias of one: a parameter, whether it is trained or not."""
    op: Any = node.op
    place = draft.place(draft.forward, node)
    value = draft.task.parameters.get((node.name, name))
    dense = np.asarray(getattr(op, name) if value is None else value, np.float32)
    matrix = dense.reshape(len(dense), -1)
    tensor = Tensor(f"{node.name}.{name}", "f4", place.layout, place.lanes * matrix.shape[1])
    draft.stored[tensor] = in_pieces(matrix, place.layout, place.lanes)
    draft.parameters[node.name, name] = tensor
    return tensor


def _backward(draft: Draft, node: Node) -> None:
    """Parts on the tiles of the matrix, then their sum on those of its source."""
    side, task = draft.backward, draft.task
    matrix = draft.forward.graph[task.origins[node.name]]
    source, target = draft.places["forward", matrix.inputs[0]], draft.place(draft.forward, matrix)
    sources = source.layout.neurons * source.lanes
    y = draft.like(source, node.name)
    part = Tensor(f"{y.name}/parts", "f4", target.layout, 0, fixed=task.batch * sources)
    weight = draft.parameters[matrix.name, "weight"]
    found = (*fields(inputs=side.sources(node), weights=weight), *outputs(parts=part))
    work = WEIGHT * draft.busiest(part) * (int(weight.sizes.max()) // max(sources, 1))
    here = max(side.ready[name] for name in node.inputs)
    there = side.run(here, Vertices("axonc::Parts", target.layout, found, spread(source, task.batch), work))
    summed = (Field("parts", (part,), view="column", like=y), *outputs(y=y))
    vertices = Vertices("axonc::Collect", source.layout, summed, {}, VALUE * target.layout.tiles * draft.busiest(y))
    side.values[node.name], side.ready[node.name] = y, side.run(there, vertices)


def outer_total(draft: Draft, side: Side, node: Node) -> None:
    """The gradient of a matrix, added up where the matrix is."""
    task = draft.task
    (output,) = (name for name, reader in _readers(side, node) if name in task.gradients)
    parameter = task.gradients[output]
    matrix, (read,) = draft.forward.graph[parameter[0]], side.reads(node)
    source = draft.places["forward", matrix.inputs[0]]
    weight = draft.parameters[parameter]
    gradient = _gradient(draft, parameter, weight)
    parts = (*fields(inputs=side.sources(node)), whole("x", read), *changed(gradient=gradient))
    sources = source.layout.neurons * source.lanes
    work = task.batch * (sources // 6 + 1) * VALUE + WEIGHT * draft.busiest(weight) * task.batch // BUSY
    codelet = f"axonc::Outer<{CPP[read.dtype]}>"
    here = max(side.ready[name] for name in (*node.inputs, *node.reads))
    side.ready[node.name] = side.run(here, Vertices(codelet, weight.layout, parts, spread(source, task.batch), work))
    side.values[node.name] = gradient


def total(draft: Draft, side: Side, node: Node) -> None:
    """The gradient of a bias."""
    task = draft.task
    (output,) = (name for name, reader in _readers(side, node) if name in task.gradients)
    bias = draft.parameters[task.gradients[output]]
    gradient = _gradient(draft, task.gradients[output], bias)
    parts = (*fields(inputs=side.sources(node)), *changed(gradient=gradient))
    here = max(side.ready[name] for name in node.inputs)
    work = ELEMENT * task.batch * draft.busiest(bias)
    vertices = Vertices("axonc::Total", bias.layout, parts, {"batch": task.batch}, work)
    side.values[node.name], side.ready[node.name] = gradient, side.run(here, vertices)


def _gradient(draft: Draft, parameter: tuple[str, str], value: Tensor) -> Tensor:
    made = Tensor(f"gradient of {value.name}", "f4", value.layout, value.each)
    draft.gradients[parameter] = made
    draft.cleared.append(made)
    return made


def _readers(side: Side, node: Node) -> list[tuple[str, Node]]:
    return [(reader.name, reader) for reader in side.graph.consumers[node.name]]
