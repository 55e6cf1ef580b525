"""The plan of checkpoints of a training on tiles: from the bytes of its program and the times of its steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from axonc.backends.ipu.training.check import problems
from axonc.backends.ipu.training.costs import Sizes, sizes_of
from axonc.backends.ipu.training.depths import depths
from axonc.backends.ipu.training.lowering import per_tiles
from axonc.backends.ipu.training.memory import Memory, memory_of, misfits
from axonc.backends.ipu.training.program import Training, training_program
from axonc.backends.training.task import Task
from axonc.ir import Diagnostic, ModelError, raise_if_any
from axonc.ir.loops import Item, size
from axonc.ir.machine import TileMachine

from ...checkpoint import KINDS, Place, Plan, Problem, choose, plans
from ...checkpoint.moves import UnorderedError
from ...checkpoint.parts import shared
from ...checkpoint.schedules import Offloaded, Schedule, Segments, Taped

SAMPLE = 13
"""Steps of the programs that sizes are taken from; what they have room for does not depend on it."""

LONGEST = 400
"""Moves and parts that a program is written for at most: each is a call on every tile."""

SAMPLES: Mapping[str, Schedule] = {
    "none": Taped(),
    "offload": Offloaded(),
    "single": Segments(3, Place.CHIP, Taped()),
    "single_off": Segments(3, Place.OFF, Taped()),
    "double": Segments(6, Place.OFF, Segments(2, Place.CHIP, Taped())),
}
"""A schedule of each kind of plan whose code is loops; all others move states to and fro in both places."""


@dataclass(frozen=True)
class Planned:
    """A program with its plan, the problem's sizes, and the bytes that the program takes."""

    plan: Plan
    sizes: Sizes
    training: Training
    memory: Memory


def planned(task: Task, machine: TileMachine, memory: int | None = None, kind: str = "auto") -> Planned:
    """The fastest program for ``task`` that fits, whatever its ``moves`` are now.

    Args:
        memory: bytes of a tile; None: what the machine has.
        kind: of plan; ``auto``: any whose code is loops.

    Raises:
        ModelError: a node does not run on tiles (AX601, AX602); no plan fits (AX820), there is none of that name, or
            its program would be too long (AX822).
    """
    raise_if_any(problems(task))
    if kind not in ("auto", *KINDS):
        raise ModelError(Diagnostic("AX822", "", f"the plan {kind!r}", f"known: {', '.join(KINDS)}", "choose one"))
    limited = replace(machine, tile_bytes=machine.tile_bytes if memory is None else memory)
    kinds = tuple(SAMPLES) if kind == "auto" else (kind,)
    known = list(candidates(task, limited, kinds))
    best = choose([plan for plan, *_ in known], min((plan for plan, *_ in known), key=lambda p: p.peak).problem)
    sizes, per_tile = next((sizes, per_tile) for plan, sizes, per_tile in known if plan is best)
    training = training_program(replace(task, moves=moves_of(best)), limited, per_tile)
    found = memory_of(training)
    raise_if_any((*misfits(found), *_beside(training)))
    return Planned(best, sizes, training, found)


def _beside(training: Training) -> Iterator[Diagnostic]:
    """What lies beside the chip must fit there: inputs, states and tapes."""
    buffers = (*training.inputs.values(), *training.checkpoints)
    size, limit = sum(buffer.rows * buffer.row_bytes for buffer in buffers), training.machine.stream_bytes
    if size > limit:
        found, remedy = f"{size:,} bytes of inputs and checkpoints", "choose double, or take shorter sequences"
        yield Diagnostic("AX820", "", found, f"beside {training.machine.name} are {limit:,}", remedy)


def candidates(task: Task, machine: TileMachine, kinds: tuple[str, ...]) -> Iterator[tuple[Plan, Sizes, int]]:
    """Plans of every kind, with every number of neurons on a tile that there can be; whether they fit or not."""
    for per_tile in per_tiles(task, machine):
        for kind in kinds:
            sizes = sizes_of(_sample(task, machine, kind, per_tile))
            for plan in plans(problem_of(task.steps, machine, sizes), (kind,)):
                yield _in_stacks(plan, sizes), sizes, per_tile


def _in_stacks(plan: Plan, sizes: Sizes) -> Plan:
    """The plan with what stacks take more than it says: each has room for its own most, whenever that is."""
    for _ in range(REPLANNED):
        more = held(plan, sizes) - plan.peak
        if more <= 0 or not plan.fits:
            break
        tighter = replace(plan.problem, fixed=plan.problem.fixed + more)
        again = plans(tighter, (plan.kind,))
        plan = again[0] if again else replace(plan, problem=tighter)
    return plan


REPLANNED = 8
"""How often a plan is made again at most: every time it says more of what its stacks take."""


def held(plan: Plan, sizes: Sizes) -> int:
    """Bytes of the fullest tile: stacks as deep as the plan's moves make them."""
    try:
        most = depths(plan.loops())
    except UnorderedError:  # it is refused where it is chosen
        return plan.peak
    return sizes.base + most["state", False] * sizes.state + most["tape", False] * sizes.tape


def _sample(task: Task, machine: TileMachine, kind: str, per_tile: int) -> Training:
    schedule = SAMPLES.get(kind, SAMPLES["double"])
    return training_program(replace(task, steps=SAMPLE, moves=schedule.loops(SAMPLE)), machine, per_tile)


def problem_of(steps: int, machine: TileMachine, sizes: Sizes) -> Problem:
    """The fullest tile's problem. All tiles share the way off the chip: the bandwidth is the part of this tile, by
    states or by tapes, whichever is less."""
    share = min(sizes.state / max(1, sizes.states), sizes.tape / max(1, sizes.tapes))
    return Problem(
        steps,
        sizes.state,
        sizes.tape,
        machine.tile_bytes,
        fixed=sizes.base - sizes.state,
        forward=sizes.forward,
        backward=sizes.backward,
        bandwidth=machine.stream_bytes_s * share,
        latency=machine.sync_cycles / machine.clock_hz,
    )


def moves_of(plan: Plan) -> tuple[Item, ...]:
    """The plan as loops.

    Raises:
        ModelError: they would be too long, or need more than stacks (AX822).
    """
    found, remedy = f"the plan {plan.kind} ({plan.schedule.said(plan.problem.steps)})", "choose double, or single"
    try:
        moves = shared(plan.loops())
    except UnorderedError as error:
        limit = f"on tiles states and tapes are stacks: {error}"
        raise ModelError(Diagnostic("AX822", "", found, limit, remedy)) from error
    if size(moves) > LONGEST:
        limit = f"its code would be {size(moves)} moves, at most {LONGEST} are written"
        raise ModelError(Diagnostic("AX822", "", found, limit, remedy))
    return moves
