"""Integer weights and fixed-point states: shared scales, rounding, proofs of no overflow, formats that decay."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import models
import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import axonc
from axonc import Graph, ModelError
from axonc.compiler.driver.loading import discretise
from axonc.compiler.passes import Quantize, ToPopulations, run_pipeline
from axonc.compiler.passes.form import form_problems
from axonc.ir.ops import FixedNeuron, Linear, QuantLinear
from axonc.ir.precision import precision


def quantised(model: Any, semantics: str, inputs: str = "events", **options: str) -> Graph:
    """A model after the pass."""
    graph = axonc.load(model, semantics=semantics, inputs=inputs)
    return run_pipeline(graph, [ToPopulations(), Quantize(**options)])[-1][1]  # type: ignore[arg-type]


def two_sources() -> Any:
    """Two inputs into one population, with weights of different size."""
    nodes = {
        "a": models.source(2),
        "b": models.source(1),
        "fa": models.linear([[1.0, -0.5001], [0.1, 0.2001]]),
        "fb": models.linear([[4.0], [-0.3]]),
        "cell": models.neuron("LIF", 2),
        "output": models.sink(2),
    }
    return models.graph(nodes, "a fa cell output", "b fb cell")


def weights(graph: Graph, name: str) -> list[list[int]]:
    """The integer weights of a node."""
    op = graph[name].op
    assert isinstance(op, QuantLinear)
    return np.asarray(op.weight).tolist()  # type: ignore[no-any-return]


def test_one_scale_serves_the_whole_fan_in() -> None:
    graph = quantised(two_sources(), "nir,dt=1e-3")
    assert weights(graph, "fa") == [[32, -16], [3, 6]]
    assert weights(graph, "fb") == [[127], [-10]]
    assert float(graph["fa"].op.scale) == float(graph["fb"].op.scale) == 4.0 / 127


def test_truncation_rounds_toward_zero() -> None:
    graph = quantised(two_sources(), "nir,dt=1e-3", rounding="truncate")
    assert weights(graph, "fa") == [[31, -15], [3, 6]]
    assert weights(graph, "fb") == [[127], [-9]]


def test_a_scale_a_channel_uses_the_range_of_every_row() -> None:
    graph = quantised(two_sources(), "nir,dt=1e-3", scope="channel")
    assert weights(graph, "fb") == [[127], [-127]]
    assert weights(graph, "fa") == [[32, -16], [42, 85]]


def test_sparse_weights_stay_sparse() -> None:
    matrix = sparse.random_array((50, 40), density=0.05, format="csr", rng=np.random.default_rng(0))
    net = Graph.builder()
    net.input("in", 40)
    net.population("cell", "lif", 50, tau=1e-2)
    net.connect("in", "cell", matrix, name="fc")
    net.output("out", "cell")
    op = quantised_graph(net.graph())["fc"].op
    assert isinstance(op, QuantLinear)
    assert sparse.issparse(op.weight)
    assert np.array_equal(op.weight.toarray(), np.rint(matrix.toarray() / float(op.scale)))


def quantised_graph(graph: Graph) -> Graph:
    """A built graph after the pass."""
    return run_pipeline(discretise(graph, "nir,dt=1e-3"), [ToPopulations(), Quantize()])[-1][1]


def test_an_accumulator_that_may_overflow_is_refused() -> None:
    model = models.single(models.neuron("LIF", 1), np.ones((1, 3)))
    limit = (2**31 - 1) // (3 * 127)
    quantised(model, "nir,dt=1e-3", f"events:{limit}")
    with pytest.raises(ModelError, match="AX401 cell: the sum of its inputs may reach"):
        quantised(model, "nir,dt=1e-3", f"events:{limit + 1}")


def test_analogue_sources_are_refused_for_integer_weights() -> None:
    nodes = {
        "input": models.source(1),
        "li": models.neuron("LI", 1),
        "fc": models.linear([[1.0]]),
        "cell": models.neuron("LIF", 1),
        "output": models.sink(1),
    }
    with pytest.raises(ModelError, match="AX602"):
        quantised(models.graph(nodes, "input li fc cell output"), "nir,dt=1e-3")


@pytest.mark.parametrize("state", ["q16", "q32"])
@pytest.mark.parametrize("tau", [1e-3, 5e-3, 1.0, 100.0])
def test_an_undriven_state_comes_to_rest_exactly_at_the_leak(state: str, tau: float) -> None:
    model = models.single(models.neuron("LI", 1, tau=tau, r=tau / 1e-3, v_leak=0.25))
    graph = quantised(model, "nir,dt=1e-3", state=state)
    op = graph["cell"].op
    assert isinstance(op, FixedNeuron)
    steps = min(int(60 * tau / 1e-3) + 5, 4000)
    x = np.zeros((steps, 1))
    x[0] = 1
    v = axonc.interpret(graph, x, ["cell:v"]).recorded["cell:v"][:, 0]
    distance = np.abs(v - int(op.membrane.leak.flat[0]))
    assert np.all(np.diff(distance[1:]) <= 0)
    if tau <= 5e-3:
        assert distance[-1] == 0


def test_a_format_that_distorts_a_decay_is_noted() -> None:
    model = models.single(models.neuron("LIF", 1, tau=100.0, r=1e5))
    assert "AX404 cell" in quantised(model, "nir,dt=1e-3", state="q16").properties["notes"]
    assert "notes" not in quantised(model, "nir,dt=1e-3", state="q32").properties


@strategies.examples(60)
@given(case=strategies.cases("q32"))
def test_integer_weights_are_within_half_a_unit(case: strategies.Case) -> None:
    graph = axonc.load(case.model, semantics=case.semantics, inputs=case.inputs)
    stages = run_pipeline(graph, [ToPopulations(), Quantize("int8", "q32")])
    before, after = stages[0][1], stages[1][1]
    for node in before:
        if isinstance(node.op, Linear):
            op = after[node.name].op
            assert isinstance(op, QuantLinear)
            exact, held = dense(node.op.weight), dense(op.weight).astype(np.float64)
            assert np.abs(held).max(initial=0) <= 127
            assert np.all(np.abs(held * float(op.scale) - exact) <= float(op.scale) * (0.5 + 1e-9))


def dense(weight: Any) -> np.ndarray[Any, Any]:
    """A weight as a plain array."""
    return weight.toarray() if sparse.issparse(weight) else np.asarray(weight)


@strategies.examples(40)
@given(seed=st.integers(0, 1000), cuba=st.booleans())
def test_q32_stays_close_to_float64_with_the_same_weights(seed: int, cuba: bool) -> None:
    kind = "CubaLI" if cuba else "LI"
    weight = np.random.default_rng(seed).integers(-127, 128, (3, 4)) / 127.0
    weight[0, 0] = 1.0
    model = models.single(models.neuron(kind, 3, v_leak=0.1), weight)
    x = models.events((60, 4), 0.3, seed=seed)
    exact = axonc.interpret(axonc.load(model, semantics="nir,dt=1e-3"), x, (), "float64").outputs["output"]
    fixed = axonc.interpret(quantised(model, "nir,dt=1e-3", state="q32"), x)
    assert np.abs(fixed.value("output") - exact).max() < 1e-5


def pair(ratio: float, seed: int = 0) -> Graph:
    """Two matrices into one population, the weights of one ``ratio`` times as large."""
    rng, nodes = np.random.default_rng(seed), {"a": models.source(60), "b": models.source(50)}
    nodes |= {"fa": models.linear(rng.normal(0, 1, (12, 60))), "fb": models.linear(rng.normal(0, ratio, (12, 50)))}
    nodes |= {"cell": models.neuron("LIF", 12), "out": models.sink(12)}
    return axonc.load(models.graph(nodes, "a fa cell out", "b fb cell"), semantics="nir,dt=1e-3")


def held_db(graph: Graph, **options: Any) -> tuple[Graph, list[float | None]]:
    """The quantised graph, and the SQNR of both matrices."""
    final = run_pipeline(graph, [ToPopulations(), Quantize(**options)])[-1][1]
    return final, [precision(final)["weights"][name]["sqnr_db"] for name in ("fa", "fb")]


@pytest.mark.parametrize("scope", ["fan_in", "channel"])
@pytest.mark.parametrize("ratio", [0.02, 1 / 3, 1.0, 5.0, 70.0])
def test_with_shifts_every_matrix_is_held_nearly_as_if_alone(ratio: float, scope: str) -> None:
    """Within a bit, which is 6 dB, and none worse than without."""
    graph = pair(ratio)
    alone = [quantised_alone(graph, name, scope) for name in ("fa", "fb")]
    final, found = held_db(graph, scope=scope, shifts=True)
    _, shared = held_db(graph, scope=scope)
    assert all(db is not None and db > one - 7 for db, one in zip(found, alone, strict=True))
    assert all(db >= one - 1e-9 for db, one in zip(found, shared, strict=True))  # type: ignore[operator]
    shifts = [final[name].op.shift for name in ("fa", "fb")]  # type: ignore[attr-defined]
    assert any(shift is not None and np.any(shift) for shift in shifts) == (not 0.5 < ratio < 2)
    assert np.array_equal(final["fa"].op.scale, final["fb"].op.scale)  # type: ignore[attr-defined]


def quantised_alone(graph: Graph, name: str, scope: str) -> float:
    """The SQNR of a matrix that shares its scales with no other."""
    only = graph.with_nodes(replace(n, inputs=(name,)) if n.name == "cell" else n for n in graph)
    final = run_pipeline(only, [ToPopulations(), Quantize(scope=scope)])[-1][1]  # type: ignore[arg-type]
    return float(precision(final)["weights"][name]["sqnr_db"])


def test_shifts_that_an_int32_does_not_hold_are_smaller() -> None:
    """3000 weights of 16 bits are within 2^31 by a factor of 20 only: no shift of more than 4 is left."""
    rng, nodes = np.random.default_rng(0), {"a": models.source(1500), "b": models.source(1500)}
    nodes |= {
        "fa": models.linear(rng.uniform(1, 2, (2, 1500))),
        "fb": models.linear(rng.uniform(0.01, 0.02, (2, 1500))),
    }
    nodes |= {"cell": models.neuron("LIF", 2), "out": models.sink(2)}
    graph = axonc.load(models.graph(nodes, "a fa cell out", "b fb cell"), semantics="nir,dt=1e-3", inputs="events:3")
    final, _ = held_db(graph, weights="int16", shifts=True)
    assert not list(form_problems(final))
    assert 0 < int(np.max(final["fa"].op.shift)) < 6  # type: ignore[attr-defined]


def test_without_shifts_nothing_has_one() -> None:
    final, _ = held_db(pair(70.0))
    assert final["fa"].op.shift is final["fb"].op.shift is None  # type: ignore[attr-defined]
