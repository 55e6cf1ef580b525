"""How many events the populations of a core's sources send, slot by slot: assumed, or counted in traces."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Protocol, TypeVar

import numpy as np

from axonc.ir.mapping import Schedule, Slice
from axonc.ir.ops import Array

from .convolution import KernelRows
from .counts import row_lengths
from .packets import expected_blocks, expected_groups
from .plan import AnyRows, CorePlan
from .rows import Rows

Thing = TypeVar("Thing", Slice, AnyRows)


class Traffic(Protocol):
    """Events by the slot in which something is done about them; all arrays are float64 [slots].

    ``late``: slots after the one in which a source sends: 0 for its own core, 1 for cores that receive.
    """

    @property
    def slots(self) -> int:
        """How many slots there are."""
        ...

    def due(self, population: str) -> Array:
        """1 in the slots in which a step of a population is due."""
        ...

    def events(self, source: Slice, late: int, *axes: Array) -> Array:
        """Events of a slice, each as often as the product of ``axes`` says (y, x, channel, or all neurons at once)."""
        ...

    def blocks(self, rows: Rows, size: int) -> tuple[Array, Array]:
        """Blocks of ``size`` weights in the rows of the events received, each row for itself, and the weights left."""
        ...

    def groups(self, source: Slice, late: int, size: int) -> tuple[Array, Array]:
        """How many groups of ``size`` events there are in a slot, and whether some events are left."""
        ...

    def alike(self, things: Iterable[Thing]) -> Iterable[tuple[Thing, int]]:
        """Slices or rows; of those of which it surely says the same only the first, with their number."""
        ...


@dataclass(frozen=True)
class Assumed:
    """What is expected where each neuron sends with a probability: those of a plan. A slot stands for all of the same
    phase."""

    plan: CorePlan
    schedule: Schedule

    @property
    def slots(self) -> int:
        """The phases of the schedule."""
        return self.schedule.phases

    def _at(self, population: str, late: int, amount: float) -> Array:
        slots = np.zeros(self.slots)
        slots[(self.schedule.start[population] + late) % self.slots] = amount
        return slots

    def due(self, population: str) -> Array:
        """See `Traffic`."""
        return self._at(population, 0, 1.0)

    def events(self, source: Slice, late: int, *axes: Array) -> Array:
        """See `Traffic`."""
        each = prod(float(axis.sum()) for axis in axes) if axes else source.count
        return self._at(source.population, late, self.plan.active(source.population) * each)

    def blocks(self, rows: Rows, size: int) -> tuple[Array, Array]:
        """See `Traffic`."""
        source = rows.source
        density = rows.stored / (source.count * rows.targets)
        events = self.plan.active(source.population) * source.count
        blocks, left = expected_blocks(events, rows.targets, density, size)
        return self._at(source.population, 1, blocks), self._at(source.population, 1, left)

    def groups(self, source: Slice, late: int, size: int) -> tuple[Array, Array]:
        """See `Traffic`."""
        groups, rest = expected_groups(source.count, self.plan.active(source.population), size)
        return self._at(source.population, late, groups), self._at(source.population, late, rest)

    def alike(self, things: Iterable[Thing]) -> Iterable[tuple[Thing, int]]:
        """See `Traffic`."""
        found: dict[Hashable, tuple[Thing, int]] = {}
        for thing in things:
            key = _likeness(thing)
            first, count = found.get(key, (thing, 0))
            found[key] = first, count + 1
        return found.values()


def _likeness(thing: Slice | AnyRows) -> Hashable:
    """What decides how much is expected of a slice, or of rows; lengths of single rows that lie in DRAM do, too."""
    if isinstance(thing, Slice):
        return thing.population, thing.count
    if isinstance(thing, KernelRows) or thing.dram:
        return id(thing)
    return thing.source.population, thing.source.count, thing.population, thing.format, thing.form


@dataclass(frozen=True)
class Counted:
    """What traces of one sample show: events [steps, neurons] of every population. ``heard``: how often the core gets
    the events of each neuron of a slice."""

    schedule: Schedule
    traces: Mapping[str, Array]
    heard: Callable[[Slice], Array]

    @property
    def steps(self) -> int:
        """The steps of the run."""
        return len(next(iter(self.traces.values())))

    @property
    def slots(self) -> int:
        """The slots of the run."""
        return self.schedule.slots(self.steps)

    def _at(self, population: str, late: int, amounts: Array) -> Array:
        """Amounts of every step in their slots; nothing is done about what is sent in the last one."""
        slots = np.zeros(self.slots)
        at = self.schedule.start[population] + late + self.schedule.phases * np.arange(len(amounts))
        slots[at[at < self.slots]] = amounts[at < self.slots]
        return slots

    def _of(self, source: Slice, late: int) -> Array:
        trace: Array = self.traces[source.population]
        sent = trace.reshape(len(trace), -1)[:, source.neurons]
        return sent * self.heard(source) if late else sent

    def due(self, population: str) -> Array:
        """See `Traffic`."""
        return self._at(population, 0, np.ones(self.steps))

    def events(self, source: Slice, late: int, *axes: Array) -> Array:
        """See `Traffic`."""
        each = np.ones(1)
        for axis in axes:
            each = np.multiply.outer(each, axis)
        amounts = self._of(source, late) @ each.reshape(-1) if axes else self._of(source, late).sum(axis=1)
        return self._at(source.population, late, amounts)

    def blocks(self, rows: Rows, size: int) -> tuple[Array, Array]:
        """See `Traffic`."""
        blocks, left = np.divmod(row_lengths(rows), size)
        return self.events(rows.source, 1, blocks), self.events(rows.source, 1, left)

    def groups(self, source: Slice, late: int, size: int) -> tuple[Array, Array]:
        """See `Traffic`."""
        groups, rest = np.divmod(self._of(source, late).sum(axis=1), size)
        return self._at(source.population, late, groups), self._at(source.population, late, rest > 0)

    def alike(self, things: Iterable[Thing]) -> Iterable[tuple[Thing, int]]:
        """See `Traffic`."""
        return ((thing, 1) for thing in things)
