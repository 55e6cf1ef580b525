"""What training is for: the output reduced over the steps, the loss, and the move of parameters."""

from __future__ import annotations

from ...training.task import Task
from ..layout import Layout
from .draft import Draft, changed, fields, outputs, spread, whole
from .pieces import Field, Number, Stage, Tensor, Vertices
from .small import ELEMENT
from .types import CPP

LOSS, UPDATE = 40, 20
"""Instructions for an element of an output, and for a parameter."""


def target_of(task: Task, output: Tensor) -> Tensor:
    """Where the host sends labels [B], or targets as the output holds them."""
    tile = Layout(1, output.layout.first_tile, 1)
    if task.goal.name == "cross_entropy":
        return Tensor("target", "u4", tile, task.batch)
    return Tensor("target", "f4", tile, int(output.sizes.sum()))


def pool_stage(draft: Draft, pooled: Tensor) -> Stage:
    """The output of a step is added to what is pooled, or takes its place."""
    y = draft.forward.values[draft.task.output]
    parts = (*fields(x=y), *changed(pooled=pooled))
    numbers: dict[str, Number] = {"adds": draft.task.goal.over != "last"}
    work = ELEMENT * draft.busiest(y)
    return Stage("pool", [Vertices(f"axonc::Pool<{CPP[y.dtype]}>", y.layout, parts, numbers, work)])


def loss_stages(draft: Draft, pooled: Tensor, target: Tensor, hyper: Tensor, loss: Tensor) -> tuple[Stage, Stage]:
    """The loss and its derivative with respect to the output of every step, on one tile; then that on all of the
    output's."""
    task, goal, elements = draft.task, draft.task.goal, int(pooled.sizes.sum())
    seed = draft.backward.values[task.seeds[task.output]]
    slope = Tensor("slope", "f4", loss.layout, 0, fixed=elements)
    parts = (whole("pooled", pooled), *fields(target=target), whole("hyper", hyper), *outputs(slope=slope, loss=loss))
    numbers = spread(draft.places["forward", task.output], task.batch)
    numbers["divisor"] = float(task.divisor)
    if goal.name == "cross_entropy":
        numbers["scale"] = goal.scale
    codelet = {"cross_entropy": "axonc::CrossEntropy", "mean_squared": "axonc::MeanSquared"}[goal.name]
    shared = (Field("parts", (slope,), view="column", like=seed), *outputs(y=seed))
    return (
        Stage("loss", [Vertices(codelet, loss.layout, parts, numbers, LOSS * elements)]),
        Stage("slopes", [Vertices("axonc::Collect", seed.layout, shared, {}, ELEMENT * draft.busiest(seed))]),
    )


def update_stage(draft: Draft, hyper: Tensor) -> tuple[Stage, tuple[Tensor, ...]]:
    """What moves the parameters, and the arrays that the optimiser keeps."""
    update, stage, kept = draft.task.update, Stage("update"), list[Tensor]()
    for parameter, gradient in draft.gradients.items():
        value = draft.parameters[parameter]
        slots = {slot: value.named(f"{slot} of {value.name}") for slot in update.slots}
        parts = (*changed(value=value, **slots), *fields(gradient=gradient), whole("hyper", hyper))
        codelet = {"sgd": "axonc::Sgd", "adam": "axonc::Adam"}[update.name]
        work = UPDATE * draft.busiest(value)
        stage.vertices.append(Vertices(codelet, value.layout, parts, dict(update.numbers), work))
        kept += slots.values()
    return stage, tuple(kept)
