"""GRU, LSTM, RNN, Scan and Loop: as steps they mean what they mean unrolled, which the conformance tests hold."""

from __future__ import annotations

import numpy as np
import onnx_models as om
import pytest
from onnx import TensorProto, helper
from onnx_models import graph as subgraph
from onnx_models import info, model, node

import axonc
from axonc.ir import ModelError
from axonc.ir.ops import GRU

X = np.random.default_rng(3).normal(0, 1, (om.T, om.B, om.N)).astype(np.float32)
GATES = {"GRU": 3, "LSTM": 4, "RNN": 1}


def recurrent(operator: str, batch_first: bool = False, steps: int | str = om.T, **attributes: object) -> object:
    gates, directions = GATES[operator], 2 if attributes.get("direction") == "bidirectional" else 1
    rng = np.random.default_rng(4)
    stored = {
        "w": rng.normal(0, 0.5, (directions, gates * om.H, om.N)).astype(np.float32),
        "r": rng.normal(0, 0.5, (directions, gates * om.H, om.H)).astype(np.float32),
        "b": rng.normal(0, 0.5, (directions, 2 * gates * om.H)).astype(np.float32),
        "shape": np.array([0, 0, -1]),
    }
    entry = [node("Transpose", ["x"], ["xt"], perm=[1, 0, 2])] if batch_first else []
    nodes = [
        *entry,
        node(operator, ["xt" if batch_first else "x", "w", "r", "b"], ["ys", "h"], hidden_size=om.H, **attributes),
        node("Transpose", ["ys"], ["yt"], perm=[0, 2, 1, 3] if not batch_first else [2, 0, 1, 3]),
        node("Reshape", ["yt", "shape"], ["out"]),
    ]
    lead = (om.B, steps) if batch_first else (steps, om.B)
    outputs = [info("out", *lead, directions * om.H), info("h", directions, om.B, om.H)]
    return model(nodes, [info("x", *lead, om.N)], outputs, stored)


def unrolled(made: object, x: np.ndarray) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    graph = axonc.load(made, onnx=f"time=call,batch=keep,dim=T:{om.T}")
    return {name: y[0] for name, y in axonc.interpret(graph, x[None]).outputs.items()}


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize(
    ("operator", "attributes"),
    [
        ("RNN", {}),
        ("GRU", {"linear_before_reset": 1}),
        ("GRU", {"linear_before_reset": 0}),
        ("LSTM", {}),
        ("LSTM", {"clip": 0.3, "input_forget": 1}),
        ("RNN", {"activations": ["Relu"]}),
        ("GRU", {"activations": ["HardSigmoid", "Softsign"]}),
    ],
)
def test_as_steps_it_is_what_it_is_unrolled(operator: str, attributes: dict[str, object], batch_first: bool) -> None:
    for steps in (om.T, "T"):
        made = recurrent(operator, batch_first, steps, **attributes)
        graph = axonc.load(made)
        assert graph.properties["time"] == f"axis {int(batch_first)} of x"
        assert graph.properties["last_step"] == "h"
        expected = unrolled(made, X.swapaxes(0, 1) if batch_first else X)
        result = axonc.interpret(graph, X.swapaxes(0, 1))
        whole = expected["out"] if batch_first else expected["out"].swapaxes(0, 1)
        np.testing.assert_allclose(result.outputs["out"], whole, atol=1e-5)
        last = result.outputs["h"][:, -1].reshape(om.B, om.H)
        np.testing.assert_allclose(last, expected["h"].reshape(om.B, om.H), atol=1e-5)


def test_what_runs_backwards_is_unrolled_and_says_so() -> None:
    graph = axonc.load(recurrent("GRU", direction="bidirectional"))
    assert graph.properties["time"] == "a step is a call of the model, because ys: it runs backwards"
    with pytest.raises(ModelError, match=r"AX134 .*it runs backwards"):
        axonc.load(recurrent("GRU", direction="bidirectional"), onnx="time=sequence")


def test_an_unknown_length_cannot_be_unrolled() -> None:
    with pytest.raises(ModelError, match=r"AX133 ys: .*'T' of 'x'.*dim=T:N"):
        axonc.load(recurrent("GRU", steps="T"), onnx="time=call")


