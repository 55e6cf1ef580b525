"""Coarser hypergraphs cost what the finer ones do, and their pairs share dear nets."""

from __future__ import annotations

import numpy as np
import pytest
from hypergraphs import connectivity, planted, random_graph
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from strategies import examples

from axonc.compiler.mapping.hypergraph import Hypergraph, graph, partition
from axonc.compiler.mapping.hypergraph.coarsen import LARGEST, coarser


@examples(30)
@given(seed=st.integers(0, 2**32 - 1), vertices=st.integers(1, 60), groups=st.integers(1, 20))
def test_a_partition_of_groups_costs_what_it_costs_of_their_vertices(seed: int, vertices: int, groups: int) -> None:
    rng = np.random.default_rng(seed)
    fine = random_graph(rng, vertices, rng.random() * 0.2)
    _, group = np.unique(rng.integers(0, groups, vertices), return_inverse=True)
    unit = 1 << 12  # costs so low that groups need no larger unit
    fine = Hypergraph(fine.starts, fine.pins, fine.heads, fine.cost // unit, fine.size)
    coarse = fine.contracted(group)
    parts = rng.integers(0, 4, coarse.vertices)
    assert connectivity(coarse, parts) == connectivity(fine, parts[group]) == coarse.crossed(parts)
    np.testing.assert_allclose(coarse.size.sum(axis=0), fine.size.sum(axis=0))
    nets = [tuple(net) for net in np.split(coarse.pins, coarse.starts[1:-1])] if coarse.nets else []
    assert len(nets) == len(set(nets))


def test_costs_of_groups_stay_within_32_bits() -> None:
    fine, _ = planted(2, 200)
    coarse = fine.contracted(np.arange(400) % 8)
    assert fine.cost.sum() > graph.LARGEST
    assert coarse.incident_cost.max() <= graph.LARGEST + coarse.nets


@examples(20)
@given(seed=st.integers(0, 2**32 - 1), vertices=st.integers(2, 80))
def test_pairs_are_of_two_that_share_a_net_and_have_room(seed: int, vertices: int) -> None:
    rng = np.random.default_rng(seed)
    fine = random_graph(rng, vertices, 0.1, room=1.0)
    made, pair = coarser(fine)
    assert np.bincount(pair).max() <= 2
    shared = fine.incidence @ fine.incidence.T
    for number in range(made.vertices):
        both = np.flatnonzero(pair == number)
        if len(both) == 2:
            assert shared[both[0], both[1]] > 0
            assert (made.size[number] <= LARGEST).all()


def test_those_that_share_most_are_paired() -> None:
    """Twins, which are in the same nets of three and in one net of all, find each other."""
    twins = np.repeat(np.arange(30), 2)
    joined = twins[:, None] == twins
    joined[0] = True
    fine = Hypergraph.of(sparse.csr_array(joined), np.ones(60), np.full((60, 1), 0.01))
    _, pair = coarser(fine)
    np.testing.assert_array_equal(pair[::2], pair[1::2])


@pytest.mark.parametrize("long", [1, 10_000])
def test_long_nets_say_nothing_of_pairs_and_do_no_harm(long: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("axonc.compiler.mapping.hypergraph.coarsen.LONG", long)
    fine, _ = planted(7, 40)
    made, _ = coarser(fine)
    assert (made.vertices == fine.vertices) == (long == 1)
    assert connectivity(fine, partition(fine, 7)) == 0
