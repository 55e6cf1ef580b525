"""What planning found: every plan of a model and a length of sequence, and the one to take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...checkpoint import Plan, Problem, gap, longest
from ...training.footprint import Footprint


@dataclass(frozen=True)
class Planning:
    """Plans for sequences of ``steps`` steps, ``block`` of which are one step of ``problem``.

    Attributes:
        footprint: the bytes, from the graph and its backward graph.
        plans: one of every kind that is possible, whether it fits or not.
        chosen: the fastest that fits; if asked for, the fastest whose code is loops.
        unit: of times: ``forward steps`` or ``s``.
    """

    steps: int
    block: int
    batch: int
    footprint: Footprint
    problem: Problem
    plans: tuple[Plan, ...]
    chosen: Plan
    unit: str

    @property
    def price(self) -> float:
        """How much longer the chosen plan takes than the fastest that fits, as a share of that."""
        return self.chosen.time / min(plan.time for plan in self.plans if plan.fits) - 1

    def longest(self, plan: Plan) -> int | None:
        """The most steps that fit with this kind of plan; None: any number."""
        blocks = longest(plan.kind, self.problem)
        return None if blocks is None else blocks * self.problem.block

    def to_dict(self) -> dict[str, Any]:
        """For JSON; bytes, times in ``unit``."""
        problem = self.problem
        return {
            "steps": self.steps,
            "block": self.block,
            "blocks": problem.steps,
            "batch": self.batch,
            "unit": self.unit,
            "memory": problem.memory,
            "bytes": {
                "state": problem.state,
                "tape_of_a_block": problem.tape,
                "held_throughout": problem.base - problem.state,
            },
            "chosen": self.chosen.kind,
            "price": self.price,
            "plans": [self._entry(plan) for plan in self.plans],
        }

    def _entry(self, plan: Plan) -> dict[str, Any]:
        return {
            "plan": plan.kind,
            "schedule": said(plan),
            "fits": plan.fits,
            "peak": plan.peak,
            "off_chip": plan.cost.off_chip,
            "traffic": plan.cost.traffic,
            "transfers": plan.cost.transfers,
            "factor": plan.factor,
            "time": plan.time,
            "gap": gap(plan) if plan.fits else None,
            "loops": plan.regular,
            "longest": self.longest(plan),
        }

    def page(self, title: str = "checkpoints") -> str:
        """A self-contained page of HTML: the table, and what is held over the run of the chosen plan."""
        from .page import planning_page

        return planning_page(self, title)

    def __str__(self) -> str:
        from .text import plain

        return plain(self)


def said(plan: Plan) -> str:
    """The schedule in words, lengths in blocks."""
    return plan.schedule.said(plan.problem.steps)
