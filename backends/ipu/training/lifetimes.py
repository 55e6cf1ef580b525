"""From where to where in the program a tensor is needed: what is never needed at once shares memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .pieces import Call, Execute, Repeat, Step, Stream, Tensor, Transfer
from .program import Training


@dataclass(frozen=True)
class Lifetimes:
    """``always``: tensors that several programs use, or that are read before they were written; ``born`` and
    ``dying``: the others, by the positions in the step of training where they are needed first and last."""

    always: frozenset[Tensor]
    born: Mapping[int, tuple[Tensor, ...]]
    dying: Mapping[int, tuple[Tensor, ...]]


def lifetimes(training: Training) -> Lifetimes:
    """The lifetimes of all tensors of a training."""
    shared = set(training.draft.stored) | set(training.slots)
    shared |= {tensor for vertices in training.begin.vertices for f in vertices.fields for tensor in f.tensors}
    walk = _Walk(always=set(shared))
    walk.steps(training.step)
    rest = {tensor: ends for tensor, ends in walk.ends.items() if tensor not in walk.always}
    ends = {tensor: (first, _closed(first, last, walk.loops)) for tensor, (first, last) in rest.items()}
    return Lifetimes(
        frozenset(walk.always),
        _by_place({tensor: first for tensor, (first, _) in ends.items()}),
        _by_place({tensor: last for tensor, (_, last) in ends.items()}),
    )


def _closed(first: int, last: int, loops: Iterable[tuple[int, int]]) -> int:
    """What is there before a loop and needed in it, is needed to the loop's end."""
    for begin, end in loops:
        if first < begin <= last < end:
            last = end - 1
    return last


def _by_place(places: Mapping[Tensor, int]) -> dict[int, tuple[Tensor, ...]]:
    found: dict[int, tuple[Tensor, ...]] = {}
    for tensor, place in places.items():
        found[place] = (*found.get(place, ()), tensor)
    return found


@dataclass
class _Walk:
    """``ends``: first and last use; ``loops``: where loops begin and end, inner ones first."""

    always: set[Tensor]
    ends: dict[Tensor, tuple[int, int]] = field(default_factory=dict)
    loops: list[tuple[int, int]] = field(default_factory=list)
    written: set[Tensor] = field(default_factory=set)
    position: int = 0

    def steps(self, steps: tuple[Step, ...]) -> None:
        for step in steps:
            if isinstance(step, Repeat):
                begin = self.position
                self.steps(step.body)
                self.loops.append((begin, self.position))
            elif isinstance(step, Call):
                self.steps(step.function.body)
            else:
                self.leaf(step)
                self.position += 1

    def leaf(self, step: Execute | Transfer | Stream) -> None:
        if isinstance(step, Execute):
            fields = [f for vertices in step.stage.vertices for f in vertices.fields]
            self.read(tensor for f in fields if f.way != "out" for tensor in f.tensors)
            self.write(tensor for f in fields if f.way != "in" for tensor in f.tensors)
        elif isinstance(step, Transfer):
            self.read((step.index,))
            (self.read if step.away else self.write)(step.buffer.tensors)
        else:
            (self.read if step.away else self.write)((step.tensor,))

    def read(self, tensors: Iterable[Tensor]) -> None:
        for tensor in tensors:
            self.use(tensor)
            if tensor not in self.written:
                self.always.add(tensor)

    def write(self, tensors: Iterable[Tensor]) -> None:
        for tensor in tensors:
            self.use(tensor)
            self.written.add(tensor)

    def use(self, tensor: Tensor) -> None:
        first, _ = self.ends.get(tensor, (self.position, 0))
        self.ends[tensor] = (first, self.position)
