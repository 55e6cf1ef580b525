"""Dense matrices, forward and backward, and their gradients: a row of weights for every source, turned round a row for
every target."""

from __future__ import annotations

from typing import Any

from axonc.ir import Node
from axonc.ir.ops import is_sparse

from ..draft import Draft, Side, Value, call
from .maps import begin_sums, gradient_of, parameter_of
from .stored import stored_adjoint, stored_map

LISTS = "m->work.places, m->work.listed"


def linear(draft: Draft, side: Side, node: Node) -> None:
    """A matrix, or the adjoint of one."""
    op: Any = node.op
    stored, dense = (stored_map, _forward) if side is draft.forward else (stored_adjoint, _backward)
    (stored if is_sparse(op.weight) else dense)(draft, side, node)


def _forward(draft: Draft, side: Side, node: Node) -> None:
    op: Any = node.op
    weight = draft.task.parameters.get((node.name, "weight"), op.weight)
    held = parameter_of(draft, node, "weight", weight.T)
    x = draft.joined(side, node, node.inputs)
    y = draft.output(side, node)
    side.emit(node, [*begin_sums(draft, node, y), *_product(draft, y, x, held.text)])


def _backward(draft: Draft, side: Side, node: Node) -> None:
    """The same with the matrix turned round."""
    held = draft.parameters[draft.task.origins[node.name], "weight"]
    x = draft.joined(side, node, node.inputs)
    y = draft.output(side, node)
    turned = draft.member(f"{held.name} turned", "f4", held.count, "learning")
    draft.starts.append(f"axonc_turn({turned.text}, {held.text}, {y.width}, {x.width});")
    side.emit(node, [*begin_sums(draft, node, y), *_product(draft, y, x, turned.text)])


def _product(draft: Draft, y: Value, x: Value, weights: str) -> list[str]:
    draft.longest = max(draft.longest, x.width)
    ends, sizes = f"{y.text}, {x.text}, {weights}", f"BATCH, {x.width}, {y.width}"
    return call(f"axonc_product_{x.dtype}", ends, f"{sizes}, {LISTS}")


def outer_total(draft: Draft, side: Side, node: Node) -> None:
    """The gradient of a dense matrix: a row for every source."""
    gradient = gradient_of(draft, side, node)
    dy, x = draft.joined(side, node, node.inputs), draft.joined(side, node, node.reads)
    draft.longest = max(draft.longest, draft.task.batch)
    ends, sizes = f"{gradient.text}, {dy.text}, {x.text}", f"BATCH, {x.width}, {dy.width}"
    side.emit(node, call(f"axonc_outer_{x.dtype}", ends, f"{sizes}, {LISTS}"))
