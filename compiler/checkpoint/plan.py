"""Plans: every kind for a problem, the one to take, and how far from the optimum it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from math import isfinite

import numpy as np

from axonc.ir import Diagnostic, ModelError, raise_if_any
from axonc.ir.loops import Item

from .actions import Action
from .binomial import extra
from .families import EXACT, KINDS, segment_costs, table
from .problem import Problem
from .schedules import Cost, Schedule

LONGEST = 10**9
"""A plan that fits so many steps fits any number."""


@dataclass(frozen=True)
class Plan:
    """A schedule for a problem, and what it costs."""

    kind: str
    problem: Problem
    schedule: Schedule
    cost: Cost

    @property
    def peak(self) -> int:
        """The most bytes on chip."""
        return self.problem.base + self.cost.peak

    @property
    def fits(self) -> bool:
        """Whether it stays within both memories."""
        most, away = self.problem.memory, self.problem.off_chip
        return (most is None or self.peak <= most) and (away is None or self.cost.off_chip <= away)

    @property
    def factor(self) -> float:
        """Forward steps that run, over steps."""
        return self.cost.forwards / self.problem.steps

    @property
    def time(self) -> float:
        """Steps and transfers one after the other, in the problem's unit."""
        return self.cost.time(self.problem)

    @property
    def regular(self) -> bool:
        """Whether its code is loops."""
        return KINDS[self.kind].regular

    def actions(self) -> Iterator[Action]:
        """The stream of actions."""
        return self.schedule.actions(0, self.problem.steps)

    def loops(self) -> tuple[Item, ...]:
        """The same as loops, for programs that are compiled once.

        Raises:
            UnorderedError: they need a state or a tape that is not the one kept last.
        """
        return self.schedule.loops(self.problem.steps)


def make_plan(kind: str, problem: Problem) -> Plan | None:
    """The fastest plan of a kind that fits, else its smallest; None where there is none.

    Raises:
        ModelError: the kind is unknown, or needs memory off chip that there is not (AX822).
    """
    raise_if_any(_problems(kind, problem))
    schedule = KINDS[kind].make(problem)
    return None if schedule is None else Plan(kind, problem, schedule, schedule.cost(problem, 0, problem.steps))


def _problems(kind: str, problem: Problem) -> Iterator[Diagnostic]:
    if kind not in KINDS:
        yield Diagnostic("AX822", "", f"the plan {kind!r}", f"known: {', '.join(KINDS)}", "choose one")
    elif KINDS[kind].away and not problem.two_levels:
        limit = "it needs memory off chip; the bandwidth is 0"
        yield Diagnostic("AX822", "", f"the plan {kind!r}", limit, "give a bandwidth, or choose another")


def plans(problem: Problem, kinds: Collection[str] = tuple(KINDS)) -> tuple[Plan, ...]:
    """A plan of every kind that is possible, whether it fits or not."""
    possible = [kind for kind in kinds if kind not in KINDS or problem.two_levels or not KINDS[kind].away]
    found = (make_plan(kind, problem) for kind in possible)
    return tuple(plan for plan in found if plan is not None)


def choose(known: Collection[Plan], problem: Problem, regular: bool = False) -> Plan:
    """The fastest that fits; of equals the simplest. ``regular``: only those whose code is loops, if one fits.

    Raises:
        ModelError: none fits (AX820).
    """
    fitting = [plan for plan in known if plan.fits]
    if not fitting:
        raise ModelError(misfit(known, problem))
    loops = [plan for plan in fitting if plan.regular]
    return min(loops if regular and loops else fitting, key=lambda plan: plan.time)


def misfit(known: Collection[Plan], problem: Problem) -> Diagnostic:
    """By how much no plan fits, and the least that would."""
    least = min(known, key=lambda plan: plan.peak, default=None)
    need = problem.base + problem.tape if least is None else least.peak
    if least is not None and (problem.memory is None or need <= problem.memory):
        found = f"{least.kind} needs {least.cost.off_chip:,} bytes off chip"
        over = f"{problem.off_chip or 0:,} are given"
        return Diagnostic("AX820", "", found, over, "give more, or choose a plan that keeps states on chip")
    memory, kind = problem.memory or 0, "single" if least is None else least.kind
    steps = f"{problem.steps:,} steps" if problem.block == 1 else f"{problem.steps:,} times {problem.block} steps"
    found = f"{steps} need at least {need:,} bytes ({kind})"
    remedy = f"give {need - memory:,} bytes more, or take fewer samples at once or shorter blocks"
    most = longest(kind, problem)
    if most:
        remedy += f", or at most {most * problem.block:,} steps"
    return Diagnostic("AX820", "", found, f"{memory:,} are given", remedy)


def lower_bound(problem: Problem) -> float:
    """A time that no plan that fits is below; up to `EXACT` steps the optimum itself, but for rounded sizes.

    Above: at most M / s tapes of the first sweep can wait for their backward steps, all others run again or move; and
    without memory off chip, a plan with tapes becomes one of states alone by running at most T steps more, which then
    are at least those of `binomial.extra`.
    """
    steps, free = problem.steps, problem.free
    backward = steps * problem.backward
    if free is None:
        return steps * problem.forward + backward
    if steps <= EXACT and problem.off_chip is None:
        best = table(replace(problem, head=None), up=False).best
        if isfinite(best):
            return best * problem.forward + backward
    waiting = free // max(problem.tape, 1)
    again = min(problem.forward, 2 * problem.transfer(problem.tape))
    bound = steps * problem.forward + max(0, steps - waiting - 2) * again
    slots = free // max(1, min(problem.state, problem.tape)) - 1
    if not problem.two_levels and slots > 0:
        bound = max(bound, extra(steps, min(slots, steps)) * problem.forward)
    return bound + backward


def gap(plan: Plan) -> float:
    """How much longer a plan takes than `lower_bound`, as a share of it."""
    return max(0.0, plan.time / lower_bound(plan.problem) - 1)


def longest(kind: str, problem: Problem) -> int | None:
    """The most steps that a kind of plan fits into the memory; 0: not even one; None: any number."""
    if problem.memory is None or _least(kind, replace(problem, steps=LONGEST, head=None)) <= problem.memory:
        return None
    low, high = 0, LONGEST
    while high - low > 1:
        middle = (low + high) // 2
        fits = _least(kind, replace(problem, steps=middle, head=None)) <= problem.memory
        low, high = (middle, high) if fits else (low, middle)
    return low


def _least(kind: str, problem: Problem) -> int:
    """The fewest bytes on chip with which a plan of this kind exists."""
    if kind == "none" or problem.steps == 1:
        return problem.base + problem.tapes(0, problem.steps)
    if kind == "single":
        return problem.base + _least_segments(problem)
    return problem.base + problem.tape + (0 if KINDS[kind].away else problem.state)


def _least_segments(problem: Problem) -> int:
    """About 2 sqrt(T c s): near the best k = sqrt(T c / s)."""
    near = int((problem.steps * problem.state / max(problem.tape, 1)) ** 0.5)
    spread = np.arange(max(1, near - 500), near + 500)
    return int(segment_costs(problem, np.minimum(spread, problem.steps))[0].min())
