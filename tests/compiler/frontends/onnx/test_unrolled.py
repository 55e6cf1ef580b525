"""Loops that exporters unrolled are rolled up again: as steps they give what a Scan gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx_models as om
import pytest
from onnx.reference import ReferenceEvaluator
from onnx_models import info, model, node

import axonc
from axonc.ir import Graph, ModelError
from axonc.ir.ops import Neuron

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(4)
ZERO = np.zeros((om.B, om.H), np.float32)
STORED: dict[str, Any] = {
    **om.WEIGHTS,
    "Wi": RNG.normal(0, 0.9, (om.N, om.H)).astype(np.float32),
    "Rv": RNG.normal(0, 0.5, (om.H, om.H)).astype(np.float32),
    "bi": RNG.normal(0, 0.4, om.H).astype(np.float32),
    "beta": np.float32(0.9),
    "level": np.float32(0.6),
    "y0": ZERO,
    "c0": ZERO,
}

EGRU_CELL = om.egru_nodes()
GRU_CELL = [n for n in om.egru_nodes() if n.output[0] not in ("over", "o", "y1", "ot", "c1")]
LEAKY_CELL = [
    node("MatMul", ["x", "Wi"], ["xw"]),
    node("Add", ["xw", "bi"], ["i"]),
    node("Sub", ["c", "level"], ["before"]),
    node("Greater", ["before", "zero"], ["reset_"]),
    node("Cast", ["reset_"], ["reset"], to=om.F),
    node("Mul", ["beta", "c"], ["bc"]),
    node("Add", ["bc", "i"], ["sum"]),
    node("Mul", ["reset", "level"], ["taken"]),
    node("Sub", ["sum", "taken"], ["c1"]),
    node("Sub", ["c1", "level"], ["d"]),
    node("Greater", ["d", "zero"], ["over"]),
    node("Cast", ["over"], ["y1"], to=om.F),
]
"""snnTorch's Leaky: the reset is that of the membrane before, one step late."""

LOOPED_CELL = [
    node("MatMul", ["x", "Wi"], ["xw"]),
    node("MatMul", ["y", "Rv"], ["yr"]),
    node("Mul", ["beta", "c"], ["bc"]),
    node("Add", ["bc", "xw"], ["i"]),
    node("Add", ["i", "yr"], ["m"]),
    node("Greater", ["m", "level"], ["over"]),
    node("Cast", ["over"], ["y1"], to=om.F),
    node("Mul", ["y1", "level"], ["taken"]),
    node("Sub", ["m", "taken"], ["c1"]),
]
"""A leaky neuron whose events of the step before add to its current."""

Cell = tuple[Sequence[Any], dict[str, str], str]
CELLS: Mapping[str, Cell] = {
    "egru": (EGRU_CELL, {"y": "y1", "c": "c1"}, "y1"),
    "gru": (GRU_CELL, {"y": "m", "c": "m"}, "m"),
    "leaky": (LEAKY_CELL, {"c": "c1"}, "y1"),
    "looped": (LOOPED_CELL, {"y": "y1", "c": "c1"}, "y1"),
}
"""Nodes x, states -> next states; how states follow; what is shown."""

FOUND = {"egru": "egru", "gru": "gru", "leaky": "neuron", "looped": "neuron"}


def at(name: str, k: int, states: Mapping[str, str], stored: Mapping[str, Any]) -> str:
    """What a name of the cell is called at a step."""
    if name in states:
        return f"{name}0" if k == 0 else f"{states[name]}@{k - 1}"
    return name if name in stored else f"{name}@{k}"


def copied(cell: Sequence[Any], k: int, states: Mapping[str, str], stored: Mapping[str, Any] = STORED) -> list[Any]:
    """The nodes of a cell at a step."""
    made = []
    for n in cell:
        step = type(n)()
        step.CopyFrom(n)
        step.input[:] = [at(name, k, states, stored) for name in n.input]
        step.output[:] = [f"{name}@{k}" for name in n.output]
        step.name = f"node_{n.output[0]}_{k}"
        made.append(step)
    return made


