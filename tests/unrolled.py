"""Maps over images as matrices, on the way back: what convolutions and pools are, one product after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from axonc import Graph
from axonc.ir import Node
from axonc.ir.ops import Conv, ConvAdjoint, KernelTotal, Linear, Pool, PoolAdjoint, Scale
from axonc.ir.unroll import unrolled

Array = np.ndarray[Any, Any]


def matrices(graph: Graph) -> Graph:
    """A backward graph whose adjoints of convolutions and pools are matrices: sums run by ascending target."""
    nodes: list[Node] = []
    for node in graph:
        nodes += _matrices(graph, node)
    return graph.with_nodes(nodes)


def _matrices(graph: Graph, node: Node) -> list[Node]:
    op, gives = node.op, graph.signals[node.name].shape
    if isinstance(op, ConvAdjoint):
        takes = Conv(op.weight, None, op.axes, op.groups)
        return [_transposed(graph, node, unrolled(takes, op.shape), node.inputs)]
    if isinstance(op, PoolAdjoint):
        pool = Pool(op.axes)
        takes = graph.signals[node.inputs[0]].shape
        share = np.full(takes, 1 / pool.taps if op.average else 1.0)
        shared = Node(f"{node.name} shared", Scale(share), node.inputs, node.origin)
        assert len(gives) == len(takes)
        return [shared, _transposed(graph, node, unrolled(pool, op.shape), (shared.name,))]
    return [node]


def _transposed(graph: Graph, node: Node, matrix: sparse.csr_array, inputs: tuple[str, ...]) -> Node:
    takes, gives = graph.signals[node.inputs[0]].shape, graph.signals[node.name].shape
    return Node(node.name, Linear(sparse.csr_array(matrix.T), None, takes, gives), inputs, node.origin)


def add_kernel(total: Array, op: KernelTotal, y: Array, x: Array) -> None:
    """What a sample adds in a step to the gradient of a kernel: by ascending source, then by ascending target."""
    kernel = np.arange(1, total.size + 1).reshape(op.gives)
    table = sparse.csc_array(unrolled(Conv(kernel, None, op.axes, op.groups), op.reads))
    sources = np.repeat(np.arange(table.shape[1]), np.diff(table.indptr))
    active = x[sources] != 0
    products = y[table.indices] * x[sources]
    np.add.at(total.reshape(-1), table.data[active] - 1, products[active])
