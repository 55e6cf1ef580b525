"""Comparing a target's run with the reference: bit for bit, or within a stated tolerance where that is not promised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from axonc.ir import Result
from axonc.ir.ops import Array


@dataclass(frozen=True)
class Inexact:
    """The signals that depend on ``operations`` which are not the reference's bit for bit; floats among them may be
    ``tolerance`` away from it, in parts of the signal's largest value or of 1."""

    operations: tuple[str, ...] = ()
    signals: frozenset[str] = frozenset()
    tolerance: float = 0.0

    @staticmethod
    def of(manifest: Mapping[str, Any]) -> Inexact:
        """What a manifest says."""
        said = manifest.get("inexact")
        if said is None:
            return Inexact()
        return Inexact(tuple(said["operations"]), frozenset(said["signals"]), said["tolerance"])

    def allows(self, name: str) -> float:
        """The tolerance of a signal; 0: bit for bit."""
        return self.tolerance if name in self.signals else 0.0

    def __str__(self) -> str:
        return f"{len(self.signals)} signals within {self.tolerance:g} of their scale ({', '.join(self.operations)})"


EXACT = Inexact()
"""Everything is equal bit for bit."""


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
    """``divergence`` is None if all ``values`` of all ``names`` over ``steps`` steps are equal, up to ``inexact``."""

    names: tuple[str, ...]
    steps: int
    values: int
    divergence: Divergence | None
    result: Result
    inexact: Inexact = EXACT

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return self.divergence is None


def compare(
    ours: Result, reference: Result, names: Sequence[str], inexact: Inexact = EXACT, batched: bool = False
) -> Verification:
    """Compare recorded signals and outputs, [T, *shape] or, ``batched``, [B, T, *shape]; the first divergence is the
    earliest in time, then in order of names."""
    pairs = {name: (ours.recorded[name], reference.recorded[name]) for name in names}
    pairs |= {f"output {name}": (ours.outputs[name], trace) for name, trace in reference.outputs.items()}
    found = [*_differences(pairs, inexact)]
    time = 1 if batched else 0
    earliest = min(found, key=lambda divergence: divergence.index[time], default=None)
    steps = next(iter(pairs.values()))[0].shape[time] if pairs else 0
    handed = reference.state if ours.state else {}  # a target that hands nothing on says so when it is asked to
    last = {f"state {name}": (ours.state[name], array) for name, array in handed.items()}
    earliest = earliest or next(_differences(last, inexact), None)
    everything = [mine for mine, _ in (*pairs.values(), *last.values())]
    return Verification(tuple(pairs), steps, sum(mine.size for mine in everything), earliest, ours, inexact)


def _differences(pairs: Mapping[str, tuple[Array, Array]], inexact: Inexact) -> Iterator[Divergence]:
    """The first difference of every signal that differs."""
    for name, (mine, theirs) in pairs.items():
        signal = name.removeprefix("output ").removeprefix("state ").removesuffix(":line")
        found = first_difference(name, mine, theirs, inexact.allows(signal))
        if found is not None:
            yield found


def first_difference(name: str, ours: Array, reference: Array, tolerance: float = 0.0) -> Divergence | None:
    """The first value in which two arrays of one shape differ; None if none does.

    Bit for bit; floats, if there is a ``tolerance``, by more than that part of the largest value (at least 1).
    """
    if ours.shape != reference.shape:
        raise ValueError(f"{name}: shapes {ours.shape} and {reference.shape}")
    differs = _far(ours, reference, tolerance) if tolerance and ours.dtype.kind == "f" else _differs(ours, reference)
    if not np.any(differs):
        return None
    index = tuple(int(i) for i in np.argwhere(differs)[0])
    count = int(np.count_nonzero(differs))
    return Divergence(name, index, ours[index].item(), reference[index].item(), count)


def _differs(ours: Array, reference: Array) -> Array:
    """Where bits differ, but for those of NaN, of which there are many."""
    differs = np.asarray(_bits(ours) != _bits(reference))
    if "float" not in ours.dtype.name:
        return differs
    with np.errstate(invalid="ignore"):
        return np.asarray(differs & ~((ours != ours) & (reference != reference)))


def _far(ours: Array, reference: Array, tolerance: float) -> Array:
    """Where two arrays of floats are apart; NaN is only near NaN, an infinite value near itself."""
    finite = np.abs(reference[np.isfinite(reference)])
    bound = tolerance * max(1.0, float(finite.max(initial=0.0)))
    with np.errstate(invalid="ignore"):
        near = (ours == reference) | (np.abs(ours - reference) <= bound) | (np.isnan(ours) & np.isnan(reference))
    return np.asarray(~near)


def _bits(array: Array) -> Array:
    """Floats, and the types of ml_dtypes, as their bit patterns, so that even signs of zero count."""
    if array.dtype.kind in "fV":
        return np.ascontiguousarray(array).view(f"u{array.dtype.itemsize}")
    return array
