"""Stacks of states and tapes: on the tiles that they are of, and in buffers off the chip.

A state is what the tensors hold that the next step goes on from; a tape, what the backward step takes of the forward
one. It is put back into the tensors of the forward step, which no forward step can need then: a run of it that follows
begins with a state that is loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from axonc.ir.loops import Item, Move

from ..layout import share_of
from .depths import Stack, depths
from .draft import Draft
from .pieces import Buffer, Execute, Field, Stage, Step, Tensor, Transfer, Vertices, Way
from .small import counter, move_counter
from .types import CPP

WORD = 3
"""Instructions to move an element."""


@dataclass(frozen=True, eq=False)
class Slots:
    """A stack on the chip of one tensor's values; ``top``: how many there are, on every tile."""

    value: Tensor
    stack: Tensor
    top: Tensor


class Keeping:
    """The stacks that ``moves`` need. ``tops``: counters of those on chip; ``rows``: the row of a buffer that was
    stored last; ``buffers``: all of them."""

    def __init__(self, draft: Draft, moves: tuple[Item, ...], tile: int) -> None:
        most = depths(moves)
        self.held = {"state": list(draft.forward.states), "tape": tape_of(draft)}
        self.slots = {what: self._slots(what, most[what, False]) for what in self.held}
        away = {"state": self.held["state"], "tape": [slots.stack for slots in self.slots["tape"]]}
        self.away = {what: self._buffers(what, away[what], most[what, True]) for what in away}
        self.row = {what: counter(f"row of {what}", tile) for what, buffers in self.away.items() if buffers}
        self.most: dict[Stack, int] = most

    @property
    def tops(self) -> tuple[Tensor, ...]:
        return tuple(slots.top for stack in self.slots.values() for slots in stack)

    @property
    def stacks(self) -> tuple[Tensor, ...]:
        return tuple(slots.stack for stack in self.slots.values() for slots in stack)

    @property
    def rows(self) -> tuple[Tensor, ...]:
        return tuple(self.row.values())

    @property
    def buffers(self) -> tuple[Buffer, ...]:
        return tuple(buffer for buffers in self.away.values() for buffer in buffers)

    def steps(self, move: Move) -> tuple[Step, ...]:
        """What a move does."""
        if move.do == "store tape":
            return (*self._row("tape", 1), *self._transfers("tape", True), Execute(self._dropped("tape", "stored", -1)))
        if move.do == "load tape":
            last = self._row("tape", -1)
            return (*self._transfers("tape", False), *last, Execute(self._dropped("tape", "loaded", 1)))
        if move.off:
            transfers = {"store": (*self._row("state", 1), *self._transfers("state", True)),
                         "load": self._transfers("state", False), "free": self._row("state", -1)}  # fmt: skip
            return transfers[move.do]
        stages = {"store": self._stage("state", "Push"), "load": self._stage("state", "Peek"),
                  "free": self._dropped("state", "freed", -1)}  # fmt: skip
        return (Execute(stages[move.do]),)

    def keep(self) -> Stage:
        """The tape of a step is kept."""
        return self._stage("tape", "Push")

    def take(self) -> Stage:
        """The tape kept last is taken back."""
        return self._stage("tape", "Pop")

    def _stage(self, what: str, how: str) -> Stage:
        return Stage(f"{how.lower()} {what}", [_moved(slots, how) for slots in self.slots[what]])

    def _dropped(self, what: str, done: str, by: int) -> Stage:
        return Stage(f"{what} {done}", [move_counter(slots.top, by) for slots in self.slots[what]])

    def _transfers(self, what: str, away: bool) -> tuple[Step, ...]:
        return tuple(Transfer(buffer, self.row[what], away) for buffer in self.away[what])

    def _row(self, what: str, by: int) -> tuple[Step, ...]:
        name = f"{'next' if by > 0 else 'former'} row of {what}"
        return (Execute(Stage(name, [move_counter(self.row[what], by)])),)

    def _slots(self, what: str, most: int) -> list[Slots]:
        if not most:
            return []
        return [
            Slots(
                value,
                Tensor(f"{what} of {value.name}", value.dtype, value.layout, value.each * most),
                Tensor(f"{what} of {value.name}/top", "u4", value.layout, 0, fixed=1),
            )
            for value in self.held[what]
        ]

    @staticmethod
    def _buffers(what: str, tensors: list[Tensor], rows: int) -> list[Buffer]:
        """One for each type of elements."""
        kinds = dict.fromkeys(tensor.dtype for tensor in tensors) if rows else {}
        return [
            Buffer(f"{what} {CPP[kind]}", tuple(tensor for tensor in tensors if tensor.dtype == kind), rows)
            for kind in kinds
        ]


def tape_of(draft: Draft) -> list[Tensor]:
    """The tensors that forward steps write and the backward step only reads; inputs are fetched again."""
    written = dict(_fields((*draft.forward.stages, draft.forward.end), ("out", "inout")))
    return [tensor for tensor in dict(_fields(draft.backward.stages, ("in",))) if tensor in written]


def _fields(stages: Iterable[Stage], ways: tuple[Way, ...]) -> Iterator[tuple[Tensor, Field]]:
    """The fields of some ways, by tensor."""
    for stage in stages:
        for field in (field for vertices in stage.vertices for field in vertices.fields if field.way in ways):
            yield from ((tensor, field) for tensor in field.tensors)


def _moved(slots: Slots, how: str) -> Vertices:
    value, codelet = slots.value, f"axonc::{how}<{CPP[slots.value.dtype]}>"
    fields = (
        Field("value", (value,), "in" if how == "Push" else "out"),
        Field("stack", (slots.stack,), "inout" if how == "Push" else "in"),
        Field("top", (slots.top,), "in" if how == "Peek" else "inout"),
    )
    return Vertices(codelet, value.layout, fields, {}, WORD * share_of(int(value.sizes.max(initial=0))))
