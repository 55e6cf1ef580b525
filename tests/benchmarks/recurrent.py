"""Gated recurrent networks on the native target against onnxruntime: a dense GRU, and an EGRU that is sparse twice.

    PYTHONPATH=src:tests python -m benchmarks.recurrent [--steps 40] [--rounds 5] [--tiny]

The networks have layers 650-1350-1350-650. The GRU is dense and the same for both: onnxruntime, where it is installed,
in float32 with one thread, called once a step with the state handed on, and once for the whole sequence; ours in int8.
Of the EGRU 5 % of the weights are kept, and of all its sources some 10 % are active in a step: of the units, and of the
inputs, the rest of which are 0. A second row gives the EGRU inputs that are all different from 0, as the GRU gets them.
Times are of a step, the least of all rounds, without what Python does around a run.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import axonc
from axonc import Program

from .language_model import language_model
from .measure import interleaved, show
from .sessions import engine_run

Array = np.ndarray[Any, Any]
SIZES = (650, 1350, 1350, 650)
ACTIVE = 0.1
"""The part of the inputs that is not 0 where they are events."""


def gru_model(sizes: Sequence[int], steps: int | None) -> onnx.ModelProto:
    """Layers of GRU operators, X [T, 1, I] -> Y [T, 1, H]; the states of all layers are inputs and outputs, too."""
    random, nodes, values, states = np.random.default_rng(0), [], [], []
    source = "X"
    for index, (inputs, units) in enumerate(pairwise(sizes), 1):
        shapes = {"W": (1, 3 * units, inputs), "R": (1, 3 * units, units), "B": (1, 6 * units)}
        for name, shape in shapes.items():
            value = random.normal(size=shape) / np.sqrt(inputs if name == "W" else units)
            values.append(numpy_helper.from_array(value.astype(np.float32), f"{name}{index}"))
        names = [f"{name}{index}" for name in shapes]
        given, left = ([f"h{index}"], [f"h{index}_out"]) if steps is not None else ([], [])
        nodes.append(
            helper.make_node(
                "GRU", [source, *names, "", *given], [f"Y{index}", *left], hidden_size=units, linear_before_reset=1
            )
        )
        nodes.append(helper.make_node("Squeeze", [f"Y{index}", "direction"], [f"Z{index}"]))
        states += [(name, units) for name in (*given, *left)]
        source = f"Z{index}"
    values.append(numpy_helper.from_array(np.array([1]), "direction"))
    length = "T" if steps is None else steps
    shown = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, units]) for name, units in states]
    graph = helper.make_graph(
        nodes,
        "gru",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [length, 1, sizes[0]]), *shown[::2]],
        [helper.make_tensor_value_info(source, TensorProto.FLOAT, [length, 1, sizes[-1]]), *shown[1::2]],
        values,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def session(model: onnx.ModelProto) -> Any:
    """onnxruntime with one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


def stepwise(sizes: Sequence[int], x: Array) -> Callable[[], Array]:
    """onnxruntime, called once a step."""
    made = session(gru_model(sizes, 1))
    names = [entry.name for entry in made.get_inputs()]
    start = [np.zeros((1, 1, units), np.float32) for units in sizes[1:]]

    def run() -> Array:
        held, rows = start, []
        for row in x:
            y, *held = made.run(None, dict(zip(names, [row[None, None], *held], strict=True)))
            rows.append(y[0, 0])
        return np.array(rows)

    return run


def whole(sizes: Sequence[int], x: Array) -> Callable[[], Array]:
    """onnxruntime, called once for the sequence: the products of inputs of all steps are one matrix product."""
    made = session(gru_model(sizes, None))
    return lambda: np.asarray(made.run(None, {"X": x[:, None]})[0][:, 0])


def others(sizes: Sequence[int], x: Array) -> dict[str, Callable[[], Array]]:
    """The dense GRU of others, where they are installed."""
    if find_spec("onnxruntime") is None:
        return {}
    return {"onnxruntime GRU, step by step": stepwise(sizes, x), "onnxruntime GRU, whole sequence": whole(sizes, x)}


def native(graph: axonc.Graph, x: Array) -> Program:
    """Ours, with int8 weights."""
    return axonc.compile(graph, "native", weights="int8", calibrate=x)


def thinned(x: Array) -> Array:
    """x with `ACTIVE` of its values, of the same variance: the others are 0."""
    kept = np.random.default_rng(2).random(x.shape) < ACTIVE
    return np.where(kept, x / np.sqrt(ACTIVE), 0.0).astype(x.dtype)


def rates(egru: Program, x: Array) -> str:
    """The part of each layer's sources that is active in a step."""
    shown = egru.run(x, record=["egru1", "egru2"]).recorded
    return ", ".join(f"{np.mean(values != 0):.1%}" for values in (x, *shown.values()))


def compare(sizes: Sequence[int], steps: int, rounds: int) -> None:
    """Print times and ratios."""
    x = np.random.default_rng(1).normal(size=(steps, sizes[0])).astype(np.float32)
    events = thinned(x)
    graph = axonc.load(gru_model(sizes, None))
    gru, egru, peers = native(graph, x), native(language_model(sizes), x), others(sizes, x)
    shown = graph.outputs[0].name
    expected, result = axonc.interpret(graph, x)[shown], gru.run(x)
    for run in peers.values():
        np.testing.assert_allclose(run(), expected.reshape(steps, -1), rtol=1e-3, atol=1e-4)
    error = float(np.sqrt(np.mean((result.value(shown) - expected) ** 2)) / np.std(expected))
    print(f"int8 GRU against float32: error {error:.1%} of the standard deviation")
    print(f"EGRU: active inputs, and units of the first two layers: {rates(egru, events)}; {rates(egru, x)}")
    ways: dict[str, Callable[[], object]] = {
        "GRU, native engine": engine_run(gru, x),
        "EGRU, native engine": engine_run(egru, events),
        "EGRU with dense inputs, native engine": engine_run(egru, x),
        **peers,
    }
    times = {name: seconds / steps for name, seconds in interleaved(ways, rounds, min).items()}
    show(f"{'-'.join(map(str, sizes))}, a step", times, "EGRU, native engine", "us", 1e6)
    for name in ("GRU, native engine", *peers):
        print(f"  the EGRU takes 1/{times[name] / times['EGRU, native engine']:.1f} of {name}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tiny", action="store_true", help="a network of a few units")
    given = parser.parse_args(arguments)
    compare((12, 24, 24, 12) if given.tiny else SIZES, given.steps, given.rounds)


if __name__ == "__main__":
    main()
