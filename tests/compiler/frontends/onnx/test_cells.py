"""GRU and LSTM, as operators and spelled out, become cells between linear maps, and mean the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_models as om
import pytest
from onnx.reference import ReferenceEvaluator
from onnx_models import graph as subgraph
from onnx_models import info, model, node

import axonc
from axonc.ir import Graph
from axonc.ir.ops import EGRU, GRU, LSTM, Linear

RNG = np.random.default_rng(8)
X = RNG.normal(0, 1, (30, om.B, om.N)).astype(np.float32)
ONLY = {"input", "output", "delay", "linear", "gru", "reset_gate", "lstm", "reshape"}
"""What a found cell leaves; a cell's output may stand in another shape."""


def random(*shape: int) -> om.Array:
    return RNG.normal(0, 0.6, shape).astype(np.float32)


def operator(name: str, gates: int, looks: bool = False, **attributes: Any) -> Any:
    """One operator over [T, B, N]; all its outputs."""
    stored = {"w": random(1, gates * om.H, om.N), "r": random(1, gates * om.H, om.H), "b": random(1, 2 * gates * om.H)}
    if looks:
        stored["p"] = random(1, 3 * om.H)
    finals = ["h", "c"][: 1 + (name == "LSTM")]
    inputs = ["x", "w", "r", "b", *(["", "", "", "p"] if looks else [])]
    nodes = [node(name, inputs, ["ys", *finals], hidden_size=om.H, **attributes)]
    outputs = [info("ys", "T", 1, om.B, om.H), *(info(final, 1, om.B, om.H) for final in finals)]
    return model(nodes, [info("x", "T", om.B, om.N)], outputs, stored)


def same(made: Any, graph: Graph) -> None:
    """Outputs equal those of the reference evaluator of onnx, over all steps, or at the last one."""
    expected = dict(zip([v.name for v in made.graph.output], ReferenceEvaluator(made).run(None, {"x": X}), strict=True))
    states = dict(pair.split("=") for pair in graph.properties.get("states", "").split(", ") if pair)
    result = axonc.interpret(graph, X.swapaxes(0, 1), [*states.values()])
    for name, value in expected.items():
        got = result[states.get(name, name)].swapaxes(0, 1)
        if name in graph.properties.get("last_step", "").split(", "):
            got = got[-1]
        np.testing.assert_allclose(got.reshape(-1), value.reshape(-1), atol=2e-6)


@pytest.mark.parametrize("batch", [1, om.B])
@pytest.mark.parametrize(
    ("name", "gates", "how", "cells"),
    [
        ("GRU", 3, {"linear_before_reset": 1}, ["gru"]),
        ("GRU", 3, {"linear_before_reset": 0}, ["gru", "reset_gate"]),
        ("LSTM", 4, {}, ["lstm"]),
        ("LSTM", 4, {"looks": True}, ["lstm"]),
        ("GRU", 3, {"linear_before_reset": 1, "activations": ["Sigmoid", "Tanh"]}, ["gru"]),
    ],
)
def test_an_operator_is_a_cell(name: str, gates: int, how: dict[str, Any], cells: list[str], batch: int) -> None:
    made = operator(name, gates, **how)
    graph = axonc.load(made)
    names = [n.op.name for n in graph]
    assert set(names) <= ONLY
    assert sorted(set(names) & {"gru", "reset_gate", "lstm"}) == cells
    assert names.count("linear") == {1: 2, 2: 5}[len(cells)]
    same(made, graph)


@pytest.mark.parametrize(
    ("name", "gates", "how"),
    [
        ("LSTM", 4, {"input_forget": 1}),
        ("GRU", 3, {"activations": ["HardSigmoid", "Tanh"]}),
        ("GRU", 3, {"activations": ["Sigmoid", "Relu"], "linear_before_reset": 1}),
        ("LSTM", 4, {"activations": ["Sigmoid", "Tanh", "Relu"]}),
    ],
)
def test_what_is_not_quite_such_a_cell_stays_as_it_is(name: str, gates: int, how: dict[str, Any]) -> None:
    graph = axonc.load(operator(name, gates, **how))
    assert not {"gru", "lstm", "reset_gate"} & {n.op.name for n in graph}


def test_gates_that_are_clipped_are_clipped_before_the_cell() -> None:
    made = operator("LSTM", 4, clip=0.4)
    graph = axonc.load(made)
    assert {"lstm", "concat", "map"} <= {n.op.name for n in graph}
    whole = axonc.load(made, onnx=f"time=call,batch=keep,dim=T:{len(X)}")
    unrolled = axonc.interpret(whole, X[None]).outputs["ys"][0]
    stepwise = axonc.interpret(graph, X.swapaxes(0, 1)).outputs["ys"].swapaxes(0, 1)
    np.testing.assert_allclose(stepwise.reshape(unrolled.shape), unrolled, atol=2e-6)


