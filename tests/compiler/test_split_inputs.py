"""Matrices whose inputs are shared out among cores: the same integers as those that are whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gated_graphs
import numpy as np
import pytest
from benchmarks.workloads import split, valued

import axonc
from axonc import Graph, ModelError
from axonc.compiler.driver.check import check_model
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import prepare, stages
from axonc.compiler.driver.quantisation import Quantisation
from axonc.compiler.passes import SplitInputs, form_problems, splits
from axonc.ir import Fixed
from axonc.ir.interpret import KERNELS
from axonc.ir.ops import PartialSums, QuantLinear
from axonc.ir.ops.gated_fixed import DIGIT, SUM

Array = np.ndarray[Any, Any]
INPUTS, HIDDEN, STEPS = 300, 7, 12
SHORT = "[clock]\ntick_s = 1e-4\n"
"""A tick with time for the events of some thousand inputs."""


def recurrent(inputs: int = INPUTS, density: float = 1.0, late: bool = True) -> Graph:
    """Inputs, early and ``late`` -> LIF, recurrent -> LI."""
    rng, net = np.random.default_rng(0), Graph.builder()
    kept = rng.random((HIDDEN, inputs)) < density
    net.input("in", inputs)
    net.population("h", "lif", HIDDEN, tau=20e-3)
    net.connect("in", "h", rng.normal(0.05, 0.4, (HIDDEN, inputs)) * kept)
    if late:
        net.connect("in", "h", rng.normal(0, 0.1, (HIDDEN, inputs)) * kept, delay=3e-3)
    net.connect("h", "h", rng.normal(0, 3, (HIDDEN, HIDDEN)), delay=2e-3)
    net.population("o", "li", 3, tau=20e-3)
    net.connect("h", "o", rng.normal(0, 1, (3, HIDDEN)))
    net.output("out", "o")
    return axonc.load(net.graph(), semantics="nir,dt=1e-3")


def events(inputs: int = INPUTS, active: float = 0.1) -> Array:
    return (np.random.default_rng(1).random((2, STEPS, inputs)) < active).astype(np.int64)


def whole(graph: Graph, **options: Any) -> Graph:
    """The graph in integers, not split."""
    return stages(graph, "spinnaker2", Options(**options))[-1][1]


def states(graph: Graph, x: Array) -> dict[str, Array]:
    """All that neurons show."""
    result = axonc.interpret(graph, x, ["h", "h:v", "o:v"])
    return {**result.outputs, **result.recorded}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"state": "float32"},
        {"state": "centred4"},
        {"weights": "int16", "state": "q32"},
        {"quantize": Quantisation(shifts=True)},
    ],
)
def test_split_matrices_add_up_to_the_same_states(options: dict[str, Any]) -> None:
    graph, x = recurrent(), events()
    able = [node.name for node in whole(graph, **options) if splits(whole(graph, **options), node.name)]
    assert len(able) == 4
    parts = split(graph, {name: 2 + number for number, name in enumerate(able)}, **options)
    assert sum(isinstance(node.op, PartialSums) for node in parts) == sum(range(2, 6))
    assert not list(form_problems(parts))
    expected, found = states(whole(graph, **options), x), states(parts, x)
    assert any(np.any(value) for value in expected.values())
    for name, value in expected.items():
        assert np.array_equal(found[name], value), name


def test_digits_hold_every_sum_up_to_the_largest() -> None:
    op = PartialSums(4)
    sums = np.array([0, 1, -1, (1 << 14) - 1, 1 << 14, -(1 << 14), -(1 << 14) - 1, SUM, -SUM])
    step = KERNELS[PartialSums](op, "float32").step
    for high in (0, 3, -3):
        given = np.stack([sums - (high << DIGIT), np.full(len(sums), high)], axis=1)
        _, digits = step({}, np.concatenate([given, given], axis=1))
        assert digits.shape == (len(sums), 2, 2)
        assert np.array_equal(digits[:, 1] @ [1, 1 << DIGIT], sums)
        assert np.all(np.abs(digits) <= Fixed(16).limit)
        assert np.all((digits[..., 0] >= -(1 << (DIGIT - 1))) & (digits[..., 0] < 1 << (DIGIT - 1)))


def test_cores_share_the_inputs_of_neurons_that_are_too_much_for_one(tmp_path: Path) -> None:
    """Every state at every step, in any order of cores and packets, and one sample after the other."""
    (tmp_path / "machine.toml").write_text(SHORT)
    graph, x = recurrent(4000, 0.9, late=False), events(4000, 0.02)
    program = axonc.compile(graph, "spinnaker2", machine=tmp_path / "machine.toml")
    sums = [node for node in program.graph if isinstance(node.op, PartialSums)]
    assert sums
    mapping = json.loads((program.directory / "mapping.json").read_text())["mapping"]
    assert mapping["cores"] > 2
    assert program.verify(x[:1]).equal
    expected = states(whole(graph), x)
    for how in ({"shuffle": True, "seed": 3}, {"back_to_back": True}):
        result = program.run(x, record=["h", "h:v", "o:v"], **how)  # type: ignore[arg-type]
        for name, value in {**result.outputs, **result.recorded}.items():
            assert np.array_equal(value, expected[name]), name


def test_sums_of_values_are_split_alike() -> None:
    workload = valued(43, 0.5, 0.8)
    parts = SplitInputs((("pop.w", 3), ("more.w", 2))).run(workload.graph)[0]
    assert not list(form_problems(parts))
    expected = axonc.interpret(workload.graph, workload.x).outputs
    found = axonc.compile(parts, "spinnaker2").run(workload.x).outputs
    assert all(np.array_equal(found[name], value) and np.any(value) for name, value in expected.items())


@pytest.mark.parametrize("target", ["spinnaker2", "native"])
def test_large_sums_cross_in_two_digits(target: str) -> None:
    """Weights of 16 bits at their limit, and inputs that all send."""
    net = Graph.builder()
    net.input("in", 60)
    net.population("h", "li", 4, tau=20e-3)
    weight = np.concatenate([np.full((2, 60), 32767.0), np.full((2, 60), -32767.0)])
    weight[1::2, ::3] = 1  # a step of which all are multiples
    net.connect("in", "h", weight)
    net.output("out", "h")
    graph = axonc.load(net.graph(), semantics="nir,dt=1e-3")
    parts = split(graph, {"in->h": 3}, weights="int16")
    x = np.ones((1, 4, 60), np.int64)
    x[:, 2, ::2] = 0
    program = axonc.compile(parts, target)
    record = [node.name for node in program.graph if isinstance(node.op, PartialSums)]
    result = program.run(x, record=record)
    sums = sum(result.recorded[name].astype(np.int64) @ [1, 1 << DIGIT] for name in record)
    op = next(node.op for node in whole(graph, weights="int16") if isinstance(node.op, QuantLinear))
    assert np.array_equal(sums, x @ np.asarray(op.weight, np.int64).T)
    assert np.abs(sums).max() > 1 << 20
    expected = axonc.interpret(whole(graph, weights="int16"), x).outputs["out"]
    assert np.array_equal(result.outputs["out"], expected)


def test_parts_have_about_as_many_weights() -> None:
    graph = whole(recurrent(100, 0.3))
    parts = split(recurrent(100, 0.3), {graph["h"].inputs[0]: 4})
    counts = [np.count_nonzero(node.op.weight.toarray()) for node in parts if _is_part(node.op)]  # type: ignore[attr-defined]
    assert len(counts) == 4
    assert max(counts) - min(counts) <= 2 * HIDDEN


def _is_part(op: object) -> bool:
    return isinstance(op, QuantLinear) and op.weight.shape[0] == 2 * HIDDEN


def test_sums_of_gated_units_are_not_split() -> None:
    made = gated_graphs.chain(np.random.default_rng(0), ["gru"], True, [4], 20)
    assert not any(splits(made.graph, node.name) for node in made.graph if node.name.startswith("gru"))


def test_what_splitting_does_not_help_is_told_of_the_whole_graph(tmp_path: Path) -> None:
    """A tick in which not even the shortest rows can be added."""
    (tmp_path / "machine.toml").write_text("[clock]\ntick_s = 2e-6\n")
    with pytest.raises(ModelError, match="AX505 h: neuron 0 alone needs"):
        prepare(recurrent(), "spinnaker2", Options(machine=tmp_path / "machine.toml"))
    check = check_model(recurrent(), "spinnaker2", Options(machine=tmp_path / "machine.toml"))
    assert {problem.code for problem in check.problems} == {"AX505"}
