"""The built-in partitioner: its tables against a count from scratch, its results against what is known of a graph."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.connectomes import KINDS, shuffled
from benchmarks.partitioning import filled, hypergraph, traffic
from hypergraphs import connectivity, planted, random_graph
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from strategies import examples

from axonc.compiler.mapping.hypergraph import PARTITIONERS, Hypergraph, partition
from axonc.compiler.mapping.hypergraph.balance import balance, overfull
from axonc.compiler.mapping.hypergraph.refine import refine
from axonc.compiler.mapping.hypergraph.search import Search


@examples(30)
@given(seed=st.integers(0, 2**32 - 1), vertices=st.integers(1, 40), count=st.integers(1, 6))
def test_the_tables_of_a_search_are_those_of_a_new_one_after_any_moves(seed: int, vertices: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    graph = random_graph(rng, vertices, rng.random())
    search = Search(graph, rng.integers(0, count, vertices), np.ones(count))
    for _ in range(3):
        moved = np.flatnonzero(rng.random(vertices) < 0.3)
        search.move(moved, rng.integers(0, count, len(moved)))
        again = Search(graph, search.parts, np.ones(count))
        assert search.cost == again.cost == connectivity(graph, search.parts)
        np.testing.assert_array_equal(search.present, again.present)
        np.testing.assert_array_equal(search.joined, again.joined)
        np.testing.assert_allclose(search.load, again.load, atol=1e-12)


@examples(20)
@given(seed=st.integers(0, 2**32 - 1), vertices=st.integers(2, 60), count=st.integers(2, 6))
def test_refinement_makes_a_partition_that_fits_no_worse(seed: int, vertices: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    graph = random_graph(rng, vertices, rng.random(), count)
    search = Search(graph, rng.integers(0, count, vertices), np.ones(count))
    balance(search)
    fitted, before = not overfull(search).any(), search.cost
    refine(search)
    if fitted:
        assert not overfull(search).any()
        assert search.cost <= before


@pytest.mark.parametrize("name", PARTITIONERS)
@pytest.mark.parametrize(("count", "size"), [(2, 30), (7, 40), (16, 25)])
def test_groups_that_nothing_joins_are_found(name: str, count: int, size: int) -> None:
    if name != "hypergraph":
        pytest.importorskip({"metis": "pymetis", "mt-kahypar": "mtkahypar"}[name])
    graph, groups = planted(count, size)
    parts = PARTITIONERS[name](graph, count)
    assert connectivity(graph, parts) == 0
    assert len(set(zip(groups.tolist(), parts.tolist(), strict=True))) == count


def test_a_ring_is_cut_into_arcs() -> None:
    """Of n places, each joined to its d neighbours on either side, every border of an arc is crossed by the nets of d
    places from either side: as few as possible."""
    n, d, count = 600, 4, 6
    near = np.abs((np.arange(n)[:, None] - np.arange(n) + n // 2) % n - n // 2) <= d
    shuffled = np.random.default_rng(0).permutation(n)
    graph = Hypergraph.of(sparse.csr_array(near[shuffled][:, shuffled]), np.ones(n), np.full((n, 1), 1.0 / 103))
    parts = partition(graph, count)
    assert connectivity(graph, parts) <= 1.25 * 2 * d * count * int(graph.cost[0])


def test_more_parts_than_are_improved_together_are_made_group_by_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("axonc.compiler.mapping.hypergraph.multilevel.TOGETHER", 4)
    graph, _ = planted(12, 20)
    parts = partition(graph, 12)
    assert sorted(set(parts.tolist())) == list(range(12))
    assert not overfull(Search(graph, parts, np.ones(12))).any()
    assert connectivity(graph, parts) == 0


def test_a_partition_is_the_same_every_time() -> None:
    first, second = (partition(random_graph(np.random.default_rng(3), 300, 0.05, 12), 9) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_odd_graphs_are_partitioned(count: int) -> None:
    """No synapse, no vertex that takes room, one vertex, fewer vertices than parts."""
    for vertices, size in ((1, 1.0), (3, 0.0), (3, 0.9), (50, 0.01)):
        alone = sparse.csr_array(np.eye(vertices, dtype=bool))
        graph = Hypergraph.of(alone, np.ones(vertices), np.full((vertices, 1), size))
        parts = partition(graph, count)
        assert parts.shape == (vertices,)
        assert set(parts.tolist()) <= set(range(count))


def test_nets_are_sampled_whole() -> None:
    graph = random_graph(np.random.default_rng(1), 400, 0.1)
    few = graph.sampled(len(graph.pins) // 4)
    assert 0.15 < len(few.pins) / len(graph.pins) < 0.4
    assert nets_of(few) <= nets_of(graph)


def nets_of(graph: Hypergraph) -> set[tuple[int, tuple[int, ...]]]:
    """The cost and the vertices of every net."""
    nets = np.split(graph.pins, graph.starts[1:-1])
    return {(int(cost), tuple(net.tolist())) for cost, net in zip(graph.cost, nets, strict=True)}


@pytest.mark.parametrize("kind", KINDS)
def test_partitions_are_about_as_good_as_those_of_others(kind: str) -> None:
    """The promise of the benchmark of partitioning on small graphs, shuffled: traffic within a quarter of the best."""
    pytest.importorskip("pymetis")
    pytest.importorskip("mtkahypar")
    made = shuffled(KINDS[kind](2000, 20, np.random.default_rng(0)), np.random.default_rng(1))
    graph = hypergraph(made, 16)
    costs = {name: traffic(graph, partitioner(graph, 16)) for name, partitioner in PARTITIONERS.items()}
    assert costs["hypergraph"] <= 1.25 * min(costs.values())
    assert costs["hypergraph"] < 0.95 * traffic(graph, filled(graph, 16))
