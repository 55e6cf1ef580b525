"""Partitions of any neurons on any core: bit-exact, better by what a strategy asks for; traffic as it is counted."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import image_graphs
import models
import numpy as np
import pytest
import strategies
from equality import assert_equal
from hypothesis import given
from hypothesis import strategies as st

import axonc
from axonc import Graph, ModelError
from axonc.backends.spinnaker2.backend import SpiNNaker2
from axonc.backends.spinnaker2.description import load_machine
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import prepare
from axonc.compiler.mapping import STRATEGIES, candidates
from axonc.compiler.mapping import traffic as expected_traffic
from axonc.ir import ToolError
from axonc.ir.mapping import Mapping
from axonc.ir.network import Network, SharedKernel, network
from axonc.ir.ops import Array


@pytest.fixture
def forced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Partitions with an order are taken, whatever they cost, on three cores."""
    for name, strategy in STRATEGIES.items():
        chosen = replace(strategy, judged=lambda how, slices: (all(part.order is None for part in slices),))
        monkeypatch.setitem(STRATEGIES, name, chosen)  # type: ignore[arg-type]
    monkeypatch.setattr(candidates._Candidate, "_counts", lambda self, size: [3])


def drawn(case: strategies.Case) -> strategies.Case:
    return replace(case, options={**case.options, "partitioner": "hypergraph"})


@pytest.mark.parametrize(("target", "state"), [("native", "q16"), ("native", "float32"), ("spinnaker2", "q32")])
def test_any_neurons_on_any_core_equal_the_interpreter(forced: None, target: str, state: str) -> None:
    @strategies.examples(5)
    @given(data=st.data())
    def equal(data: st.DataObject) -> None:
        assert_equal(drawn(data.draw(strategies.cases(state))), target)

    equal()


def shuffled(matrix: Array, seed: int = 1) -> Array:
    """The same synapses between neurons with other numbers."""
    order = np.random.default_rng(seed).permutation(len(matrix))
    return matrix[order][:, order]


def recurrent(synapses: Array, inputs: Array) -> Graph:
    """A population of neurons that feed each other."""
    count, width = len(synapses), inputs.shape[1]
    nodes = {"in": models.source(width), "w": models.linear(inputs), "rec": models.linear(synapses)}
    nodes |= {"lif": models.neuron("LIF", count), "out": models.sink(count)}
    return axonc.load(models.graph(nodes, "in w lif out", "lif rec lif"), semantics="nir,dt=1e-3")


