"""Products with constant matrices, convolutions with constant kernels, average pools."""

from __future__ import annotations

import numpy as np

from axonc.ir import Float, Node
from axonc.ir.ops import Array, Conv, Convolve, Linear, Map, MatMul, Pool, Window

from .editing import Editing
from .patterns import constant


def with_maps(editing: Editing) -> None:
    """Replace them by `Linear`, `Conv` and `Pool`."""
    for name in list(editing.nodes):
        node = editing.nodes[name]
        if isinstance(node.op, MatMul):
            _linear(editing, node, node.op)
        elif isinstance(node.op, Convolve):
            _conv(editing, node, node.op)
        elif isinstance(node.op, Map) and node.op.function == "div":
            _pool(editing, node, node.op)


def _linear(editing: Editing, node: Node, op: MatMul) -> None:
    """A vector times a constant matrix, and a constant vector added to it."""
    a, b = (constant(editing.nodes[name]) for name in (*node.inputs, *node.reads))
    if op.result().format != Float():
        return
    if b is not None and b.ndim == 2 and len(op.takes[0].shape) == 1:
        weight, source = np.ascontiguousarray(b.T), node.inputs[0]
    elif a is not None and a.ndim == 2 and len(op.takes[1].shape) == 1:
        weight, source = a, node.reads[0]
    else:
        return
    editing.replace(node.name, Linear(weight), (source,))
    for reader in list(editing.readers(node.name)):
        bias = _bias(editing, reader, node.name, len(weight))
        if bias is not None:
            editing.replace(reader.name, Linear(weight, bias), (source,))


def _bias(editing: Editing, node: Node, product: str, rows: int) -> Array | None:
    """What a node adds to a product, if it does nothing else."""
    if not isinstance(node.op, Map) or node.op.function != "add" or node.op.result().shape != (rows,):
        return None
    others = [name for name in node.sources if name != product]
    value = constant(editing.nodes[others[0]]) if len(others) == 1 else None
    return None if value is None else np.broadcast_to(value, (rows,)).copy()


def _conv(editing: Editing, node: Node, op: Convolve) -> None:
    values = [constant(editing.nodes[name]) for name in node.reads]
    weight = values[0]
    bias = values[1] if len(values) > 1 else None
    rank = len(op.axes)
    fits = rank in (1, 2) and len(op.takes[0].shape) == rank + 1 and op.result().format == Float()
    if fits and weight is not None and (len(values) == 1 or bias is not None):
        editing.replace(node.name, Conv(weight, bias, op.axes, op.groups), node.inputs)


def _pool(editing: Editing, node: Node, op: Map) -> None:
    """Sums over windows, divided by the number of taps."""
    total = editing.nodes[node.inputs[0]]
    count = constant(editing.nodes[node.reads[0]]) if node.reads else None
    window = total.op
    if count is None or not isinstance(window, Window) or window.function != "sum" or op.result().format != Float():
        return
    pool = Pool(window.axes, average=True)
    rank = len(window.axes)
    if rank == 2 and len(window.takes[0].shape) == rank + 1 and bool(np.all(count == pool.taps)):
        editing.replace(node.name, pool, total.inputs)
