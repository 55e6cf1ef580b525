"""Formats of weights and states, by node, from bounds and from data; equalisation, bias correction, reports."""

from __future__ import annotations

import json
from typing import Any

import gated
import models
import numpy as np
import pytest
from scipy import sparse

import axonc
from axonc import Graph, ModelError
from axonc.backends.spinnaker2 import schema
from axonc.compiler.driver.options import Options, split_formats
from axonc.compiler.driver.pipeline import passes_for, prepare, stages
from axonc.compiler.driver.quantisation import Quantisation, parse_quantisation
from axonc.compiler.driver.targets import backend
from axonc.compiler.number_formats import FormatChoice
from axonc.compiler.passes import Equalise, Quantize, ToPopulations, run_pipeline
from axonc.ir.ops import FixedNeuron, Linear, Neuron, QuantConv, QuantLinear
from axonc.ir.precision import precision, precision_lines

Array = np.ndarray[Any, Any]
DT = "nir,dt=1e-3"
RNG = np.random.default_rng(0)
X = models.events((4, 80, 3), 0.4)


def recurrent(kind: str = "CubaLIF") -> Graph:
    """A recurrent network in steps."""
    return axonc.load(models.recurrent(12, 3, kind), DT)


def reference(graph: Graph, **options: Any) -> Graph:
    """A graph as the reference runs it."""
    how = options.pop("quantize", None)
    return prepare(graph, "reference", Options(**{"weights": "int8"} | options, quantize=parse_quantisation(how)))[0]


def weight(graph: Graph, name: str) -> Array:
    """The integers of a node."""
    op = graph[name].op
    assert isinstance(op, (QuantLinear, QuantConv))
    return op.weight.toarray() if sparse.issparse(op.weight) else np.asarray(op.weight)


@pytest.mark.parametrize(("name", "bits"), [("int16", 16), ("int8", 8), ("int4", 4), ("int2", 2), ("ternary", 2)])
def test_every_weight_format_runs(name: str, bits: int) -> None:
    graph = reference(recurrent(), weights=name)
    op = graph["rec"].op
    assert isinstance(op, QuantLinear)
    assert op.bits == bits
    assert np.abs(weight(graph, "rec")).max() <= (1 << (bits - 1)) - 1
    axonc.interpret(graph, X)


def test_more_bits_come_closer_to_the_float_graph() -> None:
    graph = axonc.load(models.single(models.neuron("LI", 4), RNG.normal(size=(4, 3))), DT)
    exact = axonc.interpret(graph, X, (), "float64").outputs["output"]
    errors = [np.abs(axonc.interpret(reference(graph, weights=w), X).value("output") - exact).max() for w in FORMATS]
    assert errors == sorted(errors)
    assert errors[0] < errors[-1] / 1000


FORMATS = ("int16", "int8", "int4", "int2")


def test_int16_sums_that_no_int32_holds_are_refused_with_a_remedy() -> None:
    model = models.single(models.neuron("LIF", 1), np.ones((1, 3)))
    most = (2**31 - 1) // (3 * 32767)
    graph = axonc.load(model, DT, inputs=f"events:{most + 1}")
    with pytest.raises(ModelError, match=r"AX401 cell: the sum .*int8"):
        reference(graph, weights="int16")
    reference(axonc.load(model, DT, inputs=f"events:{most}"), weights="int16")
    reference(graph, weights="int8")


@pytest.mark.parametrize("name", ["int16", "int8", "int4", "int2", "ternary"])
@pytest.mark.parametrize("state", ["q12", "q24", "centred4"])
def test_cores_run_what_was_quantised_elsewhere(name: str, state: str) -> None:
    """In the smallest rows that hold the weights: a graph says no more than its integers."""
    held = reference(recurrent(), weights=name, state=state)
    program = axonc.compile(held, "spinnaker2")
    assert program.verify(X).equal
    report = json.loads((program.directory / "report.json").read_text())
    rows = {"int16": ["dense16", "wide"], "int8": ["dense", "sparse"], "int4": ["dense4", "pairs"]}
    assert report["formats"]["spikes"] == sorted(rows.get(name, ["dense2", "signs"]), key=schema.FORMATS.index)


# Single nodes


def chosen(graph: Graph, *choices: FormatChoice, weights: str = "int8") -> Graph:
    """A graph after quantisation with formats of single nodes."""
    return run_pipeline(graph, [ToPopulations(), Quantize(weights, choices=choices)])[-1][1]


