"""The text form of a small graph, to the letter, at every stage."""

from __future__ import annotations

import models

import axonc
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import prepare


def test_every_node_is_one_line() -> None:
    graph = axonc.load(models.single(models.neuron("LIF", 1), [[2.0, -1.0]]), semantics="nir,dt=1e-3")
    lines = str(graph).splitlines()
    assert lines[0].startswith('graph "model" steps dt=0.001 ')
    assert lines[1] == "  input: event[2] = input()"
    assert lines[2] == "  fc: dense[1] float32 = linear(input; weight=1x2 float64 in [-1, 2])"
    assert lines[3].startswith(
        "  cell: event[1] = neuron(fc; shape=(1,), membrane=Membrane(decay=0.8 (1), gain=0.2 (1)"
    )
    assert "gate=Gate(threshold=1 (1), reset=value" in lines[3]
    assert lines[4:] == ["  output: event[1] = output(cell; shape=(1,))", "}"]


def test_fixed_point_shows_formats_and_integers() -> None:
    graph = axonc.load(models.single(models.neuron("LI", 1), [[2.0, -1.003]]), semantics="nir,dt=1e-3")
    final, _, _ = prepare(graph, "native", Options(state="q16"))
    text = str(final)
    assert "fc: dense[1] int32 = quant_linear(input; weight=1x2 int8 in [-64, 127], scale=0.015748" in text
    assert "cell: dense[1] fixed16." in text
    assert str(final) == text
