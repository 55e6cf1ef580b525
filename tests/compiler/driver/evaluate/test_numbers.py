"""Every number of an evaluation equals that of plain loops over what the runs record, however the samples are cut."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import models
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import axonc
from axonc import Graph, Program, Result
from axonc.compiler.driver.evaluate import Evaluation, evaluate
from axonc.ir.network import network
from axonc.ir.ops import Linear, is_sparse

Array = np.ndarray[Any, Any]
RECORD = ["cell", "cell:v", "cell:i", "readout:v"]


@pytest.fixture(scope="module")
def labels() -> Array:
    return np.array([1, 0, 1])


@pytest.fixture(scope="module")
def found(native: Program, graph: Graph, x: Array, labels: Array) -> Evaluation:
    return evaluate(native, x, labels, graph=graph, jobs=1)


@pytest.fixture(scope="module")
def runs(native: Program, graph: Graph, x: Array) -> dict[str, Result]:
    return {
        "float": axonc.interpret(graph, x, RECORD),
        "quantised": axonc.interpret(native.graph, x, RECORD),
        "mapped": native.run(x, RECORD),
    }


def test_the_stages_are_those_of_the_compilation(found: Evaluation) -> None:
    assert list(found.stages) == ["float", "quantised", "mapped"]
    assert [stage.runs_on for stage in found.stages.values()] == ["interpreter", "interpreter", "native"]
    assert [(c.before, c.stage) for c in found.comparisons.values()] == [
        ("float", "quantised"),
        ("quantised", "mapped"),
    ]


def test_a_class_is_the_first_of_the_largest_scores(found: Evaluation, runs: dict[str, Result], labels: Array) -> None:
    for name, run in runs.items():
        scores = [[sum(float(v) for v in trace[:, c]) for c in range(2)] for trace in run.outputs["output"]]
        chosen = [row.index(max(row)) for row in scores]
        assert found.stages[name].decisions.tolist() == chosen
        assert found.stages[name].accuracy == np.mean(np.array(chosen) == labels)


@pytest.mark.parametrize("decide", ["last", "max"])
def test_other_decisions(decide: str, native: Program, x: Array, runs: dict[str, Result]) -> None:
    other = evaluate(native, x, [0, 0, 0], decide=decide, jobs=1, stages=["mapped"])
    traces = runs["mapped"].outputs["output"]
    scores = traces[:, -1] if decide == "last" else traces.max(axis=1)
    assert other.stages["mapped"].decisions.tolist() == [row.argmax() for row in scores]


def test_ties_go_to_the_lowest_index(native: Program) -> None:
    assert evaluate(native, np.zeros((2, 5, 3)), [0, 0], jobs=1, stages=["mapped"]).last.correct == 2


def test_agreement_counts_equal_bins(found: Evaluation, runs: dict[str, Result]) -> None:
    for comparison in found.comparisons.values():
        before, later = (runs[name]["cell"] for name in (comparison.before, comparison.stage))
        (layer,) = comparison.layers
        equal = sum(int(a == b) for a, b in zip(before.ravel(), later.ravel(), strict=True))
        assert (layer.name, layer.bins, layer.equal) == ("cell", before.size, equal)
        assert (layer.events_before, layer.events) == (before.sum(), later.sum())
        assert comparison.agreement == equal / before.size


def test_the_first_difference_is_the_earliest(found: Evaluation, runs: dict[str, Result]) -> None:
    differs = runs["float"]["cell"] != runs["quantised"]["cell"]
    places = [(int(t), int(b), int(n)) for b, t, n in np.argwhere(differs)]
    first = found.comparisons["quantised"].first
    assert places
    assert first is not None
    assert (first.layer, first.step, first.sample, first.neuron) == ("cell", *min(places))
    assert found.comparisons["mapped"].first is None
    assert found.comparisons["mapped"].equal


def test_sqnr_is_power_over_power_of_differences(found: Evaluation, runs: dict[str, Result]) -> None:
    for name in ("cell:v", "cell:i", "readout:v", "output"):
        before, later = (runs[stage].value(name) for stage in ("float", "quantised"))
        noise = sum(float(d) ** 2 for d in (later - before).ravel())
        signal = sum(float(v) ** 2 for v in before.ravel())
        sqnr = found.comparisons["quantised"].sqnr[name]
        np.testing.assert_allclose((sqnr.signal, sqnr.noise), (signal, noise))
        assert sqnr.decibels == pytest.approx(10 * np.log10(signal / noise))
        assert str(found.comparisons["mapped"].sqnr[name]) == "exact"


def test_events_and_operations(found: Evaluation, native: Program, runs: dict[str, Result], x: Array) -> None:
    sent = {"input": x, "cell": runs["mapped"]["cell"]}
    operations = 0
    for projection in network(native.graph).projections:
        dense = projection.weight.toarray()
        counts = sent[projection.source].sum(axis=(0, 1))
        operations += sum(int(count) * np.count_nonzero(dense[:, n]) for n, count in enumerate(counts))
    stage = found.stages["mapped"]
    assert stage.synaptic_operations == operations
    assert stage.matrices is not None
    for projection, cost in zip(network(native.graph).projections, stage.matrices, strict=True):
        kept, trace = projection.weight.toarray() != 0, sent[projection.source]
        assert (cost.name, cost.density, cost.activity) == (projection.name, kept.mean(), trace.mean())
        assert cost.operations == sum(int(kept[:, source].sum()) for *_, source in np.argwhere(trace))
    assert stage.updates == x.shape[0] * x.shape[1] * (6 + 2)
    for name, trace in sent.items():
        assert stage.events[name] == trace.sum()
        assert stage.by_step[name].tolist() == trace.sum(axis=(0, 2)).tolist()


def test_sizes(found: Evaluation, native: Program) -> None:
    weights = 6 * 3 + 6 * 6 + 2 * 6
    assert [stage.size.weights for stage in found.stages.values()] == [4 * weights, weights, weights]
    assert found.stages["float"].size.cores is None
    assert found.last.size.cores == native.manifest["cores"]
    assert found.last.size.core_bytes["weights"] >= weights


@given(chunk=st.integers(1, 7), threads=st.integers(1, 3), order=st.permutations(range(7)))
@settings(max_examples=10)
def test_cuts_change_nothing(native: Program, graph: Graph, chunk: int, threads: int, order: list[int]) -> None:
    x = models.events((7, 15, 3), seed=5)[order]
    whole = evaluate(native, x, graph=graph, jobs=1, chunk=7)
    with ThreadPoolExecutor(threads) as executor:
        parts = evaluate(native, x, graph=graph, executor=executor, chunk=chunk)
    assert parts.to_dict() == whole.to_dict()


def test_a_graph_is_compiled(graph: Graph, x: Array, found: Evaluation, labels: Array) -> None:
    options = {"target": "native", "slice_size": 3, "strategy": "spread"}
    assert evaluate(graph, x, labels, options=options, jobs=1).to_dict() == found.to_dict()


def test_the_float_graph_alone(reference: Program, x: Array, labels: Array, found: Evaluation) -> None:
    alone = evaluate(reference, x, labels, jobs=1)
    assert list(alone.stages) == ["float"]
    assert alone.comparisons == {}
    assert alone.last.correct == found.stages["float"].correct
    assert alone.last.synaptic_operations == found.stages["float"].synaptic_operations
    assert "float" in str(alone)


@pytest.mark.parametrize("weights", ["int8", "float32"])
def test_what_pruning_and_what_rounding_cost_is_told_apart(graph: Graph, x: Array, weights: str) -> None:
    state = "q16" if weights == "int8" else "float32"
    program = axonc.compile(graph, target="reference", weights=weights, state=state, prune=0.7)
    told = evaluate(program, x, graph=graph, jobs=1)
    assert list(told.stages) == ["float", "pruned", "quantised"][: 3 if weights == "int8" else 2]
    cut = axonc.prune(graph, 0.7)
    traces = [axonc.interpret(one, x, ["cell"])["cell"] for one in (graph, cut)]
    (cells,) = told.comparisons["pruned"].layers
    assert (cells.name, cells.equal) == ("cell", np.count_nonzero(traces[0] == traces[1]))
    assert told.stages["pruned"].events["cell"] == traces[1].sum()
    matrices = told.stages["pruned"].matrices
    assert matrices is not None
    assert sum(cost.nonzeros for cost in matrices) == sum(
        np.count_nonzero(np.asarray(node.op.weight.todense() if is_sparse(node.op.weight) else node.op.weight))
        for node in cut
        if isinstance(node.op, Linear)
    )
    assert told.stages["float"].synaptic_operations > told.stages["pruned"].synaptic_operations
    unpruned = axonc.compile(graph, target="reference", weights=weights, state=state)
    assert "pruned" not in evaluate(unpruned, x, graph=graph, jobs=1).stages


def test_a_skipped_stage_is_not_compared(native: Program, graph: Graph, x: Array, found: Evaluation) -> None:
    short = evaluate(native, x, graph=graph, stages=["mapped", "float"], jobs=1)
    assert [(c.before, c.stage) for c in short.comparisons.values()] == [("float", "mapped")]
    assert short.comparisons["mapped"].agreement == found.comparisons["quantised"].agreement


def test_another_engine(program: Program, x: Array, found: Evaluation) -> None:
    native = evaluate(program, x, jobs=1, engine="native", stages=["mapped"])
    emulated = evaluate(program, x[:1], jobs=1, stages=["mapped"])
    assert native.last.events == found.last.events
    assert emulated.last.counters["instructions"] > 0
    assert native.last.runs_on == "native"
    assert list(evaluate(program, x, jobs=1, engine="reference").stages) == ["quantised"]
