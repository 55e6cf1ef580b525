"""A graph survives its file: same bytes, same numbers, sparse stays sparse; anything else is refused."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest
import strategies
from hypothesis import given
from scipy import sparse

import axonc
from axonc import Graph, ModelError
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import prepare
from axonc.ir.ops import Linear
from axonc.ir.serialize import from_bytes, to_bytes


@strategies.examples(30)
@given(case=strategies.cases("q16"))
def test_a_graph_read_back_is_the_same(case: strategies.Case) -> None:
    graph = axonc.load(case.model, semantics=case.semantics, inputs=case.inputs)
    for stage in (graph, prepare(graph, "native", Options(**case.options))[0]):
        data = to_bytes(stage)
        again = from_bytes(data)
        assert to_bytes(again) == data == to_bytes(stage)
        assert str(again) == str(stage)
        names = [node.name for node in stage]
        ours, theirs = axonc.interpret(again, case.data, names), axonc.interpret(stage, case.data, names)
        assert all(np.array_equal(ours.recorded[name], theirs.recorded[name]) for name in names)


def test_sparse_weights_stay_sparse() -> None:
    net = Graph.builder()
    net.input("in", 1000)
    net.population("cell", "if", 1000)
    net.connect("in", "cell", sparse.eye_array(1000, format="csr"), name="fc")
    net.output("out", "cell")
    data = to_bytes(net.graph())
    assert len(data) < 50_000
    op = from_bytes(data)["fc"].op
    assert isinstance(op, Linear)
    assert sparse.issparse(op.weight)


def packed(description: object, **members: bytes) -> bytes:
    """A zip with a description."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("graph.json", json.dumps(description))
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def pickled() -> bytes:
    """An array that can only be read by running code."""
    buffer = io.BytesIO()
    np.save(buffer, np.array([object()], object), allow_pickle=True)
    return buffer.getvalue()


def one(op: object) -> dict[str, object]:
    """A description of one node."""
    node = {"name": "n", "inputs": [], "origin": "", "op": op}
    return {"axonc_graph": 1, "name": "g", "stage": "steps", "dt": None, "properties": {}, "nodes": [node]}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK",
        packed({}),
        packed([]),
        packed(7),
        packed({"axonc_graph": 99}),
        packed(one({"class": "os.system", "fields": {}})),
        packed(one({"class": "Linear", "fields": {"weight": {"array": "a0"}, "nothing": 1}}), a0=pickled()),
        packed(one({"class": "Linear", "fields": {"weight": {"array": "absent"}}})),
        packed(one({"class": "Linear", "fields": {"weight": {"array": "a0"}}}), a0=pickled()),
        packed(one({"class": "Linear", "fields": {"weight": {"array": "a0"}}}), a0=b"\x93NUMPY"),
        packed(one({"class": "Linear", "fields": {"weight": {"csr": [], "shape": [1]}}})),
        packed(one({"class": "Linear", "fields": {"weight": 3}})),
        b"PK\x05\x06" + bytes(18),
        packed(one(json.loads("[" * 500 + "]" * 500))),
        packed(one(None)),
        packed(one({"class": "Delay", "fields": {"steps": "many"}})),
        packed(one({"class": "Signal", "fields": {"shape": {"tuple": [1]}}})),
    ],
)
def test_what_is_no_graph_file_is_refused(data: bytes) -> None:
    with pytest.raises(ModelError) as caught:
        from_bytes(data)
    assert caught.value.diagnostics[0].code in ("AX101", "AX304")
