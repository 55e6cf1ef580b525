"""What a training program for this computer cannot do."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from axonc.ir import Diagnostic, Node
from axonc.ir.ops import NeuronAdjoint, Total

from ...training.task import Task
from .rules.table import RULES

REPLACE = "train it in numpy, without a target"


def problems(task: Task) -> Iterator[Diagnostic]:
    """One diagnostic for every node that has no rule, or a form that its rule does not have."""
    named: set[str] = set()
    for problem in (*_unknown(task), *_forms(task)):
        if problem.node not in named:
            named.add(problem.node)
            yield problem


def _unknown(task: Task) -> Iterator[Diagnostic]:
    """Ops without a rule, under the names of forward nodes."""
    found = {node.name: node.op for node in task.forward if type(node.op) not in RULES}
    for node in task.backward:
        if type(node.op) not in RULES:
            found.setdefault(_owner(task, node), node.op)
    known = ", ".join(op.name for op in RULES)
    for name, op in found.items():
        yield Diagnostic("AX601", name, f"native programs do not train {op.name}", f"they have {known}", REPLACE)


def _forms(task: Task) -> Iterator[Diagnostic]:
    for node in task.forward:
        if not prod(task.forward.signals[node.name].shape):
            yield Diagnostic("AX601", node.name, "a signal without elements", "at least one", REPLACE)
    for node in task.backward:
        name = _owner(task, node)
        if isinstance(node.op, NeuronAdjoint) and node.op.gate.v_min is not None:
            limit = "native programs train neurons without one"
            yield Diagnostic("AX601", name, "a lowest voltage", limit, REPLACE)
        elif isinstance(node.op, Total) and node.op.terms:
            limit = "native programs train matrices and their biases"
            yield Diagnostic("AX601", name, f"a gradient of shape {node.op.gives}", limit, "choose other kinds")


def _owner(task: Task, node: Node) -> str:
    """The forward node that a backward one belongs to; a gradient's is that of the parameter."""
    readers = [reader.name for reader in task.backward.consumers[node.name]]
    owners = [task.gradients[name][0] for name in readers if name in task.gradients]
    return task.origins.get(node.name, owners[0] if owners else node.name)