BEGUN = {"GRU": ["h"], "LSTM": ["h", "c"]}


def begun(name: str, which: Sequence[str], **attributes: Any) -> tuple[Any, dict[str, om.Array]]:
    """An operator some of whose states begin with values, the same for every sample; and these values."""
    made = operator(name, {"GRU": 3, "LSTM": 4}[name], **attributes)
    first = {state: random(om.H) for state in which}
    made.graph.node[0].input[:] = ["x", "w", "r", "b", "", *(s if s in which else "" for s in BEGUN[name])]
    stored = (om.numpy_helper.from_array(np.tile(values, (1, om.B, 1)), s) for s, values in first.items())
    made.graph.initializer.extend(stored)
    for output, state in zip(made.graph.output[1:], BEGUN[name], strict=True):  # names of outputs and of inputs differ
        output.name = f"{state}T"
    made.graph.node[0].output[1:] = [f"{state}T" for state in BEGUN[name]]
    return made, first


@pytest.mark.parametrize(
    ("name", "which", "how"),
    [
        ("GRU", ["h"], {"linear_before_reset": 1}),
        ("GRU", ["h"], {"linear_before_reset": 0}),
        ("LSTM", ["h"], {}),
        ("LSTM", ["c"], {}),
        ("LSTM", ["h", "c"], {}),
    ],
)
def test_a_cell_may_begin_with_values(name: str, which: list[str], how: dict[str, Any]) -> None:
    made, first = begun(name, which, **how)
    graph = axonc.load(made)
    assert set(n.op.name for n in graph) <= ONLY
    (cell,) = (n.op for n in graph if isinstance(n.op, GRU | LSTM))
    held = first.get("c" if name == "LSTM" else "h")
    assert (cell.initial is None) == (held is None)
    if held is not None:
        np.testing.assert_array_equal(cell.initial, held)
    same(made, graph)


@pytest.mark.parametrize("target", ["native", "spinnaker2"])
@pytest.mark.parametrize(("name", "how"), [("GRU", {"linear_before_reset": 1}), ("GRU", {}), ("LSTM", {})])
def test_a_cell_that_begins_with_values_runs_on_cores(name: str, how: dict[str, Any], target: str) -> None:
    """Equal to the interpreter, close to the float cell, and unlike one that begins with zeros."""
    made, _ = begun(name, BEGUN[name], **how)
    graph, x = axonc.load(made), X[:6].swapaxes(0, 1)
    program = axonc.compile(graph, target, weights="int8", calibrate=x, on_host=["auto"])
    checked = program.verify(x)
    assert checked.equal, str(checked.divergence)
    name = graph.outputs[0].name
    ours, real = program.run(x).value(name), axonc.interpret(graph, x)[name]
    np.testing.assert_allclose(ours.reshape(real.shape), real, atol=0.06)
    state = {part: 0 * array for part, array in axonc.initial_state(program.graph).items()}
    assert np.abs(program.run(x, state=state).value(name) - program.run(x).value(name)).max() > 0.1


def scan(body: Sequence[Any], states: dict[str, str], shown: str, stored: dict[str, om.Array]) -> Any:
    """A cell x, states -> next states, in a Scan over time."""
    inner = subgraph(
        [*body, node("Identity", [shown], ["o"])],
        [*(info(name, om.B, om.H) for name in states), info("xk", om.B, om.N)],
        [*(info(name, om.B, om.H) for name in states.values()), info("o", om.B, om.H)],
    )
    outer = node("Scan", ["z"] * len(states) + ["x"], [*(f"{s}T" for s in states), "ys"], body=inner, num_scan_inputs=1)
    outputs = [info("ys", "T", om.B, om.H)]
    zeros = np.zeros((om.B, om.H), np.float32)
    return model([outer], [info("x", "T", om.B, om.N)], outputs, {**stored, "z": zeros, "one": np.float32(1)})


