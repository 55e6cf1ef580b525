"""Metadata are untrusted: stale, damaged or hostile ones are told and left aside, and nothing else ever happens."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import models
import nir
import numpy as np
import pytest
from graphs import differences
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import axonc
from axonc import Graph, ModelError
from axonc.compiler.driver.loading import load
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import stages
from axonc.compiler.exports import export_nir
from axonc.compiler.exports.nir.write import file_name
from axonc.compiler.frontends import import_nir, read_nir
from axonc.ir import Kind, Node, Signal
from axonc.ir.ops import Input, Linear, Output

Edit = Callable[[h5py.File], None]


def quantised() -> Graph:
    """A small recurrent graph in fixed point."""
    return stages(load(models.recurrent(), dt=1e-3), "spinnaker2", Options(state="q16"))[-1][1]


CONTENT = export_nir(quantised()).content


def edited(path: Path, edit: Edit | None = None, content: bytes = CONTENT) -> Path:
    """The export of `quantised`, edited."""
    path.write_bytes(content)
    if edit is not None:
        with h5py.File(path, "a") as file:
            edit(file)
    return path


def put(name: str, value: Any) -> Edit:
    """Another value at a path of the file; None: nothing."""

    def edit(file: h5py.File) -> None:
        del file["node/" + name]
        if value is not None:
            file["node/" + name] = value

    return edit


def told(path: Path) -> list[str]:
    """The codes of what had to be repaired to read a file, which then is in continuous time."""
    graph = read_nir(path)
    assert graph.stage == "model"
    assert "metadata" not in graph.properties
    return [line[:5] for line in graph.properties["repairs"].splitlines()]


def test_an_export_comes_back(tmp_path: Path) -> None:
    graph = quantised()
    assert differences(graph, read_nir(edited(tmp_path / "m.nir"))) == []
    assert "repairs" not in graph.properties


def test_edges_in_another_order_change_nothing(tmp_path: Path) -> None:
    def edit(file: h5py.File) -> None:
        edges = file["node/edges"][()]
        del file["node/edges"]
        file["node/edges"] = edges[::-1]

    assert differences(quantised(), read_nir(edited(tmp_path / "m.nir", edit))) == []


FIELDS = {
    "a weight": put("nodes/fc/weight", np.zeros((6, 3))),
    "one bit of a weight": put("nodes/fc/weight", np.nextafter(np.ones((6, 3)), 2)),
    "a type": put("nodes/readout/type", "I"),
    "an edge": lambda file: put("edges", [edge for edge in file["node/edges"][()] if edge[0] != b"rec"])(file),
    "a precision": put("nodes/fc/weight", np.zeros((6, 3), np.float32)),
    "a shape": put("nodes/input/shape", np.array([1, 3])),
    "a field more": lambda file: file.__setitem__("node/nodes/fc/more", 1),
    "a field less": put("nodes/cell/v_reset", None),
}


def add_node(file: h5py.File) -> None:
    file["node/nodes/another/type"] = "Scale"
    file["node/nodes/another/scale"] = np.ones(3)


@pytest.mark.parametrize("name", FIELDS)
def test_fields_that_were_edited_are_what_counts(name: str, tmp_path: Path) -> None:
    assert "AX120" in told(edited(tmp_path / "m.nir", FIELDS[name]))


def test_a_node_more_or_less_is_seen(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"AX120 another.*\nAX"):
        read_nir(edited(tmp_path / "m.nir", add_node))


def test_the_edited_weight_is_used(tmp_path: Path) -> None:
    weight = np.full((6, 3), 0.25)
    graph = read_nir(edited(tmp_path / "m.nir", put("nodes/fc/weight", weight)))
    assert np.array_equal(graph["fc"].op.weight, weight)
    assert "AX120 fc: not as axonc wrote it" in graph.properties["repairs"]


def test_a_tool_that_drops_metadata_of_a_node_is_told(tmp_path: Path) -> None:
    def edit(file: h5py.File) -> None:
        del file["node/nodes/cell+1/metadata"]

    assert told(edited(tmp_path / "m.nir", edit)) == ["AX121"]


def test_a_part_of_another_graph_is_told(tmp_path: Path) -> None:
    def edit(file: h5py.File) -> None:
        del file["node/metadata"]

    assert told(edited(tmp_path / "m.nir", edit)) == ["AX120"]


def place(**changes: Any) -> Edit:
    """Changes of the place of a node."""

    def edit(file: h5py.File) -> None:
        name = "node/nodes/fc/metadata/axonc/place"
        kept = {**json.loads(file[name][()]), **changes}
        del file[name]
        file[name] = json.dumps(kept)

    return edit


GRAPH, FC, CELL = "metadata/axonc", "nodes/fc/metadata/axonc", "nodes/cell/metadata/axonc"
HOSTILE: dict[str, Edit] = {
    "no group": put(GRAPH, 3),
    "another version": put(f"{GRAPH}/version", 2),
    "a version that is an array": put(f"{GRAPH}/version", np.arange(3)),
    "no version": put(f"{GRAPH}/version", None),
    "another stage": put(f"{GRAPH}/stage", "elsewhere"),
    "a stage that is a number": put(f"{GRAPH}/stage", 3),
    "the other stage": put(f"{GRAPH}/stage", "model"),
    "no JSON": put(f"{GRAPH}/about", "{"),
    "deep JSON": put(f"{GRAPH}/about", "[" * 100_000),
    "properties that are none": put(f"{GRAPH}/about", '{"name": "x", "properties": {"semantics": 3}}'),
    "digests that are none": put(f"{GRAPH}/digests", "[]"),
    "a negative dt": put(f"{GRAPH}/dt", -1.0),
    "a dt that is NaN": put(f"{GRAPH}/dt", np.nan),
    "a dt that is text": put(f"{GRAPH}/dt", "now"),
    "a group for a text": put(f"{GRAPH}/stage", None),
    "a name that is a number": place(name=3),
    "a name twice": place(name="cell"),
    "an index that is text": place(index="0"),
    "inputs that are none": place(inputs="input"),
    "an input that is none": place(inputs=["nowhere"]),
    "a helper that is none": place(part_of="cell"),
    "an unknown class": put(f"{FC}/op/class", "Popen"),
    "a class of Python": put(f"{FC}/op/class", "object"),
    "a class of another kind": put(f"{FC}/op/class", "Fixed"),
    "no class": put(f"{FC}/op/class", None),
    "no op": put(f"{FC}/op", None),
    "an op that is a number": put(f"{FC}/op", 3),
    "weights of text": put(f"{FC}/op/weight", "text"),
    "weights of another field": put(f"{FC}/op/weight", "field:nothing"),
    "weights in continuous time's field": put(f"{FC}/op/weight", "field:weight"),
    "weights of texts": put(f"{FC}/op/weight", np.array(["a", "b"], dtype=h5py.string_dtype())),
    "complex weights": put(f"{FC}/op/weight", np.ones((6, 3), complex)),
    "weights of three axes": put(f"{FC}/op/weight", np.ones((6, 3, 1), np.int8)),
    "weights too large": put(f"{FC}/op/weight", np.full((6, 3), -128, np.int8)),
    "weights that are no int8": put(f"{FC}/op/weight", np.full((6, 3), 1000)),
    "a scale of zero": put(f"{FC}/op/scale", 0.0),
    "a scale of another shape": put(f"{FC}/op/scale", np.ones(5)),
    "bits that are none": put(f"{FC}/op/bits", 0),
    "bits without end": put(f"{FC}/op/bits", 1 << 60),
    "bits that are a list": put(f"{FC}/op/bits", np.arange(3)),
    "a member too many": lambda file: file.__setitem__(f"node/{FC}/op/more", 1),
    "a shape that is none": put(f"{CELL}/op/shape", np.ones((2, 2))),
    "a shape without end": put(f"{CELL}/op/shape", np.array([1 << 31, 1 << 31])),
    "a negative shape": put(f"{CELL}/op/shape", np.array([-6])),
    "a decay above 1": put(f"{CELL}/op/membrane/decay", (1 << 30) + 1),
    "a float decay": put(f"{CELL}/op/membrane/decay", 0.5),
    "a negative shift": put(f"{CELL}/op/membrane/shift", -1),
    "a reset that is none": put(f"{CELL}/op/gate/reset", "explode"),
    "no spikes": put(f"{CELL}/op/gate/spikes", 0),
    "a part that is missing": put(f"{CELL}/op/membrane", None),
    "a part of another class": put(f"{CELL}/op/membrane/class", "FixedGate"),
    "a format that is none": put(f"{CELL}/op/membrane/format/bits", 99),
    "a sight that is none": put(f"{CELL}/op/membrane/sees", "everything"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_metadata_are_told(name: str, tmp_path: Path) -> None:
    path = edited(tmp_path / "m.nir", HOSTILE[name])
    assert "AX121" in told(path)


def test_huge_metadata_are_refused(tmp_path: Path) -> None:
    def edit(file: h5py.File) -> None:
        file.create_dataset(f"node/{FC}/huge", (1 << 40,), "f8", chunks=(1 << 20,), compression="gzip")

    with pytest.raises(ModelError, match="AX105"):
        read_nir(edited(tmp_path / "m.nir", edit))


def test_links_in_metadata_are_refused(tmp_path: Path) -> None:
    def edit(file: h5py.File) -> None:
        file[f"node/{FC}/link"] = h5py.ExternalLink("/etc/hostname", "/")

    with pytest.raises(ModelError, match="AX105"):
        read_nir(edited(tmp_path / "m.nir", edit))


def test_indices_outside_a_sparse_matrix_are_told(tmp_path: Path) -> None:
    graph = Graph(
        "sparse",
        (
            Node("in", Input(Signal((3,), Kind.EVENT))),
            Node("fc", Linear(sparse.csr_array(np.eye(3))), ("in",)),
            Node("out", Output(), ("fc",)),
        ),
        "steps",
    )
    place = "nodes/fc/metadata/axonc/op/weight/indices"
    content = export_nir(graph).content
    path = edited(tmp_path / "m.nir", put(place, np.array([0, 1, 1 << 20], np.int32)), content)
    assert told(path) == ["AX121"]


def paths() -> list[str]:
    """Every group and number of the metadata, but the digests."""
    found: list[str] = []
    with h5py.File(io.BytesIO(CONTENT)) as file:
        file["node"].visit(found.append)
    return [name for name in found if "metadata/axonc/" in name and "digest" not in name]


VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(max_size=20).filter(lambda text: "\0" not in text),
    st.booleans(),
    st.lists(st.integers(-300, 300), max_size=4).map(lambda values: np.array(values, np.int64)),
    st.just(np.ones((3, 0))),
)


@given(st.sampled_from(paths()), VALUES)
def test_any_value_anywhere_in_metadata_gives_a_valid_graph_or_is_told(
    tmp_path_factory: pytest.TempPathFactory, name: str, value: Any
) -> None:
    path = edited(tmp_path_factory.mktemp("any") / "m.nir", put(name, value))
    graph = read_nir(path)
    if graph.stage == "steps":
        axonc.interpret(graph, np.zeros((2, 3)))
    else:
        assert "AX121" in graph.properties["repairs"] or "AX120" in graph.properties["repairs"]


NAMES = ["a.b", "x'", "w2*w1", "a+1", "pop->pop", "a/b", "a%2Fb", "%", ".", "..", "é→", "a b", "/", "'"]


def named(names: list[str]) -> Graph:
    nodes = [Node("in", Input(Signal((2,), Kind.EVENT)))]
    nodes += [Node(name, Linear(np.eye(2) * index), ("in",)) for index, name in enumerate(names, 1)]
    return Graph("names", (*nodes, Node("out", Output(), tuple(names))), "steps", None)


def test_names_survive(tmp_path: Path) -> None:
    graph = named(NAMES)
    found = export_nir(graph)
    (tmp_path / "m.nir").write_bytes(found.content)
    assert differences(graph, read_nir(tmp_path / "m.nir")) == []
    assert len(nir.read(tmp_path / "m.nir").nodes) == len(NAMES) + 2
    renamed = {note.node for note in found.notes if note.code == "AX712"}
    assert renamed == {name for name in NAMES if "/" in name or "%" in name or name == "."}


@given(st.lists(st.text("a./%25F", min_size=1, max_size=6), unique=True))
def test_written_names_differ_and_hold_no_slash(names: list[str]) -> None:
    written = [file_name(name) for name in names]
    assert len(set(written)) == len(names)
    assert not any("/" in name or name == "." for name in written)


def test_a_helper_takes_no_name_of_a_node() -> None:
    graph = named(["a", "a'", "a''"])
    double = Graph("names", (*graph.nodes[:-1], Node("out", Output(), ("a", "a", "a'"))), "steps", None)
    named_out = Graph("names", (*double.nodes, Node("out'", Output(), ("a''",))), "steps", None)
    assert differences(named_out, import_nir(nir.read(io.BytesIO(export_nir(named_out).content)))) == []


def test_the_same_bytes_from_another_process_and_folder(tmp_path: Path) -> None:
    nir.write(tmp_path / "m.nir", models.recurrent())
    script = "import axonc, sys; axonc.export(axonc.load('m.nir', dt=1e-3), 'out.nir')"
    for folder, seed in (("a", "1"), ("b", "2")):
        here = tmp_path / folder
        here.mkdir()
        (here / "m.nir").write_bytes((tmp_path / "m.nir").read_bytes())
        source = str(Path(axonc.__file__).parents[1])
        subprocess.run(
            [sys.executable, "-c", script], cwd=here, check=True, env={"PYTHONPATH": source, "PYTHONHASHSEED": seed}
        )
    assert (tmp_path / "a/out.nir").read_bytes() == (tmp_path / "b/out.nir").read_bytes()


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    graph = quantised()
    axonc.export(graph, tmp_path / "m.nir")
    before = (tmp_path / "m.nir").read_bytes()
    for path in (tmp_path / "m.h5", tmp_path / "absent" / "m.nir"):
        with pytest.raises(ModelError, match="AX703"):
            axonc.export(graph, path)
    assert [path.name for path in tmp_path.iterdir()] == ["m.nir"]
    assert (tmp_path / "m.nir").read_bytes() == before == CONTENT


def test_what_nir_cannot_hold_is_refused() -> None:
    shape = (1 << 14, 1 << 14)
    nodes = (
        Node("in", Input(Signal(shape[1:], Kind.EVENT))),
        Node("fc", Linear(sparse.csr_array(shape)), ("in",)),
        Node("out", Output(), ("fc",)),
    )
    with pytest.raises(ModelError, match="AX713 fc"):
        export_nir(Graph("large", nodes, "steps", 1e-3))


def test_an_export_compiles_and_takes_no_other_choices(tmp_path: Path) -> None:
    path = edited(tmp_path / "m.nir")
    graph = axonc.load(path)
    x = models.events((20, 3), 0.4)
    result = axonc.compile(graph, target="native").run(x)
    assert np.array_equal(result["output"], axonc.interpret(quantised(), x)["output"])
    for given_options in ({"semantics": "norse"}, {"dt": 1e-4}, {"inputs": "dense"}):
        with pytest.raises(ModelError, match="AX202"):
            axonc.load(path, **given_options)
    with pytest.raises(ModelError, match="AX403"):
        axonc.compile(graph, target="native", state="q32")
