"""Models that torch exported equal onnxruntime, or the equations where it cannot load them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from recorded import exported

import axonc
from axonc.ir import Graph, Result
from axonc.ir.ops import EGRU, GRU, LSTM, Neuron, TensorOp

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(7)
STEPS = 200
CELL = {"y": "mul_3", "c": "sub_2"}
STEP_MODELS: dict[str, tuple[dict[str, str], type]] = {
    "egru_cell_dynamo": (CELL, EGRU),
    "egru_cell_legacy": ({"onnx::MatMul_1": "62", "onnx::Mul_2": "64"}, EGRU),
    "snn_leaky_step_dynamo": ({"mem": "sub_1"}, Neuron),
    "convbnlif_step_dynamo": ({"m1": "sub_1", "m2": "sub_4"}, Neuron),
}


def session(path: Path) -> Any:
    runtime = pytest.importorskip("onnxruntime")
    return runtime.InferenceSession(str(path))


def run(path: Path, **inputs: Array) -> dict[str, Array]:
    made = session(path)
    return dict(zip([output.name for output in made.get_outputs()], made.run(None, inputs), strict=True))


def shape(path: Path, name: str) -> tuple[int, ...]:
    value = next(v for v in onnx.load(path, load_external_data=False).graph.input if v.name == name)
    return tuple(dim.dim_value or STEPS for dim in value.type.tensor_type.shape.dim)


def aliases(graph: Graph) -> dict[str, str]:
    return dict(pair.split("=") for pair in graph.properties.get("states", "").split(", ") if pair)


def of(result: Result, graph: Graph, name: str) -> Array:
    """An output, or the state that it has become: [steps, samples, ...]."""
    return result[name if name in result.outputs else aliases(graph)[name]].swapaxes(0, 1)


CELLS = {"scan_dynamo_dyn": EGRU, "egru_scan_function": EGRU, "gru_dynamo": GRU, "lstm_dynamo": LSTM}
UNROLLED = {"leaky_net_dynamo": Neuron}


@pytest.mark.parametrize("name", [*CELLS, *UNROLLED])
def test_sequences(name: str) -> None:
    path = exported(name)
    x = RNG.normal(size=shape(path, "x")).astype(np.float32)
    graph = axonc.load(path)
    result = axonc.interpret(graph, x.swapaxes(0, 1), record=list(aliases(graph).values()))
    for output, expected in run(path, x=x).items():
        got = of(result, graph, output)
        np.testing.assert_allclose(got if got.ndim == expected.ndim else got[-1], expected, rtol=1e-5, atol=1e-5)
    assert any(isinstance(node.op, {**CELLS, **UNROLLED}[name]) for node in graph)
    assert not any(isinstance(node.op, TensorOp) for node in graph)
    assert ("rolled_up" in graph.properties) == (name in UNROLLED)


@pytest.mark.parametrize("name", STEP_MODELS)
def test_step_models(name: str) -> None:
    path, (states, op) = exported(name), STEP_MODELS[name]
    entry = next(v.name for v in onnx.load(path, load_external_data=False).graph.input if v.name not in states)
    x = RNG.normal(size=(STEPS, *shape(path, entry))).astype(np.float32)
    graph = axonc.load(path, onnx=",".join(f"state={before}:{after}" for before, after in states.items()))
    assert any(isinstance(node.op, op) for node in graph)
    result = axonc.interpret(graph, x.swapaxes(0, 1), record=list(aliases(graph).values()))
    for output, expected in iterated(path, entry, x, states).items():
        np.testing.assert_allclose(of(result, graph, output), expected, rtol=1e-5, atol=1e-5)


def iterated(path: Path, entry: str, x: Array, states: Mapping[str, str]) -> dict[str, Array]:
    """A step model run again and again by onnxruntime."""
    made = session(path)
    names = [output.name for output in made.get_outputs()]
    held = {name: np.zeros(shape(path, name), np.float32) for name in states}
    seen: dict[str, list[Array]] = {name: [] for name in names}
    for step in x:
        out = dict(zip(names, made.run(None, {entry: step, **held}), strict=True))
        held = {before: out[after] for before, after in states.items()}
        for name in names:
            seen[name].append(out[name])
    return {name: np.array(values) for name, values in seen.items()}


@pytest.mark.parametrize("name", ["fq_dynamo", "leaky_net_dynamo"])
def test_calls(name: str) -> None:
    path = exported(name)
    x = RNG.normal(size=shape(path, "x")).astype(np.float32)
    graph = axonc.load(path, onnx="time=call,batch=keep")
    for output, expected in run(path, x=x).items():
        np.testing.assert_allclose(axonc.interpret(graph, x[None]).outputs[output][0], expected, rtol=1e-5, atol=1e-5)


def test_the_custom_cell_equals_its_equations() -> None:
    path = exported("fn_customnode")
    states = {"y": "getitem", "c": "getitem_1"}
    graph = axonc.load(path, onnx=",".join(f"state={before}:{after}" for before, after in states.items()))
    assert any(isinstance(node.op, EGRU) for node in graph)
    x = RNG.normal(size=(STEPS, *shape(path, "x"))).astype(np.float32)
    result = axonc.interpret(graph, x.swapaxes(0, 1), record=list(aliases(graph).values()))
    ys, cs = equations(path, x)
    np.testing.assert_allclose(of(result, graph, "getitem"), ys, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(of(result, graph, "getitem_1"), cs, rtol=1e-5, atol=1e-5)


def equations(path: Path, x: Array) -> tuple[Array, Array]:
    """y and c of every step in float64."""
    stored = {t.name: onnx.numpy_helper.to_array(t).astype(float) for t in onnx.load(path).graph.initializer}
    weight, recurrent, threshold = stored["kernel"], stored["recurrent_kernel"], stored["thr"]
    y, c, ys, cs = np.zeros((x.shape[1], len(threshold))), np.zeros((x.shape[1], len(threshold))), [], []
    for step in x.astype(float):
        a, h = np.split(step @ weight + stored["bias"], 3, 1), np.split(y @ recurrent + stored["recurrent_bias"], 3, 1)
        u, r = (1 / (1 + np.exp(-a[k] - h[k])) for k in range(2))
        m = u * c + (1 - u) * np.tanh(a[2] + r * h[2])
        y, c = (m > threshold) * m, m - (m > threshold) * threshold
        ys.append(y)
        cs.append(c)
    return np.array(ys), np.array(cs)
