"""What a training program for this computer cannot do."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from axonc.ir import Diagnostic
from axonc.ir.ops import Total

from ...training.check import REPLACE, bounded, first_of_each, owner, unknown
from ...training.task import Task
from .rules.table import RULES

PROGRAMS = "native programs"


def problems(task: Task) -> Iterator[Diagnostic]:
    """One diagnostic for every node that has no rule, or a form that its rule does not have."""
    return first_of_each((*unknown(task, RULES, PROGRAMS), *bounded(task, PROGRAMS), *_forms(task)))


def _forms(task: Task) -> Iterator[Diagnostic]:
    for node in task.forward:
        if not prod(task.forward.signals[node.name].shape):
            yield Diagnostic("AX601", node.name, "a signal without elements", "at least one", REPLACE)
    for node in task.backward:
        if isinstance(node.op, Total) and node.op.terms:
            limit = "native programs train matrices and their biases"
            found = f"a gradient of shape {node.op.gives}"
            yield Diagnostic("AX601", owner(task, node), found, limit, "choose other kinds")
