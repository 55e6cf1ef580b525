"""Plans: every kind does what it says it costs, the fastest that fits is taken, and what fits nowhere is said."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

from axonc import ModelError
from axonc.compiler.checkpoint import (
    KINDS,
    IllegalActionError,
    Problem,
    choose,
    gap,
    longest,
    lower_bound,
    make_plan,
    plans,
    spike_bytes,
    tally,
)
from axonc.compiler.checkpoint.actions import Action, Place, advance, backward, free, load, load_tape, store, tape
from axonc.compiler.checkpoint.families import segment_costs
from axonc.compiler.checkpoint.plan import LONGEST
from axonc.compiler.checkpoint.schedules import Segments, Taped

problems = st.builds(
    lambda steps, state, tape, room, fixed, per_step, head, bandwidth, latency: Problem(
        steps, state, tape, room + fixed + per_step * steps + state + tape, fixed, per_step,
        min(head, tape) if head else None, 1.0, 2.0, bandwidth, latency,
    ),
    st.integers(1, 60), st.integers(1, 9), st.integers(1, 20), st.integers(0, 200), st.integers(0, 50),
    st.integers(0, 3), st.integers(0, 9), st.sampled_from([0.0, 0.5, 4.0, 100.0]), st.sampled_from([0.0, 0.25]),
)  # fmt: skip


@strategies.examples(60)
@given(problem=problems)
def test_every_plan_costs_what_it_says(problem: Problem) -> None:
    found = plans(problem)
    for plan in found:
        counted = tally(problem, plan.actions())
        cost = plan.cost
        assert (counted.forwards, counted.off_chip) == (cost.forwards, cost.off_chip), plan.kind
        assert (counted.peak, counted.traffic, counted.transfers) == (plan.peak, cost.traffic, cost.transfers), (
            plan.kind
        )
        assert counted.time(problem) == pytest.approx(plan.time)
    fitting = [plan for plan in found if plan.fits]
    if fitting:
        chosen = choose(found, problem)
        assert chosen.time == min(plan.time for plan in fitting)
        assert all(plan.time >= lower_bound(problem) * (1 - 1e-9) for plan in fitting)
        assert choose(found, problem, regular=True).regular or not any(plan.regular for plan in fitting)


@strategies.examples(40)
@given(problem=problems)
def test_families_are_the_best_of_their_kind(problem: Problem) -> None:
    """Every length of segments, tried on paper."""
    problem = replace(problem, steps=min(problem.steps, 25))
    for kind, place in (("single", Place.CHIP), ("single_off", Place.OFF)):
        if place is Place.OFF and not problem.two_levels:
            continue
        every = [Segments(k, place, Taped()) for k in range(1, problem.steps + 1)]
        counted = [tally(problem, schedule.actions(0, problem.steps)) for schedule in every]
        times = [c.time(problem) for c in counted if problem.memory is None or c.peak <= problem.memory]
        plan = make_plan(kind, problem)
        assert plan is not None
        assert plan.fits == bool(times)
        assert plan.time == pytest.approx(min(times)) if times else plan.peak == min(c.peak for c in counted)
    if problem.two_levels:
        double = make_plan("double", problem)
        assert double is not None
        nested = [
            Segments(k * q, Place.OFF, Segments(k, Place.CHIP, Taped())).cost(problem, 0, problem.steps)
            for k in range(1, problem.steps + 1)
            for q in range(1, -(-problem.steps // k) + 1)
        ]
        room = inf if problem.free is None else problem.free
        assert double.time <= min((c.time(problem) for c in nested if c.peak <= room), default=inf) * (1 + 1e-9)


def test_formulas_of_the_literature() -> None:
    """Chen et al. 2016: 2 sqrt(T c s) bytes for one more forward run; double: T factors of about 3 in cube roots."""
    peak, forwards = segment_costs(Problem(1024, 4, 4), np.array([32]))
    assert (int(peak[0]), int(forwards[0])) == ((31 + 32) * 4, 2 * 1024 - 32)
    plan = make_plan("double", Problem(1000, 1, 1, memory=31, bandwidth=1e-3))
    assert plan is not None
    assert 2.0 < plan.factor < 3.0
    assert plan.peak <= 31


def test_measured_trade_offs() -> None:
    """Units of one state, T = 1000: sqrt 1.99 forward runs (64 units), mixed 2.52 (30), Revolve 3.47 (30)."""
    single = make_plan("single", Problem(1000, 1, 1, memory=65))
    assert single is not None
    assert 1.9 < single.factor <= 1.99
    optimal = make_plan("optimal", Problem(1000, 1, 1, memory=32))
    assert optimal is not None
    assert optimal.factor == pytest.approx(2.52, abs=0.005)
    binomial = make_plan("binomial", Problem(1000, 1, 1, memory=32))
    assert binomial is not None
    assert binomial.factor == pytest.approx(3.47, abs=0.005)


def test_when_to_offload_and_when_to_double() -> None:
    """T = 1000, M = 100 c, s = 4 c, t_b = 2 t_f: fast links offload tapes; with a state's transfer worth 10 steps, two
    levels of segments beat one off chip, 1.50 to 1.60 of the time of keeping all."""
    problem = Problem(1000, 1, 4, memory=101, bandwidth=1000.0)
    assert choose(plans(problem, ("none", "single", "offload", "single_off", "double")), problem).kind == "offload"
    slow = replace(problem, bandwidth=0.1)
    times = {plan.kind: plan.time / 3000 for plan in plans(slow) if plan.fits}
    assert times["double"] == pytest.approx(1.50, abs=0.01)
    assert times["single_off"] == pytest.approx(1.60, abs=0.02)
    assert times["two_level"] <= min(times.values())


def test_long_sequences_have_a_plan_and_a_bound() -> None:
    problem = Problem(100_000, 400, 400, memory=400_000)
    found = {plan.kind: plan for plan in plans(problem)}
    assert found["single"].fits
    assert found["optimal"].fits
    assert gap(choose(found.values(), problem)) < 0.02
    for plan in found.values():
        counted = tally(problem, plan.actions())
        assert (counted.forwards, counted.peak) == (plan.cost.forwards, plan.peak)


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_longest_sequence(kind: str) -> None:
    problem = Problem(5, 3, 7, memory=200, fixed=20, per_step=1, bandwidth=1.0)
    most = longest(kind, problem)
    assert most is not None
    for steps, fits in ((most, True), (most + 1, False)):
        plan = make_plan(kind, replace(problem, steps=steps))
        assert (plan is not None and plan.fits) == fits, (kind, steps)
    assert longest(kind, replace(problem, memory=None)) is None
    assert longest(kind, replace(problem, memory=22)) == 0
    assert longest("offload", replace(problem, per_step=0)) is None
    assert LONGEST > 10**8


def test_what_does_not_fit_is_said_and_so_is_the_least_that_would() -> None:
    problem = Problem(100, 50, 100, memory=120)
    with pytest.raises(
        ModelError, match=r"AX820 .*at least 200 bytes \(binomial\); 120 are given; .* 80 bytes more"
    ) as no:
        choose(plans(problem), problem)
    assert "at most" not in str(no.value)
    held = replace(problem, memory=300, per_step=2, block=8)
    with pytest.raises(ModelError, match=r"100 times 8 steps need .* or at most 400 steps"):
        choose(plans(held), held)
    enough = replace(problem, memory=200)
    assert choose(plans(enough), enough).fits
    little = replace(problem, memory=10**6, bandwidth=1.0, off_chip=10)
    with pytest.raises(ModelError, match=r"AX820 .*off chip"):
        choose(plans(little, ("offload",)), little)


@pytest.mark.parametrize("change", [
    {"steps": 0}, {"steps": -1}, {"state": -1}, {"tape": -1}, {"bandwidth": -1.0}, {"bandwidth": inf},
    {"forward": 0.0}, {"latency": float("nan")}, {"memory": -5}, {"off_chip": -1},
])  # fmt: skip
def test_numbers_out_of_range(change: dict[str, float]) -> None:
    with pytest.raises(ModelError, match=f"AX821 {next(iter(change))}="):
        replace(Problem(3, 1, 1), **change)  # type: ignore[arg-type]


def test_no_bandwidth_means_no_memory_off_chip() -> None:
    problem = Problem(10, 1, 1, memory=5, bandwidth=0.0)
    assert not any(KINDS[plan.kind].away for plan in plans(problem))
    with pytest.raises(ModelError, match=r"AX822 .*bandwidth is 0"):
        make_plan("double", problem)
    with pytest.raises(ModelError, match=r"AX822 .*known: none, single"):
        plans(problem, ("triple",))


LEGAL = (store(0, Place.CHIP), advance(0, 2), tape(2, 3), backward(2, 3), load(0, Place.CHIP), free(0, Place.CHIP),
         tape(0, 2), backward(0, 2))  # fmt: skip


def test_a_legal_stream() -> None:
    counted = tally(Problem(3, 2, 5), LEGAL)
    assert (counted.forwards, counted.peak, counted.traffic) == (5, 2 + 10, 0)


@pytest.mark.parametrize(("place", "other", "said"), [
    (0, None, "it is not there"),
    (1, advance(1, 2), "running state is that of step 0"),
    (2, advance(2, 3), "no tape of step 2"),
    (3, backward(1, 3), "no tape of step 1"),
    (4, load(1, Place.CHIP), "it is not there"),
    (4, load(0, Place.OFF), "it is not there"),
    (5, None, "states kept"),
    (6, tape(0, 1), "no tape of step 1"),
    (7, None, "2 steps are left"),
    (7, load_tape(0, 2), "no tape of step 0"),
    (3, None, "step 2 is next"),
    (6, tape(0, 4), "steps 0..1 are left"),
])  # fmt: skip
def test_illegal_streams_are_found(place: int, other: Action | None, said: str) -> None:
    stream = [*LEGAL[:place], *([] if other is None else [other]), *LEGAL[place + 1 :]]
    with pytest.raises(IllegalActionError, match=said):
        tally(Problem(3, 2, 5), stream)


def test_bytes_of_spikes() -> None:
    assert [spike_bytes(1000, form) for form in ("values", "bits")] == [4000, 125]
    assert spike_bytes(1001, "bits") == 126
    assert spike_bytes(1000, "ids", activity=0.05) == 4 + 50 * 2
    assert spike_bytes(100_000, "ids", activity=0.01) == 4 + 1000 * 4
