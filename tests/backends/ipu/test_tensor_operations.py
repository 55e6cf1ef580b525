"""Tensor operations on tiles: bit for bit what the interpreter gives, in as many bytes as predicted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import ipu_networks
import native_float
import numpy as np
import pytest
from onnx_models import info, model, node
from tensor_cases import OPS, normal, values

import axonc
from axonc import Graph, ModelError, Program
from axonc.backends.ipu.backend import IPUFloat
from axonc.backends.ipu.operations.check import OPERATIONS
from axonc.backends.native.tensor.elementwise import runs_map
from axonc.backends.native.tensor.exactness import inexact_operation
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import compile_graph
from axonc.ir import Kind, Node, Signal
from axonc.ir.elements import format_of
from axonc.ir.ops import (
    MAPS,
    Axis,
    Cast,
    Concat,
    Constant,
    Conv,
    Delay,
    DequantizeTensor,
    ExactNeuron,
    Flatten,
    Gate,
    Gather,
    Input,
    Linear,
    Map,
    MatMul,
    Membrane,
    Neuron,
    Op,
    Output,
    QuantizeTensor,
    Reduce,
    Reshape,
    Scale,
    Slice,
    Transpose,
    Window,
)

Array = np.ndarray[Any, Any]
Data = dict[str, Array]
RNG = np.random.default_rng(1)
IN_FLOAT = Options(weights="float32")


def finite(x: Array) -> Array:
    """Numbers that inputs take."""
    return np.where(np.isfinite(x), x, 3).astype(x.dtype) if x.dtype.kind == "f" else x


def together(cases: Sequence[tuple[Op, Sequence[Array]]]) -> tuple[Graph, Data]:
    """One graph of many operations, each with inputs of its own, and data of two steps."""
    nodes: list[Node] = []
    data: Data = {}
    for place, (op, arrays) in enumerate(cases):
        names = [f"x{place}.{k}" for k in range(len(arrays))]
        signals = native_float.takes(*arrays)
        nodes += [Node(name, Input(signal)) for name, signal in zip(names, signals, strict=True)]
        nodes.append(Node(f"op{place}", op, (names[0],), reads=tuple(names[1:])))
        nodes.append(Node(f"y{place}", Output(), (f"op{place}",)))
        data |= {name: np.stack([x, np.roll(x, 1)])[None] for name, x in zip(names, arrays, strict=True)}
    return Graph("operations", tuple(nodes), "steps"), data


def of_tensors() -> tuple[Graph, Data]:
    """Operations on whole tensors, conversions among them, and tensors without elements."""
    given = [(make, tuple(map(finite, arrays))) for make, arrays in OPS.values()]
    given.append((lambda takes: Reduce(takes, "sum", (2,), True), (normal(2, 0, 4),)))
    given.append((lambda takes: Reduce(takes, "max", (1,)), (normal(3, 0),)))
    cases = [(make(native_float.takes(*arrays)), arrays) for make, arrays in given]
    for name in ("int8", "uint8", "int16", "int64", "bool", "float32"):
        x = RNG.integers(0, 100, (3, 4)).astype(np.uint8)
        cases.append((Cast(native_float.takes(x), format_of(np.dtype(name))), (x,)))
    x, zero = normal(3, 4) * 40, np.int8([3, 0, 1, 5])
    scale = RNG.uniform(0.2, 2, 4).astype(np.float32)
    cases.append((QuantizeTensor(native_float.takes(x, scale, zero), format_of(np.dtype("int8")), 1), (x, scale, zero)))
    stored = RNG.integers(-9, 9, (3, 4)).astype(np.int8)
    cases.append((DequantizeTensor(native_float.takes(stored, scale, zero), 1), (stored, scale, zero)))
    return together(cases)


def of_functions() -> tuple[Graph, Data]:
    """Every function that has bits of its own, of floats, integers and bools."""
    cases = []
    for function, rule in MAPS.items():
        for name in ("float32", "int64", "uint8", "bool"):
            given = [finite(RNG.permutation(values(np.dtype(name)))) for _ in range(rule.operands)]
            given[0] = RNG.random(60) < 0.5 if function == "select" else given[0]
            if function == "pow" and name == "int64":
                given[1] = np.abs(given[1] % 7)
            op = Map(native_float.takes(*given), function)
            if runs_map(op) and inexact_operation(Node("op", op)) is None:
                cases.append((op, given))
    return together(cases)


def vector(*shape: int) -> Signal:
    return Signal(shape)


def loop() -> tuple[Graph, Data]:
    """A recurrence of operations: views of an image, weights between, what is 1, 2 and 4 steps late, sums of inputs."""
    one = vector(30)
    nodes = [
        Node("x", Input(vector(4, 10))),
        Node("unread", Input(vector(2))),
        Node("known", Constant(normal(3))),
        Node("turned", Transpose((vector(4, 10),), (1, 0)), ("x",)),
        Node("part", Slice((vector(10, 4),), ((9, 5, -2), (0, 4, 1))), ("turned",)),
        Node("flat", Reshape((vector(5, 4),), (20,)), ("part",)),
        Node("w", Linear(normal(30, 20), normal(30)), ("flat",)),
        Node("late", Delay(1, normal(30)), ("h",)),
        Node("later", Delay(3), ("late",)),
        Node("u", Linear(normal(30, 30) * 0.3), ("late",)),
        Node("a", Map((one, one), "add"), ("w",), reads=("u",)),
        Node("b", Map((one, one), "add"), ("a",), reads=("later",)),
        Node("h", Map((one,), "tanh"), ("b",)),
        Node("x late", Delay(2), ("x",)),
        Node("most", Map((vector(4, 10),) * 2, "max"), ("x late",), reads=("x",)),
        Node("joined", Concat((one, vector(20), one), 0), ("h",), reads=("flat", "later")),
        Node("read", Linear(normal(3, 80)), ("joined",)),
        Node("again", Linear(normal(7, 3)), ("read", "read")),
        *(Node(f"y {name}", Output(), (name,)) for name in ("again", "most", "turned", "x", "known")),
    ]
    return Graph("loop", tuple(nodes), "steps"), {"x": normal(2, 12, 4, 10), "unread": normal(2, 12, 2)}


def image() -> tuple[Graph, Data]:
    """Convolutions with rectifiers and a pool of maxima between, as vision models have them; a classifier."""
    nodes = [
        Node("x", Input(vector(2, 9, 8))),
        Node("first", Conv(normal(4, 2, 3, 3), normal(4), (Axis(3, 2, 1, 1), Axis(3, 1, 1, 1))), ("x",)),
        Node("relu", Map((vector(4, 5, 8),), "relu"), ("first",)),
        Node("pool", Window((vector(4, 5, 8),), "max", (Axis(2, 2, 0, 1), Axis(2, 2))), ("relu",)),
        Node("second", Conv(normal(6, 2, 2, 2), None, (Axis(2), Axis(2)), 2), ("pool",)),
        Node("scaled", Scale(normal(6, 2, 3)), ("second",)),
        Node("relu2", Map((vector(6, 2, 3),), "relu"), ("scaled",)),
        Node("flat", Flatten(), ("relu2",)),
        Node("classes", Linear(normal(5, 36), normal(5)), ("flat",)),
        Node("mean", Reduce((vector(6, 2, 3),), "sum", (1, 2)), ("relu2",)),
        Node("best", Reduce((vector(5),), "argmax", (0,)), ("classes",)),
        *(Node(f"y {name}", Output(), (name,)) for name in ("classes", "mean", "best")),
    ]
    return Graph("image", tuple(nodes), "steps"), {"x": normal(2, 3, 2, 9, 8)}


def cells(decay: float, count: int, gate: Gate | None) -> Neuron:
    one = np.ones(count)
    return Neuron((count,), None, Membrane(decay * one, 0.5 * one, 0 * one, 0 * one), gate)


def voltages() -> tuple[Graph, Data]:
    """Voltages as sources: of weights, of operations, late ones, too; spikes among operations."""
    spiking = Gate(0.3 * np.ones(40), "subtract", np.zeros(40))
    nodes = [
        Node("x", Input(Signal((6,), Kind.EVENT, peak=3))),
        Node("in", Linear(normal(40, 6)), ("x",)),
        Node("analog", cells(0.9, 40, None), ("in",)),
        Node("fc", Linear(normal(40, 40) * 0.5, normal(40)), ("analog",)),
        Node("spiking", cells(0.8, 40, spiking), ("fc", "gated")),
        Node("spikes late", Delay(2), ("spiking",)),
        Node("late", Delay(1), ("analog",)),
        Node("gated", Map((vector(40),) * 2, "mul"), ("spikes late",), reads=("late",)),
        Node("out", Linear(normal(3, 40)), ("spiking",)),
        Node("read", cells(0.9, 3, None), ("out",)),
        Node("twice", Map((vector(3),) * 2, "add"), ("read",), reads=("read",)),
        *(Node(f"y {name}", Output(), (name,)) for name in ("read", "twice", "spiking", "analog")),
    ]
    x = RNG.integers(0, 4, (2, 20, 6)) * (RNG.random((2, 20, 6)) < 0.5)
    return Graph("voltages", tuple(nodes), "steps"), {"x": x}


def wide() -> tuple[Graph, Data]:
    """Tensors on many tiles of two chips, of which each tile reads a part."""
    table = Constant(normal(50, 8))
    at = Signal((40,), format=format_of(np.dtype("int64")))
    nodes = [
        Node("x", Input(vector(40, 50))),
        Node("at", Input(at)),
        Node("table", table),
        Node("square", Map((vector(40, 50),) * 2, "mul"), ("x",), reads=("x",)),
        Node("turned", Transpose((vector(40, 50),), (1, 0)), ("square",)),
        Node("chosen", Gather((vector(50, 8), at), 0), ("table",), reads=("at",)),
        Node("product", MatMul((vector(50, 40), vector(40, 8))), ("turned",), reads=("chosen",)),
        Node("y", Output(), ("product",)),
    ]
    return Graph("wide", tuple(nodes), "steps"), {"x": normal(1, 3, 40, 50), "at": RNG.integers(-50, 50, (1, 3, 40))}


def crossings() -> tuple[Graph, Data]:
    """Neurons whose spikes fall within a step, of both resets and tests, and ones that show what they add up to."""
    count, rng = 30, np.random.default_rng(5)
    parts = [np.where(rng.random(count) < 0.3, 0, rng.uniform(0.1, 1.5, count)), *rng.uniform(0.1, 0.9, (3, count))]

    def neurons(size: int, gate: Gate | None) -> ExactNeuron:
        rate, jump, drive, leak = (part[:size] for part in parts)
        return ExactNeuron((size,), rate, jump, drive, 0.1 * leak, gate)

    reset = np.full(count, 0.1)
    nodes = [
        Node("x", Input(vector(6))),
        Node("in", Linear(normal(count, 6), normal(count)), ("x",)),
        Node("first", neurons(count, Gate(np.ones(count), "value", reset, spikes=3)), ("in", "back")),
        Node("late", Delay(2), ("first",)),
        Node("back", Linear(normal(count, count) * 0.2), ("late",)),
        Node("on", Linear(normal(count, count) * 0.5), ("first",)),
        Node("second", neurons(count, Gate(0.7 * np.ones(count), "subtract", reset, "ge", spikes=2)), ("on",)),
        Node("out", Linear(normal(4, count)), ("second",)),
        Node("read", neurons(4, None), ("out",)),
        Node("y", Output(), ("read",)),
        Node("z", Output(), ("first",)),
    ]
    return Graph("crossings", tuple(nodes), "steps"), {"x": RNG.uniform(-1, 3, (2, 25, 6)).astype(np.float32)}


def attention() -> tuple[Graph, Data]:
    """A block of a transformer, from ONNX: normalised layers, softmax, products of operands."""
    width, words = 8, 6
    stored: dict[str, Any] = {name: normal(width, width) for name in ("wq", "wk", "wv", "wo")}
    stored |= {"gain": 1 + 0.1 * normal(width), "bias": normal(width), "scale": np.float32(width**-0.5)}
    stored |= {"w1": normal(width, 16), "w2": normal(16, width)}
    nodes = [
        node("LayerNormalization", ["x", "gain", "bias"], ["n"]),
        *(node("MatMul", ["n", f"w{part}"], [part]) for part in "qkv"),
        node("Transpose", ["k"], ["turned"], perm=[0, 2, 1]),
        node("MatMul", ["q", "turned"], ["near"]),
        node("Mul", ["near", "scale"], ["scaled"]),
        node("Softmax", ["scaled"], ["shares"], axis=-1),
        node("MatMul", ["shares", "v"], ["mixed"]),
        node("MatMul", ["mixed", "wo"], ["out"]),
        node("Add", ["out", "x"], ["r"]),
        node("MatMul", ["r", "w1"], ["h"]),
        node("Relu", ["h"], ["kept"]),
        node("MatMul", ["kept", "w2"], ["back"]),
        node("Add", ["back", "r"], ["y"]),
    ]
    ends = [info(name, 1, words, width) for name in "xy"]
    graph = axonc.load(model(nodes, ends[:1], ends[1:], stored))
    return graph, {"x": normal(2, 2, *graph.signals["x"].shape)}


MADE = {
    "tensors": of_tensors,
    "functions": of_functions,
    "loop": loop,
    "image": image,
    "voltages": voltages,
    "crossings": crossings,
    "attention": attention,
}


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[Program, Data]]]:
    made = {name: make() for name, make in MADE.items()} | {"wide": wide()}
    description = tmp_path_factory.mktemp("machine") / "chips.toml"
    description.write_text("[chips]\ncount = 2\n[tiles]\ncount = 256\n")
    options = [*[IN_FLOAT] * len(MADE), Options(weights="float32", machine=description)]
    with ipu_networks.programs([graph for graph, _ in made.values()], options) as built:
        yield {name: (program, data) for (name, (_, data)), program in zip(made.items(), built, strict=True)}


@pytest.mark.parametrize("name", [*MADE, "wide"])
def test_operations_equal_the_interpreter(name: str, programs: dict[str, tuple[Program, Data]]) -> None:
    program, data = programs[name]
    result = ipu_networks.verified(program, data).result
    if name not in ("tensors", "functions"):
        assert all(np.any(trace != 0) for trace in result.outputs.values())


def test_every_operation_is_tried() -> None:
    graphs = [make()[0] for make in MADE.values()]
    assert {type(node.op) for graph in graphs for node in graph} >= set(OPERATIONS)


def test_an_index_outside_names_its_node(programs: dict[str, tuple[Program, Data]]) -> None:
    program, data = programs["wide"]
    with pytest.raises(ModelError, match="AX701 chosen: an index outside"):
        program.run({**data, "at": data["at"] + 50})


def test_what_is_refused_is_named() -> None:
    double = Signal((2,), format=format_of(np.dtype("float64")))
    nodes = [
        Node("x", Input(vector(2))),
        Node("d", Input(double)),
        Node("e", Map((double,), "erf"), ("d",)),
        Node("n", Map((double,), "neg"), ("d",)),
        *(Node(f"y {name}", Output(), (name,)) for name in ("e", "n")),
    ]
    found = IPUFloat().check(Graph("refused", tuple(nodes), "steps"))
    assert {(problem.code, problem.node) for problem in found} == {
        ("AX601", "e"),
        ("AX604", "e"),
        ("AX604", "y e"),
        ("AX604", "d"),
        ("AX604", "n"),
        ("AX604", "y n"),
    }


def test_equal_graphs_give_equal_bytes() -> None:
    graph = image()[0]
    first, second = (compile_graph(graph, "ipu", IN_FLOAT) for _ in "ab")
    assert first.program.files == second.program.files
