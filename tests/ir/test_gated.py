"""GRU and LSTM equal the reference evaluator of onnx, which has its own code for these operators."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

import axonc
from axonc import Graph
from axonc.ir import Node, Signal, verify
from axonc.ir.interpret.functions import tanh
from axonc.ir.ops import GRU, LSTM, Delay, Input, Linear, Op, Output, ResetGate
from axonc.ir.serialize import from_bytes, to_bytes

Array = np.ndarray[Any, Any]
N, H, STEPS = 3, 4, 30
RNG = np.random.default_rng(6)
X = RNG.normal(0, 1.5, (STEPS, N)).astype(np.float32)


def weights(gates: int) -> tuple[Array, Array, Array, Array]:
    """W, R, b and b' of so many gates."""
    return tuple(  # type: ignore[return-value]
        RNG.normal(0, 0.7, shape).astype(np.float32) for shape in ((gates * H, N), (gates * H, H), gates * H, gates * H)
    )


def evaluated(operator: str, stored: dict[str, Array], **attributes: int) -> Array:
    """The output of an operator of onnx over X."""
    inputs = ["X", "W", "R", "B", *(["", "", "", "P"] if "P" in stored else [])]
    node = helper.make_node(operator, inputs, ["Y"], hidden_size=H, **attributes)
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("X", *stored)]
    y = helper.make_tensor_value_info("Y", TensorProto.FLOAT, None)
    model = helper.make_model(helper.make_graph([node], "g", values, [y]), opset_imports=[helper.make_opsetid("", 20)])
    (result,) = ReferenceEvaluator(model).run(None, {"X": X[:, None], **stored})
    return np.asarray(result[:, 0, 0])


def stored(w: Array, r: Array, b: Array, c: Array) -> dict[str, Array]:
    return {"W": w[None], "R": r[None], "B": np.concatenate([b, c])[None]}


def graph_of(*nodes: Node) -> Graph:
    late = Node("late", Delay(1), ("cell",))
    return Graph("g", (Node("x", Input(Signal((N,)))), *nodes, late, Node("y", Output(), ("cell",))), "steps")


def gru_after(w: Array, r: Array, b: Array, c: Array) -> Graph:
    return graph_of(
        Node("w", Linear(w, b), ("x",)), Node("cell", GRU(H), ("w",), reads=("r",)), Node("r", Linear(r, c), ("late",))
    )


def gru_before(w: Array, r: Array, b: Array, c: Array) -> Graph:
    """Rows of u and g, then those of the reset gate."""
    update, reset, candidate = (slice(k * H, (k + 1) * H) for k in range(3))
    two, none, both = [*range(H), *range(2 * H, 3 * H)], np.zeros((H, H), np.float32), b + c
    return graph_of(
        Node("w", Linear(w[two], both[two]), ("x",)),
        Node("w_r", Linear(w[reset], both[reset]), ("x",)),
        Node("r_r", Linear(r[reset]), ("late",)),
        Node("q", ResetGate(H), ("w_r", "r_r"), reads=("late",)),
        Node("r_u", Linear(np.concatenate([r[update], none])), ("late",)),
        Node("r_g", Linear(np.concatenate([none, r[candidate]])), ("q",)),
        Node("cell", GRU(H, "before"), ("w", "r_u", "r_g")),
    )


def lstm(w: Array, r: Array, b: Array, c: Array, peephole: Array | None = None) -> Graph:
    return graph_of(
        Node("w", Linear(w, b), ("x",)), Node("r", Linear(r, c), ("late",)), Node("cell", LSTM(H, peephole), ("w", "r"))
    )


@pytest.mark.parametrize("linear_before_reset", [0, 1])
def test_a_gru(linear_before_reset: int) -> None:
    parts = weights(3)
    graph = gru_after(*parts) if linear_before_reset else gru_before(*parts)
    assert verify(graph) == []
    result = axonc.interpret(from_bytes(to_bytes(graph)), X, "cell:c")
    expected = evaluated("GRU", stored(*parts), linear_before_reset=linear_before_reset)
    np.testing.assert_allclose(result["y"], expected, atol=1e-5)
    np.testing.assert_array_equal(result["cell:c"], result["y"])


@pytest.mark.parametrize("looks", [False, True])
def test_an_lstm(looks: bool) -> None:
    parts = weights(4)
    peephole = RNG.normal(0, 0.8, (3, H)).astype(np.float32) if looks else None
    graph = lstm(*parts, peephole)
    assert verify(graph) == []
    result = axonc.interpret(from_bytes(to_bytes(graph)), X, ["cell:o", "cell:t", "cell:c"])
    held = stored(*parts) | ({} if peephole is None else {"P": peephole.reshape(1, -1)})
    np.testing.assert_allclose(result["y"], evaluated("LSTM", held), atol=1e-5)
    np.testing.assert_array_equal(result["cell:o"] * result["cell:t"], result["y"])
    np.testing.assert_array_equal(tanh(result["cell:c"]), result["cell:t"])


@pytest.mark.parametrize(
    ("op", "code"),
    [
        (GRU(H, "later"), "AX306"),
        (GRU(0), "AX306"),
        (ResetGate(0), "AX306"),
        (LSTM(0), "AX306"),
        (LSTM(H, np.zeros((4, H))), "AX103"),
        (LSTM(H, np.full((3, H), np.nan)), "AX302"),
    ],
)
def test_what_is_wrong_with_a_cell(op: Op, code: str) -> None:
    assert [problem.code for problem in op.verify(None)] == [code]
