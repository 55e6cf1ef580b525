"""Streams of actions as loops: the same moves in the same order, written down once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from axonc.backends.ipu.training.depths import counts, depths
from axonc.compiler.checkpoint import KINDS, Action, Do, Place, Plan, Problem, make_plan, tally
from axonc.compiler.checkpoint.actions import backward, load, store, tape
from axonc.compiler.checkpoint.loops import DOES, UnorderedError, loops
from axonc.ir.loops import Item, Loop, Move, size

REGULAR = [kind for kind, family in KINDS.items() if family.regular]


def plan_of(kind: str, steps: int) -> Plan:
    plan = make_plan(kind, Problem(steps, 1, 1, memory=None if kind == "none" else 6, bandwidth=2.0))
    assert plan is not None
    return plan


def unrolled(items: tuple[Item, ...]) -> Iterator[Move]:
    for item in items:
        if isinstance(item, Loop):
            for _ in range(item.count):
                yield from unrolled(item.body)
        else:
            yield item


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [1, 2, 13, 64])
def test_loops_are_the_stream(kind: str, steps: int) -> None:
    plan = plan_of(kind, steps)
    moves = list(unrolled(loops(plan.actions(), steps)))
    left = steps
    for action in plan.actions():
        if action.do is Do.BACKWARD and left == steps:
            assert moves.pop(0) == Move("loss")
        for _ in range(max(1, action.last - action.first)):
            move = moves.pop(0)
            assert (move.do, move.off) == (DOES[action.do], action.place is Place.OFF)
            assert move.first == (left == steps and action.do in (Do.ADVANCE, Do.TAPE))
            assert move.do != "load" or left - move.distance == action.first
        left = action.first if action.do is Do.BACKWARD else left
    assert not moves


@pytest.mark.parametrize("kind", REGULAR)
def test_regular_plans_stay_short(kind: str) -> None:
    assert size(loops(plan_of(kind, 997).actions(), 997)) <= 20


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_held_and_done_is_what_the_tally_finds(kind: str) -> None:
    plan = plan_of(kind, 50)
    items = loops(plan.actions(), 50)
    made, most = counts(items), depths(items)
    forwards = sum(count for move, count in made.items() if move.do in ("advance", "tape"))
    assert forwards == tally(plan.problem, plan.actions()).forwards
    for what, state, taped in (("state", 1, 0), ("tape", 0, 1)):
        sized = Problem(50, state, taped, bandwidth=1.0)
        found = tally(sized, plan.actions())
        assert most[what, False] == found.peak - sized.base
        assert most[what, True] == found.off_chip


def test_a_stream_that_needs_another_state_than_the_last_is_refused() -> None:
    stream = [store(0, Place.CHIP), Action(Do.TAPE, 0, 1), store(1, Place.CHIP), load(0, Place.CHIP)]
    with pytest.raises(UnorderedError, match="not that of step 0"):
        loops(stream, 2)
    with pytest.raises(UnorderedError, match="step 1"):
        loops([tape(0, 1), backward(1, 2)], 2)