def formats(graph: Graph) -> dict[str, str]:
    """The formats of weights by node."""
    return {name: said["format"] for name, said in precision(graph)["weights"].items()}


def test_the_most_specific_choice_wins() -> None:
    by_op, by_pattern = FormatChoice("linear", "weights", "int4", "op"), FormatChoice("*", "weights", "int16")
    by_name = FormatChoice("out", "weights", "ternary")
    graph = recurrent()
    assert set(formats(chosen(graph, by_op)).values()) == {"int4"}
    assert set(formats(chosen(graph, by_pattern, by_op)).values()) == {"int16"}
    mixed = formats(chosen(graph, by_name, by_pattern, by_op))
    assert mixed == {"fc": "int16", "rec": "int16", "out": "ternary"}


def test_a_population_chooses_for_all_that_enters_it() -> None:
    found = formats(chosen(recurrent(), FormatChoice("cell", "weights", "int4")))
    assert found == {"fc": "int4", "rec": "int4", "out": "int8"}
    found = formats(chosen(recurrent(), FormatChoice("neuron", "weights", "int2", "op"), weights="int16"))
    assert set(found.values()) == {"int2"}


def test_weights_of_one_sum_have_one_format() -> None:
    with pytest.raises(ModelError, match=r"AX406 cell: weights of int8 \(fc\), int4 \(rec\)"):
        chosen(recurrent(), FormatChoice("rec", "weights", "int4"))


def test_states_have_formats_of_their_own() -> None:
    graph = reference(recurrent(), state="q32", formats=(FormatChoice("readout", "state", "q10"),))
    cell, readout = graph["cell"].op, graph["readout"].op
    assert isinstance(cell, FixedNeuron)
    assert isinstance(readout, FixedNeuron)
    assert (cell.membrane.format.bits, readout.membrane.format.bits) == (32, 10)
    mixed = reference(recurrent(), state="q16", formats=(FormatChoice("readout", "state", "float32"),))
    assert isinstance(mixed["readout"].op, Neuron)
    axonc.interpret(mixed, X)


def test_cores_run_states_of_several_widths() -> None:
    program = axonc.compile(recurrent(), "native", state={"*": "q32", "readout": "q16"})
    assert program.verify(X).equal


def test_choices_for_nothing_are_refused() -> None:
    choices = (FormatChoice("lif*", "weights", "int4"), FormatChoice("fc", "state", "q16"))
    with pytest.raises(ModelError) as caught:
        chosen(recurrent(), *choices, FormatChoice("dense", "weights", "int4", "op"))
    assert [(p.code, p.node) for p in caught.value.diagnostics] == [
        ("AX410", "lif*"),
        ("AX410", "fc"),
        ("AX410", "dense"),
    ]


def test_contradictions_are_refused() -> None:
    graph = recurrent()
    with pytest.raises(ModelError, match="AX407 scales mse with rounding truncate"):
        reference(graph, quantize="scales=mse,rounding=truncate")
    with pytest.raises(ModelError, match="AX407 scales mse with ternary"):
        reference(graph, weights="ternary", quantize="scales=mse")
    with pytest.raises(ModelError, match="AX407 weights int4 with state loihi"):
        reference(graph, weights="int4", state="loihi")
    with pytest.raises(ModelError, match="AX407 quantize scales=mse; with state loihi"):
        reference(graph, state="loihi", quantize="scales=mse")
    for options in ({"state": "loihi"}, {"weights": "float32"}):
        with pytest.raises(ModelError, match="AX407 formats of fc; with"):
            reference(graph, **options, formats=(FormatChoice("fc", "weights", "int4"),))
    with pytest.raises(ModelError, match=r"AX407 .*--calibrate"):
        reference(graph, quantize="ranges=data")
    with pytest.raises(ModelError, match="AX407 weights int8 and int4 for all nodes"):
        split_formats("weights", ["int8", "int4"])


def test_unknown_formats_are_refused_by_the_pass_too() -> None:
    with pytest.raises(ModelError) as caught:
        chosen(recurrent(), FormatChoice("fc", "weights", "int3"), FormatChoice("cell", "state", "q33"), weights="int9")
    assert [p.code for p in caught.value.diagnostics] == ["AX403"] * 3


