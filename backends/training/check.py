"""What training programs cannot do, whatever runs them. Problems are told under the names of forward nodes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from axonc.ir import Diagnostic, Node
from axonc.ir.ops import NeuronAdjoint, Op

from .task import Task

REPLACE = "train it in numpy, without a target"


def first_of_each(problems: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The first problem of every node."""
    found: dict[str, Diagnostic] = {}
    for problem in problems:
        found.setdefault(problem.node, problem)
    yield from found.values()


def unknown(task: Task, rules: Collection[type[Op]], programs: str) -> Iterator[Diagnostic]:
    """Ops without a rule; an adjoint only where its node is not named already. ``programs``: what has these rules."""
    found = {node.name: node.op for node in task.forward if type(node.op) not in rules}
    for node in task.backward:
        if type(node.op) not in rules:
            found.setdefault(owner(task, node), node.op)
    known = ", ".join(op.name for op in rules)
    for name, op in found.items():
        yield Diagnostic("AX601", name, f"{programs} do not train {op.name}", f"they have {known}", REPLACE)


def bounded(task: Task, programs: str) -> Iterator[Diagnostic]:
    """Neurons with a lowest voltage."""
    for node in task.backward:
        if isinstance(node.op, NeuronAdjoint) and node.op.gate.v_min is not None:
            limit = f"{programs} train neurons without one"
            yield Diagnostic("AX601", owner(task, node), "a lowest voltage", limit, REPLACE)


def owner(task: Task, node: Node) -> str:
    """The forward node that a backward one belongs to; a gradient's is that of the parameter."""
    readers = [reader.name for reader in task.backward.consumers[node.name]]
    owners = [task.gradients[name][0] for name in readers if name in task.gradients]
    return task.origins.get(node.name, owners[0] if owners else node.name)
