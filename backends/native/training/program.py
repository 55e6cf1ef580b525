"""The program of a step of training: a step either way, what is kept of it, and the bytes of all that."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from axonc.ir import Node
from axonc.ir.ops import Array, Delay

from ...training.signals import type_of
from ...training.task import Task
from .draft import Draft, Side, Value
from .goal import after_backward, loss_lines, pool_lines, pooled_of, update_lines
from .keeping import Kept, kept_of
from .memory import Member, Memory, memory_of
from .rules.maps import close_delay
from .rules.table import RULES

LANES = 4
"""As many lanes as are listed together (``AXONC_LANES``)."""


@dataclass(frozen=True, eq=False)
class Training:
    """A program of training, whatever plan it runs.

    Attributes:
        draft: lines of a step either way, and what the program begins with.
        memory: all that it holds but inputs and what a plan keeps.
        tape: how a tape is kept.
        pooled: the output reduced over the steps.
        pool, loss, after, update: lines of C: the output of a step is reduced, the loss and its derivative, what
            follows a backward step, the move of the parameters.
    """

    task: Task
    draft: Draft
    memory: Memory
    tape: Kept
    pooled: Value
    pool: tuple[str, ...]
    loss: tuple[str, ...]
    after: tuple[str, ...]
    update: tuple[str, ...]

    @property
    def state_bytes(self) -> int:
        """c: what a step can be run again from."""
        return self.memory.size("state")

    @property
    def tape_bytes(self) -> int:
        """s: what a backward step takes of its forward step."""
        return self.tape.bytes

    @property
    def step_bytes(self) -> int:
        """The inputs of a step."""
        return sum(np.dtype(dtype).itemsize * self.task.batch * width for dtype, width in self.inputs.values())

    @cached_property
    def inputs(self) -> dict[str, tuple[str, int]]:
        """Of every input its numpy type and the elements of a sample."""
        signals = {node.name: self.task.forward.signals[node.name] for node in self.task.forward.inputs}
        return {name: (type_of(signal), prod(signal.shape)) for name, signal in signals.items()}

    @property
    def outputs(self) -> int:
        """Elements of the output that the loss sees."""
        return prod(self.task.forward.signals[self.task.output].shape)

    @property
    def begun(self) -> tuple[Array, ...]:
        """The numbers that training begins with, in the order of the memory."""
        members = self.memory.groups["numbers"]
        return tuple(self.draft.begun.get(member.name, np.zeros(member.count, member.dtype)) for member in members)

    @property
    def trained(self) -> dict[tuple[str, str], int]:
        """The parameters that are trained, and where each begins in the numbers, in bytes."""
        sizes = [member.bytes for member in self.memory.groups["numbers"]]
        begins = dict(zip(self.memory.groups["numbers"], np.cumsum([0, *sizes]), strict=False))
        return {parameter: int(begins[self.draft.parameters[parameter]]) for parameter in self.draft.gradients}


def training_program(task: Task, packed: bool = False) -> Training:
    """The program of a checked ``task``. ``packed``: spikes on a tape take a bit each."""
    draft = Draft(task)
    for side in (draft.forward, draft.backward):
        _lower(draft, side)
    pooled = pooled_of(draft)
    lines = (pool_lines(draft, pooled), loss_lines(draft, pooled), after_backward(draft), update_lines(draft))
    work = (Member("places", "u4", draft.longest, "work"), Member("listed", "f4", LANES * draft.longest, "work"))
    draft.members.extend(work)
    memory = memory_of(draft.members)
    return Training(task, draft, memory, kept_of(draft, memory, packed), pooled, *map(tuple, lines))


def _lower(draft: Draft, side: Side) -> None:
    """Every node by its rule; delays come first, since they are there before a step begins."""
    delays: list[Node] = [node for node in side.graph.order if isinstance(node.op, Delay)]
    for node in (*delays, *(node for node in side.graph.order if not isinstance(node.op, Delay))):
        RULES[type(node.op)](draft, side, node)
    for node in delays:
        close_delay(draft, side, node)
