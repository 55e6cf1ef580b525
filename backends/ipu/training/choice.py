"""The form of every signal that matrices hear, by the estimated cycles of a step either way."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from axonc.ir import Node
from axonc.ir.machine import TileMachine
from axonc.ir.ops import Linear, OuterTotal

from ...training.task import Form
from .draft import Draft, Side
from .listing import FORMS, population_of, possible, signals, useful
from .rules.matrices import array_of, outer_total, parameter_of, product, transposed
from .traffic import cycles


def forms_of(draft: Draft, machine: TileMachine) -> Mapping[str, Form]:
    """By signal: the form that the task asks for, as far as there is one, or the fastest."""
    task, wanted = draft.task, draft.task.lists.form
    made: dict[str, Form] = {}
    for name in signals(task):
        forms = possible(task, draft.places["forward", name], name)
        if wanted == "auto":
            thought = [form for form in forms if useful(task, name, form)]
            made[name] = thought[0]
            if len(thought) > 1:
                made[name] = min(thought, key=partial(cycles_of, draft, machine, name))
        else:
            made[name] = forms[min(len(forms) - 1, FORMS.index(wanted))]
    return made


def cycles_of(draft: Draft, machine: TileMachine, name: str, form: Form) -> int:
    """Estimated cycles of a step forward and one backward of what a signal's matrices do."""
    task = draft.task
    trial = Draft(
        task, draft.places, Side("forward", task.forward), Side("backward", task.backward), forms={name: form}
    )
    _heard(trial, name)
    for node in task.forward:
        if isinstance(node.op, Linear) and node.inputs[0] == name:
            _lower(trial, node)
    return sum(cycles(stage, machine) for side in (trial.forward, trial.backward) for stage in side.stages)


def _heard(trial: Draft, name: str) -> None:
    """The signal, as if it was there."""
    side, population = trial.forward, population_of(trial.task.forward, name)
    side.values[name], side.ready[name] = trial.signal(side, side.graph[name]), 0
    if population is not None:
        trial.marks[population.name] = side.values[name], 0


def _lower(trial: Draft, node: Node) -> None:
    """A matrix, its adjoint, and its gradient; what goes back into them, as if it was there."""
    task, side = trial.task, trial.backward
    for name in ("weight", "bias"):
        if getattr(node.op, name) is not None:
            trial.parameters[node.name, name] = array_of(trial, node, name)
    product(trial, node)
    for back in task.backward:
        adjoint = isinstance(back.op, Linear) and task.origins[back.name] == node.name
        gradient = isinstance(back.op, OuterTotal) and parameter_of(trial, back)[0] == node.name
        if adjoint or gradient:
            side.values.update({name: trial.signal(side, side.graph[name], "f4") for name in back.inputs})
            side.ready.update(dict.fromkeys((*back.inputs, *back.reads), 0))
        if adjoint:
            transposed(trial, back)
        if gradient:
            outer_total(trial, side, back)
