"""Weights that are integers times a step already keep their integers, whatever format they came in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import models
import nir
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from recorded import exported

import axonc
from axonc import Graph
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import prepare
from axonc.compiler.driver.quantisation import parse_quantisation
from axonc.compiler.passes.weight_formats import WEIGHT_FORMATS, WeightRules
from axonc.compiler.passes.weights import fan_in_scale
from axonc.ir import Fixed
from axonc.ir.ops import Linear, QuantLinear
from axonc.ir.precision import precision

Array = np.ndarray[Any, Any]


def held(graph: Graph, name: str, weights: str = "int8", quantize: str | None = None) -> tuple[Array, Array]:
    """The integers of a node, and their scales."""
    final, _, _ = prepare(graph, "reference", Options(weights, quantize=parse_quantisation(quantize)))
    op = final[name].op
    assert isinstance(op, QuantLinear)
    signal = final.signals[final[name].inputs[0]].format
    scale = op.scale / (signal.scale if isinstance(signal, Fixed) else 1.0)
    lost = precision(final)["weights"][name]["sqnr_db"]
    column = scale.astype(np.float32)[:, None] if scale.ndim else scale.astype(np.float32)
    assert (lost is None) == np.array_equal(np.asarray(op.weight, np.float32) * column, graph_weight(graph, name))
    return np.asarray(op.weight), scale


def graph_weight(graph: Graph, name: str) -> Array:
    """The weights of a node, in float32."""
    op = graph[name].op
    assert isinstance(op, Linear)
    return np.asarray(op.weight, np.float32)


INTEGERS = np.random.default_rng(0).integers(-100, 101, (4, 12)).astype(np.int8)


@pytest.mark.parametrize("quantize", [None, "scales=mse", "rounding=truncate", "rounding=stochastic", "scope=channel"])
def test_a_nir_file_of_integers_times_a_scale_is_kept(tmp_path: Path, quantize: str | None) -> None:
    step = np.float32(0.0173)
    nir.write(tmp_path / "model.nir", models.single(models.neuron("LIF", 4), INTEGERS * step))
    whole, scale = held(axonc.load(tmp_path / "model.nir", "nir,dt=1e-3"), "fc", quantize=quantize)
    assert np.array_equal(whole, INTEGERS)
    assert np.all(scale.astype(np.float32) == step)


def test_fewer_bits_are_a_new_quantisation() -> None:
    graph = axonc.load(models.single(models.neuron("LIF", 4), INTEGERS * np.float32(0.0173)), "nir,dt=1e-3")
    whole, _ = held(graph, "fc", "int4")
    assert np.abs(whole).max() == 7
    few = axonc.load(models.single(models.neuron("LIF", 4), np.clip(INTEGERS, -5, 5) * 0.25), "nir,dt=1e-3")
    whole, scale = held(few, "fc", "int4")
    assert np.array_equal(whole, np.clip(INTEGERS, -5, 5))
    assert float(scale) == 0.25


def test_a_scale_that_is_no_power_of_two_gives_way_to_one_that_must_be() -> None:
    for step, exact in ((0.25, True), (0.3, False)):
        graph = axonc.load(models.single(models.neuron("LIF", 4), INTEGERS * np.float32(step)), "nir,dt=1e-3")
        whole, scale = held(graph, "fc", quantize="power_of_two=true")
        assert np.frexp(float(scale))[0] == 0.5
        assert np.array_equal(whole, INTEGERS) == exact


def qdq(scale: Array) -> onnx.ModelProto:
    """y = (DequantizeLinear(INTEGERS)) x, with one scale or one an output."""
    point = np.zeros(scale.shape, np.int8)
    stored = {"q": INTEGERS, "s": scale, "z": point}
    nodes = [
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["w"], axis=0),
        helper.make_node("Gemm", ["x", "w"], ["y"], transB=1, name="fc"),
    ]
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, k]) for n, k in (("x", 12), ("y", 4)))
    graph = helper.make_graph(nodes, "qdq", [x], [y], [numpy_helper.from_array(a, n) for n, a in stored.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


@pytest.mark.parametrize("scale", [np.float32(0.0173), np.float32([0.0173, 0.3, 0.004, 1.1])])
def test_a_dequantised_initialiser_of_onnx_keeps_its_integers(scale: Array) -> None:
    graph = axonc.load(qdq(np.asarray(scale)))
    (name,) = (node.name for node in graph if isinstance(node.op, Linear))
    whole, found = held(graph, name)
    assert np.array_equal(whole, INTEGERS)
    assert np.array_equal(found.astype(np.float32), scale)


def test_fake_quantised_weights_of_torch_are_recognised() -> None:
    graph = axonc.load(exported("fq_dynamo"))
    (weight,) = (np.asarray(node.op.weight) for node in graph if isinstance(node.op, Linear))
    model = onnx.load(str(exported("fq_dynamo")))
    (stated,) = (numpy_helper.to_array(value) for value in model.graph.initializer if value.name == "ws")
    rules = WeightRules()
    scale = fan_in_scale([weight], [1.0], rules, WEIGHT_FORMATS["int8"])
    whole = np.asarray(rules.integers("fc", weight, np.broadcast_to(scale, 4), WEIGHT_FORMATS["int8"]))
    assert np.array_equal(scale.astype(np.float32), stated[0])
    assert np.array_equal(whole * stated[:, None], weight)
