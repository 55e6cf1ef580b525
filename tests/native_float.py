"""That native programs in float give what the interpreter gives, for many graphs compiled at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from axonc import Graph
from axonc.backends.native.tensor.check import problems
from axonc.backends.native.tensor.emit import recordable
from axonc.backends.native.tensor.exactness import inexact_signals
from axonc.backends.native.tensor.library import compiled_together
from axonc.compiler.driver.verify import first_difference
from axonc.ir import Node, Signal
from axonc.ir.elements import format_of
from axonc.ir.interpret.run import run_batches
from axonc.ir.ops import Input, Output, TensorOp

Array = np.ndarray[Any, Any]
CLOSE = 1e-5
"""How far an inexact signal may be, in parts of its scale."""


def assert_equal(graphs: Sequence[Graph], data: Sequence[Mapping[str, Array]]) -> None:
    """Every node and state of every graph, over data [B, T, *shape], is the interpreter's in type and bits, but for
    signals that depend on an inexact operation, which are close."""
    assert [problem for graph in graphs for problem in problems(graph)] == []
    with TemporaryDirectory() as folder:
        for graph, given, program in zip(graphs, data, compiled_together(graphs, Path(folder)), strict=True):
            names, inexact = recordable(graph), inexact_signals(graph)
            ours, reference = program.run(graph, given, names), run_batches(graph, given, names)
            for name in names:
                assert ours[name].dtype == reference[name].dtype, f"{name}\n{graph}"
                tolerance = CLOSE if name in inexact else 0.0
                assert first_difference(name, ours[name], reference[name], tolerance) is None, f"{name}\n{graph}"


def of_op(op: TensorOp) -> Graph:
    """Inputs, one for each operand, then the op, then an output."""
    names = [f"x{index}" for index in range(len(op.takes))]
    inputs = [Node(name, Input(signal)) for name, signal in zip(names, op.takes, strict=True)]
    node = Node("op", op, tuple(names[:1]), reads=tuple(names[1:]))
    return Graph("graph", (*inputs, node, Node("y", Output(), ("op",))), "steps")


def operands(*arrays: Array) -> dict[str, Array]:
    """The data of `of_op`, for one sample and one step."""
    return {f"x{index}": array[None, None] for index, array in enumerate(arrays)}


def takes(*arrays: Array) -> tuple[Signal, ...]:
    """The signals of arrays."""
    return tuple(Signal(array.shape, format=format_of(array.dtype)) for array in arrays)
