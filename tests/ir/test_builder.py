"""Graphs built in Python mean what is written, delays included."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import axonc
from axonc import ModelError
from axonc.ir.ops import Axis, Conv
from axonc.ir.serialize import from_bytes, to_bytes
from axonc.ir.unroll import unrolled

Array = np.ndarray[Any, Any]
DT = 1e-3


def relay(delay: Any, weight: Any = ((5.0,),), **options: Any) -> axonc.Graph:
    """in -> out: an integrator that counts what arrives, ``delay`` late."""
    net = axonc.Graph.builder()
    matrix = sparse.csr_array(weight) if options.pop("stored", False) else np.array(weight)
    net.input("in", matrix.shape[1])
    net.population("out", "i", matrix.shape[0])
    net.connect("in", "out", matrix, delay=delay, **options)
    net.output("y", "out")
    return net.graph()


def response(graph: axonc.Graph, x: Array, semantics: str = "nir") -> Array:
    """What the integrators receive in each step."""
    result = axonc.interpret(axonc.load(graph, semantics, DT), x, precision="float64")
    return np.diff(result.outputs["y"], axis=0, prepend=0)


@pytest.mark.parametrize(("delay", "steps"), [(0.0, 0), (0.4e-3, 0), (0.5e-3, 1), (1e-3, 1), (2.6e-3, 3)])
def test_a_delay_is_rounded_to_whole_steps_halves_up(delay: float, steps: int) -> None:
    x = np.eye(1, 8, dtype=int).T
    assert np.flatnonzero(response(relay(delay), x)[:, 0]).tolist() == [steps]


@pytest.mark.parametrize("stored", [False, True])
def test_every_synapse_has_its_own_delay(stored: bool) -> None:
    rng = np.random.default_rng(0)
    weight = rng.integers(1, 9, (4, 3)) * (rng.random((4, 3)) < 0.8)
    steps = rng.integers(0, 4, (4, 3))
    x = rng.integers(0, 2, (20, 3))
    expected = np.zeros((20, 4))
    for t in range(20):
        for target, source in zip(*np.nonzero(weight), strict=True):
            if t >= steps[target, source]:
                expected[t, target] += weight[target, source] * x[t - steps[target, source], source]
    assert np.allclose(response(relay(steps * DT, weight, stored=stored), x), expected)


def test_a_spinnaker2_delay_is_one_step_longer() -> None:
    x = np.eye(1, 8, dtype=int).T
    assert np.flatnonzero(response(relay(2e-3), x, "spinnaker2")[:, 0]).tolist() == [3]


def test_a_recurrent_delay_closes_the_cycle_itself() -> None:
    """A spike comes back after 3 steps, not after 3 and one more."""
    net = axonc.Graph.builder()
    net.input("in", 1)
    net.population("cell", "if", 1)
    net.connect("in", "cell", [[2.0]])
    net.connect("cell", "cell", [[2.0]], delay=3e-3)
    net.output("y", "cell")
    result = axonc.interpret(axonc.load(net.graph(), "nir", DT), np.eye(1, 10, dtype=int).T)
    assert np.flatnonzero(result.outputs["y"]).tolist() == [0, 3, 6, 9]


@pytest.mark.parametrize("target", ["native", "spinnaker2"])
def test_delays_run_on_cores(target: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    net = axonc.Graph.builder()
    net.input("in", 6, events=2)
    net.population("cell", "lif", 20, tau=rng.uniform(3e-3, 9e-3, 20), v_leak=rng.normal(0, 0.3, 20))
    net.connect("in", "cell", rng.normal(0, 6, (20, 6)), bias=rng.normal(0, 0.2, 20))
    recurrent = sparse.random_array((20, 20), density=0.4, rng=rng, format="csr") * 8
    delays = sparse.csr_array((rng.integers(1, 6, recurrent.nnz) * DT, recurrent.indices, recurrent.indptr))
    net.connect("cell", "cell", recurrent, delay=delays)
    net.output("y", "cell")
    program = axonc.compile(axonc.load(net.graph(), "nir", DT), target, slice_size=7, strategy="spread")
    verification = program.verify(rng.integers(0, 3, (2, 60, 6)))
    assert verification.equal, str(verification.divergence)
    assert verification.result.outputs["y"].sum() > 50


def test_a_sparse_graph_survives_its_file_sparse() -> None:
    graph = relay(
        0.0, sparse.random_array((200, 300), density=0.01, rng=np.random.default_rng(0)).toarray(), stored=True
    )
    data = to_bytes(graph)
    assert data == to_bytes(from_bytes(data))
    assert str(from_bytes(data)) == str(graph)
    assert "sparse" in str(graph)
    assert len(data) < 200 * 300


def imaged(**options: Any) -> axonc.Graph:
    """in, 2 x 7 x 6 -> a convolution -> out: integrators."""
    net = axonc.Graph.builder()
    net.input("in", (2, 7, 6))
    shape = options.pop("shape")
    net.population("out", "i", shape)
    net.conv("in", "out", np.random.default_rng(0).normal(0, 1, options.pop("kernel")), name="conv", **options)
    net.output("y", "out")
    return net.graph()


GEOMETRIES: dict[str, tuple[dict[str, Any], tuple[Axis, ...]]] = {
    "plain": ({"shape": (3, 5, 4), "kernel": (3, 2, 3, 3)}, (Axis(3), Axis(3))),
    "all": (
        {"shape": (4, 4, 3), "kernel": (4, 1, 3, 2), "stride": 2, "padding": 1, "dilation": (1, 2), "groups": 2},
        (Axis(3, 2, 1, 1), Axis(2, 2, 1, 1, 2)),
    ),
    "one an axis": (
        {"shape": (3, 3, 7), "kernel": (3, 2, 3, 2), "stride": (2, 1), "padding": [0, (2, 0)]},
        (Axis(3, 2), Axis(2, 1, 2, 0)),
    ),
    "pooled": ({"shape": (3, 3, 1), "kernel": (3, 2, 1, 1), "pool": (2, 4)}, (Axis(1), Axis(1))),
    "another shape": ({"shape": (60,), "kernel": (3, 2, 3, 3)}, (Axis(3), Axis(3))),
}


@pytest.mark.parametrize("name", GEOMETRIES)
def test_a_convolution_joins_populations(name: str) -> None:
    options, axes = GEOMETRIES[name]
    graph = imaged(**options)
    op = graph["conv"].op
    assert isinstance(op, Conv)
    assert op.axes == axes
    assert op.gives == options["shape"]
    x = np.random.default_rng(1).integers(0, 2, (1, 2, 7, 6))
    pool = options.get("pool", (1, 1))
    pooled = x[:, :, : 7 // pool[0] * pool[0], : 6 // pool[1] * pool[1]]
    pooled = pooled.reshape(1, 2, 7 // pool[0], pool[0], 6 // pool[1], pool[1]).sum(axis=(3, 5))
    expected = unrolled(op, pooled.shape[1:]) @ pooled.reshape(-1)
    assert np.allclose(response(graph, x).reshape(-1), expected)


def test_a_convolution_has_bias_and_delay() -> None:
    graph = imaged(shape=(1, 7, 6), kernel=(1, 2, 1, 1), bias=[0.5], delay=2e-3)
    x = np.zeros((4, 2, 7, 6), int)
    x[0, 0, 3, 2] = 1
    seen = response(graph, x)[:, 0]
    assert np.allclose(seen[[0, 1, 3]], 0.5)
    assert [tuple(place) for place in np.argwhere(np.abs(seen[2] - 0.5) > 1e-9)] == [(3, 2)]


def test_matrices_join_populations_of_several_axes() -> None:
    rng = np.random.default_rng(0)
    weight = rng.normal(0, 1, (12, 84))
    net = axonc.Graph.builder()
    net.input("in", (2, 7, 6))
    net.population("out", "i", (3, 2, 2))
    net.connect("in", "out", weight, delay=1e-3)
    net.output("y", "out")
    x = rng.integers(0, 2, (3, 2, 7, 6))
    seen = response(net.graph(), x)
    assert seen.shape == (3, 3, 2, 2)
    assert np.allclose(seen[1:].reshape(2, -1), x[:2].reshape(2, -1) @ weight.T)


def test_mistakes_are_named() -> None:
    net = axonc.Graph.builder()
    net.input("in", 2)
    for wrong in (
        lambda: net.input("in", 2),
        lambda: net.population("p", "hodgkin_huxley", 3),
        lambda: net.population("p", "lif", 3),
        lambda: net.population("p", "lif", 3, tau=1.0, mass=2.0),
        lambda: net.population("p", "lif", 3, tau=[1.0, 2.0]),
        lambda: net.connect("in", "p", np.ones((3, 2)), delay=np.ones((2, 2))),
        lambda: relay(-1e-3),
        lambda: imaged(shape=(3, 5, 5), kernel=(3, 2, 3, 3)),
        lambda: imaged(shape=(3, 5, 4), kernel=(3, 2, 3, 3), stride=(1, 1, 1)),
        lambda: imaged(shape=(3, 5, 4), kernel=(3, 2, 3, 3), padding=(1,)),
        lambda: imaged(shape=(3, 5, 4), kernel=(3, 2, 3, 3), stride=0),
        lambda: imaged(shape=(3, 5, 4), kernel=(3, 2, 3, 3), pool=0),
        lambda: imaged(shape=(3, 5, 4), kernel=(3, 2, 3, 3), groups=2),
        lambda: imaged(shape=(3, 5, 4), kernel=(3, 2, 3, 3), bias=[1.0]),
        lambda: imaged(shape=(3, 5, 4), kernel=(3, 2, 3)),
        net.graph,
    ):
        with pytest.raises(ModelError):
            wrong()


def test_an_unknown_target_is_named() -> None:
    net = axonc.Graph.builder()
    net.input("in", 2)
    net.population("p", "if", 3)
    net.connect("in", "q", np.ones((3, 2)))
    net.connect("in", "p", np.ones((3, 2)))
    net.output("y", "p")
    with pytest.raises(ModelError) as refused:
        net.graph()
    assert "'q' does not exist" in str(refused.value)


@pytest.mark.parametrize("delay", [np.float32(2e-3), sparse.coo_array(([2e-3], ([0], [0])), shape=(1, 1))])
def test_a_delay_may_be_any_number_or_sparse_array(delay: Any) -> None:
    assert np.flatnonzero(response(relay(delay), np.eye(1, 6, dtype=int).T)[:, 0]).tolist() == [2]


def test_a_graph_is_saved_whole_and_loaded_again(tmp_path: Path) -> None:
    graph = relay(1e-3)
    graph.save(tmp_path / "relay.axg")
    assert [path.name for path in tmp_path.iterdir()] == ["relay.axg"]
    x = np.eye(1, 6, dtype=int).T
    loaded = axonc.load(tmp_path / "relay.axg", "nir", DT)
    assert np.array_equal(
        axonc.interpret(loaded, x).outputs["y"], axonc.interpret(axonc.load(graph, "nir", DT), x).outputs["y"]
    )
    for wrong in ("relay.nir", "nowhere/relay.axg"):
        with pytest.raises(ModelError):
            graph.save(tmp_path / wrong)
