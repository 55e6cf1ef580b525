"""The bytes that a program takes on every tile, before it is emitted: by kind, and where it does not fit.

The rules are those of `docs/ipu-simulator.md`: what is live at once, whole words for each variable, vertices with their
pointers, buffers of the exchange, and control words for each stretch of memory that is sent or received. Code is not
counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from axonc.ir import Diagnostic
from axonc.ir.network import Population
from axonc.ir.ops import Array, Input

from .exchange import Traffic, exchanges, found_bytes, joined_bytes, tiles_of
from .facts import lanes_of, value_bytes
from .layout import WORKERS
from .lower.units import unit_of
from .operations.operation import FINDING, Operation, Stored
from .plan import Plan

KINDS = ("weights", "parameters", "states", "lists", "vertices", "exchange", "temporary")
"""Weights with what finds them; parameters of neurons; states and counters; lists of events; vertices with their
pointers; control words of the exchange; the most bytes that come and go within a step."""

STRETCH = 12
"""Control words of a stretch that is sent or received."""

GATHER_VERTEX = 36
DELAY_VERTEX = 36
LATE_VERTEX = 4 + 3 * 8 + 4
"""Bytes of a vertex and its pointers, of the codelets `Gather`, `Delay` and `LateValues`."""

CLEARING = 20
"""Bytes of a vertex that clears a tensor on a tile, and of its pointers."""


@dataclass(frozen=True)
class Memory:
    """``kinds``: bytes on each tile by kind of `KINDS`; ``tensors``: the same by tensor, of what always stays."""

    limit: int
    kinds: Mapping[str, Array]
    tensors: Mapping[str, Array] = field(repr=False)

    @cached_property
    def total(self) -> Array:
        """Bytes of each tile."""
        return np.asarray(np.sum(list(self.kinds.values()), axis=0))

    @property
    def worst(self) -> int:
        """The fullest tile."""
        return int(np.argmax(self.total))

    def largest(self, tile: int, count: int = 3) -> list[tuple[str, int]]:
        """The largest tensors on a tile."""
        here = [(name, int(sizes[tile])) for name, sizes in self.tensors.items() if sizes[tile]]
        return sorted(here, key=lambda pair: (-pair[1], pair[0]))[:count]


class _Account:
    """Bytes while they are counted."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.kinds = {kind: np.zeros(plan.machine.all_tiles, np.int64) for kind in KINDS}
        self.tensors: dict[str, Array] = {}

    def add(self, kind: str, name: str, first: int, sizes: Array) -> None:
        """A tensor of ``sizes`` bytes on the tiles from ``first`` on: whole words on each."""
        words = -(-np.asarray(sizes) // 4) * 4
        self.kinds[kind][first : first + len(words)] += words
        own = self.tensors.setdefault(name, np.zeros(self.plan.machine.all_tiles, np.int64))
        own[first : first + len(words)] += words

    def clear(self, name: str, kind: str, first: int, sizes: Array) -> None:
        """A tensor as `add` has it that is cleared before every sample."""
        self.add(kind, name, first, sizes)
        self.kinds["vertices"][first : first + len(sizes)] += np.where(sizes, CLEARING, 0)


def memory_of(plan: Plan) -> Memory:
    """The bytes of a plan."""
    account = _Account(plan)
    word = plan.word_bytes
    for population in plan.network.populations:
        _add_list(account, population, word)
        if isinstance(population.op, Stored):
            size = population.count * value_bytes(population)
            account.add("parameters", population.name, plan.lists[population.name].tile, np.array([size]))
        elif isinstance(population.op, Input):
            _add_input(account, population)
        else:
            _add_population(account, population)
    for projection, form in zip(plan.network.projections, plan.forms, strict=True):
        target = plan.network.by_name[projection.target]
        layout = plan.layouts[target.name]
        sizes = form.tile_bytes(projection.weight, layout, lanes_of(target))
        account.add("weights", projection.name, layout.first_tile, sizes)
        if projection.bias is not None:
            bias = layout.counts * lanes_of(target) * projection.bias.itemsize
            account.add("weights", f"{projection.name}: bias", layout.first_tile, bias)
        account.kinds["vertices"][tiles_of(layout)] += form.vertex_bytes
    for source, steps in plan.late_values:
        _add_late_values(account, plan, source, steps)
    for source, steps in plan.delays:
        events = plan.lists[source]
        size = (1 + events.capacity * events.words) * word
        name = f"{source}, {steps} steps late"
        for part in (size, size * (steps - 1), 4):
            account.clear(name, "lists", events.tile, np.array([part]))
        account.kinds["vertices"][events.tile] += DELAY_VERTEX
    passed = list(exchanges(plan))
    account.kinds["exchange"] += STRETCH * sum(one.stretches for phases in passed for one in phases)
    account.kinds["temporary"] += _temporary(plan, passed)
    return Memory(plan.machine.tile_bytes, account.kinds, account.tensors)


def _add_late_values(account: _Account, plan: Plan, source: str, steps: int) -> None:
    """Values that wait, beside those who send them."""
    layout, name = plan.layout(source), f"{source}, {steps} steps late"
    each = layout.counts * value_bytes(plan.network.by_name[source])
    for part in (each, each * (steps - 1), np.full(layout.tiles, 4)):
        account.clear(name, "lists", layout.first_tile, part)
    account.kinds["vertices"][tiles_of(layout)] += LATE_VERTEX


def _add_list(account: _Account, population: Population, word: int) -> None:
    events = account.plan.lists[population.name]
    if events.capacity:
        size = (1 + events.capacity * events.words) * word
        account.clear(f"{population.name}: events", "lists", events.tile, np.array([size]))


def _add_input(account: _Account, population: Population) -> None:
    if population.name in account.plan.valued:
        size = population.count * value_bytes(population)
        account.add("lists", f"{population.name}: values", account.plan.lists[population.name].tile, np.array([size]))


def _add_population(account: _Account, population: Population) -> None:
    plan, name = account.plan, population.name
    layout, unit = plan.layouts[name], unit_of(population.op)
    record = unit.parameters.shape[1] * np.dtype(unit.state).itemsize
    each = np.full(layout.tiles, 1) if unit.shared else layout.counts
    account.add("parameters", f"{name}: parameters", layout.first_tile, each * record)
    shifts = len(plan.sums(name)) if plan.shifted(name) else 0
    account.add("parameters", f"{name}: shifts", layout.first_tile, layout.counts * shifts)
    account.add("parameters", f"{name}: levels", layout.first_tile, np.full(layout.tiles, unit.levels.nbytes))
    state = np.dtype(unit.state).itemsize
    for _ in range(unit.states):
        account.clear(f"{name}: states", "states", layout.first_tile, layout.counts * state)
    account.clear(f"{name}: sent", "states", layout.first_tile, layout.counts * value_bytes(population))
    account.clear(f"{name}: counters", "states", layout.first_tile, np.full(layout.tiles, 4 * WORKERS))
    account.clear(f"{name}: counters", "states", plan.lists[name].tile, np.array([8]))
    account.kinds["vertices"][tiles_of(layout)] += unit.vertex_bytes
    if plan.lists[name].capacity and isinstance(population.op, Operation):
        account.kinds["vertices"][tiles_of(layout)] += FINDING
    if plan.lists[name].capacity:
        account.clear(f"{name}: events of workers", "lists", 0, found_bytes(plan, name))
        account.clear(f"{name}: events of groups", "lists", 0, joined_bytes(plan, name))
        account.kinds["vertices"][plan.lists[name].tile] += GATHER_VERTEX
        account.kinds["vertices"] += np.where(joined_bytes(plan, name), GATHER_VERTEX, 0)


def _temporary(plan: Plan, passed: list[tuple[Traffic, Traffic, Traffic]]) -> Array:
    """The most bytes of what is there for a part of a step: sums, and buffers of the exchange."""
    most = np.zeros(plan.machine.all_tiles, np.int64)
    for level, before in zip(plan.levels, passed, strict=True):
        sums = np.zeros_like(most)
        for name in level:
            population, layout = plan.network.by_name[name], plan.layouts[name]
            sums[tiles_of(layout)] = layout.counts * lanes_of(population) * len(plan.sums(name)) * 4
        most = np.max([most, sums + before[0].received, before[1].received, before[2].received], axis=0)
    return most


def misfits(memory: Memory) -> Iterator[Diagnostic]:
    """A problem for the fullest tile, if it holds too much: its largest tensors, by how much, and what helps."""
    tile, found = memory.worst, int(memory.total[memory.worst])
    if found > memory.limit:
        over = int(np.count_nonzero(memory.total > memory.limit))
        largest = ", ".join(f"{name} {size}" for name, size in memory.largest(tile))
        text = f"{found} bytes on tile {tile} ({largest}), the fullest of {over} that hold too much"
        limit = f"a tile has {memory.limit} bytes, {found - memory.limit} fewer"
        remedy = "prune weights, use fewer bits or neurons, or a machine with more tiles"
        yield Diagnostic("AX501", f"tile {tile}", text, limit, remedy)
