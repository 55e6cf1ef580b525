"""The memory of a training program: arrays in groups, each a struct of C, laid out as C does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Group = Literal["numbers", "learning", "sums", "state", "tape", "work", "forward", "backward"]

GROUPS: Mapping[Group, str] = {
    "numbers": "What training begins with: parameters, then numbers that never change.",
    "learning": "What the optimiser keeps, and matrices turned round for the way back.",
    "sums": "What is 0 when a step of training begins: gradients, the output reduced over the steps, states backwards.",
    "state": "What a forward step goes on from.",
    "tape": "What a backward step takes of its forward step, beside inputs.",
    "work": "The places and numbers of what is not 0.",
    "forward": "Signals of a forward step that nothing else needs.",
    "backward": "Signals of a backward step.",
}
"""Every group, in the order of the memory; the last two share theirs."""

SHARED: tuple[Group, ...] = ("forward", "backward")


@dataclass(frozen=True, eq=False)
class Member:
    """An array of ``count`` elements of a numpy type, under its name in C."""

    name: str
    dtype: str
    count: int
    group: Group

    @property
    def item(self) -> int:
        """Bytes of an element."""
        return np.dtype(self.dtype).itemsize

    @property
    def bytes(self) -> int:
        """Bytes of all."""
        return self.count * self.item

    @property
    def text(self) -> str:
        """How C names it."""
        return f"m->{self.group}.{self.name}"


@dataclass(frozen=True)
class Memory:
    """The members of every group, those with larger elements first; no group is empty."""

    groups: Mapping[Group, tuple[Member, ...]]

    def size(self, group: Group) -> int:
        """Bytes of a group's struct."""
        return _size([(member.bytes, member.item) for member in self.groups[group]])

    @property
    def bytes(self) -> int:
        """Bytes of all: the sum of the structs, of those that share only the larger one."""
        parts = [(self.size(group), self.alignment(group)) for group in GROUPS if group not in SHARED]
        shared = [(self.size(group), self.alignment(group)) for group in SHARED]
        return _size([*parts, (max(size for size, _ in shared), max(item for _, item in shared))])

    def alignment(self, group: Group) -> int:
        """The multiple that a struct begins at."""
        return max(member.item for member in self.groups[group])


def memory_of(members: Iterable[Member]) -> Memory:
    """The members in their groups; an empty group gets one that stands for nothing."""
    found: dict[Group, list[Member]] = {group: [] for group in GROUPS}
    for member in members:
        found[member.group].append(member)
    for group, own in found.items():
        if not own:
            own.append(Member("none", "u1", 4, group))
    order = {group: tuple(sorted(own, key=lambda member: -member.item)) for group, own in found.items()}
    return Memory(order)


def _size(parts: Sequence[tuple[int, int]]) -> int:
    """Bytes of a struct of parts of so many bytes, each at a multiple of its alignment."""
    at = 0
    for size, alignment in parts:
        at = -(-at // alignment) * alignment + size
    most = max(alignment for _, alignment in parts)
    return -(-at // most) * most