def gru_body(form: str) -> tuple[list[Any], dict[str, om.Array]]:
    """h' = n + z (h - n) from products of each gate, or (1 - z) n + z h from one product that is split."""
    if form == "apart":
        nodes = [
            *(node("MatMul", ["xk", f"W{g}"], [f"a{g}"]) for g in "zrn"),
            *(node("Gemm", ["h", f"R{g}", f"b{g}"], [f"h{g}"], transB=1) for g in "zrn"),
        ]
        stored = {f"W{g}": random(om.N, om.H) for g in "zrn"} | {f"R{g}": random(om.H, om.H) for g in "zrn"}
        stored |= {f"b{g}": random(om.H) for g in "zrn"}
    else:
        nodes = [
            node("MatMul", ["xk", "W"], ["ax"]),
            node("Split", ["ax"], ["ar", "az", "an"], axis=-1, num_outputs=3),
            node("MatMul", ["h", "R"], ["ah"]),
            node("Split", ["ah"], ["hr", "hz", "gn"], axis=-1, num_outputs=3),
            node("Add", ["gn", "bn"], ["hn"]),
        ]
        stored = {"W": random(om.N, 3 * om.H), "R": random(om.H, 3 * om.H), "bn": random(om.H)}
    nodes += [
        node("Add", ["az", "hz"], ["sz"]),
        node("Sigmoid", ["sz"], ["z_"]),
        node("Add", ["ar", "hr"], ["sr"]),
        node("Sigmoid", ["sr"], ["r_"]),
        node("Mul", ["hn", "r_"], ["rn"]),
        node("Add", ["rn", "an"], ["sn"]),
        node("Tanh", ["sn"], ["n_"]),
    ]
    if form == "apart":
        return [
            *nodes,
            node("Sub", ["h", "n_"], ["d"]),
            node("Mul", ["d", "z_"], ["zd"]),
            node("Add", ["zd", "n_"], ["h1"]),
        ], stored
    mixed = [node("Sub", ["one", "z_"], ["k"]), node("Mul", ["k", "n_"], ["kn"]), node("Mul", ["h", "z_"], ["zh"])]
    return [*nodes, *mixed, node("Add", ["zh", "kn"], ["h1"])], stored


@pytest.mark.parametrize("form", ["apart", "split"])
def test_a_gru_that_is_spelled_out(form: str) -> None:
    body, stored = gru_body(form)
    made = scan(body, {"h": "h1"}, "h1", stored)
    graph = axonc.load(made)
    assert {n.op.name for n in graph} == {"input", "output", "delay", "linear", "gru"}
    assert [n.op.name for n in graph].count("linear") == 2
    same(made, graph)


def keras_gru() -> Any:
    """Reset before the matrix; one product for z and r of both x and h, joined."""
    stored = {"W": random(om.N, 3 * om.H), "b": random(3 * om.H), "R": random(om.H, 2 * om.H), "Rn": random(om.H, om.H)}
    body = [
        node("MatMul", ["xk", "W"], ["xw"]),
        node("Add", ["b", "xw"], ["ax"]),
        node("Split", ["ax", "parts"], ["azr", "an"], axis=1),
        node("MatMul", ["h", "R"], ["hzr"]),
        node("Add", ["azr", "hzr"], ["szr"]),
        node("Sigmoid", ["szr"], ["zr"]),
        node("Split", ["zr"], ["z_", "r_"], axis=1, num_outputs=2),
        node("Mul", ["r_", "h"], ["q"]),
        node("MatMul", ["q", "Rn"], ["qn"]),
        node("Add", ["an", "qn"], ["sn"]),
        node("Tanh", ["sn"], ["n_"]),
        node("Mul", ["z_", "h"], ["zh"]),
        node("Sub", ["one", "z_"], ["k"]),
        node("Mul", ["k", "n_"], ["kn"]),
        node("Add", ["zh", "kn"], ["h1"]),
    ]
    return scan(body, {"h": "h1"}, "h1", {**stored, "parts": np.array([2 * om.H, om.H])})


def test_a_gru_as_keras_writes_it() -> None:
    made = keras_gru()
    graph = axonc.load(made)
    assert {n.op.name for n in graph} == {"input", "output", "delay", "linear", "gru", "reset_gate"}
    (cell,) = (n.op for n in graph if isinstance(n.op, GRU))
    assert cell.reset == "before"
    same(made, graph)


