"""Models that no exporter writes: each is refused with a diagnostic, or harmless; no other error, no other effect."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_models as om
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_models import graph as subgraph
from onnx_models import info, model, node

import axonc
from axonc.compiler.frontends.onnx import OnnxOptions
from axonc.ir import ModelError

INT64 = TensorProto.INT64


def refused(made: Any, onnx_options: str | None = None) -> str:
    """The text of the error; anything else than a `ModelError` fails."""
    with pytest.raises(ModelError) as caught:
        axonc.load(made, onnx=onnx_options)
    assert caught.value.diagnostics
    assert all(line.isprintable() for line in str(caught.value).splitlines())
    return str(caught.value)


def simple(nodes: Sequence[Any], **stored: Any) -> Any:
    used = {name for n in nodes for name in n.input}
    return model(
        nodes, [info("x", 2, 3)], [info("y", 2, 3)], {k: np.asarray(v) for k, v in stored.items() if k in used}
    )


def test_a_graph_that_reads_itself() -> None:
    made = simple([node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Relu", ["b"], ["y"])])
    assert re.search("AX10[14]", refused(made))
    assert re.search("AX10[14]", refused(simple([node("Add", ["x", "y"], ["y"])])))


def test_what_nothing_computes_is_named() -> None:
    text = refused(simple([node("MatMul", ["x", "lost weights"], ["y"])]))
    assert "lost weights" in text
    made = simple([node("Relu", ["x"], ["a"])])
    assert re.search("AX10[14]", refused(made))


def test_one_name_for_two_things() -> None:
    twice = simple([node("Relu", ["x"], ["y"]), node("Tanh", ["x"], ["y"])])
    assert "AX101" in refused(twice)
    over = simple([node("Add", ["x", "w"], ["w2"]), node("Relu", ["w2"], ["y"])], w=np.float32(1))
    over.graph.node[0].output[0] = over.graph.node[1].input[0] = "w"
    assert "AX101" in refused(over)
    stored = simple([node("Add", ["x", "w"], ["y"])], w=np.float32(1))
    stored.graph.initializer.append(numpy_helper.from_array(np.float32(2), "w"))
    assert "AX101" in refused(stored)
    entries = simple([node("Relu", ["x"], ["y"])])
    entries.graph.input.append(info("x", 2, 3))
    assert "AX101" in refused(entries)
    ends = simple([node("Relu", ["x"], ["y"])])
    ends.graph.output.append(info("y", 2, 3))
    assert "AX101" in refused(ends)


def test_nodes_of_one_name_are_told_apart() -> None:
    """A node's name means nothing in ONNX."""
    made = simple([node("Relu", ["x"], ["a"], name="n"), node("Tanh", ["a"], ["y"], name="n")])
    np.testing.assert_allclose(
        axonc.interpret(axonc.load(made), np.ones((1, 3)))["y"], np.tanh(np.ones((1, 3))), rtol=1e-6
    )


@pytest.mark.parametrize("dims", [(-1, 3), (2, -3), (1 << 62, 1 << 62), (0, 1 << 62)])
def test_inputs_of_absurd_extents(dims: tuple[int, int]) -> None:
    made = model([node("Relu", ["x"], ["y"])], [info("x", *dims)], [info("y", *dims)])
    if 0 in dims:  # nothing is in it
        return
    assert "AX105 x" in refused(made)


@pytest.mark.parametrize(
    "how", ["short", "long", "too many numbers", "too few numbers", "another field", "no type", "text"]
)
def test_tensors_whose_data_are_not_what_they_claim(how: str) -> None:
    made = simple([node("Add", ["x", "w"], ["y"])], w=np.ones(3, np.float32))
    tensor = made.graph.initializer[0]
    if how in ("short", "long"):
        tensor.raw_data = tensor.raw_data[:-1] if how == "short" else tensor.raw_data + b"\0" * 4
    elif how == "no type":
        tensor.data_type = 0
    elif how == "text":
        tensor.CopyFrom(helper.make_tensor("w", TensorProto.STRING, [3], [b"a", b"b", b"c"]))
    else:
        tensor.ClearField("raw_data")
        if how == "another field":
            tensor.int32_data.extend([1, 2, 3])
        else:
            tensor.float_data.extend([1.0] * (5 if how == "too many numbers" else 2))
    assert re.search("AX10[135]|AX131", refused(made))


