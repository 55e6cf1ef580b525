"""The plan of checkpoints of a training by a C program: from its bytes, which are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from axonc.backends.native.training.check import problems
from axonc.backends.native.training.plan import ACTIONS, Executable
from axonc.backends.native.training.program import Training, training_program
from axonc.backends.training.task import Task
from axonc.ir import Diagnostic, ModelError, raise_if_any
from axonc.ir.ops import Array

from ...checkpoint import KINDS, Action, Place, Plan, Problem, choose, plans
from ...checkpoint.moves import UnorderedError, moves

ON_CHIP = tuple(kind for kind, family in KINDS.items() if not family.away)


@dataclass(frozen=True)
class Planned:
    """A program with the plan that it executes."""

    plan: Plan
    training: Training


def planned(task: Task, memory: int | None = None, kind: str = "auto", packed: bool = False) -> Planned:
    """The program of ``task`` with the fastest plan that fits.

    Args:
        memory: bytes that a step of training may hold, parameters included; None: no limit.
        kind: of plan; ``auto``: any that needs no file.
        packed: whether spikes on a tape take a bit each.

    Raises:
        ModelError: a node does not run (AX601); no plan fits (AX820), or there is none of that name (AX822).
    """
    raise_if_any(problems(task))
    training = training_program(task, packed)
    problem = problem_of(training, memory)
    kinds = ON_CHIP if kind == "auto" else (kind,)
    if memory is None and kind == "auto":
        kinds = ("none",)
    return Planned(choose(plans(problem, kinds), problem), training)


def problem_of(training: Training, memory: int | None) -> Problem:
    """All that the program holds. A state is taken to be written or read in the time of a step, as in numpy."""
    state = training.state_bytes
    return Problem(
        training.task.steps,
        state,
        training.tape_bytes,
        memory,
        fixed=training.memory.bytes - state,
        per_step=training.step_bytes,
        bandwidth=float(max(1, state)),
    )


def executable(plan: Plan) -> Executable:
    """The stream of actions as the program takes it.

    Raises:
        ModelError: it needs what was not kept last (AX822).
    """
    actions = list(plan.actions())
    try:
        for _ in moves(actions, plan.problem.steps):
            pass
    except UnorderedError as error:
        limit = f"programs keep states and tapes on stacks: {error}"
        raise ModelError(Diagnostic("AX822", "", f"the plan {plan.kind}", limit, "choose another")) from error
    return Executable(_numbers(actions), plan.cost.peak, plan.cost.off_chip)


def _numbers(actions: Sequence[Action]) -> Array:
    """Every action as four numbers."""
    rows = [(ACTIONS.index(a.do.value), a.place is Place.OFF, a.first, a.last) for a in actions]
    return np.array(rows, np.uint32).reshape(-1, 4)