@pytest.mark.parametrize("order", ["ifgo", "iofg"])
def test_an_lstm_that_is_spelled_out(order: str) -> None:
    """One product of x and one of h, added and then split, in torch's order and in that of onnx."""
    stored = {"W": random(om.N, 4 * om.H), "R": random(om.H, 4 * om.H), "b": random(4 * om.H), "b2": random(4 * om.H)}
    body = [
        node("Gemm", ["xk", "W", "b"], ["ax"]),
        node("Gemm", ["h", "R", "b2"], ["ah"]),
        node("Add", ["ax", "ah"], ["s"]),
        node("Split", ["s"], [f"s{gate}" for gate in order], axis=1, num_outputs=4),
        *(node("Sigmoid", [f"s{gate}"], [f"{gate}_"]) for gate in "ifo"),
        node("Tanh", ["sg"], ["g_"]),
        node("Mul", ["f_", "c"], ["fc"]),
        node("Mul", ["i_", "g_"], ["ig"]),
        node("Add", ["fc", "ig"], ["c1"]),
        node("Tanh", ["c1"], ["t"]),
        node("Mul", ["o_", "t"], ["h1"]),
    ]
    made = scan(body, {"h": "h1", "c": "c1"}, "h1", stored)
    graph = axonc.load(made)
    assert {n.op.name for n in graph} == {"input", "output", "delay", "linear", "lstm"}
    same(made, graph)


def test_a_decoder_behind_a_cell_is_a_linear_map() -> None:
    made = operator("GRU", 3, linear_before_reset=1)
    stored = {"D": random(om.H, 5), "d": random(5), "axis": np.array([1])}
    for name, value in stored.items():
        made.graph.initializer.append(om.numpy_helper.from_array(value, name))
    made.graph.node.extend(
        [node("Squeeze", ["ys", "axis"], ["s"]), node("MatMul", ["s", "D"], ["p"]), node("Add", ["p", "d"], ["out"])]
    )
    del made.graph.output[:]
    made.graph.output.append(info("out", "T", om.B, 5))
    graph = axonc.load(made)
    assert [n.op.name for n in graph if n.op.name not in ("input", "output", "delay")] == [
        "linear",
        "linear",
        "gru",
        "linear",
    ]
    assert [n.op.weight.shape for n in graph if isinstance(n.op, Linear)] == [(12, 3), (12, 4), (5, 4)]
    same(made, graph)


ZONEOUT = 0.2319


def zoneout(form: str) -> Any:
    """An EGRU step with zoneout: in u, or as a mixture of m and c."""
    made = om.egru_step()
    nodes = {n.output[0]: n for n in made.graph.node}
    stored = {"keep": np.float32(ZONEOUT), "rest": np.float32(1 - ZONEOUT)}
    for name, value in stored.items():
        made.graph.initializer.append(om.numpy_helper.from_array(value, name))
    changed = list(made.graph.node)
    if form == "gate":
        nodes["u"].output[0] = "u0"
        after = [node("Mul", ["rest", "u0"], ["ru"]), node("Add", ["ru", "keep"], ["u"])]
        at = changed.index(nodes["u"])
    else:
        nodes["m"].output[0] = "m0"
        after = [
            node("Mul", ["keep", "c"], ["kc"]),
            node("Mul", ["m0", "rest"], ["rm"]),
            node("Add", ["kc", "rm"], ["m"]),
        ]
        at = changed.index(nodes["m"])
    del made.graph.node[:]
    made.graph.node.extend([*changed[: at + 1], *after, *changed[at + 1 :]])
    return made


def egru_with(threshold: om.Array, keep: float = 0.0) -> om.Array:
    """y by the equations, in float64."""
    w = {name: np.asarray(value, np.float64) for name, value in om.WEIGHTS.items()}
    y = c = np.zeros((om.B, om.H))
    seen = []
    for x in X.astype(np.float64):
        (au, ar, ag), (hu, hr, hg) = np.split(x @ w["W"] + w["b"], 3, 1), np.split(y @ w["R"] + w["b2"], 3, 1)
        u, r = 1 / (1 + np.exp(-au - hu)), 1 / (1 + np.exp(-ar - hr))
        m = keep * c + (1 - keep) * (u * c + (1 - u) * np.tanh(ag + r * hg))
        y, c = (m > threshold) * m, m - (m > threshold) * threshold
        seen.append(y)
    return np.array(seen)


@pytest.mark.parametrize("form", ["gate", "mixture"])
def test_an_egru_with_zoneout(form: str) -> None:
    graph = axonc.load(zoneout(form), onnx="state=y:y1,state=c:c1")
    (cell,) = (n.op for n in graph if isinstance(n.op, EGRU))
    assert cell.zoneout == pytest.approx(ZONEOUT)
    expected = egru_with(om.WEIGHTS["thr"], ZONEOUT)
    np.testing.assert_allclose(
        axonc.interpret(graph, X.swapaxes(0, 1)).outputs["y1"], expected.swapaxes(0, 1), atol=1e-5
    )