def test_options_are_one_text() -> None:
    text = "rounding=stochastic,scales=mse,seed=4,equalise=true,percentile=99.9"
    assert str(parse_quantisation(text)) == text
    assert parse_quantisation({"seed": 4, "equalise": True}) == Quantisation(seed=4, equalise=True)
    wrong = "rounding=up,colour=blue,seed=-1,margin=nan,power_of_two=1,ranges=all,scales=max,scales=mse"
    with pytest.raises(ModelError) as caught:
        parse_quantisation(wrong)
    assert len(caught.value.diagnostics) == 7


def test_the_semantics_say_how_weights_are_rounded_unless_the_options_do() -> None:
    graph = axonc.load(models.recurrent(), f"{DT},weight_rounding=truncate,weight_scope=channel")
    plain, stated = (
        passes_for(graph, backend("native"), Options(quantize=parse_quantisation(text)))[-1]
        for text in (None, "rounding=stochastic,scope=fan_in")
    )
    assert isinstance(plain, Quantize)
    assert isinstance(stated, Quantize)
    assert (plain.rounding, plain.scope) == ("truncate", "channel")
    assert (stated.rounding, stated.scope) == ("stochastic", "fan_in")


# What was lost


def test_the_sqnr_of_weights_is_that_of_the_definition() -> None:
    graph = recurrent()
    after = run_pipeline(graph, [ToPopulations(), Quantize("int4")])
    for name, said in precision(after[-1][1])["weights"].items():
        before, op = after[0][1][name].op, after[-1][1][name].op
        assert isinstance(before, Linear)
        assert isinstance(op, QuantLinear)
        lost = np.asarray(before.weight) - np.asarray(op.weight) * float(op.scale)
        assert said["sqnr_db"] == pytest.approx(10 * np.log10(np.sum(before.weight**2) / np.sum(lost**2)))
    assert (
        f"  # out: int4 weights, one scale, SQNR {precision(after[-1][1])['weights']['out']['sqnr_db']:.1f} dB"
        in str(after[-1][1])
    )


def test_a_build_reports_what_was_lost() -> None:
    program = axonc.compile(recurrent(), "native", state="q16")
    report = json.loads((program.directory / "report.json").read_text())
    assert report["precision"] == precision(program.graph)
    assert set(report["precision"]["states"]) == {"cell:i", "cell:v", "readout:v"}


def test_a_file_that_says_something_else_has_no_lines() -> None:
    graph = recurrent()
    for text in ("[]", "{", '{"weights": {"fc": {}}}', '{"weights": 3}', '{"weights": {}, "states": {"v": 0}}'):
        damaged = graph.with_properties(precision=text)
        assert precision(damaged) == {}
        assert precision_lines(damaged) == []


@pytest.mark.parametrize("state", ["q12", "q16", "q24"])
@pytest.mark.parametrize("tau", [3e-3, 4e-2])
def test_the_steady_state_errs_by_no_more_than_is_reported(state: str, tau: float) -> None:
    weights = np.array([[1.0], [0.37], [-0.61]])
    graph = axonc.load(models.single(models.neuron("LI", 3, tau=tau), weights), DT)
    final = reference(graph, weights="int16", state=state)
    x = np.ones((400, 1))
    exact = axonc.interpret(graph, x, (), "float64").outputs["output"][-1]
    op = final["fc"].op
    assert isinstance(op, QuantLinear)
    held = exact * (weight(final, "fc") * op.scale.reshape(-1, 1) / weights)[:, 0]
    said = precision(final)["states"]["cell:v"]
    found = np.abs(axonc.interpret(final, x).value("output")[-1] - held).max()
    assert found <= said["steady_error"] + said["decay_error"] * np.abs(held).max() + 1e-12
    assert found > 0


# Equalisation


def scales_apart() -> Graph:
    """Rows of very different magnitude into spiking neurons with all kinds of levels."""
    rows = RNG.normal(size=(8, 20)) * np.logspace(0, -3, 8)[:, None]
    level = np.logspace(0, -3, 8)
    cell = models.neuron("CubaLIF", 8, v_threshold=level, v_reset=-0.1 * level, v_leak=0.05 * level, r=4.0)
    nodes = {
        "input": models.source(20),
        "fc": models.affine(rows, 0.1 * level),
        "cell": cell,
        "rec": models.linear(RNG.normal(size=(8, 8)) * 0.3 * level[:, None]),
        "output": models.sink(8),
    }
    return axonc.load(models.graph(nodes, "input fc cell output", "cell rec cell"), DT)


