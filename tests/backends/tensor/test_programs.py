"""Native programs in float: whole graphs against the interpreter, and what the text of C is like."""

from __future__ import annotations

import ctypes
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import float_graphs
import gated
import image_graphs
import native_float
import numpy as np
import pytest
import strategies
from benchmarks.onnx_native import recurrent
from hypothesis import given, settings
from hypothesis import strategies as st
from tensor_cases import AXES, OPS, normal

import axonc
from axonc import Graph, ModelError, Program
from axonc.backends.native.tensor import NativeFloat, library
from axonc.backends.native.tensor.emission import Emission
from axonc.backends.native.tensor.emit import _step, emit, lower, recordable
from axonc.backends.native.tensor.library import compiled_together
from axonc.backends.native.tensor.memory import lifetimes, plan
from axonc.compiler.differentiate import differentiate
from axonc.compiler.driver.verify import Inexact, compare
from axonc.ir import Kind, Node, Signal
from axonc.ir.elements import ELEMENTS
from axonc.ir.interpret.run import batches, run_batches
from axonc.ir.ops import (
    LSTM,
    Axis,
    Cast,
    Constant,
    Conv,
    Delay,
    ExactNeuron,
    Flatten,
    Gate,
    Gather,
    Input,
    Linear,
    Map,
    MatMul,
    Output,
    Pool,
    Transpose,
)
from axonc.ir.signal import Element, Float

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(0)
TOGETHER = 12
"""The graphs that are compiled at once."""

few = settings(strategies.examples(1), deadline=None)


@few
@given(st.lists(float_graphs.graphs(), min_size=TOGETHER, max_size=TOGETHER))
def test_populations_weights_and_delays(cases: list[Any]) -> None:
    data = [
        {n.name: rng.normal(size=(2, 12, *graph.signals[n.name].shape)) for n in graph.inputs}
        for graph, _, rng in cases
    ]
    native_float.assert_equal([graph for graph, *_ in cases], data)


def _models(cases: list[strategies.Case]) -> None:
    graphs = [axonc.load(case.model, semantics=case.semantics, inputs=case.inputs) for case in cases]
    native_float.assert_equal(graphs, [batches(g, case.data)[0] for g, case in zip(graphs, cases, strict=True)])


@few
@given(st.lists(strategies.cases("float32"), min_size=TOGETHER, max_size=TOGETHER))
def test_models_under_all_semantics(cases: list[strategies.Case]) -> None:
    _models(cases)


@few
@given(st.lists(image_graphs.cases("float32"), min_size=TOGETHER, max_size=TOGETHER))
def test_images(cases: list[strategies.Case]) -> None:
    _models(cases)


def test_tensor_operations() -> None:
    graphs = [native_float.of_op(make(native_float.takes(*given))) for make, given in OPS.values()]
    native_float.assert_equal(graphs, [native_float.operands(*given) for _, given in OPS.values()])


def graph_of(*nodes: Node) -> Graph:
    return Graph("graph", nodes, "steps")


def vector(count: int) -> Node:
    return Node("x", Input(Signal((count,))))


def test_delays_that_feed_each_other() -> None:
    initial = np.float32([1, 2, 3])
    nodes = [
        vector(3),
        Node("sum", Map((Signal((3,)),), "neg"), ("b", "x")),
        Node("a", Delay(1, initial), ("sum",)),
        Node("b", Delay(3), ("a",)),
        Node("late", Delay(2), ("x",)),
        Node("y", Output(), ("a", "b", "late")),
    ]
    native_float.assert_equal([graph_of(*nodes)], [{"x": normal(2, 9, 3)}])


def test_sums_of_counts_and_values_are_numpys() -> None:
    fc = Linear(normal(3, 3))
    nodes = [Node("z", Input(Signal((3,), Kind.EVENT, peak=9))), vector(3), Node("fc", fc, ("x", "z"))]
    graph = graph_of(
        *nodes, Node("scaled", axonc.ir.ops.Scale(np.full(3, 0.1)), ("z", "fc")), Node("y", Output(), ("z", "scaled"))
    )
    native_float.assert_equal([graph], [{"x": normal(2, 9, 3), "z": RNG.integers(0, 9, (2, 9, 3))}])


@pytest.mark.parametrize("outputs", [1, 16, 33, 100])
def test_columns_and_windows_of_any_size(outputs: int) -> None:
    image = Node("x", Input(Signal((4, 6, 5))))
    conv = Conv(normal(2 * outputs, 2, 3, 3), normal(2 * outputs), (Axis(3, 1, 1, 1), Axis(3, 2, 0, 1)), 2)
    flat = Linear(normal(outputs, 120), normal(outputs), takes=(4, 6, 5))
    nodes = [image, Node("conv", conv, ("x",)), Node("fc", flat, ("x",)), Node("pool", Pool(AXES, True), ("x",))]
    graph = graph_of(*nodes, *(Node(f"y {n}", Output(), (n,)) for n in ("conv", "fc", "pool")))
    x = normal(1, 3, 4, 6, 5) * (RNG.random((1, 3, 4, 6, 5)) < 0.5)
    native_float.assert_equal([graph], [{"x": x}])


