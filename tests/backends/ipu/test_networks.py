"""Networks as Poplar programs compute what the interpreter does, bit for bit, in as many bytes as predicted."""

from __future__ import annotations

import gated
import gated_graphs
import ipu_networks
import numpy as np
import strategies
from equality import held
from hypothesis import given
from hypothesis import strategies as st

import axonc
from axonc import Graph
from axonc.backends.ipu.lower.forms import FORMS
from axonc.compiler.driver.options import Options
from axonc.ir.ops import Delay, Gate, Membrane, Neuron

STATES = ("q16", "q32", "float32", "loihi")


@strategies.examples(2)
@given(data=st.data())
def test_random_networks_equal_the_interpreter(data: st.DataObject) -> None:
    """Several networks at once, since compiling takes longer than running. (The first example is the simplest one.)"""
    drawn = [(state, data.draw(strategies.cases(state))) for state in STATES * 2]
    chosen = [(state, case) for state, case in drawn if state != "loihi" or held(case)]
    graphs = [axonc.load(case.model, semantics=case.semantics, inputs=case.inputs) for _, case in chosen]
    with ipu_networks.programs(graphs, [Options(state=state) for state, _ in chosen]) as programs:
        for program, (_, case) in zip(programs, chosen, strict=True):
            ipu_networks.verified(program, case.data)


def test_gated_units_equal_the_interpreter() -> None:
    """All kinds, on spikes and on dense inputs, with delays, alone and behind each other."""
    rng = np.random.default_rng(3)
    kinds = [
        ["egru"],
        ["gru"],
        ["lstm"],
        ["gru_before"],
        ["egru", "lif", "lstm"],
        ["gru_before", "egru"],
        ["lif", "gru"],
    ]
    dense = [True, True, False, True, True, False, False]
    sizes = [[40], [5], [30], [26], [7, 9, 11], [5, 30], [12, 4]]
    graphs = [
        gated_graphs.chain(rng, *case, density=float(rng.choice([1.0, 0.2])), own=bool(rng.integers(2))).graph
        for case in zip(kinds, dense, sizes, strict=True)
    ]
    with ipu_networks.programs(graphs, [Options()] * len(graphs)) as programs:
        for program, is_dense in zip(programs, dense, strict=True):
            verification = ipu_networks.verified(program, gated_graphs.values(rng, is_dense, (2, 12, 5)))
            assert any(verification.result.count(name) for name in verification.result.graded)


TIMES: dict[str, dict[str, float]] = {"if": {}, "lif": {"tau": 7e-3}, "cuba_lif": {"tau_syn": 3e-3, "tau_mem": 9e-3}}


def float_network(rng: np.random.Generator, kind: str, dense: bool) -> Graph:
    """An input, two layers of a kind and a readout, with loops, delays, biases and sparse matrices."""
    builder = Graph.builder()
    builder.input("in", 9, events=3, dense=dense)
    sizes = {"in": 9, "first": 31, "second": 13, "out": 3}
    for name in ("first", "second"):
        builder.population(name, kind, sizes[name], **TIMES[kind])
    builder.population("out", "li", sizes["out"], tau=10e-3)
    for source, target, density, delay in (
        ("in", "first", 1.0, 0),
        ("first", "first", 0.1, 1),
        ("first", "first", 0.7, 4),
        ("first", "second", 0.3, 0),
        ("second", "out", 1.0, 0),
        ("first", "out", 0.5, 2),
    ):
        shape = (sizes[target], sizes[source])
        weight = rng.normal(0.1, 1, shape) * (rng.random(shape) < density)
        bias = rng.normal(0, 0.3, shape[0]) if rng.integers(2) else None
        builder.connect(source, target, weight, bias=bias, delay=delay * 1e-3)
    builder.output("shown", "out")
    return axonc.load(builder.graph(), dt=1e-3)


def test_float_networks_equal_the_interpreter() -> None:
    """Sums in the canonical order, as rows and as synapses, from spikes, counts of spikes and values."""
    rng = np.random.default_rng(5)
    forms = [None, FORMS[0], FORMS[2], None]
    dense = [False, False, False, True]
    kinds = ["lif", "cuba_lif", "if", "lif"]
    graphs = [float_network(rng, *case) for case in zip(kinds, dense, strict=True)]
    with ipu_networks.programs(graphs, [Options(weights="float32")] * len(graphs), forms) as programs:
        for program, is_dense in zip(programs, dense, strict=True):
            counts = rng.integers(1, 4, (2, 120, 9)) * (rng.random((2, 120, 9)) < 0.3)
            x = rng.normal(size=counts.shape).astype(np.float32) if is_dense else counts
            result = ipu_networks.verified(program, x).result
            assert np.ptp(result["shown"]) > 0


def float_units(seed: int, kinds: list[str], **fields: object) -> Graph:
    """A dense input, two steps late, layers of gated units in float of which the first has ``fields``, and spiking
    neurons that hear the last."""
    made = gated.Cells(6, seed, density=0.6)
    made.last = made.add("late", Delay(2), ("x",))
    for index, kind in enumerate(kinds):
        how = fields if index == 0 else {}
        gated.LAYERS[kind](made, f"{kind}{index}", int(made.random.integers(5, 40)), **how)
    ones = np.ones(7)
    op = Neuron((7,), None, Membrane(0.8 * ones, ones, 0 * ones, 0 * ones), Gate(0.3 * ones, "subtract", 0 * ones))
    made.add("cells", op, (made.linear("cells.w", made.last, 7, made.width),))
    made.last = "cells"
    return made.graph()


def test_gated_units_in_float_equal_the_interpreter() -> None:
    """All kinds, behind dense inputs and each other; values travel in lists of floats."""
    chains = [["egru"], ["egru", "egru"], ["gru", "egru"], ["lstm", "gru_before"], ["egru", "lstm"]]
    fields: list[dict[str, object]] = [{"zoneout": 0.1, "segment": 5}, {}, {}, {}, {}]
    graphs = [float_units(seed, chain, **how) for seed, (chain, how) in enumerate(zip(chains, fields, strict=True))]
    rng = np.random.default_rng(0)
    with ipu_networks.programs(graphs, [Options(weights="float32")] * len(graphs)) as programs:
        for program in programs:
            x = rng.normal(size=(2, 30, 6)) * (rng.random((2, 30, 6)) < 0.5)
            result = ipu_networks.verified(program, x).result
            assert 0 < np.count_nonzero(result["y"]) < result["y"].size