def loop() -> object:
    """y = 0.5 y + x[i] over time, collected in a sequence, as scripted torch modules are exported."""
    body = subgraph(
        [
            node("Gather", ["x", "i"], ["xi"], axis=0),
            node("Mul", ["y", "half"], ["hy"]),
            node("Add", ["hy", "xi"], ["y1"]),
            node("SequenceInsert", ["s", "y1"], ["s1"]),
            node("Identity", ["cond"], ["cond1"]),
        ],
        [
            info("i", kind=TensorProto.INT64),
            info("cond", kind=TensorProto.BOOL),
            info("y", om.B, om.N),
            helper.make_tensor_sequence_value_info("s", om.F, [om.B, om.N]),
        ],
        [
            info("cond1", kind=TensorProto.BOOL),
            info("y1", om.B, om.N),
            helper.make_tensor_sequence_value_info("s1", om.F, [om.B, om.N]),
        ],
    )
    nodes = [
        node("Shape", ["x"], ["sizes"]),
        node("Gather", ["sizes", "first"], ["count"], axis=0),
        node("SequenceEmpty", [], ["s0"], dtype=om.F),
        node("Loop", ["count", "yes", "z", "s0"], ["yT", "all"], body=body),
        node("ConcatFromSequence", ["all"], ["out"], axis=0, new_axis=1),
    ]
    stored = {
        "half": np.float32(0.5),
        "first": np.array(0),
        "yes": np.array(True),
        "z": np.zeros((om.B, om.N), np.float32),
    }
    return model(nodes, [info("x", "T", om.B, om.N)], [info("out", "T", om.B, om.N)], stored)


def filtered() -> np.ndarray:  # type: ignore[type-arg]
    y, seen = np.zeros((om.B, om.N)), []
    for x in X:
        y = 0.5 * y + x
        seen.append(y)
    return np.array(seen)


def test_a_loop_over_time_becomes_steps() -> None:
    graph = axonc.load(loop())
    assert sum(node.op.name == "delay" for node in graph) == 1
    np.testing.assert_allclose(
        axonc.interpret(graph, X.swapaxes(0, 1)).outputs["out"], filtered().swapaxes(0, 1), atol=1e-6
    )


def test_a_loop_can_be_unrolled() -> None:
    np.testing.assert_allclose(unrolled(loop(), X)["out"], filtered(), atol=1e-6)


def scan(initial: np.ndarray) -> object:  # type: ignore[type-arg]
    body = subgraph(
        [node("Mul", ["y", "half"], ["hy"]), node("Add", ["hy", "x"], ["y1"]), node("Identity", ["y1"], ["o"])],
        [info("y", om.B, om.N), info("x", om.B, om.N)],
        [info("y1", om.B, om.N), info("o", om.B, om.N)],
        {"half": np.float32(0.5)},
    )
    nodes = [node("Scan", ["z", "xs"], ["yT", "out"], body=body, num_scan_inputs=1)]
    return model(nodes, [info("xs", "T", om.B, om.N)], [info("out", "T", om.B, om.N)], {"z": initial})


def test_a_state_begins_where_the_model_says() -> None:
    initial = np.tile(np.float32([1, 2, 3]), (om.B, 1))
    graph = axonc.load(scan(initial))
    decays = 0.5 ** np.arange(1, om.T + 1)[:, None, None] * initial
    result = axonc.interpret(graph, X.swapaxes(0, 1))
    np.testing.assert_allclose(result.outputs["out"], (filtered() + decays).swapaxes(0, 1), atol=1e-6)
    assert "initial=3 float32 in [1, 3]" in str(graph)


def test_samples_that_begin_differently_stay_in_the_signals() -> None:
    initial = np.arange(om.B * om.N, dtype=np.float32).reshape(om.B, om.N)
    graph = axonc.load(scan(initial))
    assert graph.properties["batch"].startswith("part of the signals, because")
    decays = 0.5 ** np.arange(1, om.T + 1)[:, None, None] * initial
    np.testing.assert_allclose(axonc.interpret(graph, X).outputs["out"], filtered() + decays, atol=1e-6)


def step_model(before: str, after: str) -> object:
    nodes = [node("Mul", [before, "half"], ["q"]), node("Add", ["q", "x"], [after]), node("Neg", [after], ["out"])]
    inputs, outputs = (
        [info("x", om.B, om.N), info(before, om.B, om.N)],
        [info("out", om.B, om.N), info(after, om.B, om.N)],
    )
    return model(nodes, inputs, outputs, {"half": np.float32(0.5)})