def test_gated_units() -> None:
    layers = [gated.cells([kind], 5, 4) for kind in gated.LAYERS]
    for fields in ({"zoneout": 0.25}, {"segment": 3}):
        made = gated.Cells(5)
        made.egru("cell", 4, **fields)
        layers.append(made.graph())
    peepholes = gated.cells(["lstm"], 5, 4)
    seeing = (
        replace(node, op=replace(node.op, peephole=normal(3, 4))) if isinstance(node.op, LSTM) else node
        for node in peepholes
    )
    layers.append(peepholes.with_nodes(seeing))
    native_float.assert_equal(layers, [{"x": 0.5 * normal(2, 8, 5)}] * len(layers))


@pytest.mark.parametrize("reset", ["value", "subtract"])
@pytest.mark.parametrize("compare", ["gt", "ge"])
def test_neurons_with_spike_times_within_a_step(reset: str, compare: str) -> None:
    rate = np.array([0.0, 0.5, 1.5, 0.2])
    gate = Gate(np.array(1.0), reset, np.array(0.1), compare, spikes=3)
    nodes = [
        vector(4),
        Node("cell", ExactNeuron((4,), rate, np.full(4, 0.3), np.full(4, 0.9), np.full(4, 0.1), gate), ("x",)),
        Node("reader", ExactNeuron((4,), rate, np.zeros(4), np.ones(4), np.zeros(4), None), ("cell",)),
        Node("y", Output(), ("reader",)),
    ]
    native_float.assert_equal([graph_of(*nodes)], [{"x": RNG.uniform(-1, 3, (3, 30, 4)).astype(np.float32)}])


def test_an_index_outside_names_its_node(tmp_path: Path) -> None:
    x, at = normal(3), np.array([0, 3])
    graph = native_float.of_op(Gather(native_float.takes(x, at), 0))
    (program,) = compiled_together([graph], tmp_path)
    with pytest.raises(ModelError, match="AX701 op: an index outside"):
        program.run(graph, native_float.operands(x, at))


HOSTILE = ["*/ int main;", "float", "", "m->x", "ümlaut", "a.b", "a/b", '"\\n', "??/", "9", "//", "/*", "x" * 200]


def hostile() -> Graph:
    x = Node("x", Input(Signal((2,))))
    maps = [Node(f"{name} ", Map((Signal((2,)),), "neg"), ("x",), origin=name) for name in HOSTILE]
    nodes = (x, *maps, Node("y", Output(), tuple(node.name for node in maps)))
    return Graph("*/ #error", nodes, "steps", properties={"source_sha256": "*/ #error"})


def test_names_of_the_model_do_not_reach_the_text() -> None:
    native_float.assert_equal([hostile()], [{"x": normal(1, 2, 2)}])
    text = re.sub(r"/\*.*?\*/", "", emit(hostile(), "program")[0], flags=re.DOTALL)
    assert not re.search(r"int main|#error|ümlaut|\?\?/|//", text)


def large() -> Graph:
    nodes = [vector(64)]
    for index in range(60):
        nodes.append(Node(f"n{index}", Map((Signal((64,)),), ("neg", "abs", "relu")[index % 3]), (nodes[-1].name,)))
    return graph_of(*nodes, Node("y", Output(), (nodes[-1].name,)))


def test_equal_graphs_give_equal_bytes() -> None:
    assert lower(large()).files == lower(large()).files


def test_lines_grow_with_nodes_and_not_with_elements() -> None:
    text = emit(large(), "program")[0]
    wide = emit(graph_of(*(replace(node, op=_wider(node.op)) for node in large())), "program")[0]
    assert len(wide.splitlines()) == len(text.splitlines()) < 60 * 12 + 100


def _wider(op: Any) -> Any:
    if isinstance(op, Input):
        return Input(Signal((6400,)))
    return replace(op, takes=(Signal((6400,)),)) if isinstance(op, Map) else op


def test_values_share_memory_when_they_never_live_together() -> None:
    graph = large()
    e = Emission(graph)
    _step(e)
    lives, (_, slots) = lifetimes(e.blocks), plan(e)
    assert len(slots) < 6
    for slot in slots:
        spans = sorted(lives[member.name] for member in slot.members)
        assert all(before[1] < after[0] for before, after in pairwise(spans))


def test_all_forms_give_the_same_bits() -> None:
    graph = axonc.load(_lstm())
    program = axonc.compile(graph, target="native", weights="float32")
    x, results = normal(20, 3), []
    for path in sorted((program.directory / "images").iterdir()):
        if ".v" not in path.name or int(path.suffixes[0][2:]) <= library.host_level():
            stored = np.fromfile(program.directory / "data" / "program_0.bin", np.uint8)
            run = library._loaded(ctypes.CDLL(str(path)), "program_0", stored)
            results.append(run.run(graph, {"x": x[None]}, recordable(graph)))
    assert len(results) >= 1
    for name in recordable(graph):
        assert len({result[name].tobytes() for result in results}) == 1


