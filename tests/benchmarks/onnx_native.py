"""ONNX models in float on the native target: the interpreter, and onnxruntime with one thread where it is installed.

    PYTHONPATH=src:tests python -m benchmarks.onnx_native [--tiny]

Recurrent models run a sequence a call; "a step a call" is what onnxruntime takes for one that arrives step by step,
which the native program computes at the same cost. Weights are random, and all inputs are not 0. Every output is
compared with onnxruntime's.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

import axonc

from .measure import interleaved, show
from .networks import Array

GATES = {"GRU": 3, "LSTM": 4}
RNG = np.random.default_rng(0)


def stored(name: str, *shape: int) -> TensorProto:
    """Random weights of about unit gain."""
    return numpy_helper.from_array((RNG.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32), name)


def model(nodes: list[Any], weights: list[TensorProto], takes: list[Any], gives: list[Any]) -> ModelProto:
    """A model from x to y."""
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", takes), ("y", gives)))
    graph = helper.make_graph(nodes, "model", [x], [y], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def recurrent(kind: str, *sizes: int) -> ModelProto:
    """Layers of GRU or LSTM, [T, 1, sizes[0]] to [T, 1, sizes[-1]]."""
    nodes, weights, source = [], [], "x"
    for layer, (inputs, units) in enumerate(pairwise(sizes)):
        names, rows = [f"{part}{layer}" for part in "WRB"], GATES[kind] * units
        shapes = ((1, rows, inputs), (1, rows, units), (1, 2 * rows))
        weights += [stored(name, *shape) for name, shape in zip(names, shapes, strict=True)]
        fields = {"linear_before_reset": 1} if kind == "GRU" else {}
        nodes.append(helper.make_node(kind, [source, *names], [f"h{layer}"], hidden_size=units, **fields))
        nodes.append(helper.make_node("Squeeze", [f"h{layer}", "axis"], [f"s{layer}"]))
        source = f"s{layer}"
    nodes.append(helper.make_node("Identity", [source], ["y"]))
    axis = numpy_helper.from_array(np.array([1]), "axis")
    return model(nodes, [*weights, axis], ["T", 1, sizes[0]], ["T", 1, sizes[-1]])


def convolutional(size: int) -> ModelProto:
    """Two convolutions of 3x3 with 16 and 32 channels, each with ReLU and a pool, then 10 outputs."""
    inner = ((size - 2) // 2 - 2) // 2
    weights = [stored("w0", 16, 1, 3, 3), stored("b0", 16), stored("w1", 32, 16, 3, 3), stored("b1", 32)]
    weights += [stored("w2", 10, 32 * inner * inner), stored("b2", 10)]
    nodes = []
    for layer, source in enumerate(("x", "p0")):
        nodes.append(helper.make_node("Conv", [source, f"w{layer}", f"b{layer}"], [f"c{layer}"]))
        nodes.append(helper.make_node("Relu", [f"c{layer}"], [f"r{layer}"]))
        nodes.append(helper.make_node("MaxPool", [f"r{layer}"], [f"p{layer}"], kernel_shape=[2, 2], strides=[2, 2]))
    nodes += [helper.make_node("Flatten", ["p1"], ["f"]), helper.make_node("Gemm", ["f", "w2", "b2"], ["y"], transB=1)]
    return model(nodes, weights, [1, 1, size, size], [1, 10])


def peers(proto: ModelProto, x: Array, expected: Array, sequence: bool) -> dict[str, Callable[[], object]]:
    """What onnxruntime runs, if it is installed; it must give what is expected."""
    if find_spec("onnxruntime") is None:
        return {}
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def steps() -> Array:
        return np.stack([session.run(None, {"x": part})[0] for part in calls])

    calls = list(x[:, None] if sequence else x)
    if not sequence:
        np.testing.assert_allclose(steps().reshape(expected.shape), expected, rtol=1e-4, atol=1e-5)
        return {"onnxruntime": steps}
    whole = session.run(None, {"x": x})[0]
    np.testing.assert_allclose(whole.reshape(expected.shape), expected, rtol=1e-4, atol=1e-5)
    return {"onnxruntime, a sequence a call": lambda: session.run(None, {"x": x}), "onnxruntime, a step a call": steps}


def measure(title: str, proto: ModelProto, steps: int, rounds: int) -> None:
    """One model: microseconds a step."""
    shape = [d.dim_value for d in proto.graph.input[0].type.tensor_type.shape.dim]
    sequence = shape[0] == 0
    x = RNG.standard_normal((steps, *(shape[1:] if sequence else shape))).astype(np.float32)
    graph = axonc.load(proto)
    given = x.reshape(steps, *graph.signals[graph.inputs[0].name].shape)
    program = axonc.compile(graph, target="native", weights="float32")
    (expected,) = program.run(given).outputs.values()
    ways = {"native": lambda: program.run(given), **peers(proto, x, expected, sequence)}
    ways["interpreter"] = lambda: axonc.interpret(graph, given)
    times = interleaved(ways, rounds)
    show(f"{title}; a step takes", {name: seconds / steps for name, seconds in times.items()}, "native", "us", 1e6)


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="ONNX models on the native target against onnxruntime.")
    parser.add_argument("--tiny", action="store_true", help="small models and few steps")
    tiny = parser.parse_args(arguments).tiny
    if tiny:
        measure("LSTM 4-8", recurrent("LSTM", 4, 8), 5, 1)
        measure("conv 16/32", convolutional(12), 2, 1)
        return
    measure("LSTM 64-128", recurrent("LSTM", 64, 128), 1000, 9)
    measure("LSTM 256-512", recurrent("LSTM", 256, 512), 200, 9)
    measure("GRU 64-128", recurrent("GRU", 64, 128), 1000, 9)
    measure("GRU 650-1350-1350-650", recurrent("GRU", 650, 1350, 1350, 650), 20, 9)
    measure("conv 16/32 3x3 + fc, 28x28", convolutional(28), 300, 9)


if __name__ == "__main__":
    main()
