"""Structural pruning: units that do nothing are removed, with their weights on both sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from axonc.ir import Graph
from axonc.ir.ops import Array

from .base import Pass
from .units import bounds, folded, layers, needed, without


@dataclass(frozen=True)
class RemoveUnits(Pass):
    """Removes units that no output depends on, whatever the inputs are, from the first state on.

    1. A unit is *silent* if bounds of its input, of its weights and biases and of what its sources send, prove that
       it never passes its threshold: a neuron in float or fixed point by a bound of its states that one step of the
       interpreter confirms, bit for bit; an EGRU by m <= max(c, g) <= 1: with a threshold of 1 it is silent.
    2. A unit of a `Neuron` that in the same way is proved to send one event in every step is *constant*: what it adds
       to a sum in float moves to the bias, where all sums of that row are exact, whatever their order (`folded`).
    3. A unit is *needed* if it shows in an output, or if a needed unit has a weight that is not 0 for it and it is not
       silent. Where a convolution or a pool reads or writes a population, its units are whole channels. What else is
       not a matrix or works element by element, a convolution in groups for one, needs all of its units.
    4. Units that are not needed go: rows of the matrices and biases before them, columns of those behind them, filters
       and their inputs, recurrent rows and columns, parameters of their own. Of a layer without a needed unit the first
       one stays.

    What it removes are terms of 0 and sums that nothing reads: outputs and the states of other units stay the same,
    bit for bit. Layers of several axes become flat where units go, but for those of channels.
    """

    name: ClassVar[str] = "remove_units"
    requires: ClassVar[str] = "stage steps"
    ensures: ClassVar[str] = "the same outputs, bit for bit; layers of at most as many units"

    def run(self, graph: Graph) -> tuple[Graph, bool]:
        return removed(graph, {})


def removed(graph: Graph, silent: Mapping[str, Array]) -> tuple[Graph, bool]:
    """The graph without the units that are not needed, and whether any went. ``silent``: elements of nodes that are
    taken to be 0 at every step, beside those that are proved to be."""
    known = bounds(graph, silent)
    less, found = folded(graph, known), layers(graph)
    zero = {name: bound.zero for name, bound in known.items()}
    kept = {name: units if units.any() else _first(units) for name, units in needed(less, found, zero).items()}
    done = without(less, found, kept)
    changed = any(new is not old for new, old in zip(done, graph, strict=True))
    return (done, True) if changed else (graph, False)


def _first(units: Array) -> Array:
    return np.asarray(np.arange(units.size) == 0)
