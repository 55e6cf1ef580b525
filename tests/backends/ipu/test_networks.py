"""Networks as Poplar programs compute what the interpreter does, bit for bit, in as many bytes as predicted."""

from __future__ import annotations

import json

import gated
import gated_graphs
import image_graphs
import images
import ipu_networks
import numpy as np
import strategies
from benchmarks import ipu_forms
from equality import held
from hypothesis import given
from hypothesis import strategies as st

import axonc
from axonc import Graph
from axonc.backends.ipu.lower.forms import FORMS
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.quantisation import Quantisation
from axonc.ir import Kind, Node, Signal
from axonc.ir.ops import Axis, Conv, Delay, Flatten, Gate, Input, Membrane, Neuron, Output, Pool

STATES = ("q16", "centred4", "float32", "loihi")


@strategies.examples(2)
@given(data=st.data())
def test_random_networks_equal_the_interpreter(data: st.DataObject) -> None:
    """Several networks at once, since compiling takes longer than running. (The first example is the simplest one.)"""
    drawn = [(state, data.draw(strategies.cases(state))) for state in STATES * 2]
    chosen = [(state, case) for state, case in drawn if state != "loihi" or held(case)]
    graphs = [axonc.load(case.model, semantics=case.semantics, inputs=case.inputs) for _, case in chosen]
    shifting = Quantisation(shifts=True)
    options = [
        Options(state=state, weights="int8")
        if state == "loihi"
        else Options(state=state, quantize=shifting, weights="int16" if index < len(STATES) else "int8")
        for index, (state, _) in enumerate(chosen)
    ]
    with ipu_networks.programs(graphs, options) as programs:
        for program, (_, case) in zip(programs, chosen, strict=True):
            ipu_networks.verified(program, case.data)


def test_gated_units_equal_the_interpreter() -> None:
    """All kinds, on spikes and on dense inputs, with delays, alone and behind each other; some begin with values."""
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
    begun = [True, False, False, True, False, False, False]
    graphs = [
        gated_graphs.chain(
            rng, *case, density=float(rng.choice([1.0, 0.2])), own=bool(rng.integers(2)), begun=begins, segment=4
        ).graph
        for *case, begins in zip(kinds, dense, sizes, begun, strict=True)
    ]
    with ipu_networks.programs(graphs, [Options()] * len(graphs)) as programs:
        for program, is_dense in zip(programs, dense, strict=True):
            verification = ipu_networks.verified(program, gated_graphs.values(rng, is_dense, (2, 12, 5)))
            assert any(verification.result.count(name) for name in verification.result.graded)


@strategies.examples(1)
@given(data=st.data())
def test_random_float_networks_equal_the_interpreter(data: st.DataObject) -> None:
    """Of NIR, with scales and delays behind weights, which become populations and matrices."""
    cases = [data.draw(strategies.cases("float32")) for _ in range(4)]
    graphs = [axonc.load(case.model, semantics=case.semantics, inputs=case.inputs) for case in cases]
    with ipu_networks.programs(graphs, [Options(weights="float32")] * len(graphs)) as programs:
        for program, case in zip(programs, cases, strict=True):
            ipu_networks.verified(program, case.data)


@strategies.examples(1)
@given(data=st.data())
def test_convolutions_equal_the_interpreter(data: st.DataObject) -> None:
    """Kernels of one and two axes, with strides, dilation, padding, groups and pools before them, in integers and in
    float."""
    options = [Options(state="q16"), Options(state="float32"), *[Options(weights="float32")] * 2]
    cases = [data.draw(image_graphs.cases(option.state or "float32")) for option in options]
    graphs = [axonc.load(case.model, semantics=case.semantics, inputs=case.inputs) for case in cases]
    with ipu_networks.programs(graphs, options) as programs:
        for program, case in zip(programs, cases, strict=True):
            ipu_networks.verified(program, case.data)


def float_images(rng: np.random.Generator) -> Graph:
    """Events of an image, two convolutions with biases, a matrix."""
    builder = Graph.builder()
    builder.input("in", (2, 9, 8), events=2)
    builder.population("first", "lif", (4, 5, 8), tau=7e-3)
    builder.population("second", "if", (4, 3, 6))
    builder.population("out", "li", 3, tau=10e-3)
    kernels = rng.normal(0, 0.6, (4, 2, 3, 3)), rng.normal(0, 0.8, (4, 2, 3, 3))
    builder.conv("in", "first", kernels[0], bias=rng.normal(0, 0.1, 4), stride=(2, 1), padding=1)
    builder.conv("first", "second", kernels[1], groups=2, delay=2e-3)
    builder.connect("second", "out", rng.normal(size=(3, 72)))
    builder.output("shown", "out")
    return axonc.load(builder.graph(), dt=1e-3)