def unrolled(name: str, steps: int, form: str, last: bool = False, first_axis: int = 0) -> Any:
    """A cell over ``steps``: as it is, without the resets that nothing reads, or with what is known computed, too."""
    cell, states, shown = CELLS[name]
    taken = [node("Gather", ["x", f"k{k}"], [f"x@{k}"], axis=first_axis) for k in range(steps)]
    body = [n for k in range(steps) for n in copied(cell, k, states)]
    if last:
        end = [node("Identity", [f"{shown}@{steps - 1}"], ["out"])]
    else:
        lifted = [node("Unsqueeze", [f"{shown}@{k}", "front"], [f"up{k}"]) for k in range(steps)]
        end = [*lifted, node("Concat", [f"up{k}" for k in range(steps)], ["out"], axis=0)]
    stored = {**STORED, **{f"k{k}": np.array(k) for k in range(steps)}, "front": np.array([0])}
    nodes = [*taken, *body, *end]
    if form == "folded":
        nodes, stored = folded(nodes, stored)
    if form != "whole":
        nodes = needed(nodes)
    used = {i for n in nodes for i in n.input}
    shape = (om.B, om.H) if last else (steps, om.B, om.H)
    entry = (steps, om.B, om.N) if first_axis == 0 else (om.B, steps, om.N)
    return model(nodes, [info("x", *entry)], [info("out", *shape)], {k: v for k, v in stored.items() if k in used})


