"""Matrices, dense and sparse, forward and backward, and their gradients.

A dense one has a row of weights for every source, turned round a row for every target; a sparse one its stored values,
in the order in which the op has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from axonc.ir import Node
from axonc.ir.ops import is_sparse

from ..draft import Draft, Side, Value, call
from .maps import gradient_of, parameter_of

LISTS = "m->work.places, m->work.listed"


def linear(draft: Draft, side: Side, node: Node) -> None:
    """A matrix, or the adjoint of one."""
    if side is draft.forward:
        _forward(draft, node)
    else:
        _backward(draft, node)


def _forward(draft: Draft, node: Node) -> None:
    op: Any = node.op
    side, value = draft.forward, draft.task.parameters.get((node.name, "weight"))
    weight = op.weight if value is None else value
    dense = not is_sparse(op.weight)
    held = parameter_of(draft, node, "weight", weight.T if dense else np.asarray(getattr(weight, "data", weight)))
    bias = "NULL"
    if op.bias is not None:
        known = draft.task.parameters.get((node.name, "bias"), op.bias)
        bias = parameter_of(draft, node, "bias", known).text
    x = draft.joined(side, node, node.inputs)
    y = draft.output(side, node)
    if dense:
        _product(draft, side, node, (y, x), held.text, bias)
    else:
        _stored_product(draft, side, node, (y, x), held.text, _by_source(op.weight), bias)


def _backward(draft: Draft, node: Node) -> None:
    """The same with the matrix turned round."""
    task, side = draft.task, draft.backward
    matrix = task.forward[task.origins[node.name]]
    op: Any = matrix.op
    held = draft.parameters[matrix.name, "weight"]
    x = draft.joined(side, node, node.inputs)
    y = draft.output(side, node)
    if is_sparse(op.weight):
        _stored_product(draft, side, node, (y, x), held.text, _by_target(op.weight), "NULL")
        return
    turned = draft.member(f"{held.name} turned", "f4", held.count, "learning")
    draft.starts.append(f"axonc_turn({turned.text}, {held.text}, {y.width}, {x.width});")
    _product(draft, side, node, (y, x), turned.text, "NULL")


def _product(draft: Draft, side: Side, node: Node, ends: tuple[Value, Value], weights: str, bias: str) -> None:
    y, x = ends
    draft.longest = max(draft.longest, x.width)
    sizes = f"BATCH, {x.width}, {y.width}"
    side.emit(node, call(f"axonc_product_{x.dtype}", f"{y.text}, {x.text}, {weights}, {bias}", f"{sizes}, {LISTS}"))


@dataclass(frozen=True)
class Pattern:
    """Where stored values are: ``first``: of each source; ``targets``: of each; ``entries``: which it is."""

    first: np.ndarray[Any, Any]
    targets: np.ndarray[Any, Any]
    entries: np.ndarray[Any, Any] | None = None


def _by_source(weight: sparse.csr_array) -> Pattern:
    """The values of each source by ascending target."""
    places = sparse.csr_array((np.arange(weight.nnz), weight.indices, weight.indptr), weight.shape).tocsc()
    return Pattern(places.indptr, places.indices, places.data)


def _by_target(weight: sparse.csr_array) -> Pattern:
    return Pattern(weight.indptr, weight.indices)


def _stored_product(
    draft: Draft, side: Side, node: Node, ends: tuple[Value, Value], weights: str, pattern: Pattern, bias: str
) -> None:
    y, x = ends
    first, targets = (draft.stored(f"{node.name} {name}", array, "u4").text for name, array in (
        ("first", pattern.first), ("targets", pattern.targets)))  # fmt: skip
    entries = "NULL"
    if pattern.entries is not None:
        entries = draft.stored(f"{node.name} entries", pattern.entries, "u4").text
    tables, sizes = f"{first}, {targets}, {entries}, {bias}", f"BATCH, {x.width}, {y.width}"
    side.emit(node, call(f"axonc_stored_product_{x.dtype}", f"{y.text}, {x.text}, {weights}", tables, sizes))


def outer_total(draft: Draft, side: Side, node: Node) -> None:
    """The gradient of a dense matrix: a row for every source."""
    gradient = gradient_of(draft, side, node)
    dy, x = draft.joined(side, node, node.inputs), draft.joined(side, node, node.reads)
    draft.longest = max(draft.longest, draft.task.batch)
    sizes = f"BATCH, {x.width}, {dy.width}"
    side.emit(node, call(f"axonc_outer_{x.dtype}", f"{gradient.text}, {dy.text}, {x.text}", f"{sizes}, {LISTS}"))


def stored_total(draft: Draft, side: Side, node: Node) -> None:
    """The gradient of stored values."""
    op: Any = node.op
    gradient = gradient_of(draft, side, node)
    dy, x = draft.joined(side, node, node.inputs), draft.joined(side, node, node.reads)
    rows, columns = (draft.stored(f"{node.name} {name}", getattr(op, name), "u4").text for name in ("rows", "columns"))
    sizes = f"BATCH, {gradient.count}, {x.width}, {dy.width}"
    ends = f"{gradient.text}, {dy.text}, {x.text}, {rows}, {columns}"
    side.emit(node, call(f"axonc_stored_outer_{x.dtype}", ends, sizes))
