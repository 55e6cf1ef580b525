"""Which signals can come to matrices as lists of neurons, and which do: those of the fewest estimated cycles."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from axonc.ir import Graph, Node
from axonc.ir.ops import Delay, Flatten, Linear, Neuron, NeuronAdjoint, is_sparse

from ...training.task import Form, Task
from .groups import Place

FORMS: tuple[Form, ...] = ("dense", "spikes", "gradients")
"""Each asks for more than the one before."""

LARGEST = 2**16 - 1
"""Neurons are numbered in 16 bits."""


def signals(task: Task) -> list[str]:
    """The signals that matrices hear."""
    return list(dict.fromkeys(node.inputs[0] for node in task.forward if isinstance(node.op, Linear)))


def populations(graph: Graph) -> list[str]:
    """The neurons with a gate."""
    return [node.name for node in graph if isinstance(node.op, Neuron) and node.op.gate is not None]


def population_of(graph: Graph, name: str) -> Node | None:
    """The neurons with a gate whose events a signal is, late or flat perhaps."""
    node = graph[name]
    for _ in graph:
        if isinstance(node.op, (Delay, Flatten)) and len(node.inputs) == 1:
            node = graph[node.inputs[0]]
    return node if isinstance(node.op, Neuron) and node.op.gate is not None else None


def adjoint_of(task: Task, population: str) -> NeuronAdjoint | None:
    """The adjoint of a population, which says who has a derivative."""
    ops = (node.op for node in task.backward if task.origins.get(node.name) == population)
    return next((op for op in ops if type(op) is NeuronAdjoint), None)


def possible(task: Task, place: Place, name: str) -> tuple[Form, ...]:
    """The forms that a signal can have, in the order of `FORMS`."""
    return FORMS[: 1 + sum(1 for _ in _allowed(task, place, name))]


def _allowed(task: Task, place: Place, name: str) -> Iterator[Form]:
    graph, population = task.forward, population_of(task.forward, name)
    matrices = [node.op.weight for node in graph.consumers[name] if isinstance(node.op, Linear)]
    if population is None or place.lanes != 1 or place.layout.neurons > LARGEST or any(map(is_sparse, matrices)):
        return
    yield "spikes"
    direct = name == population.name or (
        graph[name].inputs[0] == population.name
        and all(isinstance(reader.op, Linear) for reader in graph.consumers[name])
    )
    if direct and adjoint_of(task, population.name) is not None:
        yield "gradients"


def useful(task: Task, name: str, form: Form) -> bool:
    """Whether a form is worth a thought: where the surrogate reaches far, all neurons have a derivative."""
    population = population_of(task.forward, name)
    adjoint = None if population is None else adjoint_of(task, population.name)
    return form != "gradients" or (adjoint is not None and isfinite(adjoint.surrogate.below))
