"""Matrices, convolutions and pools forward and backward, and the gradients of their weights and biases.

A matrix lies on the tiles of the neurons that it leads to, and so does its gradient. Backward, every tile adds up what
its own neurons contribute; the tiles of the source add these parts up, in the order of the tiles. How the source comes
to the matrix, its form says.
"""

from __future__ import annotations

import numpy as np

from axonc.ir import Node
from axonc.ir.ops import Array, Conv, Linear, Pool, is_sparse

from ..draft import Draft, Side
from ..packing import Rows
from ..pieces import Tensor
from .kernels import Kernel, Pooled, factor_of, store_kernel, store_pool
from .lists import Listed
from .synapses import Synapses, pattern_of_matrix, stored_pattern
from .values import Matrix, Values


def linear(draft: Draft, side: Side, node: Node) -> None:
    """A matrix, or the adjoint of one."""
    if side is draft.forward:
        _store(draft, node)
        product(draft, node)
    else:
        transposed(draft, node)


def conv(draft: Draft, side: Side, node: Node) -> None:
    """A convolution."""
    store_kernel(draft, node)
    product(draft, node)


def pool(draft: Draft, side: Side, node: Node) -> None:
    """A pool."""
    store_pool(draft, node)
    product(draft, node)


def adjoint(draft: Draft, side: Side, node: Node) -> None:
    """That of a convolution or a pool."""
    transposed(draft, node)


def _store(draft: Draft, node: Node) -> None:
    """A matrix and its bias: parameters, whether they are trained or not."""
    op, place = node.op, draft.place(draft.forward, node)
    assert isinstance(op, Linear)
    if is_sparse(op.weight):
        pattern = pattern_of_matrix(op.weight, place)
        draft.patterns[node.name] = stored_pattern(draft, node.name, place.layout, pattern)
        draft.packings[node.name, "weight"] = pattern.packing
    else:
        draft.packings[node.name, "weight"] = Rows(place, op.weight.shape[1])
    if op.bias is not None:
        draft.packings[node.name, "bias"] = Rows(place, 1)
    for name in ("weight", "bias"):
        if (node.name, name) in draft.packings:
            tensor = draft.parameters[node.name, name] = array_of(draft, node, name)
            draft.stored[tensor] = draft.packings[node.name, name].packed(_value(draft, node, name))


def _value(draft: Draft, node: Node, name: str) -> Array:
    """What a matrix or a bias begins with; of a sparse matrix what it stores."""
    trained = draft.task.parameters.get((node.name, name))
    value = getattr(node.op, name) if trained is None else trained
    return np.asarray(value.data if is_sparse(value) else value)


def array_of(draft: Draft, node: Node, name: str) -> Tensor:
    """Where a matrix or a bias lies."""
    op, place, pattern = node.op, draft.place(draft.forward, node), draft.patterns.get(node.name)
    assert isinstance(op, Linear)
    if name == "weight" and pattern is not None:
        return Tensor(f"{node.name}.weight", "f4", place.layout, 0, pattern["targets"].fixed)
    columns = op.weight.shape[1] if name == "weight" else 1
    return Tensor(f"{node.name}.{name}", "f4", place.layout, place.lanes * columns)


def _heard(draft: Draft, node: Node) -> Values:
    """How the matrix of a forward node hears its source."""
    weight, bias = (draft.parameters.get((node.name, name)) for name in ("weight", "bias"))
    assert weight is not None
    source, target = draft.places["forward", node.inputs[0]], draft.place(draft.forward, node)
    pattern = draft.patterns.get(node.name, {})
    matrix = Matrix(draft, node.inputs[0], source, target, weight, bias, pattern)
    if isinstance(node.op, Pool):
        return Pooled(matrix, factor_of(node.op))
    if pattern:
        return Kernel(matrix) if isinstance(node.op, Conv) else Synapses(matrix)
    return Values(matrix) if matrix.form == "dense" else Listed(matrix)


def product(draft: Draft, node: Node) -> None:
    """y = W x + b."""
    side, y = draft.forward, draft.signal(draft.forward, node)
    how = _heard(draft, node)
    here = how.ready(side)
    side.values[node.name], side.ready[node.name] = y, side.run(here, how.product(y))


def transposed(draft: Draft, node: Node) -> None:
    """x̄ = W^T ȳ."""
    side = draft.backward
    how = _heard(draft, draft.forward.graph[draft.task.origins[node.name]])
    y, inputs = draft.like(how.matrix.source, node.name), side.sources(node)
    here = max(side.ready[name] for name in node.inputs)
    if how.matrix.form == "gradients":
        here = max(here, how.ready(side))
    for vertices in how.parts(inputs, y):
        here = side.run(here, vertices)
    side.values[node.name], side.ready[node.name] = y, here


def outer_total(draft: Draft, side: Side, node: Node) -> None:
    """The gradient of a matrix, added up where the matrix is."""
    how, gradient = _gradient(draft, node)
    here = max(how.ready(side), *(side.ready[name] for name in (*node.inputs, *node.reads)))
    side.ready[node.name] = side.run(here, how.outer(side.sources(node), how.added(gradient)))
    side.values[node.name] = gradient


def total(draft: Draft, side: Side, node: Node) -> None:
    """The gradient of a bias."""
    how, gradient = _gradient(draft, node)
    here = max(side.ready[name] for name in node.inputs)
    side.ready[node.name] = side.run(here, how.total(side.sources(node), how.added(gradient)))
    side.values[node.name] = gradient


def parameter_of(draft: Draft, node: Node) -> tuple[str, str]:
    """The parameter that a total is the gradient of."""
    readers = (reader.name for reader in draft.backward.graph.consumers[node.name])
    (found,) = (draft.task.gradients[name] for name in readers if name in draft.task.gradients)
    return found


def _gradient(draft: Draft, node: Node) -> tuple[Values, Tensor]:
    """Whose gradient a total is, and where that lies."""
    parameter = parameter_of(draft, node)
    value = draft.parameters[parameter]
    made = draft.gradients[parameter] = value.named(f"gradient of {value.name}")
    return _heard(draft, draft.forward.graph[parameter[0]]), made
