"""The dynamic program against a search through everything, against closed forms, and against published schedules."""

from __future__ import annotations

import warnings
from importlib.util import module_from_spec, spec_from_file_location
from math import comb, inf
from pathlib import Path
from typing import Any

import pytest

from axonc.compiler.checkpoint import Problem, tally
from axonc.compiler.checkpoint.binomial import Binomial, extra, repeats
from axonc.compiler.checkpoint.optimum import Optimal
from axonc.compiler.checkpoint.table import Sizes, Table, sizes_of

SPEC = spec_from_file_location("brute", Path(__file__).with_name("brute.py"))
assert SPEC is not None
assert SPEC.loader is not None
brute = module_from_spec(SPEC)
SPEC.loader.exec_module(brute)

REVOLVE = Sizes(10, 1, None)
MIXED = Sizes(10, 1, 1)
FREE_DISK = Sizes(10, 1, None, 2, 2)
FULL_DISK = Sizes(10, 1, None, 2, 2, slots=10)
FAST_DISK = Sizes(10, 1, None, 0.5, 0.5, slots=10)


@pytest.mark.parametrize(
    ("state", "tape", "room"), [(1, None, 1), (1, None, 3), (1, 1, 1), (1, 1, 2), (1, 2, 3), (2, 1, 3)]
)
def test_one_level_is_the_least_of_all(state: int, tape: int | None, room: int) -> None:
    for steps in range(1, 13):
        assert Table(steps, Sizes(room, state, tape)).best == brute.least_time(steps, state, tape, room)


@pytest.mark.parametrize(
    ("state", "tape", "room", "write", "read", "slots"),
    [(1, None, 1, 0.5, 0.25, 2), (1, 1, 1, 1.0, 1.0, 1), (1, 1, 1, 1.5, 0.5, 2), (1, 1, 0, 2.0, 1.0, None)],
)
def test_two_levels_are_the_least_of_all(
    state: int, tape: int | None, room: int, write: float, read: float, slots: int | None
) -> None:
    for steps in range(1, 9):
        found = Table(steps, Sizes(room, state, tape, write, read, slots=slots))
        assert found.best == brute.least_time(steps, state, tape, room, write, read, slots)
        costs = Problem(steps, state, tape or 1, bandwidth=1.0)
        counted = tally(costs, Optimal(found).actions(0, steps))
        writes = sum(action.do.value == "store state" and action.place.value == "off chip"
                     for action in Optimal(found).actions(0, steps))  # fmt: skip
        assert counted.forwards + writes * write + (counted.transfers - writes) * read == pytest.approx(found.best)


@pytest.mark.parametrize(("name", "sizes", "steps", "time"), [
    ("Revolve", REVOLVE, 100, 322), ("Revolve", REVOLVE, 1000, 4636),
    ("Revolve", Sizes(30, 1, None), 1000, 3470),
    ("Mixed", MIXED, 100, 237), ("Mixed", MIXED, 1000, 3921), ("Mixed", Sizes(30, 1, 1), 1000, 2520),
    ("DiskRevolve", FREE_DISK, 100, 286 + 2 * (3 + 3)), ("DiskRevolve", FREE_DISK, 1000, 2903 + 2 * (85 + 85)),
    ("HRevolve", FULL_DISK, 100, 286 + 2 * (3 + 3)), ("HRevolve", FULL_DISK, 1000, 3797 + 2 * (10 + 15)),
    ("HRevolve", FAST_DISK, 100, 284 + 0.5 * (4 + 4)), ("HRevolve", FAST_DISK, 1000, 3753 + 0.5 * (49 + 59)),
])  # fmt: skip
def test_published_schedules(name: str, sizes: Sizes, steps: int, time: float) -> None:
    """Forward steps, and writes and reads times their cost, of the schedules of checkpoint_schedules 1.0.4 (uf = ub =
    1, counted from their actions; those at 30 states rounded to 1e-2 T)."""
    found = Table(steps, sizes).best
    assert found == time if sizes.room == 10 else found / steps == pytest.approx(time / steps, abs=5e-3)