def test_equalised_neurons_spike_alike_and_lose_less() -> None:
    graph = scales_apart()
    folded = run_pipeline(graph, [ToPopulations()])[-1][1]
    equal = run_pipeline(folded, [Equalise()])[-1][1]
    x = models.events((3, 200, 20), 0.3)
    before, after = (axonc.interpret(g, x).outputs["output"] for g in (folded, equal))
    assert before.sum() > 100
    assert np.array_equal(before, after)
    plain, better = (reference(graph, quantize=how) for how in (None, "equalise=true"))
    assert np.all(np.abs(weight(better, "fc")).max(axis=1) >= 32)
    assert np.abs(weight(plain, "fc")).max(axis=1).min() < 2
    lost = [row_errors(folded, graph) for folded, graph in ((folded, plain), (equal, better))]
    assert np.all(lost[1] <= lost[0])
    assert lost[1][-1] < lost[0][-1] / 100


def row_errors(before: Graph, after: Graph) -> Array:
    """The share of each row's energy that its integers lose."""
    exact, op = before["fc"].op, after["fc"].op
    assert isinstance(exact, Linear)
    assert isinstance(op, QuantLinear)
    rows = np.asarray(exact.weight)
    return np.sum((rows - weight(after, "fc") * op.scale) ** 2, axis=1) / np.sum(rows**2, axis=1)  # type: ignore[no-any-return]


def test_voltages_that_are_outputs_keep_their_units() -> None:
    graph = run_pipeline(recurrent(), [ToPopulations()])[-1][1]
    equal, _ = Equalise().run(graph)
    assert equal["readout"] is graph["readout"]
    assert equal["out"] is graph["out"]


# Data


def test_formats_hold_what_was_seen() -> None:
    graph = recurrent()
    seen = axonc.interpret(graph, X, ["cell:i", "cell:v", "cell:m", "readout:v"]).recorded
    largest = {name: float(np.abs(values).max()) for name, values in seen.items()}
    largest["cell:v"] = max(largest["cell:v"], largest.pop("cell:m"))
    for margin, bits in ((1.0, 16), (2.0, 16), (2.0, 12)):
        final = reference(graph, state=f"q{bits}", calibrate=X, quantize=f"ranges=data,margin={margin}")
        for name, value in largest.items():
            node, _, state = name.partition(":")
            number = final[node].op.states()[state].format
            if name == "cell:v":
                value = max(value, 1.0)  # the threshold
            assert value * margin <= number.limit * number.scale < 2.01 * value * margin  # type: ignore[union-attr]


def test_data_give_narrow_states_more_resolution_than_bounds() -> None:
    weights = RNG.normal(size=(4, 200)) * 0.02
    graph = axonc.load(models.single(models.neuron("LI", 4, r=5.0), weights), DT)
    x = models.events((2, 150, 200), 0.05)
    exact = axonc.interpret(graph, x, (), "float64").outputs["output"]
    errors = []
    for how in (None, "ranges=data"):
        final = reference(graph, weights="int16", state="q12", calibrate=x, quantize=how)
        errors.append(np.abs(axonc.interpret(final, x).value("output") - exact).max())
    assert errors[1] < errors[0] / 2


def test_a_percentile_clips_and_clips_are_counted() -> None:
    graph = axonc.load(models.single(models.neuron("LI", 2, r=5.0), np.array([[1.0], [0.9]])), DT)
    x = (np.arange(300) % 100 < 8).astype(int).reshape(1, -1, 1)
    whole = reference(graph, state="q16", calibrate=x, quantize="ranges=data")
    cut = reference(graph, state="q16", calibrate=x, quantize="ranges=data,percentile=80,margin=1")
    assert precision(whole)["states"]["cell:v"]["clipped"] == 0
    op = cut["cell"].op
    assert isinstance(op, FixedNeuron)
    v = axonc.interpret(cut, x[0], ["cell:v"]).recorded["cell:v"]
    counted = int(np.sum(np.abs(v) == op.membrane.format.limit))
    assert counted > 0
    assert precision(cut)["states"]["cell:v"]["clipped"] == counted
    assert f"AX408 cell: the state v reaches the limit of its format in {counted} of 600" in cut.properties["notes"]


def test_a_state_that_stays_0_is_noted() -> None:
    final = reference(recurrent(), state="q16", calibrate=0 * X, quantize="ranges=data,bias_correction=true")
    assert "AX409 readout: the state v stays 0" in final.properties["notes"]