@pytest.mark.parametrize(
    ("before", "after"),
    [("h0", "h1"), ("h", "h_out"), ("state_in", "state_out"), ("past_h", "present_h"), ("h_0", "h_n"), ("h", "h_next")],
)
def test_states_are_found_by_their_names(before: str, after: str) -> None:
    graph = axonc.load(step_model(before, after))
    assert graph.properties["carried"] == f"{before}={after}"
    result = axonc.interpret(graph, X.swapaxes(0, 1))
    np.testing.assert_allclose(result.outputs["out"], -filtered().swapaxes(0, 1), atol=1e-6)


def test_states_may_be_inputs_like_others() -> None:
    graph = axonc.load(step_model("h0", "h1"), onnx="states=none")
    assert [node.name for node in graph.inputs] == ["x", "h0"]


def test_pairs_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ModelError, match="AX403 a:b:"):
        axonc.load(step_model("h0", "h1"), onnx="state=a:b")


def test_a_model_without_recurrence_has_no_time() -> None:
    made = model([node("Relu", ["x"], ["y"])], [info("x", 2, 3)], [info("y", 2, 3)])
    with pytest.raises(ModelError, match=r"AX134 .*Scan"):
        axonc.load(made, onnx="time=sequence")


def test_the_graph_survives_its_file_form() -> None:
    from axonc.ir.serialize import from_bytes, to_bytes

    for made in (om.egru_scan(), loop(), recurrent("LSTM"), scan(np.ones((om.B, om.N), np.float32))):
        graph = axonc.load(made)
        again = from_bytes(to_bytes(graph))
        assert str(again) == str(graph)
        given = np.random.default_rng(0).normal(size=(5, *graph.signals[graph.inputs[0].name].shape))
        for name, value in axonc.interpret(graph, given).outputs.items():
            np.testing.assert_array_equal(value, axonc.interpret(again, given).outputs[name])


def language_model(batch_first: bool, samples: int | str) -> object:
    rng = np.random.default_rng(6)
    stored = {
        "table": rng.normal(0, 1, (11, om.N)).astype(np.float32),
        "w": rng.normal(0, 0.5, (1, 3 * om.H, om.N)).astype(np.float32),
        "r": rng.normal(0, 0.5, (1, 3 * om.H, om.H)).astype(np.float32),
        "decoder": rng.normal(0, 1, (om.H, 11)).astype(np.float32),
        "axis": np.array([1]),
    }
    turn = node("Transpose", ["e"], ["et"], perm=[1, 0, 2]) if batch_first else node("Identity", ["e"], ["et"])
    nodes = [
        node("Gather", ["table", "tokens"], ["e"]),
        turn,
        node("GRU", ["et", "w", "r"], ["ys"], hidden_size=om.H),
        node("Squeeze", ["ys", "axis"], ["h"]),
        node("MatMul", ["h", "decoder"], ["logits"]),
    ]
    lead = (samples, om.T) if batch_first else (om.T, samples)
    tokens = info("tokens", *lead, kind=TensorProto.INT64)
    return model(nodes, [tokens], [info("logits", om.T, samples, 11)], stored)


@pytest.mark.parametrize("samples", [1, 4, "B"])
@pytest.mark.parametrize("batch_first", [False, True])
def test_samples_of_words_are_taken_away(batch_first: bool, samples: int | str) -> None:
    words = np.random.default_rng(7).integers(0, 11, (3, om.T))
    graph = axonc.load(language_model(batch_first, samples))
    assert graph.signals["tokens"].shape == ()
    assert any(isinstance(entry.op, GRU) for entry in graph)
    kept = axonc.load(language_model(False, 3), onnx="batch=keep")
    expected = axonc.interpret(kept, words.T[None]).outputs["logits"][0].swapaxes(0, 1)
    np.testing.assert_allclose(axonc.interpret(graph, words).outputs["logits"], expected, atol=1e-5)


def test_words_run_in_integers_on_cores() -> None:
    words = np.random.default_rng(8).integers(0, 11, (2, om.T))
    program = axonc.compile(axonc.load(language_model(False, "B")), target="native", on_host=("auto",))
    assert program.verify(words).divergence is None


def test_numbers_of_one_axis_are_no_samples() -> None:
    nodes = [node("Mul", ["x", "two"], ["y"])]
    graph = axonc.load(model(nodes, [info("x", 5)], [info("y", 5)], {"two": np.float32(2)}), onnx="time=call")
    assert graph.signals["x"].shape == (5,)