def test_convolutions_in_float_equal_the_interpreter() -> None:
    rng = np.random.default_rng(2)
    with ipu_networks.programs([float_images(rng)], [Options(weights="float32")]) as (program,):
        assert list(json.loads((program.directory / "report.json").read_text())["forms"].values())[:2] == ["kernel"] * 2
        x = rng.integers(1, 3, (2, 25, 2, 9, 8)) * (rng.random((2, 25, 2, 9, 8)) < 0.2)
        result = ipu_networks.verified(program, x).result
        assert result.count("second") > 0


def float_pools(rng: np.random.Generator, kind: Kind) -> Graph:
    """An image whose means a convolution sees; sums of its spikes, late, of which the next sees means; means before a
    matrix. All windows but the last overlap."""
    chain = images.Chain("in", (2, 9, 8))
    chain.add(Pool((Axis(3, 2, 1, 1), Axis(2)), average=True))
    chain.add(Conv(rng.normal(0, 1.5, (4, 2, 2, 3)), rng.normal(0, 0.1, 4), (Axis(2), Axis(3))))
    chain.add(images.spiking(chain.shape, np.asarray(0.5)))
    chain.add(Pool((Axis(2), Axis(2))))
    chain.add(Delay(2))
    chain.add(Pool((Axis(2), Axis(1, 1, 1)), average=True))
    chain.add(Conv(rng.normal(0, 0.6, (4, 2, 2, 3)), None, (Axis(2), Axis(3)), groups=2))
    chain.add(images.spiking(chain.shape, np.asarray(0.5)))
    chain.add(Pool((Axis(1), Axis(3, 3)), average=True))
    chain.add(Flatten(0, 2))
    chain.add(images.dense(rng, chain.shape, (3,)))
    chain.add(images.readout(chain.shape))
    source = Node("in", Input(Signal((2, 9, 8), kind)))
    return Graph("pools", (source, *chain.nodes, Node("out", Output(), (chain.last,))), "steps", 1e-3)


def test_pools_in_float_equal_the_interpreter() -> None:
    """Sums and means of spikes, and of values, whose sums have an order."""
    rng = np.random.default_rng(4)
    graphs = [float_pools(rng, kind) for kind in (Kind.EVENT, Kind.DENSE)]
    options = [Options(weights="float32"), Options(weights="float32", capacity=60, overflow="drop")]
    spikes = (rng.random((2, 25, 2, 9, 8)) < 0.3).astype(int)
    data = [spikes, (spikes * rng.normal(0, 2, spikes.shape)).astype(np.float32)]
    with ipu_networks.programs(graphs, options) as programs:
        for program, x in zip(programs, data, strict=True):
            result = ipu_networks.verified(program, x).result
            assert np.ptp(result["out"]) > 0
            pools = [node.name for node in program.graph if isinstance(node.op, Pool)]
            assert len(pools) == 4
            assert all(np.any(result.recorded[name] != 0) for name in pools)


TIMES: dict[str, dict[str, float]] = {"if": {}, "lif": {"tau": 7e-3}, "cuba_lif": {"tau_syn": 3e-3, "tau_mem": 9e-3}}


def float_network(rng: np.random.Generator, kind: str, dense: bool) -> Graph:
    """An input, two layers of a kind and a readout, with loops, delays, biases and sparse matrices."""
    builder = Graph.builder()
    builder.input("in", 9, events=3, dense=dense)
    sizes = {"in": 9, "first": 31, "second": 13, "out": 3}
    for name in ("first", "second"):
        builder.population(name, kind, sizes[name], **TIMES[kind])
    builder.population("out", "cuba_li", sizes["out"], tau_syn=5e-3, tau_mem=10e-3)
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
    return axonc.load(builder.graph(), dt=1e-3, semantics="nir,reset=subtract,spikes=3" if kind == "if" else "nir")


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


def test_the_chosen_form_is_the_cheapest_of_the_accounts() -> None:
    """A little below and above the activity from which on reading all rows takes fewer cycles."""
    found = list(ipu_forms.points(100, 24, ipu_forms.NARROW))
    assert [point.chosen for point in found] == [point.cheapest for point in found]
    assert {point.chosen for point in found} == {"rows", "values"}
