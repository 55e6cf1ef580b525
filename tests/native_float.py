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
from axonc.backends.native.tensor.library import Compiled, compiled_together
from axonc.compiler.driver.verify import first_difference
from axonc.ir import Node, Signal
from axonc.ir.elements import format_of
from axonc.ir.interpret.run import run_on
from axonc.ir.ops import Input, Output, TensorOp
from axonc.ir.state import State

Array = np.ndarray[Any, Any]
CLOSE = 1e-5
"""How far an inexact signal may be, in parts of its scale."""


def assert_equal(graphs: Sequence[Graph], data: Sequence[Mapping[str, Array]]) -> None:
    """Every node and state of every graph, and what is left at the end, over data [B, T, *shape], is the interpreter's
    in type and bits, but for signals that depend on an inexact operation, which are close."""
    assert [problem for graph in graphs for problem in problems(graph)] == []
    with TemporaryDirectory() as folder:
        for graph, given, program in zip(graphs, data, compiled_together(graphs, Path(folder)), strict=True):
            names, inexact = recordable(graph), inexact_signals(graph)
            (ours, left), (reference, last) = program.run_on(graph, given, names), run_on(graph, given, names)
            assert list(left) == list(last)
            _assert_goes_on(program, graph, given, {name: ours[name] for name in names}, left)
            for name in last:
                assert left[name].dtype == last[name].dtype, f"{name}\n{graph}"
                tolerance = CLOSE if name.removesuffix(":line") in inexact else 0.0
                assert first_difference(name, left[name], last[name], tolerance) is None, f"{name}\n{graph}"
            for name in names:
                assert ours[name].dtype == reference[name].dtype, f"{name}\n{graph}"
                tolerance = CLOSE if name in inexact else 0.0
                assert first_difference(name, ours[name], reference[name], tolerance) is None, f"{name}\n{graph}"


def _assert_goes_on(
    program: Compiled, graph: Graph, data: Mapping[str, Array], whole: Mapping[str, Array], left: State
) -> None:
    """A run over the first steps and one that goes on from there are the run over all, bit for bit."""
    cut = next(iter(data.values())).shape[1] // 3
    first, state = program.run_on(graph, {name: array[:, :cut] for name, array in data.items()}, list(whole))
    rest, last = program.run_on(graph, {name: array[:, cut:] for name, array in data.items()}, list(whole), state)
    for name, trace in whole.items():
        assert first_difference(name, np.concatenate([first[name], rest[name]], axis=1), trace) is None, name
    assert all(first_difference(name, last[name], array) is None for name, array in left.items())


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
