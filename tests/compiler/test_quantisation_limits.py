"""Quantisation where there is nothing to quantise, too little, or data of another model: defined, or one clear line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import models
import numpy as np
import pytest
import tasks

import axonc
from axonc import Graph, ModelError
from axonc.compiler.driver.config import read_config
from axonc.compiler.driver.options import Options, merged_options, split_formats
from axonc.compiler.driver.pipeline import prepare
from axonc.compiler.driver.quantisation import parse_quantisation
from axonc.compiler.number_formats import FormatChoice
from axonc.ir.ops import Linear, QuantLinear
from axonc.ir.precision import precision

Array = np.ndarray[Any, Any]
WEIGHT = np.random.default_rng(0).normal(0, 1, (4, 12))
X = (np.random.default_rng(1).random((2, 20, 12)) < 0.3).astype(np.uint8)
HOW = [None, "scales=mse", "scope=channel", "power_of_two=true", "rounding=stochastic", "equalise=true"]


def layer(weight: Array) -> Graph:
    return axonc.load(models.single(models.neuron("LIF", 4), weight), "nir,dt=1e-3")


@pytest.mark.parametrize("quantize", HOW)
@pytest.mark.parametrize("weights", ["int16", "int8", "int4", "int2", "ternary"])
@pytest.mark.parametrize("size", [0.0, 5e-324, 1e-310, 1e-300])
def test_layers_of_zeros_and_of_numbers_near_zero(size: float, weights: str, quantize: str | None) -> None:
    if weights == "ternary" and quantize == "scales=mse":
        pytest.skip("contradictory")
    how = parse_quantisation(quantize)
    final, _, _ = prepare(layer(WEIGHT * size), "reference", Options(weights, "q16", quantize=how))
    op = final["fc"].op
    assert isinstance(op, QuantLinear)
    assert np.all(op.scale > 0)
    assert size >= 1e-300 or not np.any(op.weight) or op.scale.min() * abs(op.weight).max() <= 1e-307
    result = axonc.interpret(final, X)
    assert all(np.all(np.isfinite(trace)) for trace in result.outputs.values())
    assert size or precision(final)["weights"]["fc"]["sqnr_db"] is None


@pytest.mark.parametrize("quantize", ["ranges=data", "bias_correction=true", "ranges=data,percentile=50"])
@pytest.mark.parametrize(
    "x", [X[:, :, :5], X[0, 0], X[:0], X[:, :0], X * np.nan, X * -1.0, X * 0.5, {"elsewhere": X, "input": X}]
)
def test_data_of_another_model(x: Any, quantize: str) -> None:
    with pytest.raises(ModelError) as caught:
        axonc.compile(layer(WEIGHT), target="reference", weights="int8", calibrate=x, quantize=quantize)
    assert {problem.code for problem in caught.value.diagnostics} == {"AX701"}


@pytest.mark.parametrize("prune", [0.0, 1.0, "cubic,share=1", "rigl,share=1", "once,share=1"])
def test_densities_of_nothing_and_of_all(prune: Any) -> None:
    data = tasks.task(32)
    done = axonc.train(tasks.lif(loops=False), data, prune=prune, weights="int4", epochs=2).graph
    left = sum(np.count_nonzero(n.op.weight) for n in done if isinstance(n.op, Linear))
    assert (left == 0) == (prune != 0.0)
    program = axonc.compile(done, target="reference", weights="int4", state="q16")
    assert np.all(np.isfinite(program.run(data[0]).value("out")))


@pytest.mark.parametrize("weights", ["int8", "int2", "ternary"])
def test_a_layer_of_zeros_trains_and_is_searched(weights: str) -> None:
    graph, data = tasks.lif(loops=False), tasks.task(32)
    graph = graph.with_nodes(
        replace(n, op=replace(n.op, weight=0 * n.op.weight)) if n.name == "w" and isinstance(n.op, Linear) else n
        for n in graph
    )
    done = axonc.train(graph, data, weights=weights, epochs=1)
    assert np.isfinite(done.history[0].loss)
    assert axonc.search(graph, *data, keep=0.0).found.bytes > 0


def test_kinds_of_op_are_chosen_by_the_caller(tmp_path: Any) -> None:
    """An op less specific than a pattern, that less than a name; a caller's before a file's that is as specific."""
    graph = tasks.lif()
    given = {"*": "int8", "op:linear": "int4", "op:neuron": "int16", "o": "int2"}
    options = Options("int8", "q16", formats=tuple(split_formats("weights", given)[1]))
    final, _, _ = prepare(graph, "reference", options)
    assert {name: said["format"] for name, said in precision(final)["weights"].items()} == {
        "w": "int4",
        "r": "int4",
        "o": "int2",
    }
    path = tmp_path / "axonc.toml"
    path.write_text('weights = "int8"\n[ops.linear]\nweights = "int2"\n[nodes.o]\nweights = "int4"\n')
    options = merged_options(read_config(path), weights=["op:linear=ternary"], state="q16")
    said = precision(prepare(graph, "reference", options)[0])["weights"]
    assert {name: entry["format"] for name, entry in said.items()} == {"w": "ternary", "r": "ternary", "o": "int4"}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (["int8", "int4"], "AX407"),
        (["int8", "o=int4", "o=int2"], "AX407"),
        (["op:linear=int4", "op:linear=int2"], "AX407"),
        (["o*=int4", "*o=int2"], "AX407"),
        (["op:conv=int4"], None),
        (["op:dense=int4"], "AX410"),
        (["o=int4", "o=int4"], None),
        (["o*=int4", "*o=int4"], None),
        (["o*=int4", "*o=int2", "o=int8"], None),
    ],
)
def test_choices_that_contradict_each_other(given: list[str], code: str | None) -> None:
    def formats() -> dict[str, Any]:
        weights, choices = split_formats("weights", given)
        final, _, _ = prepare(tasks.lif(), "reference", Options(weights or "int8", "q16", formats=tuple(choices)))
        return dict(precision(final)["weights"])

    if code is None:
        assert formats()
        return
    with pytest.raises(ModelError) as caught:
        formats()
    assert {problem.code for problem in caught.value.diagnostics} == {code}


def test_a_contradiction_names_both_sides() -> None:
    choices = (FormatChoice("hid*", "state", "q12"), FormatChoice("*den", "state", "q9"))
    with pytest.raises(ModelError) as caught:
        prepare(tasks.lif(), "reference", Options("int8", "q16", formats=choices))
    (problem,) = caught.value.diagnostics
    assert str(problem).startswith("AX407 hidden: state q12 (for hid*) and q9 (for *den)")