def ring(count: int, near: int) -> Array:
    """Weights between neighbours on a ring."""
    apart = np.abs((np.arange(count)[:, None] - np.arange(count) + count // 2) % count - count // 2)
    return np.where((apart > 0) & (apart <= near), np.random.default_rng(0).normal(0.5, 0.3, (count, count)), 0.0)


SMALL = "[memory]\nsram = 49152\ncode = 24576\n"
"""Cores that hold few neurons."""

FEW = "[memory]\nsram = 45056\ncode = 24576\n[clock]\ntick_s = 2e-4\n[cores]\nusable = 9\n"
"""The same, but few of them, with little time."""


def mapped(graph: Graph, tmp_path: Path, machine: str = SMALL, **options: object) -> tuple[Network, Mapping]:
    (tmp_path / "machine.toml").write_text(machine)
    chosen = Options(state="q16", machine=tmp_path / "machine.toml", **options)  # type: ignore[arg-type]
    final, mapping, _ = prepare(graph, "spinnaker2", chosen)
    assert mapping is not None
    return network(final), mapping


def traffic(net: Network, mapping: Mapping) -> float:
    """Packets between cores in a step, as strategies compare them."""
    return expected_traffic(net, mapping.slices, SpiNNaker2().cost_model(load_machine()))


def counted(net: Network, mapping: Mapping) -> float:
    """Packets between cores in a step, counted synapse by synapse."""
    core = {p.name: np.full(p.count, -1) for p in net.populations}
    for part in mapping.slices:
        core[part.population][part.neurons] = -1 if part.core is None else part.core
    reached: dict[str, set[tuple[int, int]]] = {p.name: set() for p in net.populations}
    for projection in net.projections:
        weight = projection.weight
        kernel = isinstance(weight, SharedKernel)  # a tap of no weight is a synapse, too
        for matrix in replace(weight, weight=np.ones_like(weight.weight)).matrices() if kernel else [weight]:
            entries = matrix.tocoo()
            targets = core[projection.target][entries.row % net.by_name[projection.target].count]
            reached[projection.source] |= set(zip(entries.col.tolist(), targets.tolist(), strict=True))
    away = {name: sum(core[name][neuron] != at for neuron, at in pairs) for name, pairs in reached.items()}
    return sum(net.by_name[name].rate * number for name, number in away.items())


@pytest.mark.parametrize("partitioner", ["naive", "auto"])
@pytest.mark.parametrize("strategy", ["fewest-cores", "least-traffic", "spread"])
def test_traffic_is_what_is_counted_synapse_by_synapse(strategy: str, partitioner: str, tmp_path: Path) -> None:
    graph = recurrent(shuffled(ring(400, 12)), np.eye(400, 5))
    net, mapping = mapped(graph, tmp_path, FEW, strategy=strategy, partitioner=partitioner)
    assert len(mapping.by_core) > 1
    assert traffic(net, mapping) == pytest.approx(counted(net, mapping))


@strategies.examples(10)
@given(data=st.data())
def test_traffic_of_convolutions_is_what_is_counted_synapse_by_synapse(data: st.DataObject) -> None:
    case = data.draw(image_graphs.cases("q16"))
    graph = axonc.load(case.model, semantics=case.semantics, inputs=case.inputs)
    options = Options(**{**case.options, "slice_size": 5, "strategy": "spread"})
    final, mapping, _ = prepare(graph, "native", options)
    assert mapping is not None
    net = network(final)
    assert traffic(net, mapping) == pytest.approx(counted(net, mapping))


def test_shuffled_neighbours_are_put_together(tmp_path: Path) -> None:
    """With as many cores as slices of neighbouring numbers need, a fraction of the packets leaves a core."""
    graph = recurrent(shuffled(ring(1200, 10)), np.eye(1200, 5))
    (net, naive), (_, found) = (mapped(graph, tmp_path, partitioner=name) for name in ("naive", "auto"))
    assert (naive.partitioner, found.partitioner) == ("naive", "hypergraph")
    assert 1 < len(found.by_core) <= len(naive.by_core)
    assert traffic(net, found) < 0.5 * traffic(net, naive)


def test_of_large_networks_a_part_is_looked_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A third of the nets shows neighbours that were shuffled; where numbers are in order already little is gained."""
    monkeypatch.setattr("axonc.compiler.mapping.candidates.THOROUGH", 1000)
    monkeypatch.setattr("axonc.compiler.mapping.candidates.SEARCHED", 8000)
    mixed, ordered = (recurrent(weights, np.eye(1200, 5)) for weights in (shuffled(ring(1200, 10)), ring(1200, 10)))
    (net, naive), (_, found) = (mapped(mixed, tmp_path, partitioner=name) for name in ("naive", "auto"))
    assert (naive.partitioner, found.partitioner) == ("naive", "hypergraph")
    assert len(found.by_core) <= len(naive.by_core)
    assert traffic(net, found) < 0.5 * traffic(net, naive)
    assert mapped(mixed, tmp_path)[1] == found
    (net, naive), (_, found) = (mapped(ordered, tmp_path, partitioner=name) for name in ("naive", "auto"))
    assert 0.95 * traffic(net, naive) < traffic(net, found) <= traffic(net, naive)


def test_where_smaller_slices_hear_as_much_others_are_looked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Shuffled neighbours: of few neurons each, slices have no time for what they hear; those put together have."""
    monkeypatch.setattr(sys.modules["axonc.compiler.mapping.partition"], "MANY", 40)
    graph, slow = recurrent(shuffled(ring(1200, 10)), np.eye(1200, 5)), SMALL + "[clock]\ntick_s = 9e-5\n"
    with pytest.raises(ModelError, match=r"AX505 lif: \d+ slices need an estimated \d+ cycles a tick each, twice"):
        mapped(graph, tmp_path, slow, partitioner="naive")
    for large in (1_000_000, 1_000):
        monkeypatch.setattr(candidates, "THOROUGH", large)
        _, found = mapped(graph, tmp_path, slow)
        assert found.partitioner == "hypergraph"
        assert sorted(n for part in found.of("lif") for n in part.neurons.tolist()) == list(range(1200))


def test_what_stands_behind_a_partition_has_cores_too(tmp_path: Path) -> None:
    """A layer that no partitioner cuts needs cores beside those of the neurons that it does cut."""
    rng = np.random.default_rng(0)
    nodes = {"in": models.source(5), "w": models.linear(np.eye(600, 5)), "lif": models.neuron("LIF", 600)}
    nodes |= {"rec": models.linear(shuffled(ring(600, 10))), "fc": models.linear(rng.normal(size=(200, 600)))}
    nodes |= {"last": models.neuron("LIF", 200), "out": models.sink(200)}
    graph = axonc.load(models.graph(nodes, "in w lif fc last out", "lif rec lif"), semantics="nir,dt=1e-3")
    needed = len(mapped(graph, tmp_path)[1].by_core)
    with pytest.raises(ModelError, match="AX502"):
        mapped(graph, tmp_path, f"{SMALL}[cores]\nusable = {needed - 1}\n")


def test_the_cut_falls_on_a_narrow_layer(tmp_path: Path) -> None:
    """Two dense groups that are joined through three neurons alone: with a group a core, what crosses is three times
    their rate, one packet each."""
    size, width = 120, 3
    rng = np.random.default_rng(2)
    count = 2 * size + width
    weight = np.zeros((count, count))
    weight[:size, :size], weight[-size:, -size:] = rng.normal(size=(2, size, size))
    weight[size:-size, :size] = rng.normal(size=(width, size))
    weight[-size:, size:-size] = rng.normal(size=(size, width))
    into = np.zeros((count, 2))
    into[:size] = 1.0
    order = rng.permutation(count)
    net, mapping = mapped(
        recurrent(weight[order][:, order], into[order]), tmp_path, strategy="least-traffic", partitioner="hypergraph"
    )
    assert len(mapping.by_core) == 2
    rate = net.by_name["lif"].rate
    assert traffic(net, mapping) == pytest.approx(width * rate + 2 * net.by_name["in"].rate)


def test_an_order_survives_the_file_form(tmp_path: Path) -> None:
    _, mapping = mapped(recurrent(shuffled(ring(1200, 10)), np.eye(1200, 5)), tmp_path)
    again = Mapping.from_dict(json.loads(json.dumps(mapping.to_dict())))
    assert again == mapping
    assert again.orders["lif"].numbers.tolist() == mapping.orders["lif"].numbers.tolist()
    assert sorted(again.orders["lif"].numbers.tolist()) == list(range(1200))


def test_recorded_and_listed_signals_of_ordered_slices_equal_the_interpreter(tmp_path: Path) -> None:
    graph = recurrent(shuffled(ring(1200, 10)), np.eye(1200, 5))
    (tmp_path / "machine.toml").write_text(SMALL)
    x = (np.random.default_rng(0).random((10, 5)) < 0.5).astype(np.int64)
    for options in ({}, {"record": ["lif", "lif:v"], "record_steps": 10}, {"input_events": 60}):
        program = axonc.compile(graph, "native", state="q16", machine=tmp_path / "machine.toml", **options)  # type: ignore[arg-type]
        verification = program.verify(x)
        assert verification.equal, str(verification.divergence)


def test_a_partitioner_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pymetis", None)
    with pytest.raises(ToolError, match=r"AX901 the partitioner metis needs the package pymetis; pip install"):
        mapped(recurrent(shuffled(ring(1200, 10)), np.eye(1200, 5)), tmp_path, partitioner="metis")


def test_an_unknown_partitioner_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="AX403 partitioner 'scotch'; spinnaker2 takes auto, naive, hypergraph"):
        mapped(recurrent(ring(20, 2), np.eye(20, 5)), tmp_path, partitioner="scotch")