def folded(nodes: Sequence[Any], stored: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Nodes of constants alone become initializers, as the exporter of torch leaves them."""
    kept, known = list[Any](), dict(stored)
    for n in nodes:
        if all(name in known for name in n.input):
            inputs = {name: np.asarray(known[name]) for name in n.input}
            made = model([n], [], [info(name, None) for name in n.output], inputs)
            known.update(zip(n.output, ReferenceEvaluator(made).run(None, {}), strict=True))
        else:
            kept.append(n)
    return kept, known


def needed(nodes: Sequence[Any]) -> list[Any]:
    wanted, kept = {"out"}, list[Any]()
    for n in reversed(nodes):
        if wanted & set(n.output):
            wanted |= set(n.input)
            kept.insert(0, n)
    return kept


def expected(made: Any, x: Array) -> Array:
    (out,) = ReferenceEvaluator(made).run(None, {"x": x})
    return np.asarray(out)


def found(graph: Graph) -> list[str]:
    return sorted({n.op.name for n in graph} & {"egru", "gru", "neuron", "map", "slice", "concat"})


@pytest.mark.parametrize("steps", [3, 4, 6])
@pytest.mark.parametrize("form", ["whole", "last reset dropped", "folded"])
@pytest.mark.parametrize("name", CELLS)
def test_an_unrolled_cell_becomes_what_a_scan_of_it_is(name: str, form: str, steps: int) -> None:
    made = unrolled(name, steps, form)
    graph = axonc.load(made)
    assert graph.properties["time"] == "axis 0 of x"
    assert graph.properties["rolled_up"] == f"{steps} steps that the model spells out"
    assert graph.properties["batch"].startswith("axis 0 is taken away")
    assert found(graph) == [FOUND[name]]
    x = RNG.normal(0, 1, (steps, om.B, om.N)).astype(np.float32)
    result = axonc.interpret(graph, x.swapaxes(0, 1)).outputs["out"].swapaxes(0, 1)
    np.testing.assert_allclose(result, expected(made, x), atol=1e-5)
    longer = RNG.normal(0, 1, (40, om.B, om.N)).astype(np.float32)
    wanted = expected(unrolled(name, 40, "whole"), longer)
    result = axonc.interpret(graph, longer.swapaxes(0, 1)).outputs["out"].swapaxes(0, 1)
    np.testing.assert_allclose(result, wanted, atol=1e-4)
    assert np.any(wanted)


@pytest.mark.parametrize("name", CELLS)
def test_what_is_given_after_the_last_step_alone(name: str) -> None:
    made = unrolled(name, 5, "folded", last=True)
    graph = axonc.load(made)
    assert graph.properties["last_step"] == "out"
    x = RNG.normal(0, 1, (5, om.B, om.N)).astype(np.float32)
    result = axonc.interpret(graph, x.swapaxes(0, 1)).outputs["out"][:, -1]
    np.testing.assert_allclose(result, expected(made, x), atol=1e-5)


def test_what_nothing_needs_behind_a_loop_is_left_out() -> None:
    made = unrolled("gru", 4, "folded")
    made.graph.node.append(node("Exp", ["out"], ["unused"]))
    made.graph.node.append(node("Neg", ["unused"], ["unused too"]))
    assert found(axonc.load(made)) == ["gru"]


def test_samples_before_time() -> None:
    made = unrolled("egru", 4, "folded", first_axis=1)
    graph = axonc.load(made)
    assert graph.properties["time"] == "axis 1 of x"
    assert found(graph) == ["egru"]
    x = RNG.normal(0, 1, (om.B, 4, om.N)).astype(np.float32)
    result = axonc.interpret(graph, x).outputs["out"].swapaxes(0, 1)
    np.testing.assert_allclose(result, expected(made, x), atol=1e-5)


def test_resets_are_told_apart() -> None:
    resets = {"leaky": "subtract_next", "looped": "subtract"}
    for name, reset in resets.items():
        graph = axonc.load(unrolled(name, 4, "folded"))
        assert [n.op.gate.reset for n in graph if isinstance(n.op, Neuron)] == [reset]


def layers(steps: int, of_all: bool) -> Any:
    """Two layers of leaky neurons: one after the other at every step, or each over all steps."""
    stored = {**STORED, "Wi2": RNG.normal(0.4, 0.9, (om.H, om.H)).astype(np.float32)}
    states = {"c": "c1"}
    names = {o for n in LEAKY_CELL for o in n.output} | {"x", "c"}

    def in_second(n: Any) -> Any:
        made = type(n)()
        made.CopyFrom(n)
        made.input[:] = ["Wi2" if i == "Wi" else f"{i}_b" if i in names else i for i in n.input]
        made.output[:] = [f"{o}_b" for o in n.output]
        return made

    second = [in_second(n) for n in LEAKY_CELL]
    taken = [node("Gather", ["x", f"k{k}"], [f"x@{k}"]) for k in range(steps)]
    one = [n for k in range(steps) for n in copied(LEAKY_CELL, k, states, stored)]
    two = [n for k in range(steps) for n in copied(second, k, {"c_b": "c1_b"}, stored)]
    up = [node("Unsqueeze", [f"y1@{k}", "front"], [f"up{k}"]) for k in range(steps)]
    if of_all:
        join = [*up, node("Concat", [f"up{k}" for k in range(steps)], ["all"], axis=0)]
        join += [node("Gather", ["all", f"k{k}"], [f"x_b@{k}"]) for k in range(steps)]
    else:
        join = [node("Identity", [f"y1@{k}"], [f"x_b@{k}"]) for k in range(steps)]
    end = [node("Unsqueeze", [f"y1_b@{k}", "front"], [f"down{k}"]) for k in range(steps)]
    end.append(node("Concat", [f"down{k}" for k in range(steps)], ["out"], axis=0))
    stored |= {**{f"k{k}": np.array(k) for k in range(steps)}, "front": np.array([0]), "c_b0": ZERO}
    nodes, stored = folded([*taken, *one, *join, *two, *end], stored)
    nodes = needed(nodes)
    used = {i for n in nodes for i in n.input}
    shape = (steps, om.B, om.H)
    entry = (steps, om.B, om.N)
    return model(nodes, [info("x", *entry)], [info("out", *shape)], {k: v for k, v in stored.items() if k in used})


@pytest.mark.parametrize("of_all", [False, True])
def test_layers_in_one_loop_and_layer_after_layer(of_all: bool) -> None:
    made = layers(5, of_all)
    graph = axonc.load(made)
    assert graph.properties["rolled_up"].startswith("5 and 5 steps" if of_all else "5 steps")
    assert sum(isinstance(n.op, Neuron) for n in graph) == 2
    assert found(graph) == ["neuron"]
    x = RNG.normal(0, 2, (5, om.B, om.N)).astype(np.float32)
    result = axonc.interpret(graph, x.swapaxes(0, 1)).outputs["out"].swapaxes(0, 1)
    np.testing.assert_array_equal(result, expected(made, x))
    assert np.any(result)


def unlike() -> Any:
    """Other weights at one of the steps."""
    made = unrolled("egru", 4, "folded")
    made.graph.initializer.append(om.numpy_helper.from_array(STORED["W"] + np.float32(0.1), "W2"))
    next(n for n in made.graph.node if n.name == "node_xw_2").input[1] = "W2"
    return made


def test_steps_that_are_not_alike_stay_calls_and_say_so() -> None:
    made = unlike()
    graph = axonc.load(made)
    assert graph.properties["time"].startswith("a step is a call of the model, because")
    assert graph.properties["time"].endswith("export with scan")
    x = RNG.normal(0, 1, (4, om.B, om.N)).astype(np.float32)
    whole = axonc.load(made, onnx="batch=keep")
    np.testing.assert_allclose(axonc.interpret(whole, x[None]).outputs["out"][0], expected(made, x), atol=1e-5)
    with pytest.raises(ModelError, match=r"AX135 .*is not computed alike at the steps 1 and 2; export with scan"):
        axonc.load(made, onnx="time=sequence")


def test_what_differs_in_the_first_step_alone_is_found_with_numbers() -> None:
    """The walk passes over the first step, so another matrix there is for the comparison to find."""
    made = unrolled("egru", 4, "folded")
    made.graph.initializer.append(om.numpy_helper.from_array(STORED["W"] + np.float32(0.1), "W2"))
    next(n for n in made.graph.node if n.name == "node_xw_0").input[1] = "W2"
    with pytest.raises(ModelError, match="AX135"):
        axonc.load(made, onnx="time=sequence")
    assert "rolled_up" not in axonc.load(made).properties


def test_states_of_their_own_at_first() -> None:
    """A membrane that does not begin at 0 keeps its first value, in a delay."""
    made = unrolled("leaky", 4, "last reset dropped")
    tensor = next(t for t in made.graph.initializer if t.name == "c0")
    tensor.CopyFrom(om.numpy_helper.from_array(np.full((om.B, om.H), 0.5, np.float32), "c0"))
    graph = axonc.load(made)
    assert "initial=" in str(graph)
    x = RNG.normal(0, 1, (4, om.B, om.N)).astype(np.float32)
    result = axonc.interpret(graph, x.swapaxes(0, 1)).outputs["out"].swapaxes(0, 1)
    np.testing.assert_array_equal(result, expected(made, x))


def test_parts_of_an_image_that_are_treated_alike_are_no_loop() -> None:
    taken = [node("Split", ["x"], ["r", "g", "b"], axis=1, num_outputs=3)]
    alike = [node("Relu", [name], [f"{name}1"]) for name in "rgb"]
    join = node("Concat", ["r1", "g1", "b1"], ["out"], axis=1)
    made = model([*taken, *alike, join], [info("x", 2, 3, 4, 4)], [info("out", 2, 3, 4, 4)])
    graph = axonc.load(made)
    assert graph.properties["time"] == "a step is a call of the model"
    with pytest.raises(ModelError, match="AX134"):
        axonc.load(made, onnx="time=sequence")
