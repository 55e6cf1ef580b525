"""What planning found: every plan of a model and a length of sequence, and the one to take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from ...checkpoint import Plan, Problem, gap, longest
from ...training.footprint import Footprint
from ..show import plain, table
from .text import COLUMNS, plan_line, said, size


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

    def rows(self) -> Iterator[list[str]]:
        """A row for each plan."""
        for plan in self.plans:
            most = self.longest(plan)
            yield [
                plan.kind + (" *" if plan is self.chosen else ""),
                "yes" if plan.fits else "no",
                size(plan.peak),
                size(plan.cost.off_chip),
                size(plan.cost.traffic),
                f"{plan.factor:.3f}",
                f"{plan.time:.6g}",
                f"{gap(plan):.1%}" if plan.fits else "-",
                "any" if most is None else str(most),
                said(plan),
            ]

    def lines(self) -> Iterator[str]:
        """What the table is about."""
        problem = self.problem
        yield f"{self.steps} steps in {problem.steps} blocks, {self.batch} at once; times in {self.unit}"
        limit = "no limit" if problem.memory is None else size(problem.memory)
        yield (
            f"state {size(problem.state)}, tape of a block {size(problem.tape)}, held throughout "
            f"{size(problem.base - problem.state)}; memory: {limit}"
        )

    def last_line(self) -> str:
        """The choice, and its price."""
        price = f"; the fastest that fits takes {self.price:.1%} less" if self.price > 0 else ""
        return f"chosen: {plan_line(self.chosen)}{price}"

    def parts(self) -> Iterator[str | Table]:
        """Lines and a table."""
        yield from self.lines()
        yield table("", COLUMNS, list(self.rows()))
        yield self.last_line()

    def __str__(self) -> str:
        return plain(self.parts())