def _lstm() -> Any:
    return recurrent("LSTM", 3, 4)


@pytest.fixture(scope="module")
def program() -> Program:
    """sin(x) in float64, which is the C library's."""
    wide = Signal((3,), format=Float(64))
    nodes = [
        vector(3),
        Node("w", Cast((Signal((3,)),), Float(64)), ("x",)),
        Node("e", Map((wide,), "sin"), ("w",)),
        Node("y", Output(), ("e",)),
    ]
    return axonc.compile(graph_of(*nodes), target="native", weights="float32")


def test_a_build_in_float_verifies_within_its_tolerance(program: Program) -> None:
    x = normal(2, 15, 3)
    checked = program.verify(x)
    assert checked.equal, str(checked.divergence)
    assert checked.inexact.operations == ("map sin",)
    assert "x" not in checked.inexact.signals
    result = program.run(x, recordable(program.graph)[1])
    assert result.outputs["y"].shape == axonc.interpret(program.graph, x).outputs["y"].shape
    np.testing.assert_array_equal(program.run(x[1]).outputs["y"], result.outputs["y"][1])


def test_verification_finds_what_is_too_far(program: Program) -> None:
    x = -np.abs(normal(5, 3))
    reference, inexact = axonc.interpret(program.graph, x), Inexact.of(program.manifest)
    (name,) = reference.outputs
    for error, equal in ((0.9e-5, True), (2e-5, False), (np.nan, False)):
        outputs = {name: reference.outputs[name].copy()}
        outputs[name].flat[3] += np.float32(error)
        assert compare(replace(reference, outputs=outputs), reference, (), inexact).equal is equal
        assert not compare(replace(reference, outputs=outputs), reference, ()).equal


def test_an_exact_program_is_verified_bit_for_bit() -> None:
    nodes = [
        vector(3),
        Node("c", Constant(normal(3))),
        Node("op", Map((Signal((3,)),) * 2, "mul"), ("x",), reads=("c",)),
    ]
    for graph in (graph_of(*nodes, Node("y", Output(), ("op",))), axonc.load(_lstm())):
        made = axonc.compile(graph, target="native", weights="float32")
        assert "inexact" not in made.manifest
        checked = made.verify(normal(4, 3))
        assert checked.equal
        assert not checked.inexact.operations


def test_a_program_in_float_runs_on_no_emulator(program: Program) -> None:
    with pytest.raises(ModelError, match="AX605"):
        program.run(normal(5, 3), engine="emulator")


def test_everything_that_is_refused_is_named() -> None:
    half = Signal((2, 2), format=Element("float16"))
    whole_numbers = Signal((2,), format=Element("int32"))
    nodes = [
        Node("h", Input(half)),
        Node("i", Input(whole_numbers)),
        Node("product", MatMul((half, half)), ("h",), reads=("h",)),
        Node("root", Map((whole_numbers,), "exp"), ("i",)),
        *(Node(f"y {name}", Output(), (name,)) for name in ("product", "root")),
    ]
    found = NativeFloat().check(graph_of(*nodes))
    assert [(problem.code, problem.node) for problem in found] == [("AX604", "product"), ("AX604", "root")]


def test_numbers_that_c_does_not_have_are_moved() -> None:
    graphs, data = [], []
    for name in ("float16", "bfloat16", "int4", "float8e4m3fn"):
        x = RNG.integers(-3, 4, (2, 3)).astype(ELEMENTS[name])
        (signal,) = native_float.takes(x)
        turned = Node("turned", Transpose((signal,), (1, 0)), ("x",))
        flat = Node("flat", Flatten(), ("turned",))
        late = Node("late", Delay(1, np.ones(6)), ("flat",))
        graphs.append(graph_of(Node("x", Input(signal)), turned, flat, late, Node("y", Output(), ("late",))))
        data.append({"x": np.stack([x, x + x])[None]})
    native_float.assert_equal(graphs, data)


def test_backward_graphs_are_refused() -> None:
    graph = axonc.load(axonc_model(), semantics="nir,dt=1e-3")
    backward = differentiate(graph).graph
    assert {problem.code for problem in NativeFloat().check(backward)} == {"AX601"}


def axonc_model() -> Graph:
    net = axonc.Graph.builder()
    net.input("in", 2)
    net.population("cells", "lif", 3, tau=5e-3)
    net.connect("in", "cells", [[9, 9], [9, 0], [0, 9]], name="fc")
    net.output("out", "cells")
    return net.graph()


def test_samples_begin_from_the_reset_state(tmp_path: Path) -> None:
    graph = axonc.load(axonc_model(), semantics="nir,dt=1e-3")
    x = RNG.integers(0, 2, (3, 20, 2))
    (made,) = compiled_together([graph], tmp_path)
    together, alone = made.run(graph, {"in": x}), made.run(graph, {"in": x[2:]})
    np.testing.assert_array_equal(together["out"][2:], alone["out"])
    np.testing.assert_array_equal(together["out"], run_batches(graph, {"in": x})["out"])
    assert np.any(alone["out"])
