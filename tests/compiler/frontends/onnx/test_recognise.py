"""Cells of EGRUs and neurons are found in their usual spellings, and mean the same."""

from __future__ import annotations

from itertools import product

import numpy as np
import onnx_models as om
import pytest
from onnx_models import info, model, node

import axonc
from axonc.ir import Graph
from axonc.ir.ops import EGRU, Linear, Map, Neuron

X = np.random.default_rng(1).normal(0, 1, (40, om.B, om.N)).astype(np.float32)
SPELLINGS = [
    *({"split": split} for split in ("split", "slices")),
    *(
        {"over": over, "events": events, "graded": graded, "reset": reset}
        for over, events, graded, reset in product(om.OVERS, om.EVENTS, om.GRADED, om.RESETS)
    ),
]


def names(graph: Graph) -> list[str]:
    return [node.op.name for node in graph]


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda s: ", ".join(s.values()))
def test_every_spelling_of_an_egru_step_is_found(spelling: dict[str, str]) -> None:
    graph = axonc.load(om.egru_step(**spelling), onnx="state=y:y1,state=c:c1")
    assert sorted(names(graph)) == ["delay", "egru", "input", "linear", "linear", "output"]
    (cell,) = (node for node in graph if isinstance(node.op, EGRU))
    assert graph.properties["states"] == f"c1={cell.name}:c"
    result = axonc.interpret(graph, X.swapaxes(0, 1), record=f"{cell.name}:c")
    y, c = om.egru_reference(X)
    np.testing.assert_allclose(result.outputs["y1"], y.swapaxes(0, 1), atol=1e-5)
    np.testing.assert_allclose(result[f"{cell.name}:c"], c.swapaxes(0, 1), atol=1e-5)


def test_an_egru_in_a_scan_is_found() -> None:
    graph = axonc.load(om.egru_scan())
    assert "egru" in names(graph)
    assert graph.properties["time"] == "axis 0 of seq"
    result = axonc.interpret(graph, X.swapaxes(0, 1))
    np.testing.assert_allclose(result.outputs["out"], om.egru_reference(X)[0].swapaxes(0, 1), atol=1e-5)
    assert graph.properties["last_step"] == "yT"


def test_the_custom_operator_is_the_cell() -> None:
    cell = node("EGRUCell", ["x", "y", "c", "W", "R", "b", "b2", "thr"], ["y1", "c1"], domain="neuro")
    made = om.egru_step()
    del made.graph.node[:]
    made.graph.node.append(cell)
    made.opset_import.add(domain="neuro", version=1)
    graph = axonc.load(made, onnx="state=y:y1,state=c:c1")
    assert "egru" in names(graph)
    np.testing.assert_allclose(
        axonc.interpret(graph, X.swapaxes(0, 1)).outputs["y1"], om.egru_reference(X)[0].swapaxes(0, 1), atol=1e-5
    )


def test_a_cell_whose_parts_are_read_stays_as_it_is() -> None:
    made = om.egru_step()
    made.graph.output.append(info("m", om.B, om.H))
    graph = axonc.load(made, onnx="state=y:y1,state=c:c1")
    assert "egru" not in names(graph)
    result = axonc.interpret(graph, X.swapaxes(0, 1))
    np.testing.assert_allclose(result.outputs["c1"], om.egru_reference(X)[1].swapaxes(0, 1), atol=1e-5)


def test_a_test_that_is_not_strict_stays_as_it_is() -> None:
    made = om.egru_step()
    for changed in made.graph.node:
        if changed.op_type == "Greater":
            changed.op_type = "GreaterOrEqual"
    assert "egru" not in names(axonc.load(made, onnx="state=y:y1,state=c:c1"))


NEURONS = {
    "subtract_next": [
        node("Greater", ["v", "thr"], ["before"]),
        node("Cast", ["before"], ["r"], to=om.F),
        node("Mul", ["beta", "v"], ["bv"]),
        node("Add", ["bv", "i"], ["a"]),
        node("Mul", ["r", "thr"], ["rt"]),
        node("Sub", ["a", "rt"], ["v1"]),
        node("Sub", ["v1", "thr"], ["d"]),
        node("Greater", ["d", "zero"], ["over"]),
        node("Cast", ["over"], ["z"], to=om.F),
    ],
    "subtract": [
        node("Mul", ["beta", "v"], ["bv"]),
        node("Add", ["i", "bv"], ["m"]),
        node("Greater", ["m", "thr"], ["over"]),
        node("Cast", ["over"], ["z"], to=om.F),
        node("Mul", ["thr", "z"], ["zt"]),
        node("Sub", ["m", "zt"], ["v1"]),
    ],
    "value": [
        node("Sub", ["i", "v"], ["iv"]),
        node("Div", ["iv", "tau"], ["q"]),
        node("Add", ["v", "q"], ["m"]),
        node("Greater", ["m", "thr"], ["over"]),
        node("Cast", ["over"], ["z"], to=om.F),
        node("Sub", ["one", "z"], ["kept"]),
        node("Mul", ["m", "kept"], ["v1"]),
    ],
}
"""v, i -> v1, z by reset."""


