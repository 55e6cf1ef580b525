"""What a program consists of, in the order in which it is met."""

from __future__ import annotations

from collections.abc import Iterator

from .pieces import Call, Execute, Repeat, Stage, Step, Stream, Tensor, Transfer
from .program import Training


def leaves(steps: tuple[Step, ...]) -> Iterator[Execute | Transfer | Stream]:
    """Everything that a program does, once for each place where it is written."""
    for step in steps:
        if isinstance(step, Repeat):
            yield from leaves(step.body)
        elif isinstance(step, Call):
            yield from leaves(step.function.body)
        else:
            yield step


def stages_of(training: Training) -> list[Stage]:
    """All compute sets."""
    executed = [step.stage for step in leaves(training.step) if isinstance(step, Execute)]
    return list(dict.fromkeys([training.begin, *executed]))


def tensors_of(training: Training) -> list[Tensor]:
    """All tensors that something works on."""
    found: dict[Tensor, None] = dict.fromkeys(training.draft.stored)
    for stage in stages_of(training):
        for vertices in stage.vertices:
            found.update(dict.fromkeys(tensor for field in vertices.fields for tensor in field.tensors))
    for step in leaves(training.step):
        if isinstance(step, Transfer):
            found.update(dict.fromkeys((*step.buffer.tensors, step.index)))
        elif isinstance(step, Stream):
            found[step.tensor] = None
    return list(found)
