"""Comparing a target's run with the reference, bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from axonc.ir import Result
from axonc.ir.ops import Array


@dataclass(frozen=True)
class Divergence:
    """The first value in which two runs differ: at ``index`` ([batch,] step, neuron...) of signal ``name``."""

    name: str
    index: tuple[int, ...]
    ours: float
    reference: float
    differing: int

    def __str__(self) -> str:
        place = ", ".join(map(str, self.index))
        values = f"target {self.ours!r}, reference {self.reference!r}"
        return f"{self.name} at [{place}]: {values}; {self.differing} values of it differ in all"


@dataclass(frozen=True)
class Verification:
    """``divergence`` is None if all ``values`` of all ``names`` over ``steps`` steps are equal."""

    names: tuple[str, ...]
    steps: int
    values: int
    divergence: Divergence | None
    result: Result

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return self.divergence is None


def compare(ours: Result, reference: Result, names: Sequence[str]) -> Verification:
    """Compare recorded signals and outputs; the first divergence is the earliest in time, then in order of names."""
    pairs = {name: (ours.recorded[name], reference.recorded[name]) for name in names}
    pairs |= {f"output {name}": (ours.outputs[name], trace) for name, trace in reference.outputs.items()}
    found = [d for name, (mine, theirs) in pairs.items() if (d := first_difference(name, mine, theirs))]
    batched = any(trace.ndim > 2 for trace in reference.outputs.values())
    earliest = min(found, key=lambda d: d.index[1] if batched and len(d.index) > 2 else d.index[0], default=None)
    steps = next(iter(pairs.values()))[0].shape[-2] if pairs else 0
    return Verification(tuple(pairs), steps, sum(mine.size for mine, _ in pairs.values()), earliest, ours)


def first_difference(name: str, ours: Array, reference: Array) -> Divergence | None:
    """The first value in which two arrays of one shape differ, bit for bit; None if none does."""
    if ours.shape != reference.shape:
        raise ValueError(f"{name}: shapes {ours.shape} and {reference.shape}")
    differs = _bits(ours) != _bits(reference)
    if not np.any(differs):
        return None
    index = tuple(int(i) for i in np.argwhere(differs)[0])
    count = int(np.count_nonzero(differs))
    return Divergence(name, index, ours[index].item(), reference[index].item(), count)


def _bits(array: Array) -> Array:
    """Floats as their bit patterns, so that even signs of zero count."""
    if array.dtype == np.float32:
        return np.ascontiguousarray(array).view(np.int32)
    return array
