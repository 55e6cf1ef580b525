"""A model means the same in every operator set from the oldest that is read to the newest that onnx has."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import version_converter
from onnx.reference import ReferenceEvaluator
from onnx_models import info, model, node

import axonc
from axonc.compiler.frontends.onnx.check import OLDEST

RNG = np.random.default_rng(3)
NEWEST = onnx.defs.onnx_opset_version()


def random(*shape: int) -> Any:
    return RNG.normal(0, 0.6, shape).astype(np.float32)


GRU = {"w": random(1, 12, 3), "r": random(1, 12, 4), "b": random(1, 24)}
LSTM = {"w": random(1, 16, 3), "r": random(1, 16, 4), "b": random(1, 32)}
BATCH = {"s": random(3), "o": random(3), "m": random(3), "v": random(3) ** 2 + 1}

MODELS: dict[str, Any] = {
    "dense": model(
        [
            node("Gemm", ["x", "w", "b"], ["h"], transB=1),
            node("Clip", ["h"], ["c"], min=-0.5, max=0.5),
            node("Softmax", ["c"], ["y"], axis=1),
        ],
        [info("x", 2, 3)],
        [info("y", 2, 4)],
        {"w": random(4, 3), "b": random(4)},
        opset=OLDEST,
    ),
    "layout": model(
        [
            node("Split", ["x"], ["a", "b"], axis=1, split=[1, 3]),
            node("Unsqueeze", ["a"], ["u"], axes=[1]),
            node("Squeeze", ["u"], ["q"], axes=[1]),
            node("Concat", ["b", "q"], ["c"], axis=1),
            node("Slice", ["c"], ["s"], starts=[1], ends=[4], axes=[1]),
            node("Pad", ["s"], ["p"], pads=[0, 1, 0, 1]),
            node("ReduceSum", ["p"], ["r"], axes=[1], keepdims=0),
            node("Dropout", ["r"], ["y"]),
        ],
        [info("x", 2, 4)],
        [info("y", 2)],
        opset=OLDEST,
    ),
    "image": model(
        [
            node("Conv", ["x", "w"], ["h"], pads=[1, 1, 0, 0]),
            node("BatchNormalization", ["h", "s", "o", "m", "v"], ["n"]),
            node("Relu", ["n"], ["r"]),
            node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2]),
            node("AveragePool", ["p"], ["q"], kernel_shape=[2, 2], strides=[2, 2]),
            node("Flatten", ["q"], ["y"]),
        ],
        [info("x", 1, 2, 5, 5)],
        [info("y", 1, 12)],
        {"w": random(3, 2, 2, 2), **BATCH},
        opset=OLDEST,
    ),
    "gru": model(
        [node("GRU", ["x", "w", "r", "b"], ["ys", "y"], hidden_size=4, linear_before_reset=1)],
        [info("x", 5, 2, 3)],
        [info("ys", 5, 1, 2, 4), info("y", 1, 2, 4)],
        GRU,
        opset=OLDEST,
    ),
    "lstm": model(
        [node("LSTM", ["x", "w", "r", "b"], ["y"], hidden_size=4)],
        [info("x", 5, 2, 3)],
        [info("y", 5, 1, 2, 4)],
        LSTM,
        opset=OLDEST,
    ),
}


def outputs(made: Any, x: Any) -> list[Any]:
    graph = axonc.load(made, onnx="time=call,batch=keep")
    return [y[0] for y in axonc.interpret(graph, x[None]).outputs.values()]


@pytest.mark.parametrize("operator", ["Softmax", "LogSoftmax"])
@pytest.mark.parametrize("axis", [None, 0, 1, 2, -1])
def test_a_softmax_before_13_is_one_over_all_axes_that_follow(operator: str, axis: int | None) -> None:
    x, given = random(2, 3, 4), {} if axis is None else {"axis": axis}
    made = model([node(operator, ["x"], ["y"], **given)], [info("x", 2, 3, 4)], [info("y", 2, 3, 4)], opset=OLDEST + 3)
    rows = x.astype(float).reshape(int(np.prod(x.shape[: 1 if axis is None else axis % 3])), -1)
    expected = np.exp(rows) / np.exp(rows).sum(1, keepdims=True)
    expected = np.log(expected) if operator == "LogSoftmax" else expected
    np.testing.assert_allclose(outputs(made, x)[0], expected.reshape(x.shape), atol=1e-6)
    newer = model([node(operator, ["x"], ["y"], **given)], [info("x", 2, 3, 4)], [info("y", 2, 3, 4)], opset=NEWEST)
    np.testing.assert_allclose(outputs(newer, x)[0], ReferenceEvaluator(newer).run(None, {"x": x})[0], atol=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_every_operator_set(name: str) -> None:
    oldest = MODELS[name]
    x = random(*(dim.dim_value for dim in oldest.graph.input[0].type.tensor_type.shape.dim))
    expected = ReferenceEvaluator(version_converter.convert_version(oldest, 20)).run(None, {"x": x})
    for version in range(OLDEST, NEWEST + 1):
        made = version_converter.convert_version(oldest, version)
        assert made.opset_import[0].version == version
        for y, wanted in zip(outputs(made, x), expected, strict=True):
            np.testing.assert_allclose(y, wanted, atol=1e-5, err_msg=f"operator set {version}")
