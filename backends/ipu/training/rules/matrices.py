"""Matrices forward and backward, and the gradients of their weights and biases.

A matrix lies on the tiles of the neurons that it leads to, and so does its gradient. Backward, every tile adds up what
its own neurons contribute; the tiles of the source add these parts up, in the order of the tiles. How the source comes
to the matrix, its form says.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from axonc.ir import Node
from axonc.ir.ops import Linear

from ..draft import Draft, Side, changed, fields, in_pieces
from ..pieces import Tensor, Vertices
from ..small import ELEMENT
from .lists import Listed
from .values import Matrix, Values


def linear(draft: Draft, side: Side, node: Node) -> None:
    """A matrix, or the adjoint of one."""
    if side is draft.forward:
        for name in ("weight", "bias"):
            if getattr(node.op, name) is not None:
                _store(draft, node, name)
        product(draft, node)
    else:
        transposed(draft, node)


def _store(draft: Draft, node: Node, name: str) -> None:
    """A matrix, or the bias of one: a parameter, whether it is trained or not."""
    op: Any = node.op
    place = draft.place(draft.forward, node)
    value = draft.task.parameters.get((node.name, name))
    dense = np.asarray(getattr(op, name) if value is None else value, np.float32)
    tensor = array_of(draft, node, name)
    draft.stored[tensor] = in_pieces(dense.reshape(len(dense), -1), place.layout, place.lanes)
    draft.parameters[node.name, name] = tensor


def array_of(draft: Draft, node: Node, name: str) -> Tensor:
    """Where a matrix or a bias lies."""
    op, place = node.op, draft.place(draft.forward, node)
    assert isinstance(op, Linear)
    columns = op.weight.shape[1] if name == "weight" else 1
    return Tensor(f"{node.name}.{name}", "f4", place.layout, place.lanes * columns)


def _matrix(draft: Draft, node: Node) -> Matrix:
    """That of a forward node."""
    weight, bias = (draft.parameters.get((node.name, name)) for name in ("weight", "bias"))
    assert weight is not None
    source = draft.places["forward", node.inputs[0]]
    return Matrix(draft, node.inputs[0], source, draft.place(draft.forward, node), weight, bias)


def _heard(matrix: Matrix) -> Values | Listed:
    return Values(matrix) if matrix.form == "dense" else Listed(matrix)


def product(draft: Draft, node: Node) -> None:
    """y = W x + b."""
    side, y = draft.forward, draft.signal(draft.forward, node, "f4")
    how = _heard(_matrix(draft, node))
    here = how.ready(side)
    side.values[node.name], side.ready[node.name] = y, side.run(here, how.product(y))


def transposed(draft: Draft, node: Node) -> None:
    """x̄ = W^T ȳ."""
    side = draft.backward
    matrix = _matrix(draft, draft.forward.graph[draft.task.origins[node.name]])
    how = Listed(matrix) if matrix.form == "gradients" else Values(matrix)
    y, inputs = draft.like(matrix.source, node.name), side.sources(node)
    here = max(side.ready[name] for name in node.inputs)
    if matrix.form == "gradients":
        here = max(here, how.ready(side))
    for vertices in how.parts(inputs, y):
        here = side.run(here, vertices)
    side.values[node.name], side.ready[node.name] = y, here


def outer_total(draft: Draft, side: Side, node: Node) -> None:
    """The gradient of a matrix, added up where the matrix is."""
    parameter = parameter_of(draft, node)
    gradient = _gradient(draft, parameter, draft.parameters[parameter])
    how = _heard(_matrix(draft, draft.forward.graph[parameter[0]]))
    here = max(how.ready(side), *(side.ready[name] for name in (*node.inputs, *node.reads)))
    side.ready[node.name] = side.run(here, how.outer(side.sources(node), gradient))
    side.values[node.name] = gradient


def total(draft: Draft, side: Side, node: Node) -> None:
    """The gradient of a bias."""
    parameter, batch = parameter_of(draft, node), draft.task.batch
    bias = draft.parameters[parameter]
    gradient = _gradient(draft, parameter, bias)
    parts = (*fields(inputs=side.sources(node)), *changed(gradient=gradient))
    here = max(side.ready[name] for name in node.inputs)
    work = ELEMENT * batch * draft.busiest(bias)
    vertices = Vertices("axonc::Total", bias.layout, parts, {"batch": batch}, work)
    side.values[node.name], side.ready[node.name] = gradient, side.run(here, vertices)


def parameter_of(draft: Draft, node: Node) -> tuple[str, str]:
    """The parameter that a total is the gradient of."""
    readers = (reader.name for reader in draft.backward.graph.consumers[node.name])
    (found,) = (draft.task.gradients[name] for name in readers if name in draft.task.gradients)
    return found


def _gradient(draft: Draft, parameter: tuple[str, str], value: Tensor) -> Tensor:
    made = Tensor(f"gradient of {value.name}", "f4", value.layout, value.each)
    draft.gradients[parameter] = made
    draft.cleared.append(made)
    return made
