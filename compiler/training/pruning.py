"""Pruning while a network learns: which weights stay 0, from the beginning on or more and more of them.

A mask holds of every matrix or kernel the weights that may differ from 0. Masked weights are 0 in the forward run and
after every step. Shares are of all weights of a layer, places that a sparse matrix does not store included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil, cos, pi, prod
from typing import ClassVar

import numpy as np

from axonc.ir import Diagnostic, Graph
from axonc.ir.ops import Array, Conv, Linear

from ..differentiate import Parameter

Values = Mapping[Parameter, Array]
Masks = dict[Parameter, Array]


@dataclass(frozen=True)
class Pruning:
    """Base of all schedules. ``share`` of the weights of each layer is 0 at the end."""

    name: ClassVar[str] = "pruning"
    share: float = 0.0

    def problems(self) -> Iterator[Diagnostic]:
        """Settings that cannot be."""
        if not 0 <= self.share <= 1:
            limit, remedy = "0 to 1", "give the share of weights that become 0"
            yield Diagnostic("AX403", "", f"prune {self.name},share={self.share}", limit, remedy)

    def initial(self, values: Values, sizes: Mapping[Parameter, int]) -> Masks:
        """The masks before the first step; ``sizes``: the weights of each layer, stored or not."""
        return _masks(values, sizes, 0.0)

    def moved(
        self, masks: Masks, values: Values, gradients: Values, sizes: Mapping[Parameter, int], step: int, steps: int
    ) -> Masks:
        """The masks from ``step`` (from 0) of ``steps`` on: ``gradients`` are those of its batch, of masked weights
        too."""
        return masks


@dataclass(frozen=True)
class Once(Pruning):
    """The smallest weights are 0 from the beginning. With a share of 0, the zeros that are there stay."""

    name: ClassVar[str] = "once"

    def initial(self, values: Values, sizes: Mapping[Parameter, int]) -> Masks:
        return _masks(values, sizes, self.share)


@dataclass(frozen=True)
class Gradual(Pruning):
    """Schedules that change masks every ``every`` steps, from the part ``begin`` of the training to its part ``end``;
    the rest of it trains what is left."""

    begin: float = 0.0
    end: float = 0.6
    every: int = 10

    def problems(self) -> Iterator[Diagnostic]:
        yield from super().problems()
        if not 0 <= self.begin < self.end <= 1:
            found = f"prune {self.name},begin={self.begin},end={self.end}"
            yield Diagnostic("AX403", "", found, "parts of the training, 0 to 1, one after the other", "correct them")
        if self.every < 1:
            yield Diagnostic("AX403", "", f"prune {self.name},every={self.every}", "at least 1 step", "correct it")

    def progress(self, step: int, steps: int) -> float | None:
        """How much of the change is done when masks change at ``step``, from 0 to 1; None where they do not."""
        first, last = int(self.begin * steps), max(ceil(self.end * steps) - 1, int(self.begin * steps))
        due = first <= step <= last and ((step - first) % self.every == 0 or step == last)
        return (step - first) / max(last - first, 1) if due else None


@dataclass(frozen=True)
class Cubic(Gradual):
    """share (1 - (1 - p)^3) of each layer is 0 at the part p of the change: fast while many weights are redundant, slow
    at the end (Zhu and Gupta, arXiv:1710.01878, with an initial share of 0; zeros that are there count)."""

    name: ClassVar[str] = "cubic"

    def moved(
        self, masks: Masks, values: Values, gradients: Values, sizes: Mapping[Parameter, int], step: int, steps: int
    ) -> Masks:
        done = self.progress(step, steps)
        if done is None:
            return masks
        share = self.share * (1 - (1 - done) ** 3)
        return {p: _mask(values[p], sizes[p], share) & mask for p, mask in masks.items()}


@dataclass(frozen=True)
class RigL(Gradual):
    """Sparse from the beginning. At a change, the smallest weights of a layer that are in use make room for as many
    others with the largest gradients, which begin at 0: a part exchange / 2 (1 + cos(pi p)) of those in use (Evci et
    al., arXiv:1911.11134)."""

    name: ClassVar[str] = "rigl"
    end: float = 0.75
    exchange: float = 0.3

    def problems(self) -> Iterator[Diagnostic]:
        yield from super().problems()
        if not 0 <= self.exchange <= 1:
            yield Diagnostic("AX403", "", f"prune rigl,exchange={self.exchange}", "0 to 1", "correct it")

    def initial(self, values: Values, sizes: Mapping[Parameter, int]) -> Masks:
        return _masks(values, sizes, self.share)

    def moved(
        self, masks: Masks, values: Values, gradients: Values, sizes: Mapping[Parameter, int], step: int, steps: int
    ) -> Masks:
        done = self.progress(step, steps)
        if done is None:
            return masks
        part = self.exchange / 2 * (1 + cos(pi * done))
        return {p: _exchanged(mask, values[p], gradients[p], part) for p, mask in masks.items()}


PRUNINGS: dict[str, type[Pruning]] = {kind.name: kind for kind in (Once, Cubic, RigL)}
"""Every schedule by name."""


def weight_sizes(graph: Graph, parameters: Iterable[Parameter]) -> dict[Parameter, int]:
    """The parameters that masks are for, matrices and kernels, and how many weights each has."""
    ops = ((parameter, graph[parameter.node].op) for parameter in parameters if parameter.field == "weight")
    return {parameter: prod(op.weight.shape) for parameter, op in ops if isinstance(op, (Linear, Conv))}


def masked(values: Values, masks: Masks) -> dict[Parameter, Array]:
    """The values, 0 where a mask says so."""
    return {p: value * masks[p] if p in masks else value for p, value in values.items()}


def _masks(values: Values, sizes: Mapping[Parameter, int], share: float) -> Masks:
    return {parameter: _mask(values[parameter], size, share) for parameter, size in sizes.items()}


def _mask(value: Array, size: int, share: float) -> Array:
    """What is 0 stays 0, and of the others the smallest, so that ``share`` of all ``size`` weights are 0; among equal
    ones the first."""
    magnitude = np.abs(value)
    mask = magnitude > 0
    drop = round(share * size) - (size - value.size)
    mask.reshape(-1)[np.argsort(magnitude, axis=None, kind="stable")[: max(drop, 0)]] = False
    return mask


def _exchanged(mask: Array, value: Array, gradient: Array, part: float) -> Array:
    """As many weights in use as before, some of them others."""
    used = np.flatnonzero(mask)
    free = np.flatnonzero(~mask.reshape(-1))
    count = min(int(part * len(used)), len(free))
    smallest = used[np.argsort(np.abs(value).reshape(-1)[used], kind="stable")[:count]]
    steepest = free[np.argsort(-np.abs(gradient).reshape(-1)[free], kind="stable")[:count]]
    new = mask.copy()
    new.reshape(-1)[smallest] = False
    new.reshape(-1)[steepest] = True
    return new
