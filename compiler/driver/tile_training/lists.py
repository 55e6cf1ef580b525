"""Lists of events in a training on tiles: what was asked for, and lists that were too short."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from axonc.backends.ipu.training.listing import FORMS, population_of, populations
from axonc.backends.ipu.training.program import Training
from axonc.backends.training.samples import Learned
from axonc.backends.training.task import Lists
from axonc.ir import Diagnostic, Graph, raise_if_any

KINDS = ("auto", *FORMS)

Room = int | Mapping[str, int] | None
"""Neurons that a list has room for: of all populations, or by population."""


def lists_of(graph: Graph, form: str, room: Room) -> Lists:
    """How the events of a graph's populations come to matrices.

    Raises:
        ModelError: there is no such form or population, or no room (AX403).
    """
    known = populations(graph)
    capacity = dict.fromkeys(known, room) if isinstance(room, int) else dict(room or {})
    raise_if_any(_problems(known, form, capacity))
    return Lists(form, capacity)  # type: ignore[arg-type]


def _problems(known: list[str], form: str, capacity: Mapping[str, int]) -> Iterator[Diagnostic]:
    if form not in KINDS:
        yield Diagnostic("AX403", "", f"lists {form!r}", f"known: {', '.join(KINDS)}", "choose one of them")
    for name, size in capacity.items():
        if name not in known:
            limit = f"these send events: {', '.join(known)}"
            yield Diagnostic("AX403", name, "a capacity", limit, "correct the name")
        elif size < 1:
            yield Diagnostic("AX403", name, f"a capacity of {size}", "one neuron at least", "give a larger one")


def overflows(training: Training, learned: Learned) -> Iterator[Diagnostic]:
    """Populations whose lists had no room for all: what was learned is of no use."""
    longest: dict[str, int] = {}
    for name, size in learned.longest.items():
        population = population_of(training.task.forward, name)
        assert population is not None
        longest[population.name] = max(size, longest.get(population.name, 0))
    for name, size in longest.items():
        room = training.task.lists.capacity.get(name, size)
        if size > room:
            found, limit = f"{size} neurons on the list of a sample", f"it has room for {room}"
            yield Diagnostic("AX701", name, found, limit, f"give a capacity of {size}, or more")