ABSURD = {
    "reshape": [node("Reshape", ["x", "big"], ["y"])],
    "reshape negative": [node("Reshape", ["x", "negative"], ["y"])],
    "expand": [node("Expand", ["x", "big"], ["y"])],
    "tile negative": [node("Tile", ["x", "negative"], ["y"])],
    "constant of shape": [node("ConstantOfShape", ["negative"], ["c"]), node("ReduceSum", ["c"], ["y"])],
    "gather": [node("Gather", ["x", "big"], ["y"])],
    "range of step 0": [node("Range", ["zero", "one", "zero"], ["r"]), node("ReduceSum", ["r"], ["y"])],
    "split": [node("Split", ["x", "big"], ["y", "z"], axis=1)],
    "split into 0": [node("Split", ["x"], ["y"], axis=1, num_outputs=0)],
    "transpose": [node("Transpose", ["x"], ["y"], perm=[0, 0])],
    "transpose of three": [node("Transpose", ["x"], ["y"], perm=[0, 1, 2])],
    "concat": [node("Concat", ["x", "row"], ["y"], axis=7)],
    "matmul": [node("MatMul", ["x", "row"], ["y"])],
    "gemm": [node("Gemm", ["x", "row"], ["y"], transA=1)],
    "pad": [node("Pad", ["x", "pads"], ["y"])],
    "unsqueeze": [node("Unsqueeze", ["x", "big"], ["y"])],
    "squeeze": [node("Squeeze", ["x", "two"], ["y"])],
    "softmax": [node("Softmax", ["x"], ["y"], axis=9)],
    "reduce": [node("ReduceMean", ["x", "big"], ["y"])],
    "slice of step 0": [node("Slice", ["x", "two", "two", "two", "none"], ["y"])],
    "conv of a matrix": [node("Conv", ["x", "row"], ["y"])],
    "pool without a kernel": [node("AveragePool", ["x"], ["y"])],
    "cast to nothing": [node("Cast", ["x"], ["y"], to=99)],
    "where of shapes": [node("Where", ["x", "row", "big"], ["y"])],
    "gru of vectors": [node("GRU", ["x", "row", "row"], ["y"], hidden_size=4)],
    "lstm of nothing": [node("LSTM", ["x", "", ""], ["y"])],
    "if of a vector": [node("If", ["x"], ["y"], then_branch=subgraph([], [], []), else_branch=subgraph([], [], []))],
    "no operands": [node("Add", [], ["y"])],
    "too many operands": [node("Relu", ["x", "x", "x"], ["y"])],
}
STORED = {
    "big": np.array([1 << 40, 1 << 40]),
    "negative": np.array([-2, -7]),
    "pads": np.array([1 << 40, 0, 1 << 40, 0]),
    "two": np.array([2]),
    "none": np.array([0]),
    "row": np.ones((1, 5), np.float32),
    "zero": np.float32(0),
    "one": np.float32(1),
}


@pytest.mark.parametrize("name", ABSURD)
def test_operators_of_absurd_shapes(name: str) -> None:
    refused(simple(ABSURD[name], **STORED))


def test_loops_that_never_end() -> None:
    body = subgraph(
        [node("Identity", ["c"], ["c1"]), node("Add", ["s", "s"], ["s1"])],
        [info("i", kind=INT64), info("c", kind=TensorProto.BOOL), info("s", 2, 3)],
        [info("c1", kind=TensorProto.BOOL), info("s1", 2, 3)],
    )
    loop = node("Loop", ["count", "yes", "x"], ["y"], body=body)
    stored = {"count": np.array(1 << 60), "yes": np.array(True)}
    made = model([loop], [info("x", 2, 3)], [info("y", 2, 3)], stored)
    assert "AX105" in refused(made, "time=call")
    endless = node("Loop", ["", "yes", "x"], ["y"], body=body)
    assert "AX131" in refused(model([endless], [info("x", 2, 3)], [info("y", 2, 3)], {"yes": np.array(True)}))


def test_functions_in_functions_of_functions() -> None:
    """A chain of 3000 functions does not end in the interpreter of Python giving up."""

    def one(k: int) -> onnx.FunctionProto:
        called, domain = (f"F{k + 1}", "own") if k < 2999 else ("Relu", "")
        opsets = [helper.make_opsetid("", 20), helper.make_opsetid("own", 1)]
        return helper.make_function("own", f"F{k}", ["a"], ["b"], [node(called, ["a"], ["b"], domain=domain)], opsets)

    functions = [one(k) for k in range(3000)]
    made = model([node("F0", ["x"], ["y"], domain="own")], [info("x", 2, 3)], [info("y", 2, 3)], functions=functions)
    assert re.search("AX10[15]", refused(made))


