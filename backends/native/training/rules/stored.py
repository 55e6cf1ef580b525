"""Maps of which only some pairs of source and target meet: sparse matrices, convolutions, pools, and what belongs to
them on the way back.

All three have the same table: for every source the targets that it reaches, ascending, and which weight each has.
A sparse matrix has a weight for every pair, a convolution a kernel that they share,
a pool none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from axonc.ir import Node
from axonc.ir.ops import Linear, Pool
from axonc.ir.unroll import unrolled

from ...tensor.types import F32, literal
from ..draft import Draft, Side, Table, Value, call, loop
from .maps import as_held, begin_sums, gradient_of, parameter_of


def table_of(draft: Draft, node: Node) -> Table:
    """The table of a forward node, stored when it is first asked for."""
    if node.name not in draft.tables:
        draft.tables[node.name] = _stored(draft, node)
    return draft.tables[node.name]


def _stored(draft: Draft, node: Node) -> Table:
    by_source = sparse.csc_array(_entries(draft, node))
    arrays = {"first": by_source.indptr, "targets": by_source.indices}
    first, targets = (draft.stored(f"{node.name} {name}", array, "u4").text for name, array in arrays.items())
    if isinstance(node.op, Pool):
        return Table(first, targets, "NULL", "NULL")
    entries = draft.stored(f"{node.name} entries", by_source.data - 1, "u4").text
    return Table(first, targets, entries, _weights(draft, node))


def _entries(draft: Draft, node: Node) -> sparse.csr_array:
    """The matrix (targets, sources) of the op, with the number of its weight, from 1, for each pair."""
    op: Any = node.op
    if isinstance(op, Linear):
        weight: Any = op.weight
        return sparse.csr_array((np.arange(1, weight.nnz + 1), weight.indices, weight.indptr), weight.shape)
    shape = draft.task.forward.signals[node.inputs[0]].shape
    if isinstance(op, Pool):
        return unrolled(replace(op, average=False), shape)
    return unrolled(replace(op, weight=np.arange(1, op.weight.size + 1).reshape(op.weight.shape)), shape)


def _weights(draft: Draft, node: Node) -> str:
    op: Any = node.op
    own = op.weight.data if isinstance(op, Linear) else op.weight
    return parameter_of(draft, node, "weight", draft.task.parameters.get((node.name, "weight"), own)).text


def stored_map(draft: Draft, side: Side, node: Node) -> None:
    """A sparse matrix, or a convolution; the bias is one for each target, or for each channel."""
    x = draft.joined(side, node, node.inputs)
    table = table_of(draft, node)
    y = draft.output(side, node)
    lines = begin_sums(draft, node, y)
    side.emit(node, [*lines, *_product(table, y.text, x, y.width)])


def _product(table: Table, y: str, x: Value, width: int) -> list[str]:
    ends, sizes = f"{y}, {x.text}, {table.weights}", f"BATCH, {x.width}, {width}"
    return call(f"axonc_stored_product_{x.dtype}", ends, f"{table.pairs}, {sizes}")


def stored_adjoint(draft: Draft, side: Side, node: Node) -> None:
    """The same pairs the other way round."""
    origin = draft.task.forward[draft.task.origins[node.name]]
    dy, dx = draft.joined(side, node, node.inputs), draft.output(side, node)
    side.emit(node, _back(table_of(draft, origin), dx, dy.text, dy.width))


def _back(table: Table, dx: Value, dy: str, width: int) -> list[str]:
    return call("axonc_stored_back", f"{dx.text}, {dy}, {table.weights}", f"{table.pairs}, BATCH, {dx.width}, {width}")


def pool(draft: Draft, side: Side, node: Node) -> None:
    """The sum of a window, or their mean."""
    op = node.op
    assert isinstance(op, Pool)
    x = draft.joined(side, node, node.inputs)
    y = draft.output(side, node)
    total = draft.array(f"{node.name} total", "f4", y.width, side.temporary)
    share = f" * {literal(np.float32(1 / op.taps), F32)}" if op.average else ""
    lines = [f"axonc_begin_sums({total.text}, NULL, BATCH, {y.width}, 1);"]
    lines += _product(table_of(draft, node), total.text, x, y.width)
    side.emit(node, [*lines, *loop(y.width, [f"{y.text}[at] = {as_held(y, f'{total.at()}{share}')};"])])


def pool_adjoint(draft: Draft, side: Side, node: Node) -> None:
    """Every source of a window takes the same share."""
    origin = draft.task.forward[draft.task.origins[node.name]]
    assert isinstance(origin.op, Pool)
    dy, dx = draft.joined(side, node, node.inputs), draft.output(side, node)
    lines: list[str] = []
    if origin.op.average:
        shared = draft.array(f"{node.name} shared", "f4", dy.width, side.temporary)
        share = literal(np.float32(1 / origin.op.taps), F32)
        lines, dy = loop(dy.width, [f"{shared.at()} = {dy.at()} * {share};"]), shared
    side.emit(node, [*lines, *_back(table_of(draft, origin), dx, dy.text, dy.width)])


def stored_total(draft: Draft, side: Side, node: Node) -> None:
    """The gradient of weights, each added up over all pairs that have it."""
    gradient = gradient_of(draft, side, node)
    owner = draft.task.forward[draft.owner(node)[0]]
    dy, x = draft.joined(side, node, node.inputs), draft.joined(side, node, node.reads)
    ends, sizes = f"{gradient.text}, {dy.text}, {x.text}", f"BATCH, {x.width}, {dy.width}"
    side.emit(node, call(f"axonc_stored_outer_{x.dtype}", ends, f"{table_of(draft, owner).pairs}, {sizes}"))
