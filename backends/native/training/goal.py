"""What training is for: the output reduced over the steps, the loss, and the move of parameters."""

from __future__ import annotations

from ..tensor.types import F32, literal
from .draft import Draft, Value, loop, source_of
from .memory import Member


def pooled_of(draft: Draft) -> Value:
    """Where the output is reduced over the steps."""
    return draft.array("pooled", "f4", output_of(draft).width, "sums")


def output_of(draft: Draft) -> Value:
    """The output that the loss sees."""
    return draft.forward.values[source_of(draft.task.forward, draft.task.output)]


def pool_lines(draft: Draft, pooled: Value) -> list[str]:
    """The output of a step is added to what is pooled, or takes its place."""
    sign = "=" if draft.task.goal.over == "last" else "+="
    return loop(pooled.width, [f"{pooled.at()} {sign} {output_of(draft).at()};"])


def loss_lines(draft: Draft, pooled: Value) -> list[str]:
    """The loss, and its derivative with respect to the output of every step."""
    task, goal = draft.task, draft.task.goal
    seed = draft.backward.values[task.seeds[task.output]]
    divisor = literal(task.divisor, F32)
    share = "run->hyper[AXONC_SHARE]"
    ends = f"{seed.text}, {pooled.text}, run->target"
    if goal.name == "mean_squared":
        sizes = f"{task.batch * pooled.width}, {divisor}, {share}"
        return [f"*run->loss = axonc_mean_squared({ends}, {sizes});"]
    sizes = f"BATCH, {pooled.width}, {divisor}, {literal(goal.scale, F32)}, {share}"
    return [f"*run->loss = axonc_cross_entropy({ends}, {sizes});"]


def after_backward(draft: Draft) -> list[str]:
    """Where the last step alone counts, no other has a derivative of its own."""
    seed = draft.backward.values[draft.task.seeds[draft.task.output]]
    return [f"memset({seed.text}, 0, sizeof {seed.text});"] if draft.task.goal.over == "last" else []


def update_lines(draft: Draft) -> list[str]:
    """What moves the parameters."""
    return [_moved(draft, draft.parameters[parameter], made) for parameter, made in draft.gradients.items()]


def _moved(draft: Draft, value: Member, gradient: Member) -> str:
    update = draft.task.update
    slots = [draft.member(f"{value.name} {slot}", "f4", value.count, "learning").text for slot in update.slots]
    arrays = ", ".join((value.text, gradient.text, *slots))
    numbers = ", ".join(literal(number, F32) for number in update.numbers.values())
    return f"axonc_{update.name}({arrays}, {value.count}, run->hyper, {numbers});"