def test_as_many_functions_as_the_checker_of_onnx_allows() -> None:
    def one(k: int) -> onnx.FunctionProto:
        called, domain = (f"F{k + 1}", "own") if k < 89 else ("Relu", "")
        opsets = [helper.make_opsetid("", 20), helper.make_opsetid("own", 1)]
        return helper.make_function("own", f"F{k}", ["a"], ["b"], [node(called, ["a"], ["b"], domain=domain)], opsets)

    functions = [one(k) for k in range(90)]
    made = model([node("F0", ["x"], ["y"], domain="own")], [info("x", 2, 3)], [info("y", 2, 3)], functions=functions)
    assert "AX105" in refused(made)


def test_graphs_nested_in_attributes_of_a_file(tmp_path: Path) -> None:
    inner = subgraph([node("Identity", ["x"], ["o"])], [], [info("o", 1)])
    for _ in range(24):
        inner = subgraph([node("If", ["c"], ["o"], then_branch=inner)], [], [info("o", 1)])
    made = model([node("If", ["c"], ["y"], then_branch=inner)], [info("x", 1)], [info("y", 1)], {"c": np.array(True)})
    (tmp_path / "m.onnx").write_bytes(made.SerializeToString())
    assert re.search("AX10[15]", refused(tmp_path / "m.onnx"))


NAMES = ["*/ int evil; /*", '"; evil(); "', "x\n#error evil\n", "evil\\", "??/", "{{ evil }}", "${evil}", "é\u202eevil"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("target", ["native", "spinnaker2"])
def test_names_reach_emitted_files_as_text_alone(name: str, target: str, tmp_path: Path) -> None:
    """Comments stay closed and strings whole."""
    made = neuron_named(name)
    options = OnnxOptions(states={f"{name}v": f"{name}v1"})
    graph = axonc.load(made, onnx=options, inputs="events")
    axonc.compile(graph, target=target).save(tmp_path / "build")
    written = [path for path in sorted((tmp_path / "build").rglob("*")) if path.is_file()]
    assert any(path.suffix == ".c" for path in written)
    for path in written:
        assert path.name.isprintable()
        assert "evil" not in path.name
        if path.suffix in (".c", ".h", ".json", ".txt", ""):
            harmless(path.read_text(encoding="utf8"), path.suffix)


def harmless(text: str, suffix: str) -> None:
    """What C code says of names stands in comments and strings."""
    assert "\u202e" not in text
    if suffix in (".c", ".h"):
        outside = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        outside = re.sub(r'"(\\.|[^"\\])*"', "", outside)
        assert "evil" not in outside


NEURON = [
    node("Mul", ["beta", "v"], ["bv"]),
    node("Add", ["i", "bv"], ["m"]),
    node("Greater", ["m", "thr"], ["over"]),
    node("Cast", ["over"], ["z"], to=om.F),
    node("Mul", ["thr", "z"], ["zt"]),
    node("Sub", ["m", "zt"], ["v1"]),
]


def neuron_named(name: str) -> Any:
    """A layer of neurons; every name in it begins with ``name``."""
    stored = {"thr": 0.5, "beta": 0.9}
    weights = {"W": om.WEIGHTS["W"][:, : om.H], **{k: np.float32(v) for k, v in stored.items()}}
    nodes = [node("MatMul", ["x", "W"], ["i"]), *NEURON]
    changed = []
    for n in nodes:
        copy = onnx.NodeProto()
        copy.CopyFrom(n)
        copy.name = f"{name}{n.output[0]}"
        copy.input[:] = [f"{name}{i}" for i in n.input]
        copy.output[:] = [f"{name}{o}" for o in n.output]
        changed.append(copy)
    inputs, outputs = (
        [info(f"{name}{v}", 1, size) for v, size in pairs]
        for pairs in ((("x", om.N), ("v", om.H)), (("z", om.H), ("v1", om.H)))
    )
    return model(changed, inputs, outputs, {f"{name}{k}": v for k, v in weights.items()})