def reference(reset: str, currents: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """Events by the equations, in float32."""
    v, events, threshold, beta = np.zeros_like(currents[0]), [], np.float32(0.5), np.float32(0.9)
    for i in currents:
        if reset == "subtract_next":
            v = beta * v + i - (v > threshold) * threshold
            events.append(v > threshold)
        else:
            m = beta * v + i if reset == "subtract" else v + (i - v) / np.float32(2)
            events.append(m > threshold)
            v = m - events[-1] * threshold if reset == "subtract" else np.where(events[-1], np.float32(0), m)
    return np.array(events)


@pytest.mark.parametrize("reset", NEURONS)
def test_a_leaky_neuron_is_found(reset: str) -> None:
    stored = {"thr": 0.5, "beta": 0.9, "tau": 2, "zero": 0, "one": 1}
    used = {name for n in NEURONS[reset] for name in n.input}
    weights = {"W": om.WEIGHTS["W"][:, : om.H], **{k: np.float32(v) for k, v in stored.items() if k in used}}
    nodes = [node("MatMul", ["x", "W"], ["i"]), *NEURONS[reset]]
    inputs, outputs = [info("x", om.B, om.N), info("v", om.B, om.H)], [info("z", om.B, om.H), info("v1", om.B, om.H)]
    graph = axonc.load(model(nodes, inputs, outputs, weights), onnx="state=v:v1")
    (cell,) = (node for node in graph if isinstance(node.op, Neuron))
    assert cell.op.gate.reset == reset
    assert not any(isinstance(node.op, Map) for node in graph)
    result = axonc.interpret(graph, X.swapaxes(0, 1))
    expected = reference(reset, X @ weights["W"])
    np.testing.assert_array_equal(result.outputs["z"], expected.swapaxes(0, 1))
    assert expected.any()


def test_a_network_of_found_neurons_runs_on_a_mapped_target() -> None:
    stored = {"thr": 0.5, "beta": 0.9}
    weights = {"W": om.WEIGHTS["W"][:, : om.H], **{k: np.float32(v) for k, v in stored.items()}}
    nodes = [node("MatMul", ["x", "W"], ["i"]), *NEURONS["subtract"]]
    inputs, outputs = [info("x", 1, om.N), info("v", 1, om.H)], [info("z", 1, om.H), info("v1", 1, om.H)]
    made = model(nodes, inputs, outputs, weights)
    graph = axonc.load(made, onnx="state=v:v1", inputs="events")
    program = axonc.compile(graph, target="native")
    events = np.random.default_rng(2).integers(0, 2, (20, om.N))
    assert program.verify(events).divergence is None


def test_a_bias_enters_the_linear_map() -> None:
    nodes = [node("Gemm", ["x", "W", "b"], ["y"], transB=0, alpha=2.0, beta=0.5)]
    stored = {"W": om.WEIGHTS["W"], "b": om.WEIGHTS["b"]}
    graph = axonc.load(model(nodes, [info("x", om.B, om.N)], [info("y", om.B, 3 * om.H)], stored))
    result = axonc.interpret(graph, X.swapaxes(0, 1))
    np.testing.assert_allclose(result.outputs["y"][:, 0], 2 * X[0] @ stored["W"] + 0.5 * stored["b"], atol=1e-5)
    assert any(isinstance(node.op, Linear) for node in graph)


def test_operators_that_the_standard_defines_by_others_are_read() -> None:
    nodes = [node("LayerNormalization", ["x", "s"], ["n"], axis=-1), node("Softmax", ["n"], ["y"], axis=-1)]
    scale = np.float32([1, 2, 3])
    graph = axonc.load(model(nodes, [info("x", "N", om.N)], [info("y", "N", om.N)], {"s": scale}))
    assert graph.properties["batch"] == "axis 0 is taken away (any number in the model)"
    x = X[0]
    centred = x - x.mean(1, keepdims=True)
    exponents = np.exp(centred / np.sqrt(x.var(1, keepdims=True) + 1e-5) * scale)
    expected = exponents / exponents.sum(1, keepdims=True)
    np.testing.assert_allclose(axonc.interpret(graph, x[:, None]).outputs["y"][:, 0], expected, rtol=1e-4)


def test_a_mapped_target_names_every_node_that_it_does_not_run() -> None:
    nodes = [node("Tanh", ["x"], ["t"], name="squash"), node("Exp", ["t"], ["y"])]
    graph = axonc.load(model(nodes, [info("x", 2, om.N)], [info("y", 2, om.N)]))
    with pytest.raises(axonc.ModelError) as caught:
        axonc.compile(graph, target="spinnaker2")
    found = [(problem.code, problem.node) for problem in caught.value.diagnostics]
    assert found == [("AX601", "t"), ("AX601", "y/exp")]
    assert "map tanh (of squash)" in str(caught.value)


@pytest.mark.parametrize("target", ["native", "spinnaker2"])
def test_targets_with_cores_run_an_egru_of_a_scan(target: str) -> None:
    graph = axonc.load(om.egru_scan())
    x = np.random.default_rng(0).normal(size=(20, *graph.signals[graph.inputs[0].name].shape))
    program = axonc.compile(graph, target=target, calibrate=x)
    assert program.verify(x).equal
    assert program.manifest["cores"] == 1