def test_a_mixture_that_does_not_add_up_to_1_stays_as_it_is() -> None:
    made = zoneout("mixture")
    next(t for t in made.graph.initializer if t.name == "rest").CopyFrom(
        om.numpy_helper.from_array(np.float32(0.7), "rest")
    )
    graph = axonc.load(made, onnx="state=y:y1,state=c:c1")
    assert not any(isinstance(n.op, EGRU) for n in graph)


@pytest.mark.parametrize("form", ["sigmoid", "clip", "clip of an older set"])
def test_the_threshold_of_either_checkpoint(form: str) -> None:
    """sigmoid(thr_reparam) of old ones; of new ones, thresholds that are cut to [0, 1] where they are used."""
    made = om.egru_step()
    raw = np.float32([-3, -2.5, -2, -4]) if form == "sigmoid" else np.float32([-0.2, 0.05, 1.5, 0.1])
    expected = 1 / (1 + np.exp(-raw.astype(float))) if form == "sigmoid" else np.clip(raw.astype(float), 0, 1)
    next(t for t in made.graph.initializer if t.name == "thr").CopyFrom(om.numpy_helper.from_array(raw, "thr_reparam"))
    if form == "sigmoid":
        entry = node("Sigmoid", ["thr_reparam"], ["thr"])
    elif form == "clip":
        made.graph.initializer.append(om.numpy_helper.from_array(np.float32(0), "zero_"))
        entry = node("Clip", ["thr_reparam", "zero_", "one"], ["thr"])
    else:
        made.opset_import[0].version = 10
        entry = node("Clip", ["thr_reparam"], ["thr"], min=0.0, max=1.0)
        for n in made.graph.node:
            if n.op_type == "Split":
                del n.attribute[1]
    made.graph.node.insert(0, entry)
    graph = axonc.load(made, onnx="state=y:y1,state=c:c1")
    (cell,) = (n.op for n in graph if isinstance(n.op, EGRU))
    np.testing.assert_allclose(cell.threshold, expected, atol=1e-7)
    result = axonc.interpret(graph, X.swapaxes(0, 1)).outputs["y1"]
    np.testing.assert_allclose(result, egru_with(expected).swapaxes(0, 1), atol=1e-5)


def test_an_lstm_is_found_by_its_class() -> None:
    graph = axonc.load(operator("LSTM", 4, looks=True))
    (cell,) = (n.op for n in graph if isinstance(n.op, LSTM))
    assert cell.peephole is not None
    assert cell.peephole.shape == (3, om.H)


def test_segments_are_chosen_and_shown() -> None:
    """The cells are set to 0 as often as training cuts sequences; events go on."""
    graph = axonc.load(om.egru_scan(), onnx="segment=7")
    (cell,) = (n for n in graph if isinstance(n.op, EGRU))
    assert cell.op.segment == 7  # type: ignore[attr-defined]
    said = f"states begin anew with every sequence; before every 7 steps c of {cell.name} is set to 0, y goes on"
    assert graph.properties["reset"] == said
    assert f"# reset: {said}" in str(graph)
    manifest = axonc.compile(graph, target="reference").manifest
    assert f"reset: {said}" in manifest["repairs"]
    np.testing.assert_allclose(
        axonc.interpret(graph, X.swapaxes(0, 1)).outputs["out"].swapaxes(0, 1), in_segments(7), atol=1e-5
    )
    whole = axonc.load(om.egru_scan(), onnx="segment=none")
    assert whole.properties["reset"] == "states begin anew with every sequence"
    assert not np.allclose(axonc.interpret(whole, X.swapaxes(0, 1)).outputs["out"].swapaxes(0, 1), in_segments(7))


def in_segments(length: int) -> om.Array:
    """y of a model that is run segment by segment, with c at 0 and the last y at the beginning of each."""
    zeros, seen = np.zeros((om.B, om.H), np.float32), []
    y, c = zeros, zeros
    cell = ReferenceEvaluator(om.egru_step())
    for k, x in enumerate(X):
        c = zeros if k % length == 0 else c
        y, c = cell.run(None, {"x": x, "y": y, "c": c})
        seen.append(y)
    return np.array(seen)


@pytest.mark.parametrize("text", ["segment=0", "segment=-1", "segment=x", "segment="])
def test_segments_have_steps(text: str) -> None:
    with pytest.raises(axonc.ModelError, match="AX403"):
        axonc.load(om.egru_scan(), onnx=text)


def test_segments_need_an_egru() -> None:
    with pytest.raises(axonc.ModelError, match="AX136 segment=7 of a model without EGRUs"):
        axonc.load(operator("GRU", 3), onnx="segment=7")