def test_data_that_do_not_fit_are_refused() -> None:
    for x in (np.zeros((5, 4)), np.zeros((0, 3)), np.full((5, 3), np.nan)):
        with pytest.raises(ModelError, match="AX701"):
            reference(recurrent(), calibrate=x, quantize="ranges=data")


def test_bias_correction_takes_the_mean_error_away() -> None:
    rng = np.random.default_rng(5)
    weights, rates = np.abs(rng.normal(size=(6, 60))), rng.uniform(0, 0.8, 60)
    x = (rng.random((4, 400, 60)) < rates).astype(int)
    graph = axonc.load(models.single(models.neuron("LI", 6), weights), f"{DT},weight_rounding=truncate")
    exact = axonc.interpret(graph, x, (), "float64").outputs["output"][:, 100:].mean(axis=(0, 1))
    errors = []
    for correct in ("false", "true"):
        final = reference(graph, weights="int4", calibrate=x, quantize=f"bias_correction={correct}")
        found = axonc.interpret(final, x).value("output")[:, 100:].mean(axis=(0, 1))
        errors.append(np.abs(found - exact).mean())
    assert errors[1] < errors[0] / 10


def test_what_data_show_is_the_same_in_parts() -> None:
    """More samples than run at a time."""
    graph = recurrent()
    x = models.events((19, 30, 3), 0.4)
    texts = [
        str(reference(graph, state="q16", calibrate=x[order], quantize=HOW))
        for order in (slice(None), slice(None, None, -1))
    ]
    assert texts[0] == texts[1]


HOW = "ranges=data,percentile=99,bias_correction=true"


def test_stages_are_the_same_every_time() -> None:
    how = parse_quantisation("rounding=stochastic,seed=3,equalise=true,scales=mse")
    texts = [str(stages(recurrent(), "reference", Options("int4", quantize=how))[-1][1]) for _ in range(2)]
    assert texts[0] == texts[1]


# Extremes


@pytest.mark.parametrize("weights", ["int16", "int8", "int4", "int2", "ternary"])
@pytest.mark.parametrize("empty", [np.zeros((4, 3)), sparse.csr_array((4, 3))])
def test_layers_without_weights_stay_silent(weights: str, empty: Any) -> None:
    net = Graph.builder()
    net.input("in", 3)
    net.population("cell", "lif", 4, tau=1e-2)
    net.connect("in", "cell", empty, name="fc")
    net.output("out", "cell")
    graph = axonc.load(net.graph(), "nir,dt=1e-3")
    how = "equalise=true,bias_correction=true,power_of_two=true"
    final = reference(graph, weights=weights, quantize=how, calibrate=X)
    assert precision(final)["weights"]["fc"]["sqnr_db"] is None
    assert not np.any(axonc.interpret(final, X).outputs["out"])


def test_infinite_weights_are_refused() -> None:
    for value in (np.inf, np.nan):
        with pytest.raises(ModelError, match="AX302 fc"):
            axonc.load(models.single(models.neuron("LIF", 1), [[1.0, value]]), DT)


def test_gated_units_take_every_weight_format() -> None:
    x = RNG.normal(size=(2, 30, 5))
    graph = gated.cells(["gru", "egru", "lstm"], 5, 12)
    exact = axonc.interpret(graph, x, (), "float64").outputs["y"]
    errors = []
    for name in ("int8", "int4", "int2"):
        final = reference(graph, weights=name, state="q16", calibrate=x, quantize="scales=mse,scope=channel")
        errors.append(np.sqrt(np.mean((axonc.interpret(final, x).value("y") - exact) ** 2)))
        assert {said["format"] for said in precision(final)["weights"].values()} == {name}
    assert errors[0] < errors[1] < errors[2]


def test_gated_units_are_corrected_for_their_mean_error() -> None:
    x = np.abs(RNG.normal(size=(4, 60, 5)))
    graph = gated.cells(["gru"], 5, 16)
    exact = axonc.interpret(graph, x, (), "float64").outputs["y"][:, 20:].mean(axis=(0, 1))
    errors = []
    for correct in ("false", "true"):
        how = f"rounding=truncate,bias_correction={correct}"
        final = reference(graph, weights="int4", state="q16", calibrate=x, quantize=how)
        errors.append(np.abs(axonc.interpret(final, x).value("y")[:, 20:].mean(axis=(0, 1)) - exact).mean())
    assert errors[1] < errors[0]
