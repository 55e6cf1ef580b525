"""Files are untrusted: what they name, claim and nest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnx_models as om
import pytest
from onnx import TensorProto, helper
from onnx_models import graph as subgraph
from onnx_models import info, model, node

import axonc
from axonc.ir import ModelError

SIZE = 12


def external(path: Path, location: str, offset: int = 0, length: int = SIZE * 4, count: int = SIZE) -> Path:
    """A model whose only tensor lies in another file."""
    made = model([node("Add", ["x", "w"], ["y"])], [info("x", 1, SIZE)], [info("y", 1, SIZE)])
    tensor = TensorProto(name="w", data_type=om.F, dims=[count], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, "offset": str(offset), "length": str(length)}.items():
        tensor.external_data.add(key=key, value=value)
    made.graph.initializer.append(tensor)
    path.write_bytes(made.SerializeToString())
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "inside"
    inside.mkdir()
    np.arange(2 * SIZE, dtype=np.float32).tofile(inside / "w.bin")
    np.arange(SIZE, dtype=np.float32).tofile(tmp_path / "secret.bin")
    return inside


def test_external_data_are_read(folder: Path) -> None:
    graph = axonc.load(external(folder / "m.onnx", "w.bin", offset=SIZE * 4))
    result = axonc.interpret(graph, np.zeros((1, SIZE)))
    np.testing.assert_array_equal(result.outputs["y"][0], np.arange(SIZE, 2 * SIZE))


@pytest.mark.parametrize(
    "location", ["../secret.bin", "", "./../secret.bin", "w.bin\0", "nothing.bin", "a\\..\\b", "."]
)
def test_external_data_stay_in_the_folder(folder: Path, location: str) -> None:
    with pytest.raises(ModelError, match="AX105 w: external data in"):
        axonc.load(external(folder / "m.onnx", location))


def test_absolute_places_and_links_out_of_the_folder_are_refused(folder: Path) -> None:
    with pytest.raises(ModelError, match="AX105 w"):
        axonc.load(external(folder / "m.onnx", str(folder / "w.bin")))
    (folder / "link.bin").symlink_to(folder.parent / "secret.bin")
    with pytest.raises(ModelError, match="AX105 w"):
        axonc.load(external(folder / "m.onnx", "link.bin"))
    (folder / "sub").symlink_to(folder.parent)
    with pytest.raises(ModelError, match="AX105 w"):
        axonc.load(external(folder / "m.onnx", "sub/secret.bin"))


@pytest.mark.parametrize(
    ("offset", "length", "count"),
    [(SIZE * 8, SIZE * 4, SIZE), (-4, SIZE * 4, SIZE), (0, SIZE * 2, SIZE), (0, SIZE * 4, 10**12), (0, 4, 1 << 62)],
)
def test_sizes_that_do_not_fit_are_refused(folder: Path, offset: int, length: int, count: int) -> None:
    with pytest.raises(ModelError, match="AX105 w"):
        axonc.load(external(folder / "m.onnx", "w.bin", offset, length, count))


def test_a_model_in_memory_has_no_folder(folder: Path) -> None:
    with pytest.raises(ModelError, match="AX105 w: external data of a model in memory"):
        axonc.load(onnx.load(external(folder / "m.onnx", "w.bin"), load_external_data=False))


def test_a_model_of_more_than_2_gib_is_read(folder: Path) -> None:
    """The file has holes: nothing of them is on the disk, and only what is used gets into memory."""
    rows = 300
    with (folder / "large.bin").open("wb") as file:
        file.truncate(rows << 23)
    made = model(
        [node("Slice", ["w", "at", "to"], ["s"]), node("Add", ["x", "s"], ["y"])], [info("x", 1, 4)], [info("y", 1, 4)]
    )
    tensor = TensorProto(name="w", data_type=om.F, dims=[rows << 21], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="large.bin")
    made.graph.initializer.append(tensor)
    for name, value in (("at", 4), ("to", 8)):
        made.graph.initializer.append(onnx.numpy_helper.from_array(np.array([value]), name))
    (folder / "m.onnx").write_bytes(made.SerializeToString())
    assert (folder / "large.bin").stat().st_size > 2 << 30
    result = axonc.interpret(axonc.load(folder / "m.onnx"), np.ones((1, 4)))
    np.testing.assert_array_equal(result.outputs["y"], np.ones((1, 4)))


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"not a model" * 9, b"\x08\x0a\x12" + b"\xff" * 40])
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(ModelError, match="AX101"):
        axonc.load(tmp_path / "m.onnx")


def test_a_tensor_that_claims_more_than_it_holds_is_refused() -> None:
    made = model([node("Add", ["x", "w"], ["y"])], [info("x", 4)], [info("y", 4)], {"w": np.ones(4, np.float32)})
    made.graph.initializer[0].dims[:] = [1 << 40]
    with pytest.raises(ModelError, match="AX105 w"):
        axonc.load(made)
    made.graph.initializer[0].dims[:] = [-4]
    with pytest.raises(ModelError, match="AX105 w"):
        axonc.load(made)


@pytest.mark.parametrize(
    "nodes",
    [
        [node("ConstantOfShape", ["big"], ["c"]), node("ReduceSum", ["c"], ["s"]), node("Add", ["x", "s"], ["y"])],
        [node("Expand", ["x", "big"], ["e"]), node("ReduceSum", ["e"], ["y"])],
        [node("Range", ["a", "b", "one"], ["r"]), node("ReduceSum", ["r"], ["s"]), node("Add", ["x", "s"], ["y"])],
        [node("Tile", ["x", "big"], ["t"]), node("ReduceSum", ["t"], ["y"])],
    ],
)
def test_absurd_shapes_are_refused_before_memory_is_taken(nodes: list[onnx.NodeProto]) -> None:
    stored = {"big": np.array([1 << 20, 1 << 20]), "a": np.float32(0), "b": np.float32(1e12), "one": np.float32(1)}
    used = {name for n in nodes for name in n.input}
    made = model(nodes, [info("x", 1, 1)], [info("y", 1, 1)], {k: v for k, v in stored.items() if k in used})
    with pytest.raises(ModelError, match="AX105"):
        axonc.load(made)


def test_an_absurd_input_is_refused() -> None:
    with pytest.raises(ModelError, match="AX105 x"):
        axonc.load(model([node("Relu", ["x"], ["y"])], [info("x", 1 << 40)], [info("y", 1 << 40)]))


def function(name: str, called: str, inputs: int = 1) -> onnx.FunctionProto:
    nodes = [node(called, ["a"], ["b"], domain="own" if called != "Relu" else "")]
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("own", 1)]
    return helper.make_function("own", name, ["a"], ["b"], nodes, opsets)


def test_functions_are_read_in_place() -> None:
    made = model(
        [node("F", ["x"], ["y"], domain="own")],
        [info("x", 2, 3)],
        [info("y", 2, 3)],
        functions=[function("F", "G"), function("G", "Relu")],
    )
    assert "relu" in str(axonc.load(made))


def test_functions_that_call_each_other_in_a_circle_are_refused() -> None:
    for functions in ([function("F", "F")], [function("F", "G"), function("G", "F")]):
        made = model([node("F", ["x"], ["y"], domain="own")], [info("x", 2)], [info("y", 2)], functions=functions)
        with pytest.raises(ModelError, match=r"AX105 .*calls itself"):
            axonc.load(made)


def test_functions_that_multiply_are_refused() -> None:
    def doubled(name: str, called: str) -> onnx.FunctionProto:
        domain = "own" if called != "Relu" else ""
        nodes = [node(called, ["a"], ["c"], domain=domain), node(called, ["c"], ["b"], domain=domain)]
        return helper.make_function(
            "own", name, ["a"], ["b"], nodes, [helper.make_opsetid("", 20), helper.make_opsetid("own", 1)]
        )

    functions = [doubled(f"F{k}", f"F{k + 1}" if k < 29 else "Relu") for k in range(30)]
    made = model([node("F0", ["x"], ["y"], domain="own")], [info("x", 2)], [info("y", 2)], functions=functions)
    with pytest.raises(ModelError, match="AX105"):
        axonc.load(made)


def test_graphs_nested_too_deep_are_refused() -> None:
    def passing() -> onnx.GraphProto:
        return subgraph([node("Identity", ["x"], ["o"])], [], [info("o", 1)])

    inner = passing()
    for _ in range(20):
        inner = subgraph([node("If", ["c"], ["o"], then_branch=inner, else_branch=passing())], [], [info("o", 1)])
    top = node("If", ["c"], ["y"], then_branch=inner, else_branch=passing())
    with pytest.raises(ModelError, match="AX105"):
        axonc.load(model([top], [info("x", 1)], [info("y", 1)], {"c": np.array(True)}))


@pytest.mark.parametrize(
    "name", ['a"b', "*/ int x;", "/* c", "näme", "a b", "\n#include", "x:v", "{{ x }}", "a\0b", "'", "${x}"]
)
def test_names_of_any_kind_are_harmless(name: str) -> None:
    made = model([node("Relu", [name], [name + "y"], name=name)], [info(name, 1, 2)], [info(name + "y", 1, 2)])
    graph = axonc.load(made)
    assert all(n.name.isprintable() for n in graph)
    assert len(str(graph).splitlines()) == 7
    result = axonc.interpret(graph, np.float32([[-1, 2]]))
    np.testing.assert_array_equal(next(iter(result.outputs.values())), [[0, 2]])


def test_every_unsupported_operator_is_listed_at_once() -> None:
    nodes = [
        node("TopK", ["x", "k"], ["a", "b"], name="first"),
        node("Special", ["a"], ["c"], domain="mine", name="second"),
        node("NonZero", ["c"], ["d"], name='th"ird'),
    ]
    made = model(nodes, [info("x", 4)], [info("d", 1, "n", kind=TensorProto.INT64)], {"k": np.array([2])})
    made.opset_import.add(domain="mine", version=1)
    with pytest.raises(ModelError) as caught:
        axonc.load(made)
    lines = [str(problem) for problem in caught.value.diagnostics]
    assert [line.split()[0] for line in lines] == ["AX130"] * 3
    assert "AX130 first: the operator TopK is not supported; nearest: ReduceMax and ArgMax" in lines
    assert any("mine::Special" in line and "neuro::EGRUCell" in line for line in lines)
    assert any('th"ird' in line for line in lines)


def test_forms_that_are_not_supported_are_listed_at_once() -> None:
    nodes = [node("ArgMax", ["x"], ["a"], select_last_index=1), node("Reshape", ["x", "s"], ["b"])]
    inputs = [info("x", 4), info("s", 1, kind=TensorProto.INT64)]
    outputs = [info("a", 1, kind=TensorProto.INT64), info("b", 4)]
    with pytest.raises(ModelError, match=r"AX131 a: ArgMax: .*\nAX132 b: Reshape: 's' is computed"):
        axonc.load(model(nodes, inputs, outputs))


@pytest.mark.parametrize("opset", [7, 99])
def test_operator_sets_out_of_range_are_refused(opset: int) -> None:
    made = model([node("Relu", ["x"], ["y"])], [info("x", 4)], [info("y", 4)])
    made.opset_import[0].version = opset
    with pytest.raises(ModelError, match="AX101 operator set"):
        axonc.load(made)


def test_constants_are_folded_by_our_interpreter_alone() -> None:
    """Neither onnx.reference nor onnxruntime is imported on the way."""
    script = """
import sys
sys.modules["onnx.reference"] = None
sys.modules["onnxruntime"] = None
import axonc, onnx_models as om, numpy as np
from onnx_models import model, node, info
nodes = [node("Shape", ["x"], ["s"]), node("Mul", ["s", "two"], ["t"]), node("ConstantOfShape", ["t"], ["c"]),
         node("Cos", ["c"], ["k"]), node("ReduceSum", ["k"], ["r"]), node("Add", ["x", "r"], ["y"])]
graph = axonc.load(model(nodes, [info("x", 2, 3)], [info("y", 2, 3)], {"two": np.array([2, 2])}), onnx="batch=keep")
assert sum(n.op.name == "map" for n in graph) == 1, graph
assert axonc.interpret(graph, np.zeros((1, 2, 3))).outputs["y"][0, 0, 0] == 24
axonc.load(om.egru_scan())
"""
    path = ":".join([str(Path(om.__file__).parent), str(Path(axonc.__file__).parents[1])])
    done = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
