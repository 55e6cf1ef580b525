"""Streams of actions as loops: the same moves in the same order, written down once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest

from axonc.backends.ipu.training.depths import counts, depths
from axonc.compiler.checkpoint import KINDS, Action, Do, Place, Plan, Problem, make_plan, tally
from axonc.compiler.checkpoint.actions import backward, load, load_tape, store, store_tape, tape
from axonc.compiler.checkpoint.loops import folded, repeated, sequence
from axonc.compiler.checkpoint.moves import DOES, UnorderedError, moves
from axonc.compiler.checkpoint.parts import shared
from axonc.compiler.checkpoint.schedules import Offloaded, Schedule, Segments, Taped
from axonc.ir.loops import Item, Loop, Move, Part, size

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
        elif isinstance(item, Part):
            yield from unrolled(item.body)
        else:
            yield item


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [1, 2, 13, 64])
def test_loops_are_the_stream(kind: str, steps: int) -> None:
    plan = plan_of(kind, steps)
    made = list(unrolled(plan.loops()))
    left = steps
    for action in plan.actions():
        if action.do is Do.BACKWARD and left == steps:
            assert made.pop(0) == Move("loss")
        for _ in range(max(1, action.last - action.first)):
            move = made.pop(0)
            assert (move.do, move.off) == (DOES[action.do], action.place is Place.OFF)
            assert move.first == (left == steps and action.do in (Do.ADVANCE, Do.TAPE))
            assert move.do != "load" or left - move.distance == action.first
        left = action.first if action.do is Do.BACKWARD else left
    assert not made


@pytest.mark.parametrize("kind", REGULAR)
def test_regular_plans_stay_short(kind: str) -> None:
    assert size(plan_of(kind, 997).loops()) <= 20


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_held_and_done_is_what_the_tally_finds(kind: str) -> None:
    plan = plan_of(kind, 50)
    items = plan.loops()
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
        list(moves(stream, 2))
    with pytest.raises(UnorderedError, match="step 1"):
        list(moves([tape(0, 1), backward(1, 2)], 2))


def schedules(steps: int) -> Iterator[Schedule]:
    """Of every regular kind, with segments of many lengths."""
    yield from (Taped(), Offloaded())
    for length in range(1, steps + 1):
        yield Segments(length, Place.CHIP, Taped())
        yield Segments(length, Place.OFF, Taped())
        if length in (1, 2, 3, 5, 8, 12, 20, 30):
            yield from (Segments(length, Place.OFF, Segments(k, Place.CHIP, Taped())) for k in (1, 2, 3, 4, 7, 10))


@pytest.mark.parametrize("steps", range(1, 41))
def test_a_schedule_knows_the_loops_of_its_stream(steps: int) -> None:
    for schedule in schedules(steps):
        for first in (True, False):
            found = schedule.loops(steps, first)
            assert found == folded(moves(schedule.actions(0, steps), steps, first)), schedule


def calls(run: Callable[[], object]) -> int:
    """The functions, of Python and of C, that are called."""
    count = 0

    def follow(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(follow)
    try:
        run()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "schedule",
    [
        Taped(),
        Offloaded(),
        Segments(300, Place.CHIP, Taped()),
        Segments(300, Place.OFF, Taped()),
        Segments(300, Place.OFF, Segments(7, Place.CHIP, Taped())),
    ],
)
def test_loops_of_long_schedules_are_no_more_work(schedule: Schedule) -> None:
    short, long = (calls(lambda steps=steps: schedule.loops(steps)) for steps in (1_000, 10**9 + 100 - 10**9 % 300))
    assert long <= short < 2000


def test_a_loop_begins_as_early_as_it_can() -> None:
    a, b, c = Move("store"), Move("advance"), Move("free")
    assert sequence([c, b, *repeated(3, [a, b])]) == (c, Loop(3, (b, a)), b)
    assert sequence([b, a, b, *repeated(3, [a, b])]) == (Loop(4, (b, a)), b)
    assert sequence([a, *repeated(2, [a])]) == (Loop(3, (a,)),)
    assert repeated(0, [a]) == ()
    assert repeated(1, [a, b]) == (a, b)
    assert repeated(2, repeated(3, [a])) == (Loop(6, (a,)),)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [1, 13, 64, 700])
def test_parts_are_the_same_moves(kind: str, steps: int) -> None:
    items = plan_of(kind, steps).loops()
    parts = shared(items)
    assert list(unrolled(parts)) == list(unrolled(items))
    assert (counts(parts), depths(parts)) == (counts(items), depths(items))
    assert size(parts) <= size(items)


def test_tapes_of_several_steps_come_back_in_their_order() -> None:
    stream = [tape(0, 3), store_tape(0, 3), tape(3, 4), backward(3, 4), load_tape(0, 3), backward(0, 3)]
    does = [move.do for move in unrolled(tuple(moves(stream, 4)))]
    assert does == [
        *["tape"] * 3,
        *["store tape"] * 3,
        "tape",
        "loss",
        "backward",
        *["load tape"] * 3,
        *["backward"] * 3,
    ]


def test_what_comes_again_is_written_once() -> None:
    a, b, c, d = Move("store"), Move("advance"), Move("load"), Move("backward")
    assert shared((a, b, c, d, a, b, c, d, c)) == (Part((a, b, c, d)), Part((a, b, c, d)), c)
    assert shared((a, b, c, a, b)) == (a, b, c, a, b)
    long = plan_of("binomial", 2000).loops()
    assert size(long) > 5000 > 10 * size(shared(long))