@pytest.mark.parametrize(("name", "sizes"), [
    ("Revolve", REVOLVE), ("Mixed", MIXED), ("DiskRevolve", FREE_DISK),
    ("HRevolve", FULL_DISK), ("HRevolve", FAST_DISK),
])  # fmt: skip
@pytest.mark.parametrize("steps", [100, 1000])
def test_the_package_itself_is_not_better(name: str, sizes: Sizes, steps: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        schedules = pytest.importorskip("checkpoint_schedules")
        time = _counted(schedules, _schedule(schedules, name, sizes, steps), steps, sizes)
    assert Table(steps, sizes).best <= time


def _schedule(package: Any, name: str, sizes: Sizes, steps: int) -> Any:
    costs = {"uf": 1, "ub": 1, "wd": sizes.write, "rd": sizes.read}
    if name == "Revolve":
        return package.Revolve(steps, sizes.room)
    if name == "Mixed":
        return package.MixedCheckpointSchedule(steps, sizes.room, storage=package.StorageType.RAM)
    if name == "DiskRevolve":
        return package.DiskRevolve(steps, sizes.room, **costs)
    return package.HRevolve(steps, sizes.room, sizes.slots, **costs)


def _counted(package: Any, schedule: Any, steps: int, sizes: Sizes) -> float:
    time = 0.0
    for action in schedule:
        kind = type(action).__name__
        if kind == "Forward":
            time += min(action.n1, steps) - action.n0
            if action.write_ics and action.storage == package.StorageType.DISK:
                time += sizes.write
        elif kind in ("Copy", "Move") and action.from_storage == package.StorageType.DISK:
            time += sizes.read
        elif kind == "EndReverse":
            break
    return time


def test_the_closed_form_is_the_recurrence() -> None:
    known: dict[tuple[int, int], int] = {}
    for steps in range(1, 61):
        for slots in range(1, 9):
            splits = [i + known[i, slots] + known[steps - i, slots - 1] for i in range(1, steps) if slots > 1]
            known[steps, slots] = min(splits, default=steps * (steps - 1) // 2)
            assert extra(steps, slots) == known[steps, slots]
            assert Table(steps, Sizes(slots, 1, None)).best == steps + known[steps, slots]
    assert repeats(comb(13, 3), 3) == 10
    assert repeats(comb(13, 3) + 1, 3) == 11


@pytest.mark.parametrize(("steps", "slots"), [(1, 1), (2, 1), (9, 1), (100, 10), (1000, 3), (5000, 40), (57, 100)])
def test_the_binomial_schedule_costs_what_it_says(steps: int, slots: int) -> None:
    problem = Problem(steps, 3, 5)
    counted = tally(problem, Binomial(slots).actions(0, steps))
    cost = Binomial(slots).cost(problem, 0, steps)
    assert (counted.forwards, counted.peak - problem.base) == (cost.forwards, cost.peak)
    assert counted.forwards == steps + extra(steps, slots)


@pytest.mark.parametrize("steps", [1, 2, 3, 17, 100])
@pytest.mark.parametrize("sizes", [REVOLVE, MIXED, FREE_DISK, FULL_DISK, Sizes(9, 2, 5, 3, 2, 4.0)])
def test_the_walk_takes_the_tables_time_and_room(steps: int, sizes: Sizes) -> None:
    table = Table(steps, sizes)
    tape = sizes.tape or 1
    problem = Problem(steps, sizes.state, tape)
    actions = list(Optimal(table).actions(0, steps))
    counted = tally(problem, actions)
    assert counted.peak - problem.base <= sizes.room + tape
    stored = [action for action in actions if action.place.value == "off chip"]
    costs = {"store state": sizes.write, "load state": sizes.read, "store tape": sizes.tape_transfer}
    moved = sum(costs.get(action.do.value, 0.0) for action in stored)
    assert counted.forwards + moved == pytest.approx(table.best)


def test_rounded_sizes_bound_the_optimum_from_both_sides() -> None:
    problem = Problem(40, 1009, 3001, memory=40_009)
    exact = Table(40, Sizes(40_009 - 1009 - 3001, 1009, 3001)).best
    coarse = [Table(40, sizes_of(problem, up, units=64)).best for up in (False, True)]
    assert coarse[0] <= exact <= coarse[1] < inf
    assert coarse[1] / coarse[0] < 1.1
