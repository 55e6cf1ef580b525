"""Models that the nir package refuses or misreads: repaired where the meaning is certain, and told; else refused."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import models
import numpy as np
import pytest
from nir.ir.graph import Identity

from axonc import Graph, ModelError, interpret, load
from axonc.compiler.frontends import import_nir, read_nir

Fields = dict[str, Any]
LIF: Fields = {"type": "LIF", "tau": [0.01] * 3, "r": [1.0] * 3, "v_leak": [0.0] * 3, "v_threshold": [1.0] * 3}
FC: Fields = {"type": "Linear", "weight": np.ones((3, 2))}
SQUARE: Fields = {"type": "Linear", "weight": np.ones((3, 3))}
CONV: Fields = {
    "type": "Conv2d",
    "weight": np.ones((4, 2, 3, 3)),
    "bias": np.zeros(4),
    "stride": [1, 1],
    "padding": [0, 0],
    "dilation": [1, 1],
    "groups": 1,
    "input_shape": [6, 7],
}
FLATTEN: Fields = {"type": "Flatten", "input_type": [4, 4, 5], "start_dim": 0, "end_dim": -1}


def port(kind: str, *shape: int) -> Fields:
    """An Input or an Output."""
    return {"type": kind, "shape": list(shape)} if shape else {"type": kind}


def net(nodes: dict[str, Fields], *paths: str) -> Fields:
    """A graph whose edges follow the paths."""
    return {"type": "NIRGraph", "nodes": nodes, "edges": [edge for path in paths for edge in pairwise(path.split())]}


def chain(*inner: Fields, shape: Sequence[int] = (2,), gives: Sequence[int] = (3,)) -> Fields:
    """input -> a -> b -> ... -> output."""
    nodes = {chr(97 + index): node for index, node in enumerate(inner)}
    ends = {"input": port("Input", *shape), "output": port("Output", *gives)}
    return net({**ends, **nodes}, " ".join(["input", *nodes, "output"]))


def written(path: Path, graph: Fields, version: str | None = "0.2.0") -> Path:
    """The graph as a file, as any writer might have made it."""

    def write(group: h5py.Group, node: Fields) -> None:
        for key, value in node.items():
            if key == "nodes":
                for name, inner in value.items():
                    write(group.create_group(f"nodes/{name}"), inner)
            elif key == "edges":
                group[key] = np.array(value, dtype=h5py.string_dtype()).reshape(-1, 2)
            else:
                group[key] = value

    with h5py.File(path, "w") as file:
        write(file.create_group("node"), graph)
        if version is not None:
            file["version"] = version
    return path


def read(model: Fields) -> Graph:
    """The graph of a model, through a file."""
    with tempfile.TemporaryDirectory() as folder:
        return read_nir(written(Path(folder) / "m.nir", model))


def codes(graph: Graph) -> list[str]:
    """The codes of what was repaired."""
    return [line.split()[0] for line in graph.properties.get("repairs", "").splitlines()]


def refusals(path: Path) -> set[str]:
    """The codes with which a file is refused."""
    with pytest.raises(ModelError) as caught:
        read_nir(path)
    return {problem.code for problem in caught.value.diagnostics}


def edges(graph: Graph) -> set[tuple[str, str]]:
    """All edges of a graph."""
    return {(source, node.name) for node in graph for source in node.inputs}


WITHOUT_WIN = {"type": "CubaLIF", **{k: [1.0] * 3 for k in ("tau_syn", "tau_mem", "r", "v_leak", "v_threshold")}}

REPAIRED: dict[str, tuple[Fields, list[str]]] = {
    "nothing": (chain(FC, LIF), []),
    "scalars beside arrays": (chain(FC, {**LIF, "r": 1.0, "v_leak": 0.0}), ["AX113"]),
    "one element beside arrays": (chain(FC, {**LIF, "tau": [0.01]}), ["AX113"]),
    "a row beside arrays": (chain(FC, {**LIF, "tau": [[[0.01] * 3]]}), ["AX116"]),
    "all scalars": (chain(FC, {k: v if k == "type" else v[0] for k, v in LIF.items()}), ["AX113"]),
    "a scalar scale": (chain(FC, {"type": "Scale", "scale": 2.0}), ["AX113"]),
    "a scalar delay": (chain(FC, {"type": "Delay", "delay": 1e-3}, LIF), ["AX113"]),
    "a scalar bias": (chain({**FC, "type": "Affine", "bias": 0.5}), ["AX113"]),
    "a row as bias": (chain({**FC, "type": "Affine", "bias": [[0.5] * 3]}), ["AX116"]),
    "no w_in": (chain(FC, WITHOUT_WIN), ["AX114"]),
    "a batch axis of the input": (chain(FC, LIF, shape=(1, 2)), ["AX116"]),
    "a time axis of the input": (chain(FC, LIF, shape=(50, 2)), ["AX116"]),
    "another output shape": (chain(FC, LIF, gives=(1, 1, 3)), ["AX115"]),
    "no output shape": (chain(FC, LIF, gives=()), []),
    "no input shape": (chain(FC, LIF, shape=()), ["AX117"]),
    "another input_shape": (chain({**CONV, "input_shape": [9, 9]}, shape=(2, 6, 7), gives=(4, 4, 5)), ["AX115"]),
    "no input_shape": (
        chain({k: v for k, v in CONV.items() if k != "input_shape"}, shape=(2, 6, 7), gives=(4, 4, 5)),
        ["AX117"],
    ),
    "no bias": (chain({k: v for k, v in CONV.items() if k != "bias"}, shape=(2, 6, 7), gives=(4, 4, 5)), ["AX114"]),
    "another input_type": (chain(CONV, {**FLATTEN, "input_type": [80, 1, 1]}, shape=(2, 6, 7), gives=(80,)), ["AX115"]),
    "no input_type": (
        chain(CONV, {"type": "Flatten", "start_dim": 0, "end_dim": -1}, shape=(2, 6, 7), gives=(80,)),
        ["AX117"],
    ),
    "an input_type with a batch axis": (
        chain(CONV, {**FLATTEN, "input_type": [1, 4, 4, 5], "start_dim": 1}, shape=(2, 6, 7), gives=(80,)),
        ["AX116"],
    ),
    "a start_dim that counts a batch axis": (
        chain(CONV, {**FLATTEN, "start_dim": 1}, {**FC, "weight": np.ones((3, 80))}, shape=(2, 6, 7)),
        ["AX116"],
    ),
    "no input": (net({"fc": FC, "output": port("Output", 3)}, "fc output"), ["AX111"]),
    "no output": (net({"input": port("Input", 2), "fc": FC}, "input fc"), ["AX111"]),
    "one node": (net({"cell": LIF}), ["AX111", "AX111"]),
    "no input in a nested graph": (chain(FC, net({"cell": LIF, "out": port("Output", 3)}, "cell out")), ["AX111"]),
    "another shape of a nested input": (
        chain(FC, net({"in": port("Input", 7), "cell": LIF, "out": port("Output", 3)}, "in cell out")),
        ["AX115"],
    ),
}


@pytest.mark.parametrize("name", REPAIRED)
def test_what_is_certain_is_repaired_and_told(tmp_path: Path, name: str) -> None:
    model, told = REPAIRED[name]
    graph = read_nir(written(tmp_path / "m.nir", model))
    assert codes(graph) == told
    assert len(graph.outputs) == 1
    assert graph.signals[graph.outputs[0].name].shape in ((3,), (4, 4, 5), (80,))


def test_edges_to_a_graph_that_was_inlined() -> None:
    path = "lif1.input lif1.lif lif1.output"
    nodes = {
        "input": port("Input", 2),
        "fc": FC,
        "lif1.input": port("Input", 3),
        "lif1.lif": LIF,
        "lif1.w_rec": SQUARE,
        "lif1.output": port("Output", 3),
        "output": port("Output", 3),
    }
    model = net(nodes, "input fc lif1 output", path, "lif1.lif lif1.w_rec lif1.lif")
    graph = read(model)
    assert codes(graph) == ["AX110", "AX110", "AX112", "AX112"]
    assert edges(graph) == {
        ("input", "fc"),
        ("fc", "lif1.lif"),
        ("lif1.lif", "lif1.w_rec"),
        ("lif1.w_rec", "lif1.lif"),
        ("lif1.lif", "output"),
    }


def test_an_edge_may_name_a_node_in_a_nested_graph() -> None:
    inner = net({"one": port("Input", 2), "two": port("Input", 3), "fc": FC, "cell": LIF, "o": port("Output", 3)})
    inner["edges"] = [("one", "fc"), ("fc", "cell"), ("two", "cell"), ("cell", "o")]
    nodes = {"a": port("Input", 2), "b": port("Input", 3), "net": inner, "output": port("Output", 3)}
    graph = read(net(nodes, "a net.one", "b net.two", "net output"))
    assert codes(graph) == ["AX110", "AX110"]
    assert edges(graph) == {("a", "net.fc"), ("net.fc", "net.cell"), ("b", "net.cell"), ("net.cell", "output")}


def test_an_output_that_others_read_stays_an_output() -> None:
    nodes = {"input": port("Input", 2), "fc": FC, "shown": port("Output", 3), "cell": LIF, "output": port("Output", 3)}
    graph = read(net(nodes, "input fc shown cell output"))
    assert codes(graph) == ["AX112"]
    assert edges(graph) == {("input", "fc"), ("fc", "shown"), ("fc", "cell"), ("cell", "output")}


def test_added_ends_have_the_names_that_the_nir_package_gives() -> None:
    graph = read(net({"cell": LIF, "input_cell": SQUARE}, "cell input_cell"))
    assert [node.name for node in graph] == ["input_cell_0", "cell", "input_cell", "output_input_cell"]


def test_what_is_repaired_computes_what_was_meant() -> None:
    repaired = read(REPAIRED["all scalars"][0])
    sound = read(REPAIRED["nothing"][0])
    x = models.events((20, 2), 0.5)
    results = [interpret(load(graph, "nir,dt=1e-3,reset=zero"), x).outputs["output"] for graph in (repaired, sound)]
    np.testing.assert_array_equal(*results)


SEVERAL = net({"one": port("Input", 3), "two": port("Input", 3), "cell": LIF, "o": port("Output", 3)}, "one cell o")
LOOP = net({"in": port("Input", 3), "out": port("Output", 3)}, "in out in")
CUT = chain(FC, LIF)

REFUSED: dict[str, tuple[Fields, set[str]]] = {
    "a doubled edge": ({**CUT, "edges": [*CUT["edges"], ("a", "b")]}, {"AX104"}),
    "an edge to nothing": ({**CUT, "edges": [*CUT["edges"], ("a", "z")]}, {"AX104"}),
    "an edge to one of two parts": (
        net(
            {"input": port("Input", 2), "fc": FC, "l.a": LIF, "l.b": LIF, "output": port("Output", 3)},
            "input fc l output",
        ),
        {"AX104"},
    ),
    "a nested graph of several inputs": (chain(FC, SEVERAL), {"AX104"}),
    "a nested graph of no output": (chain(FC, net({"in": port("Input", 3), "x": LIF}, "in x x")), {"AX104"}),
    "an empty nested graph": (chain(FC, net({})), {"AX104"}),
    "an empty graph": (net({}), {"AX107"}),
    "a loop of ports": (
        net({"input": port("Input", 3), "net": LOOP, "output": port("Output", 3)}, "input net output"),
        {"AX105"},
    ),
    "a node that nothing feeds": (net({**CUT["nodes"], "more": LIF}, "input a b output", "more b"), {"AX304"}),
    "an input with an edge into it": ({**CUT, "edges": [*CUT["edges"], ("b", "input")]}, {"AX304"}),
    "a time axis, and no output to tell": (chain(FC, LIF, shape=(50, 2), gives=()), {"AX301"}),
    "a time axis that the output has": (chain(FC, LIF, shape=(50, 2), gives=(50, 3)), {"AX301"}),
    "one neuron, three values": (chain(FC, {k: v if k == "type" else v[:1] for k, v in LIF.items()}), {"AX301"}),
    "parameters of two shapes": (chain(FC, {**LIF, "tau": [0.01] * 2}), {"AX103"}),
    "scalars behind nothing": (net({"cell": {k: v if k == "type" else v[0] for k, v in LIF.items()}}), {"AX103"}),
    "no shape to be found": (
        net({"input": port("Input"), "flat": {"type": "Flatten"}, "output": port("Output")}, "input flat output"),
        {"AX103"},
    ),
    "a flattening that fits nothing": (chain(CONV, {**FLATTEN, "start_dim": 1}, FC, shape=(2, 6, 7)), {"AX301"}),
    "axes out of range": (chain({**FLATTEN, "input_type": [2], "start_dim": 3}, FC), {"AX301"}),
    "a cycle without state": (
        net({**CUT["nodes"], "more": SQUARE}, "input a b output", "more more", "more b"),
        {"AX303"},
    ),
    "a weight of one dimension": (chain({**FC, "weight": [1.0, 2.0]}), {"AX103"}),
    "a bias of another length": (chain({**FC, "type": "Affine", "bias": [1.0, 2.0]}), {"AX301"}),
    "an affine without bias": (chain({**FC, "type": "Affine"}), {"AX103"}),
    "a stride that is missing": (
        chain({k: v for k, v in CONV.items() if k != "stride"}, shape=(2, 6, 7), gives=(4, 4, 5)),
        {"AX103"},
    ),
    "a name for two nodes": (
        net({**CUT["nodes"], "net.cell": LIF, "net": net({"cell": LIF})}, "input a b output"),
        {"AX106"},
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_certain_is_refused(tmp_path: Path, name: str) -> None:
    model, wanted = REFUSED[name]
    assert refusals(written(tmp_path / "m.nir", model)) == wanted


def test_ways_through_ports_may_not_multiply() -> None:
    """Each level doubles the ways from its input to its output."""
    nodes: dict[str, Any] = {"input": models.source(1), "output": models.sink(1), "p": Identity({})}
    paths, last = ["input p"], "p"
    for level in range(40):
        for side in "ab":
            nodes[f"{side}{level}"] = Identity({})
            paths.append(f"{last} {side}{level} p{level}")
        nodes[f"p{level}"] = Identity({})
        last = f"p{level}"
    with pytest.raises(ModelError, match="AX105"):
        import_nir(models.graph(nodes, *paths, f"{last} output"))


@pytest.mark.parametrize("version", ["0.2.0", "1.0.5", "1.0.8", None])
@pytest.mark.parametrize("stored", [True, False])
def test_a_reset_value_is_taken_as_stored_whatever_the_version(
    tmp_path: Path, version: str | None, stored: bool
) -> None:
    """The version of the file decides nothing: what a file without v_reset means is the user's choice."""
    cell = {**LIF, **({"v_reset": [0.25] * 3} if stored else {})}
    path = written(tmp_path / "m.nir", chain(FC, cell), version)
    graph = read_nir(path)
    assert graph.properties["nir_version"] == (version or "unknown")
    if stored:
        assert graph["b"].op.v_reset.tolist() == [0.25] * 3  # type: ignore[attr-defined]
        assert load(path, "nir,dt=1e-3")["b"].op.gate.value.tolist() == [0.25] * 3  # type: ignore[attr-defined]
    else:
        with pytest.raises(ModelError, match="AX205"):
            load(path, "nir,dt=1e-3")
