"""Schedules keep every constraint, with the fewest phases and the earliest starts."""

from __future__ import annotations

import networkx as nx
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

from axonc import ModelError
from axonc.compiler.mapping import Edge, schedule
from axonc.compiler.mapping.schedule import slack

NAMES = ["a", "b", "c", "d", "e"]


@st.composite
def networks(draw: st.DrawFn) -> list[Edge]:
    """Edges between five populations with a delay on every cycle."""
    names = st.sampled_from(NAMES)
    drawn = draw(
        st.lists(st.tuples(names, names, st.sampled_from([0, 0, 1, 2])), max_size=12, unique_by=lambda e: e[:2])
    )
    return [Edge(source, target, delay or int(source >= target)) for source, target, delay in drawn]


def feasible(edges: list[Edge], phases: int) -> bool:
    """Whether no cycle asks for more hops than it has slots: sum(P d - 1) >= 0 on every simple cycle."""
    graph = nx.DiGraph()
    graph.add_weighted_edges_from((edge.source, edge.target, phases * edge.delay - 1) for edge in edges)
    cycles = nx.simple_cycles(graph)
    return all(
        sum(graph[one][other]["weight"] for one, other in zip(cycle, cycle[1:] + cycle[:1], strict=True)) >= 0
        for cycle in cycles
    )


@strategies.examples(200)
@given(edges=networks())
def test_all_constraints_hold_with_the_fewest_phases(edges: list[Edge]) -> None:
    found = schedule(NAMES, edges, ["e"])
    assert all(slack(found, edge.source, edge.target, edge.delay) >= 0 for edge in edges)
    assert min(found.start.values()) >= 0
    assert feasible(edges, found.phases)
    assert found.phases == 1 or not feasible(edges, found.phases - 1)
    assert found.latency == found.start["e"]


@strategies.examples(100)
@given(edges=networks())
def test_every_start_is_the_earliest(edges: list[Edge]) -> None:
    found = schedule(NAMES, edges, NAMES)
    for name in NAMES:
        into = [found.start[e.source] + 1 - found.phases * e.delay for e in edges if e.target == name]
        assert found.start[name] == max([0, *into])


def test_a_chain_starts_one_slot_after_the_other() -> None:
    found = schedule(["a", "b", "c"], [Edge("a", "b", 0), Edge("b", "c", 0)], ["b", "c"])
    assert (found.phases, dict(found.start), found.latency) == (1, {"a": 0, "b": 1, "c": 2}, 2)
    assert [found.slots(steps) for steps in (0, 1, 5)] == [0, 3, 7]


def test_a_cycle_without_delay_is_refused() -> None:
    with pytest.raises(ModelError, match="AX303"):
        schedule(["a", "b"], [Edge("a", "b", 0), Edge("b", "a", 0)], ["b"])
